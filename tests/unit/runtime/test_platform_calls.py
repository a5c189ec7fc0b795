"""Notes that nodes share, and calls that carry an answer back: collected once, kept for the next try, taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.core.message import Inbound
from bot.runtime.platforms import open_calls
from bot.runtime.platforms.notes import SharedNotes
from bot.runtime.platforms.open_calls import HeldCalls
from models import OpenCall
from models.database import migrate
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import SimChannel, Simulator
from tests.unit.services import race

HELLO = Inbound("wechat", "m1", "ann", text="hello")


@pytest.fixture
async def tables(database: str) -> None:
    await migrate()


@pytest.mark.usefixtures("tables")
async def test_a_note_is_read_until_its_time_is_over() -> None:
    notes = SharedNotes()
    await notes.put("wechat:token", "one", 60)
    await notes.put("wechat:token", "two", 60)
    await notes.put("wechat:cursor", "c7")
    await notes.put("wechat:old", "gone", -1)
    found = [await notes.get(f"wechat:{name}") for name in ("token", "cursor", "old", "none")]
    assert found == ["two", "c7", "", ""]


@pytest.mark.usefixtures("tables")
async def test_one_of_all_who_ask_does_what_all_need() -> None:
    notes = SharedNotes()
    assert sorted(await asyncio.gather(*(notes.claim("wechat:fetch", 30) for _ in range(8)))) == [False] * 7 + [True]
    await notes.release("wechat:fetch")
    assert await notes.claim("wechat:fetch", -1)
    assert await notes.claim("wechat:fetch", 30)


@pytest.mark.usefixtures("tables")
async def test_who_took_too_long_frees_no_claim_of_another() -> None:
    slow, other = SharedNotes(), SharedNotes()
    assert await slow.claim("wecom:pull", -1)
    assert await other.claim("wecom:pull", 30)
    await slow.release("wecom:pull")
    assert not await slow.claim("wecom:pull", 30)
    await other.release("wecom:pull")
    assert await slow.claim("wecom:pull", 30)


@pytest.mark.usefixtures("tables")
async def test_a_claim_keeps_the_note() -> None:
    notes = SharedNotes()
    await notes.put("wechat:token", "one", 60)
    await notes.claim("wechat:token", 30)
    assert await notes.get("wechat:token") == "one"


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("nodes", [1, 2])
async def test_what_is_said_goes_out_with_the_call(nodes: int) -> None:
    here = HeldCalls()
    there = here if nodes == 1 else HeldCalls()
    id_, is_last = await here.open(HELLO, 5, 1)
    collected, given = await asyncio.gather(here.collect(id_, 5), there.give("wechat", "ann", "send:1", b"Hi!"))
    assert (collected, given, is_last) == (b"Hi!", True, True)


@pytest.mark.usefixtures("tables")
async def test_a_call_carries_one_answer() -> None:
    calls = HeldCalls()
    id_, _ = await calls.open(HELLO, 5, 1)
    first = asyncio.create_task(calls.give("wechat", "ann", "send:1", b"one"))
    assert await calls.collect(id_, 5) == b"one"
    assert await first
    assert not await calls.give("wechat", "ann", "send:2", b"two")


@pytest.mark.usefixtures("tables")
async def test_the_next_try_of_a_call_carries_the_same_answer() -> None:
    calls = HeldCalls()
    id_, _ = await calls.open(HELLO, 5, 3)
    first = asyncio.create_task(calls.give("wechat", "ann", "send:1", b"one"))
    assert await calls.collect(id_, 5) == b"one"
    again, _ = await calls.open(HELLO, 5, 3)
    assert (again, await calls.collect(again, 5), await first) == (id_, b"one", True)


@pytest.mark.usefixtures("tables")
async def test_who_sends_waits_for_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_calls, "GAP", 1.0)
    calls = HeldCalls()
    id_, is_last = await calls.open(HELLO, 0.2, 2)
    assert (await calls.collect(id_, 0.2), is_last) == (b"", False)
    late = asyncio.create_task(calls.give("wechat", "ann", "send:1", b"late"))
    await asyncio.sleep(0.3)
    id_, is_last = await calls.open(HELLO, 2, 2)
    assert (await calls.collect(id_, 2), await late, is_last) == (b"late", True, True)


@pytest.mark.usefixtures("tables")
async def test_what_nobody_collects_is_taken_back() -> None:
    calls = HeldCalls()
    id_, _ = await calls.open(HELLO, 0.3, 1)
    assert not await calls.give("wechat", "ann", "send:1", b"one")
    assert await calls.collect(id_, 0.1) == b""
    assert (await OpenCall.get()).said == ""


@pytest.mark.usefixtures("tables")
async def test_a_sender_that_died_finds_that_its_words_were_collected() -> None:
    calls = HeldCalls()
    id_, _ = await calls.open(HELLO, 5, 1)
    dies = asyncio.create_task(calls.give("wechat", "ann", "send:1", b"one"))
    assert await calls.collect(id_, 5) == b"one"
    dies.cancel()
    assert await HeldCalls().give("wechat", "ann", "send:1", b"one")


@pytest.mark.usefixtures("tables")
async def test_who_is_forgotten_at_that_very_moment_is_told_nothing() -> None:
    calls = HeldCalls()
    id_, _ = await calls.open(HELLO, 5, 1)
    giving = asyncio.create_task(calls.give("wechat", "ann", "k1", b"hi"))

    async def forgotten() -> None:
        await OpenCall.all().delete()

    async with asyncio.timeout(30):
        while not await OpenCall.exclude(said="").exists():
            await asyncio.sleep(0.002)
        with race.before(open_calls, "execute", forgotten):
            assert await calls.collect(id_, 5) == b""
        assert not await giving


@pytest.mark.usefixtures("tables")
async def test_nobody_answers_the_call_of_another() -> None:
    calls = HeldCalls()
    await calls.open(HELLO, 5, 1)
    assert not await calls.give("wechat", "bob", "send:1", b"one")
    assert not await calls.give("weibo", "ann", "send:1", b"one")


@pytest.mark.usefixtures("tables")
async def test_a_call_that_nobody_makes_again_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    await HeldCalls().open(HELLO, -1, 1)
    await open_calls.prune()
    assert await OpenCall.all().count() == 1
    monkeypatch.setattr(open_calls, "REMEMBERED", 0.0)
    await open_calls.prune()
    assert await OpenCall.all().count() == 0


@pytest.mark.parametrize(("holds", "every"), [(5.0, [30.0]), (0.0, [])])
async def test_where_calls_are_held_what_was_said_is_looked_at_twice_a_minute(
    holds: float, every: list[float], sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nothing that was said stays there for more than a minute behind the end of its call."""
    monkeypatch.setattr(SimChannel, "holds", holds)
    async with Simulator(TELEGRAM, tmp_path, sqlite_url, routers=[], languages=("en",)) as sim:
        jobs = {job.id: job.trigger.interval.total_seconds() for job in sim.runtime.schedule._scheduler.get_jobs()}
        assert [seconds for name, seconds in jobs.items() if name == "calls"] == every
        assert open_calls.REMEMBERED + 30.0 == 60.0
