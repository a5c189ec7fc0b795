"""The command line's grammar: a command is a module with NAME, SUMMARY, `arguments` and `run`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Protocol

from bot import __version__
from bot.cli import (
    backup,
    chat,
    check,
    erase,
    export,
    init,
    key,
    migrate,
    reconcile,
    report,
    restore,
    run,
    session,
    staff,
    webhook,
)


class Command(Protocol):
    """One module of this package."""

    NAME: str
    SUMMARY: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what may follow the name."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


COMMANDS: Sequence[Command] = (
    run,
    init,
    check,
    migrate,
    staff,
    key,
    webhook,
    report,
    reconcile,
    chat,
    export,
    erase,
    backup,
    restore,
)


def build() -> argparse.ArgumentParser:
    """The parser of everything; without a command the server runs."""
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Parley: one set of conversations for every chat channel.",
        epilog="Without a command: run. `python -m bot COMMAND --help` tells more.",
    )
    parser.add_argument("--version", action="version", version=f"Parley {__version__}")
    _add_common(parser, config=None, debug=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for command in COMMANDS:
        add_command(commands, command)
    parser.set_defaults(run=run.run, **run.DEFAULTS)
    return parser


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser], command: Command) -> None:
    """One command, with the options that all have."""
    parser = commands.add_parser(command.NAME, help=command.SUMMARY, description=command.SUMMARY)
    command.arguments(parser)
    # Without a default of its own: else it would overrule the same option given before the command.
    _add_common(parser, config=argparse.SUPPRESS, debug=argparse.SUPPRESS)
    parser.set_defaults(run=command.run)


def _add_common(parser: argparse.ArgumentParser, config: object, debug: object) -> None:
    parser.add_argument(
        "--config", type=session.path, default=config, metavar="FILE",
        help="configuration file (else PARLEY_CONFIG, else config.toml)",
    )  # fmt: skip
    parser.add_argument("--debug", action="store_true", default=debug, help="show tracebacks and more logs")
