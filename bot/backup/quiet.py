"""What a restored system must not do by itself, because the system that the backup is of may have done it since.

Plain statements on columns that every released schema has: they run before anything else sees the database, in one
transaction. What was not finished is parked, where staff see why and may try it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.core.message import Inbound
from bot.core.period import Period, last_period
from bot.services.report_times import next_time, period_kind
from models.database import Statement, as_time, dialect, execute, fetch, transaction

#: How long an order whose time to pay has passed is kept, for the provider to be asked whether it was paid since.
ASKING = timedelta(minutes=15)
#: Links to files are signed for a number, so numbers that were given away after the backup are not given again.
SKIPPED_NUMBERS = 1_000_000
MISSED = "missed: Parley was restored from a backup of {made_at:%Y-%m-%d %H:%M} UTC; run it by hand where it is wanted"
UNFINISHED = (
    "Not finished when the backup of {made_at:%Y-%m-%d %H:%M} UTC was made. It may have been done since then: look "
    "before you try it again."
)
ATTENTION = "restored"
#: The migration that brought the shop's news.
NEWS = 16


@dataclass(frozen=True, slots=True)
class Quieted:
    """How many: parked effects and inbounds, timers that passed, slots that were missed, payments to ask for."""

    effects: int
    inbounds: int
    timers: int
    slots: int
    payments: int


async def quiet(made_at: datetime, now: datetime) -> Quieted:
    """Hold back everything of the backup, made at `made_at`, that would happen by itself at `now` or is past."""
    async with transaction():
        timers = await _count("dialog WHERE remind_at <= ? OR expire_at <= ?", now, now)
        effects, inbounds = await _park(UNFINISHED.format(made_at=made_at), now)
        await _drop_timers(now)
        slots = await _miss_slots(MISSED.format(made_at=made_at), now)
        payments = await _ask_for_payments(now)
        await _tell_no_expiry(now)
        await _stop_news(now)
        await _close_doors(made_at, now)
    return Quieted(effects, inbounds, timers, slots, payments)


async def _count(of: str, *values: Any) -> int:
    return int((await fetch(f"SELECT count(*) AS n FROM {of}", values))[0]["n"])  # noqa: S608 - our own words


async def _run(*statements: Statement) -> None:
    async with transaction() as connection:
        await execute(connection, statements)


#: Both kinds of unfinished work by their conversations, before either is parked.
MARK_EFFECTS = """UPDATE conversation SET attention = ?, updated_at = ?
WHERE id IN (SELECT conversation_id FROM effect WHERE state IN ('pending', 'quiet'))"""
MARK_INBOUNDS = """UPDATE conversation SET attention = ?, updated_at = ?
WHERE lane IN (SELECT lane FROM inbound WHERE state = 'pending' AND kind <> 'timer')"""
NOT_SENT = """UPDATE message SET delivery = 'failed', error = ?
WHERE delivery IN ('queued', 'quiet') AND (conversation_id, seq) IN
(SELECT conversation_id, message_seq FROM effect WHERE state IN ('pending', 'quiet') AND kind = 'send')"""
PARK_EFFECTS = "UPDATE effect SET state = 'parked', error = ?, done_at = ? WHERE state IN ('pending', 'quiet')"
#: A timer is made again from its dialog, if it is still to come.
NO_TIMERS = "UPDATE inbound SET state = 'done' WHERE state = 'pending' AND kind = ?"
PARK_INBOUNDS = "UPDATE inbound SET state = 'parked', error = ? WHERE state = 'pending'"
NOT_MADE = "UPDATE report_run SET state = 'due', progress = ? WHERE state IN ('due', 'running')"


async def _park(why: str, now: datetime) -> tuple[int, int]:
    effects = await _count("effect WHERE state IN ('pending', 'quiet')")
    inbounds = await _count("inbound WHERE state = 'pending' AND kind <> 'timer'")
    await _run(
        (MARK_EFFECTS, [(ATTENTION, now)]),
        (MARK_INBOUNDS, [(ATTENTION, now)]),
        (NOT_SENT, [(why,)]),
        (PARK_EFFECTS, [(why, now)]),
        (NO_TIMERS, [("timer",)]),
        (PARK_INBOUNDS, [(why,)]),
        (NOT_MADE, [("parked, see Failures",)]),
    )
    return effects, inbounds


async def _drop_timers(now: datetime) -> None:
    """Reminders that were due are not sent late; dialogs that were over are over, without a word."""
    await _run(
        ("UPDATE dialog SET remind_at = NULL WHERE remind_at <= ?", [(now,)]),
        ("DELETE FROM dialog WHERE expire_at <= ?", [(now,)]),
    )


async def _miss_slots(why: str, now: datetime) -> int:
    """Write down each report that was due up to now, and let its subscriptions go on with the next one."""
    passed = await fetch(
        "SELECT id, report, cron, timezone, next_at FROM report_subscription WHERE active AND next_at <= ? ORDER BY id",
        (now,),
    )
    slots: dict[tuple[str, str], Period] = {}
    later = []
    for row in passed:
        at = as_time(row["next_at"])
        while at is not None and at <= now:
            period = last_period(period_kind(row["cron"]), at, row["timezone"])
            slots[row["report"], period.key] = period
            at = next_time(row["cron"], row["timezone"], at)
        later.append((at, row["id"]))
    before = await _count("report_run")
    await _run(
        ("UPDATE report_subscription SET next_at = ? WHERE id = ?", later),
        (MISS, [_missed(report, period, why, now) for (report, _), period in slots.items()]),
    )
    return await _count("report_run") - before


MISS = (
    "INSERT INTO report_run (report, slot, period_start, period_end, timezone, state, error, created_at, finished_at) "
    "VALUES (?,?,?,?,?,'failed',?,?,?) ON CONFLICT (report, slot) DO NOTHING"
)


def _missed(report: str, period: Period, why: str, now: datetime) -> tuple[Any, ...]:
    return (report, period.key, period.starts_at, period.ends_at, period.timezone, why, now, now)


async def _ask_for_payments(now: datetime) -> int:
    """Have the provider asked about every open payment: it may have been paid since, and no notice comes twice."""
    open_ = await fetch(OPEN)
    await _run((ASK, [_question(row["key"], now) for row in open_]))
    return len(open_)


OPEN = "SELECT key FROM payment WHERE state IN ('open', 'unknown') AND reference <> '' ORDER BY id"
ASK = (
    "INSERT INTO effect (key, kind, lane, payload, due_at, created_at) VALUES (?,'settle',?,?,?,?) "
    "ON CONFLICT (key) DO NOTHING"
)


def _question(key: str, now: datetime) -> tuple[Any, ...]:
    payload = msgspec.json.encode({"payment": key}).decode()
    return (f"settle:restored:{key}:{now:%Y%m%d%H%M%S}", f"payment:{key}", payload, now, now)


async def _tell_no_expiry(now: datetime) -> None:
    """An order whose time to pay is over waits for the provider's answer; its customer was told of the end before."""
    over = await fetch(
        'SELECT o.id, o.number, c.account, c.lane, i.external_id FROM "order" o '
        "LEFT JOIN conversation c ON c.id = o.conversation_id LEFT JOIN identity i ON i.id = c.identity_id "
        "WHERE o.state = 'placed' AND o.hold_until <= ? ORDER BY o.id",
        (now,),
    )
    ids = [(now + ASKING, row["id"]) for row in over]
    await _run(
        ('UPDATE "order" SET hold_until = ? WHERE id = ?', ids),
        ("UPDATE stock_hold SET expires_at = ? WHERE order_id = ?", ids),
        (TOLD, [_told(row, now) for row in over if row["lane"]]),
    )


