"""`python -m tests.kit.naive_restore …`: the real command line, but a restore holds nothing back, as a copy would.

A test of `restore` must turn red with it.
"""

from __future__ import annotations

import sys
from datetime import datetime

from bot.__main__ import main
from bot.backup import restoring
from bot.backup.quiet import Quieted


async def nothing(made_at: datetime, now: datetime) -> Quieted:
    """Leave everything as it was."""
    return Quieted(0, 0, 0, 0, 0)


if __name__ == "__main__":
    restoring.quiet = nothing  # type: ignore[attr-defined]
    sys.exit(main(sys.argv[1:]))
