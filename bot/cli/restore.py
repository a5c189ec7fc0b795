"""`restore`: brings a backup back; what was not finished then is held back for staff, so that nothing happens twice."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bot.cli import backup, session, terminal

if TYPE_CHECKING:
    from bot.backup.restoring import Restored

NAME = "restore"
SUMMARY = "bring a backup back; nothing is sent twice"


def arguments(parser: argparse.ArgumentParser) -> None:
    """From where, and whether what is there may go."""
    parser.add_argument("source", type=session.path, metavar="FILE|DIR", help="what `backup` has written")
    parser.add_argument(
        "--replace", action="store_true",
        help="the target is not empty: set its SQLite file and folders aside, drop its PostgreSQL tables",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Bring it back, and say what is different from then."""
    return session.finish(_restore(args))


async def _restore(args: argparse.Namespace) -> int:
    from bot.backup.restoring import restore

    progress = terminal.Progress()
    here = backup.places(session.configured(args))
    try:
        done = await restore(here, args.source, replace=args.replace, tell=progress.say)
    finally:
        progress.done()
        await here.storage.close()
    print("\n".join(_told(done)))
    for key in done.absent[: backup.MOST_SHOWN]:
        terminal.complain(f"A file is not in the store: {key}")
    return session.FAILED if done.absent else session.DONE


def _told(done: Restored) -> list[str]:
    rows, held = done.manifest.rows, done.quieted
    count = sum(table.rows for table in rows.tables.values())
    return [
        f"Parley is as it was on {done.manifest.made_at:%Y-%m-%d at %H:%M:%S} UTC, and nothing later is there.",
        f"{count} rows are the same by their hashes; {done.files} files are back.",
        f"Not finished then, and parked: {held.effects} things to send or do, {held.inbounds} messages to answer.",
        "Staff find them under Settings → Failures, and may try each again.",
        f"Past since then: {held.timers} reminders and ends of dialogs are left out, {held.slots} reports are missed.",
        f"The next start asks the payment provider about {held.payments} open payments.",
        "Everybody on the staff has to log in again.",
        *(f"applied {name}" for name in done.migrated),
        *(f"What was there before is now {path}; remove it when you are content." for path in done.aside),
    ]
