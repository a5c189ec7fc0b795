"""Timers of dialogs: a reminder or an end that is due becomes an inbound of its lane, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.capabilities import Capabilities
from bot.core.message import Inbound
from bot.services import reach
from models.database import execute, fetch, transaction

Accept = Callable[[Sequence[Inbound]], Awaitable[int]]
_DUE = (
    "SELECT d.token, d.{column} AS due, c.id AS conversation_id, c.account, i.external_id, i.reachable FROM dialog d "
    "JOIN conversation c ON c.id = d.conversation_id "
    "JOIN identity i ON i.id = c.identity_id WHERE d.{column} IS NOT NULL AND d.{column} <= ? LIMIT 500"
)
_NO_REMINDER = "UPDATE dialog SET remind_at = NULL WHERE token = ? AND remind_at = ?"


async def dialogs_due(accept: Accept, capabilities: Mapping[str, Capabilities], now: datetime) -> int:
    """Hand the timers that are due to their lanes; the key makes each happen once.

    A reminder is dropped where nothing may be sent now; `capabilities` are those of each account.
    """
    reminders = await fetch(_DUE.format(column="remind_at"), [now])
    may = [await _may_remind(row, capabilities, now) for row in reminders]
    await _forget([row for row, allowed in zip(reminders, may, strict=True) if not allowed])
    ends = await fetch(_DUE.format(column="expire_at"), [now])
    told = [_timer("remind", row) for row, allowed in zip(reminders, may, strict=True) if allowed]
    return await accept([*told, *(_timer("expire", row) for row in ends)])


def _timer(what: str, row: Mapping[str, Any]) -> Inbound:
    key = f"{what}:{row['token']}:{row['due']}"
    return Inbound(row["account"], key, row["external_id"], "timer", data=f"{what}:{row['token']}")


async def _may_remind(row: Mapping[str, Any], capabilities: Mapping[str, Capabilities], now: datetime) -> bool:
    able = capabilities.get(row["account"])
    found = await reach.of(row["conversation_id"], able, reachable=bool(row["reachable"]), now=now, kind="chat")
    return found.ok


async def _forget(reminders: Sequence[Mapping[str, Any]]) -> None:
    if reminders:
        async with transaction() as connection:
            await execute(connection, [(_NO_REMINDER, [(row["token"], row["due"]) for row in reminders])])
