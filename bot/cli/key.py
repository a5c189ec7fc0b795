"""`key`: makes the keys by which another site may call the API, lists and revokes them."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bot.cli import session, terminal
from bot.core.errors import BadInput, Refused

NAME = "key"
SUMMARY = "make a key of the API for another site, list and revoke them"

_REFUSALS = {
    "bad_name": "A name is 1 to 120 characters.",
    "bad_scope": "A key is good for one or more of: {known}.",
    "no_key": "There is no key with that number; `key list` shows all.",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """`make`, `list` and `revoke`."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    make = verbs.add_parser("make", help="make a key; prints it, this once")
    make.add_argument("name", help="which site or program has it")
    make.add_argument(
        "--scope", action="append", metavar="SCOPE", required=True,
        help="products:read, orders:read or orders:write; once for each",
    )  # fmt: skip
    verbs.add_parser("list", help="every key, with what it is good for and when it was used")
    revoke = verbs.add_parser("revoke", help="the key is good for nothing from now on")
    revoke.add_argument("number", type=int, help="as `key list` shows it")
    make.set_defaults(verb=_make)
    verbs.choices["list"].set_defaults(verb=_list)
    revoke.set_defaults(verb=_revoke)


def run(args: argparse.Namespace) -> int:
    """Do the verb; a refusal of the rules becomes a sentence."""
    try:
        return session.finish(args.verb(args))
    except Refused as error:
        known = _REFUSALS.get(error.code)
        raise BadInput(known.format(**error.facts) if known else error.code) from error


async def _make(args: argparse.Namespace) -> int:
    from bot.services import api_keys

    async with session.database(session.configured(args)):
        made, token = await api_keys.make(args.name, args.scope, datetime.now(UTC), by=None)
    print(f"Key {made.id} of {made.name} is good for {', '.join(made.scopes)}.")
    print(f"It is shown only now: {terminal.colour(token, terminal.BOLD)}")
    return session.DONE


async def _list(args: argparse.Namespace) -> int:
    from bot.services import api_keys

    async with session.database(session.configured(args), writes=False):
        keys = await api_keys.everything()
    if not keys:
        print("No keys yet; `key make NAME --scope orders:write` makes the first.")
        return session.DONE
    rows = [("KEY", "NAME", "SCOPES", "MADE", "LAST USED", "STATE")]
    rows += [
        (
            str(one.id), one.name, " ".join(one.scopes), _day(one.created_at), _day(one.used_at),
            f"revoked {_day(one.revoked_at)}" if one.revoked_at else "active",
        )
        for one in keys
    ]  # fmt: skip
    print(terminal.table(rows))
    return session.DONE


async def _revoke(args: argparse.Namespace) -> int:
    from bot.services import api_keys

    async with session.database(session.configured(args)):
        revoked = await api_keys.revoke(args.number, datetime.now(UTC), by=None)
    print(f"Key {revoked.id} of {revoked.name} is revoked.")
    return session.DONE


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "never"
