"""`webhook`: adds, lists, rotates and removes who is told what happens, and tells it again, as the desk does."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bot.cli import session, terminal
from bot.core.errors import BadInput, Refused

NAME = "webhook"
SUMMARY = "add an address that is told what happens, list, rotate, replay and remove them"

_REFUSALS = {
    "bad_webhook_url": "An address is like https://shop.example/hooks, without a name, a password or a #.",
    "webhook_tls": "An address begins with https://; http:// is for the networks of webhooks.networks.",
    "bad_events": "An event is like order.paid, order.* or *; docs/webhooks.md has them all.",
    "too_many_webhooks": "There are {most} webhooks already; remove one first.",
    "no_webhook": "There is no such webhook or delivery; `webhook list` shows the webhooks.",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """`add`, `list`, `rotate`, `replay` and `remove`."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add = verbs.add_parser("add", help="tell an address; prints its secret, this once")
    add.add_argument("url")
    add.add_argument(
        "--event", action="append", metavar="EVENT", required=True, help="order.paid, order.* or *; once for each"
    )
    verbs.add_parser("list", help="every webhook, with its state and what waits for it")
    rotate = verbs.add_parser("rotate", help="a new secret; the one before signs for 24 hours more")
    replay = verbs.add_parser("replay", help="tell again what was given up, or one delivery")
    remove = verbs.add_parser("remove", help="it is told nothing any more, and its log is deleted")
    for verb in (rotate, replay, remove):
        verb.add_argument("number", type=int, help="as `webhook list` shows it")
    what = replay.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--since", type=_moment, metavar="TIME",
        help="all that was given up of what happened since, like 2026-11-23T10:00:00+08:00",
    )  # fmt: skip
    what.add_argument("--delivery", type=int, metavar="NUMBER", help="this one, as the desk's log shows it")
    add.set_defaults(verb=_add)
    verbs.choices["list"].set_defaults(verb=_list)
    rotate.set_defaults(verb=_rotate)
    replay.set_defaults(verb=_replay)
    remove.set_defaults(verb=_remove)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time with its zone, like 2026-11-23T10:00:00+08:00")
    return at.astimezone(UTC)


def run(args: argparse.Namespace) -> int:
    """Do the verb; a refusal of the rules becomes a sentence."""
    try:
        return session.finish(args.verb(args))
    except Refused as error:
        known = _REFUSALS.get(error.code)
        raise BadInput(known.format(**error.facts) if known else error.code) from error


async def _add(args: argparse.Namespace) -> int:
    from bot.services import webhook_endpoints as endpoints
    from models.database import transaction

    config = session.configured(args)
    async with session.database(config), transaction():
        plain = bool(config.webhooks.networks)
        id_, secret = await endpoints.create(args.url, args.event, plain, None, datetime.now(UTC))
    print(f"Webhook {id_} is told of {', '.join(args.event)}.")
    _show(secret)
    return session.DONE


async def _list(args: argparse.Namespace) -> int:
    from bot.services import webhook_endpoints as endpoints

    async with session.database(session.configured(args), writes=False):
        found = await endpoints.everyone(datetime.now(UTC))
    if not found:
        print("No webhooks yet; `webhook add URL --event 'order.*'` adds the first.")
        return session.DONE
    rows = [("WEBHOOK", "URL", "EVENTS", "STATE", "WAITING", "FAILED")]
    rows += [
        (str(one.id), one.url, " ".join(one.events), _state(one.state, one.reason), str(one.waiting), str(one.failed))
        for one in found
    ]
    print(terminal.table(rows))
    return session.DONE


async def _rotate(args: argparse.Namespace) -> int:
    from bot.services import webhook_endpoints as endpoints
    from models.database import transaction

    async with session.database(session.configured(args)), transaction():
        secret = await endpoints.rotate(args.number, None, datetime.now(UTC))
    print(f"Webhook {args.number} has a new secret; the one before signs for 24 hours more.")
    _show(secret)
    return session.DONE


async def _replay(args: argparse.Namespace) -> int:
    from bot.services import webhook_endpoints as endpoints
    from models.database import transaction

    now, count = datetime.now(UTC), 1
    async with session.database(session.configured(args)), transaction():
        if args.delivery is not None:
            await endpoints.replay(args.number, args.delivery, None, now)
        else:
            count = await endpoints.replay_failed(args.number, args.since, None, now)
    print(f"Deliveries that webhook {args.number} is told again: {count}.")
    return session.DONE


async def _remove(args: argparse.Namespace) -> int:
    from bot.services import webhook_endpoints as endpoints
    from models.database import transaction

    async with session.database(session.configured(args)), transaction():
        await endpoints.remove(args.number, None, datetime.now(UTC))
    print(f"Webhook {args.number} is removed, with its log.")
    return session.DONE


def _state(state: str, reason: str) -> str:
    return f"{state} ({reason})" if reason else state


def _show(secret: str) -> None:
    print(f"Its secret is shown only now: {terminal.colour(secret, terminal.BOLD)}")
