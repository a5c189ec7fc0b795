"""`migrate`: brings the database's schema up to date and shows what was applied."""

from __future__ import annotations

import argparse

from bot.cli import session

NAME = "migrate"
SUMMARY = "bring the database up to date (a start does it, too)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(args: argparse.Namespace) -> int:
    """Apply what is pending."""
    return session.finish(_migrate(args))


async def _migrate(args: argparse.Namespace) -> int:
    from models.database import close_database, migrate, open_database

    await open_database(session.configured(args).database.url.reveal())
    try:
        applied = await migrate()
    finally:
        await close_database()
    for name in applied:
        print(f"applied {name}")
    print("The database is up to date." if applied else "Nothing to do: the database is up to date.")
    return session.DONE
