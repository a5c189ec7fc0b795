"""`erase`: forgets one person, in the database and in the file store; the figures that the law wants stay."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.cli import people, session, terminal

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
    from bot.services import privacy

    config = session.configured(args)
    async with session.database(config):
        contact = await people.find_contact(args.contact)
        if not args.yes and not _is_meant(contact, await people.addresses(contact)):
            terminal.complain("Nothing is erased. Say --yes when it is meant.")
            return session.FAILED
        storage = make_storage(config)
        try:
            forgotten = await privacy.forget(contact, None, storage, datetime.now(UTC))
        finally:
            await storage.close()
    print(f"Contact {contact} is forgotten; {forgotten.files - len(forgotten.left)} files are deleted.")
    print("The figures of orders stay, without a name.")
    for key in forgotten.left:
        terminal.complain(f"This file could not be deleted now; a Parley that runs tries it again: {key}")
    return session.FAILED if forgotten.left else session.DONE


def _is_meant(contact: int, addresses: Sequence[str]) -> bool:
    if not sys.stdin.isatty():
        return False
    if addresses:
        print(f"Whoever is reached here goes, with all that was said there: {', '.join(addresses)}.")
    return input(f"Forget contact {contact} for good? Type the number again: ").strip() == str(contact)
