"""Timers of dialogs: a reminder or an end that is due becomes an inbound of its lane, once; and a night that ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from bot.core.capabilities import Capabilities
from bot.core.message import Inbound
from bot.core.question import Question
from bot.core.quiet import QuietHours
from bot.services import conversations, reach
from models.database import as_time, execute, fetch, transaction

Accept = Callable[[Sequence[Inbound]], Awaitable[int]]
_DUE = (
    "SELECT d.token, d.{column} AS due, d.expire_at, d.question, c.id AS conversation_id, c.account, c.owner_id, "
    "i.external_id, i.reachable "
    "FROM dialog d JOIN conversation c ON c.id = d.conversation_id "
    "JOIN identity i ON i.id = c.identity_id WHERE d.{column} IS NOT NULL AND d.{column} <= ? "
    "AND d.moved_to_id IS NULL LIMIT 500"
)
#: What keeps a reminder from one address, and says nothing about the others; who wants none there wants none.
_ELSEWHERE = frozenset({"window_closed", "quota_used", "unreachable"})
_REMIND_AT = "UPDATE dialog SET remind_at = ? WHERE token = ? AND remind_at = ?"
_SLEEPING = "SELECT id FROM effect WHERE state = 'quiet' AND due_at <= ? LIMIT 1"
_WAKE = "UPDATE effect SET state = 'pending' WHERE state = 'quiet' AND due_at <= ?"


async def dialogs_due(
    accept: Accept, capabilities: Mapping[str, Capabilities], quiet: QuietHours, now: datetime
) -> int:
    """Hand the timers that are due to their lanes; the key makes each happen once.

    A reminder waits for the end of the night. Where the platform lets nothing be sent, it is told at another address of
    the same person that the question waits, and dropped where there is none. `capabilities` are those of each account.
    """
    told, later = [], []
    for row in await fetch(_DUE.format(column="remind_at"), [now]):
        found = await _reach(row, capabilities, quiet, now)
        if found.ok:
            told.append(_timer("remind", row))
            continue
        later.append((_later(row, found), row["token"], row["due"]))
        nudge = await _nudge(row, capabilities, quiet, now) if found.why in _ELSEWHERE else None
        told += [nudge] if nudge else []
    ends = await fetch(_DUE.format(column="expire_at"), [now])
    new = await accept([*told, *(_timer("expire", row) for row in ends)])
    await _postpone(later)  # not before: what was dropped and not told of would be lost
    return new


async def release(now: datetime) -> bool:
    """Let go what waited for quiet hours that are over, in its order; whether there was any."""
    if not await fetch(_SLEEPING, (now,)):
        return False
    async with transaction() as connection:
        await execute(connection, [(_WAKE, [(now,)])])
    return True


def _timer(what: str, row: Mapping[str, Any]) -> Inbound:
    key = f"{what}:{row['token']}:{row['due']}"
    return Inbound(row["account"], key, row["external_id"], "timer", data=f"{what}:{row['token']}")


async def _reach(
    row: Mapping[str, Any], capabilities: Mapping[str, Capabilities], quiet: QuietHours, now: datetime
) -> reach.Reach:
    able, reachable = capabilities.get(row["account"]), bool(row["reachable"])
    id_ = row["conversation_id"]
    return await reach.of(id_, able, reachable=reachable, now=now, kind="reminders", quiet=quiet)


async def _nudge(
    row: Mapping[str, Any], capabilities: Mapping[str, Capabilities], quiet: QuietHours, now: datetime
) -> Inbound | None:
    """The inbound that tells elsewhere of an open question; None where that is not possible, or staff have the word."""
    if not row["question"] or row["owner_id"] is not None:
        return None
    id_ = await reach.best(row["conversation_id"], capabilities, now, "reminders", quiet)
    there = await conversations.address(id_) if id_ != row["conversation_id"] else None
    if there is None:
        return None
    able, key = capabilities.get(row["account"]), f"nudge:{row['token']}:{row['due']}"
    question = msgspec.json.decode(row["question"], type=Question).text
    channel = able.channel if able else row["account"]
    return Inbound(there.account, key, there.external_id, "nudge", text=question, data=channel)


def _later(row: Mapping[str, Any], found: reach.Reach) -> datetime | None:
    """When it is tried again; None where it never is, such as behind the end of its dialog."""
    at, ends = found.morning, as_time(row["expire_at"])
    return at if at is not None and (ends is None or at < ends) else None


async def _postpone(later: Sequence[tuple[Any, ...]]) -> None:
    if later:
        async with transaction() as connection:
            await execute(connection, [(_REMIND_AT, later)])
