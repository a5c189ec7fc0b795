"""`erase`: forgets one person, in the database and in the file store; the figures that the law wants stay."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.cli import people, session, terminal
from bot.core.errors import ParleyError

if TYPE_CHECKING:
    from bot.core.ports import Storage

NAME = "erase"
SUMMARY = "forget one person for good"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whom; and that it is meant."""
    parser.add_argument("contact", metavar="CONTACT", help="number of the contact, or an address like telegram:4711")
    parser.add_argument("--yes", action="store_true", help="do not ask: it cannot be taken back")


def run(args: argparse.Namespace) -> int:
    """Ask, then erase."""
    return session.finish(_erase(args))


async def _erase(args: argparse.Namespace) -> int:
    from bot.app import make_storage
    from bot.services import audit, privacy, search
    from models.database import transaction

    config = session.configured(args)
    async with session.database(config):
        contact = await people.find_contact(args.contact)
        if not args.yes and not _is_meant(contact):
            terminal.complain("Nothing is erased. Say --yes when it is meant.")
            return session.FAILED
        now = datetime.now(UTC)
        async with transaction():
            keys = await privacy.erase(contact, now)
            await audit.record(None, "contact.erase", f"contact:{contact}", now)
        left = await _delete(keys, make_storage(config))
        await search.forget()
    print(f"Contact {contact} is forgotten; {len(keys) - len(left)} files are deleted.")
    print("The figures of orders stay, without a name.")
    for key in left:
        terminal.complain(f"This file could not be deleted; remove it from the store by hand: {key}")
    return session.FAILED if left else session.DONE


def _is_meant(contact: int) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"Forget contact {contact} for good? Type the number again: ").strip() == str(contact)


async def _delete(keys: list[str], storage: Storage) -> list[str]:
    """Delete the files; returns the keys of those that are left."""
    left = []
    try:
        for key in keys:
            try:
                await storage.delete(key)
            except ParleyError:
                left.append(key)
    finally:
        await storage.close()
    return left
