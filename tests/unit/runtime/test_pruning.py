"""What is settled: it keeps its key and no words, and after a week it goes, a few rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.chat import Chat
from bot.core.message import Inbound
from bot.core.router import Router
from bot.runtime import pruning
from models import Effect
from models import Inbound as InboundRow
from tests.kit.profiles import TELEGRAM
from tests.unit.runtime.conftest import Worlds

NOW = datetime(2026, 5, 9, tzinfo=UTC)
WEEK = timedelta(days=7)


async def inbound(number: int, state: str, age: timedelta) -> None:
    await InboundRow.create(
        account="telegram", key=str(number), lane=f"telegram:{number}", kind="message", payload="{}", state=state,
        received_at=NOW - age,
    )  # fmt: skip


async def effect(number: int, state: str, age: timedelta) -> None:
    await Effect.create(
        key=str(number), kind="send", lane=f"telegram:{number}", payload="{}", state=state, due_at=NOW,
        created_at=NOW - age,
    )  # fmt: skip


@pytest.mark.parametrize("step", [1, 3, 5000])
async def test_only_what_is_settled_and_old_goes(database: str, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(pruning, "_STEP", step)
    states = ["done", "parked", "done", "cancelled", "pending", "done", "done", "done"]
    for number, state in enumerate(states):
        age = WEEK + timedelta(hours=6 - number)  # the last one is younger
        await inbound(number, state if state != "cancelled" else "done", age)
        await effect(number, state, age)
    await pruning.prune(NOW - WEEK)
    assert [row.key for row in await InboundRow.all().order_by("id")] == ["1", "4", "6", "7"]
    assert [row.key for row in await Effect.all().order_by("id")] == ["1", "4", "6", "7"]


async def test_a_settled_row_has_no_words_and_no_person(world: Worlds) -> None:
    router = Router("talk")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("Your secret is safe.")

    sim = await world([router], capabilities=TELEGRAM)
    ann = await sim.customer("Ann")
    await ann.says("my secret")
    assert await ann.sees("Your secret is safe.")
    inbounds, effects = await InboundRow.all(), await Effect.all()
    assert {(row.state, row.lane, row.payload) for row in inbounds} == {("done", "", "")}
    assert {(row.state, row.lane, row.payload, row.conversation_id) for row in effects} == {("done", "", "", None)}


async def test_what_nobody_could_read_is_kept_as_it_came(small_world: Worlds) -> None:
    sim = await small_world([Router("none")])
    await sim.deliver(Inbound(sim.account, "9", "0", "unknown", native={"poll": {"id": "7"}}))
    [row] = await InboundRow.all()
    assert (row.state, row.lane) == ("done", f"{sim.account}:0")
    assert '"poll":{"id":"7"}' in row.payload
