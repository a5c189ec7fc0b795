"""`init`: writes a config.toml with every key, its default and what it means; never over one that is there."""

from __future__ import annotations

import argparse
from pathlib import Path

from bot.cli import session
from bot.core.errors import ConfigError

NAME = "init"
SUMMARY = "write a commented config.toml to change"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own: `--config` says where."""


def run(args: argparse.Namespace) -> int:
    """Write the file. Raises `ConfigError` when it exists or cannot be written."""
    from bot.config import template

    file: Path = args.config or Path("config.toml")
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template.example())
        file.chmod(0o600)  # a token may be written into it
    except FileExistsError as error:
        raise ConfigError(f"{file} exists already and is left as it is; name another one with --config") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
    print(f"{file} is written: everything in it is a comment, so nothing has changed yet.")
    print("Take the # from a line to change it, then `python -m bot check`.")
    return session.DONE
