"""`staff`: adds the people who work here, sets their passwords and lists them."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from bot.cli import session, terminal
from bot.core.errors import BadInput, Refused

NAME = "staff"
SUMMARY = "add staff, set a password, list them"

_REFUSALS = {
    "bad_login": "A login is 1 to 64 characters without spaces.",
    "bad_name": "A name is 1 to 120 characters.",
    "bad_role": "A role is agent, manager or admin.",
    "bad_timezone": "That is not a time zone; write it like Asia/Shanghai.",
    "login_taken": "That login is taken; `staff list` shows all.",
    "weak_password": "A password has at least {minimum} characters.",
    "no_staff": "There is nobody with that login; `staff list` shows all.",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """`add`, `password` and `list`."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add = verbs.add_parser("add", help="add somebody; prints a one-time password")
    add.add_argument("login")
    add.add_argument("--name", default="", help="as customers and colleagues see it (default: the login)")
    add.add_argument("--role", choices=("agent", "manager", "admin"), default="agent")
    add.add_argument("--language", choices=("en", "zh"), default="en")
    password = verbs.add_parser("password", help="give somebody a new password and log them out everywhere")
    password.add_argument("login")
    for verb in (add, password):
        verb.add_argument(
            "--stdin", action="store_true", help="read the password from standard input instead of making one"
        )
    verbs.add_parser("list", help="everybody, with role and state")
    add.set_defaults(verb=_add)
    password.set_defaults(verb=_password)
    verbs.choices["list"].set_defaults(verb=_list)


def run(args: argparse.Namespace) -> int:
    """Do the verb; a refusal of the rules becomes a sentence."""
    try:
        return session.finish(args.verb(args))
    except Refused as error:
        known = _REFUSALS.get(error.code)
        raise BadInput(known.format(**error.facts) if known else error.code) from error


async def _add(args: argparse.Namespace) -> int:
    from bot.services import staff

    config = session.configured(args)
    password, given = _read_password(args)
    async with session.database(config, fresh=True):
        added = await staff.add(
            args.login, args.name or args.login, args.role, password, datetime.now(UTC),
            one_time=not given, locale=args.language, timezone=config.shop.timezone,
        )  # fmt: skip
    print(f"{added.login} is added as {added.role}.")
    _show(password, given)
    return session.DONE


async def _password(args: argparse.Namespace) -> int:
    from bot.services import staff

    config = session.configured(args)
    password, given = _read_password(args)
    async with session.database(config):
        found = await staff.by_login(args.login)
        if found is None:
            raise Refused("no_staff")
        await staff.set_password(found.id, password, datetime.now(UTC), one_time=not given, by=None)
    print(f"{found.login} has a new password and is logged out everywhere.")
    _show(password, given)
    return session.DONE


async def _list(args: argparse.Namespace) -> int:
    from bot.services import staff

    async with session.database(session.configured(args), writes=False):
        everyone = await staff.everyone()
    if not everyone:
        print("Nobody yet; `staff add LOGIN --role admin` adds the first.")
        return session.DONE
    rows = [("LOGIN", "NAME", "ROLE", "STATE")]
    rows += [(one.login, one.name, one.role, _state(one.active, one.must_change_password)) for one in everyone]
    print(terminal.table(rows))
    return session.DONE


def _state(active: bool, must_change: bool) -> str:
    if not active:
        return "switched off"
    return "has a one-time password" if must_change else "active"


def _read_password(args: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it was given: else it is made, and good for one login."""
    from bot.services.passwords import one_time_password

    if not args.stdin:
        return one_time_password(), False
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass("Password: "), True
    return sys.stdin.readline().rstrip("\r\n"), True


def _show(password: str, given: bool) -> None:
    if not given:
        print(f"One-time password, shown only now: {terminal.colour(password, terminal.BOLD)}")
        print("It must be changed at the first login.")
