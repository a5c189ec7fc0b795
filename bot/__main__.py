"""`python -m bot`: every command ends with 0 (done), 1 (could not, said in a sentence) or 2 (not a command)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bot.cli import parser, session, terminal
from bot.core.errors import ParleyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = parser.build().parse_args(arguments)
    try:
        code: int = args.run(args)
    except KeyboardInterrupt:
        terminal.complain("\nStopped.")
        return session.FAILED
    except BrokenPipeError:
        # `… | head`: nobody reads on; keep Python from complaining while it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return session.FAILED
    except Exception as error:
        if args.debug:
            raise
        terminal.complain(sentence(error))
        return session.FAILED
    return code


def sentence(error: Exception) -> str:
    """What went wrong, for a person; a mistake of ours says where to find more."""
    if isinstance(error, ParleyError) and str(error):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"Something unexpected went wrong: {type(error).__name__}: {error}. The same with --debug shows where."


if __name__ == "__main__":
    sys.exit(main())
