"""What a restore holds back, on each engine: one row of every kind that would otherwise act by itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.backup.quiet import ATTENTION, SKIPPED_NUMBERS, Quieted, quiet
from bot.core.quiet import NEVER
from bot.runtime.timers import dialogs_due
from bot.services import orders
from bot.services.reports import due_subscriptions
from models.database import as_time, client, close_database, execute, fetch, migrate, open_database
from tests.servers import MariaDb, Postgres
from tests.unit.models.rows import NOW, fill

MADE_AT = NOW
#: Two days and an hour after the backup.
RESTORED_AT = NOW + timedelta(days=2, hours=1)
SLOT = NOW + timedelta(minutes=30)
READY = (
    "UPDATE conversation SET lane = 'telegram:7', account = 'telegram', attention = ''",
    "UPDATE identity SET account = 'telegram', external_id = '7'",
    "UPDATE message SET delivery = 'queued'",
    "UPDATE effect SET state = 'pending', kind = 'send', lane = 'telegram:7', conversation_id = 1, message_seq = 1",
    "UPDATE inbound SET state = 'pending', kind = 'message', lane = 'telegram:7', account = 'telegram'",
    "UPDATE report_run SET state = 'running'",
    "UPDATE report_subscription SET report = 'sales', cron = '30 9 * * *', timezone = 'UTC'",
    "UPDATE \"order\" SET state = 'placed', number = 'P7K2-4M9Q', conversation_id = 1, postal = ''",
    "UPDATE payment SET state = 'open', reference = 'r-1', key = 'k-1'",
)
#: The rows came with their own numbers, of which PostgreSQL's sequences know nothing.
BEHIND = [
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1)"
    for table in ("attachment", "audit", "effect", "inbound", "order_event", "report_run")
]


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
async def restored(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[None]:
    """The rows of a backup before anything looks at them."""
    server: Postgres | MariaDb | None = None
    url = f"sqlite://{tmp_path / 'parley.db'}?synchronous=OFF"
    if request.param != "sqlite":
        server = request.getfixturevalue(f"{request.param}_server")
        url = await server.create_database()
    await open_database(url)
    await migrate()
    await fill()
    for sql in (*READY, *(BEHIND if request.param == "postgres" else ())):
        await fetch(sql)
    await execute(
        client(),
        [
            ("UPDATE report_subscription SET next_at = ?", [(SLOT,)]),
            ('UPDATE "order" SET hold_until = ?', [(SLOT,)]),
            ("UPDATE dialog SET remind_at = ?, expire_at = ?", [(SLOT, RESTORED_AT + timedelta(hours=1))]),
        ],
    )
    yield
    await close_database()
    if server is not None:
        await server.drop_database(url)


async def one(sql: str) -> dict[str, Any]:
    [row] = await fetch(sql)
    return row


async def test_what_was_unfinished_is_parked_with_the_reason(restored: None) -> None:
    found = await quiet(MADE_AT, RESTORED_AT)
    assert found == Quieted(effects=1, inbounds=1, timers=1, slots=3, payments=1)
    effect = await one("SELECT state, error FROM effect WHERE kind = 'send'")
    assert effect["state"] == "parked"
    assert effect["error"].startswith("Not finished when the backup of 2026-11-22 09:00 UTC was made.")
    assert await one("SELECT state, error FROM inbound WHERE kind = 'message'") == effect
    message = await one("SELECT delivery, error FROM message")
    assert message == {"delivery": "failed", "error": effect["error"]}
    assert await one("SELECT attention FROM conversation") == {"attention": ATTENTION}
    assert await fetch("SELECT state FROM effect WHERE state = 'pending' AND kind <> 'settle'") == []
    assert await one("SELECT action, object FROM audit ORDER BY id DESC LIMIT 1") == {
        "action": "restore",
        "object": "backup:2026-11-22T09:00:00Z",
    }


async def test_what_waited_for_the_morning_is_parked_and_news_are_stopped(restored: None) -> None:
    await fetch("UPDATE effect SET state = 'quiet'")
    await fetch("UPDATE message SET delivery = 'quiet'")
    await fetch("UPDATE broadcast SET state = 'running'")
    assert (await quiet(MADE_AT, RESTORED_AT)).effects == 1
    assert (await one("SELECT state FROM effect WHERE kind = 'send'"))["state"] == "parked"
    assert (await one("SELECT delivery FROM message"))["delivery"] == "failed"
    assert (await one("SELECT state FROM broadcast"))["state"] == "stopped"


async def test_slots_that_passed_are_missed_and_the_next_one_comes(restored: None) -> None:
    await quiet(MADE_AT, RESTORED_AT)
    runs = await fetch("SELECT report, slot, state, error FROM report_run WHERE report = 'sales' ORDER BY slot")
    assert [run["slot"] for run in runs] == [f"day/2026-11-{day}/UTC" for day in (21, 22, 23)]
    assert {run["state"] for run in runs} == {"failed"}
    assert all(run["error"].startswith("missed: Parley was restored from a backup") for run in runs)
    assert as_time((await one("SELECT next_at FROM report_subscription"))["next_at"]) == SLOT + timedelta(days=3)
    assert await due_subscriptions(RESTORED_AT) == []
    assert (await one("SELECT state, progress FROM report_run WHERE report <> 'sales'"))["state"] == "due"


async def test_reminders_that_passed_are_not_sent_and_dialogs_that_ended_are_gone(restored: None) -> None:
    accepted: list[object] = []

    async def accept(inbounds: Any) -> int:
        accepted.extend(inbounds)
        return len(inbounds)

    await quiet(MADE_AT, RESTORED_AT)
    await dialogs_due(accept, {}, NEVER, RESTORED_AT)
    assert accepted == []
    assert (await one("SELECT remind_at FROM dialog"))["remind_at"] is None
    await quiet(MADE_AT, RESTORED_AT + timedelta(hours=1))
    assert await fetch("SELECT id FROM dialog") == []


async def test_an_order_waits_for_the_provider_and_its_end_is_not_told_again(restored: None) -> None:
    await quiet(MADE_AT, RESTORED_AT)
    asked = await one("SELECT lane, payload, state FROM effect WHERE kind = 'settle'")
    assert asked["lane"] == "payment:k-1"
    assert json.loads(asked["payload"]) == {"payment": "k-1"}
    assert asked["state"] == "pending"
    assert await orders.expire(RESTORED_AT + timedelta(minutes=14)) == ()
    [ended] = await orders.expire(RESTORED_AT + timedelta(minutes=15))
    assert ended.state == "expired"
    told = await one(f"SELECT account, lane, state FROM inbound WHERE key = 'order:{ended.number}:{ended.state}'")
    assert told == {"account": "telegram", "lane": "telegram:7", "state": "done"}


async def test_nobody_is_logged_in_and_no_number_of_a_file_is_given_twice(restored: None) -> None:
    before = (await one("SELECT max(id) AS id FROM attachment"))["id"]
    await quiet(MADE_AT, RESTORED_AT)
    assert await fetch("SELECT id FROM staff_session") == []
    [row] = await fetch(
        "INSERT INTO attachment (kind, created_at) VALUES (?,?) RETURNING id", ["file", datetime.now(UTC)]
    )
    assert row["id"] == before + SKIPPED_NUMBERS + 1