TOLD = (
    "INSERT INTO inbound (account, key, lane, kind, payload, state, received_at) VALUES (?,?,?,'order',?,'done',?) "
    "ON CONFLICT (account, key) DO NOTHING"
)


def _told(row: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    """The news of an order's end as an inbound that is done: its unique key keeps it from being told again."""
    news = Inbound(row["account"], f"order:{row['number']}:expired", row["external_id"], "order", data=row["number"])
    return (news.account, news.key, row["lane"], msgspec.json.encode(news).decode(), now)


async def _stop_news(now: datetime) -> None:
    """Whom the shop's news have reached since, nobody knows. Older releases have none."""
    if await fetch("SELECT 1 FROM schema_version WHERE number = ?", (NEWS,)):
        await _run(
            ("UPDATE broadcast SET state = 'stopped', ended_at = ? WHERE state IN ('scheduled', 'running')", [(now,)])
        )


async def _close_doors(made_at: datetime, now: datetime) -> None:
    """Who was logged out since the backup stays out: everybody logs in again. And it is written down."""
    await _run(
        ("DELETE FROM staff_session WHERE created_at <= ?", [(now,)]),
        ("DELETE FROM link_code WHERE expires_at > ?", [(made_at,)]),
        *_SKIP[dialect()],
        (NOTE, [(f"backup:{made_at:%Y-%m-%dT%H:%M:%SZ}", now)]),
    )


NOTE = "INSERT INTO audit (action, object, at) VALUES ('restore', ?, ?)"
_JUMP = (
    """SELECT setval(pg_get_serial_sequence('attachment', 'id'), (SELECT coalesce(max(id), 0) FROM attachment) + ?)"""
)
_SKIP_POSTGRES: Sequence[Statement] = ((_JUMP, [(SKIPPED_NUMBERS,)]),)
_NO_SEQUENCE = "NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'attachment')"
_BEGIN = f"INSERT INTO sqlite_sequence (name, seq) SELECT 'attachment', ? WHERE {_NO_SEQUENCE}"
_SKIP_SQLITE: Sequence[Statement] = (
    ("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'attachment'", [(SKIPPED_NUMBERS,)]),
    (_BEGIN, [(SKIPPED_NUMBERS,)]),
)
#: A row that comes and goes: to set the counter would be DDL, which commits.
_SKIP_ROW = (
    "INSERT INTO attachment (id, kind, created_at) "
    "SELECT coalesce(max(id), 0) + ?, 'skipped', utc_timestamp(6) FROM attachment"
)
_SKIP_MYSQL: Sequence[Statement] = (
    (_SKIP_ROW, [(SKIPPED_NUMBERS,)]),
    ("DELETE FROM attachment WHERE kind = 'skipped'", [()]),
)
_SKIP = {"sqlite": _SKIP_SQLITE, "postgres": _SKIP_POSTGRES, "mysql": _SKIP_MYSQL}
