"""Strangers are met by their name and in their language where the platform tells them soon, and without where not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.chat import Chat
from bot.core.errors import AccountWaits, ChannelUnavailable
from bot.core.message import Inbound
from bot.core.ports import Profile
from bot.core.router import Router
from bot.runtime.platforms import profiles
from models import Contact, Effect, Identity, Message
from models import Inbound as InboundRow
from models.database import close_database, open_database
from tests.kit.profiles import TELEGRAM
from tests.kit.several import Several, until
from tests.kit.simulator import SimChannel, Simulator

KNOWS = replace(TELEGRAM, profiles=True)
IN_CHINESE, IN_ENGLISH = "小安，您好，很高兴见到您。", "Hello, good to see you."


class Knowing(SimChannel):
    """Tells who people are, each after its fault; whoever is `shy` only once the `gate` is open."""

    def __init__(self, account: str) -> None:
        super().__init__(account, KNOWS)
        self.asked: list[str] = []
        self.faults: list[Exception] = []
        self.shy: set[str] = set()
        self.gate = asyncio.Event()
        self.told = Profile("小安", "zh-CN")

    async def profile(self, recipient: str) -> Profile:
        self.asked.append(recipient)
        if self.faults:
            raise self.faults.pop(0)
        if recipient in self.shy:
            await self.gate.wait()
        return self.told


@pytest.fixture
async def sim(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The whole shop, on a platform that tells nothing with a message."""
    world = Simulator(KNOWS, tmp_path, sqlite_url)
    world.channel = world.channels[world.account] = Knowing(world.account)
    async with world:
        yield world


@pytest.fixture
def knowing(sim: Simulator) -> Knowing:
    assert isinstance(sim.channel, Knowing)
    return sim.channel


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is told in the end is told in time."""
    monkeypatch.setattr(profiles, "PATIENCE", 30.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs is not waited for."""
    monkeypatch.setattr(profiles, "PATIENCE", 0.05)


async def says(sim: Simulator, person: str, text: str = "hello") -> None:
    """It is kept; what follows from it is not waited for."""
    await sim.runtime.accept([Inbound(sim.account, sim.key(), person, text=text)])


def screen(sim: Simulator, person: str) -> list[str]:
    return [seen.text for seen in sim.channel.screens.get(person, [])]


async def greeted(sim: Simulator, person: str) -> str:
    """How the first greeting begins; waits for it."""
    await until(lambda: screen(sim, person), 30)
    return screen(sim, person)[0]


async def is_known(name: str) -> None:
    """Wait until the one person is called so."""
    async with asyncio.timeout(30):
        while (await Identity.get()).name != name:
            await asyncio.sleep(0.01)


async def test_the_first_greeting_has_the_name_and_the_language(
    sim: Simulator, knowing: Knowing, patient: None
) -> None:
    await says(sim, "ann")
    assert (await greeted(sim, "ann")).startswith(IN_CHINESE)
    await says(sim, "ann", "你好")
    await sim.runtime.idle()
    assert knowing.asked == ["ann"]
    identity = await Identity.get()
    assert (identity.name, identity.locale, (await Contact.get()).name) == ("小安", "zh-CN", "小安")
    assert await Effect.filter(kind="profile").count() == 0


async def test_a_handler_that_begins_by_writing_knows_them_too(sim: Simulator, knowing: Knowing, patient: None) -> None:
    await says(sim, "ann", "/stop")  # a row of consent: the turn runs again within a transaction
    await sim.runtime.idle()
    assert [row.text.isascii() for row in await Message.filter(author="bot")] == [False]
    assert knowing.asked == ["ann"]


async def test_what_a_slow_platform_tells_in_time_is_waited_for_and_nobody_else_waits(
    sim: Simulator, knowing: Knowing, patient: None
) -> None:
    knowing.shy = {"ann"}
    await says(sim, "ann")
    await says(sim, "ann", "/help")
    await until(lambda: knowing.asked == ["ann"], 30)
    await says(sim, "bob")
    assert (await greeted(sim, "bob")).startswith(IN_CHINESE)
    await says(sim, "bob", "你好")
    await until(lambda: len(screen(sim, "bob")) == 2, 30)
    assert screen(sim, "ann") == []
    knowing.gate.set()
    await sim.runtime.idle()
    assert screen(sim, "ann")[0].startswith(IN_CHINESE)
    said = await Message.filter(conversation__lane=f"{sim.account}:ann", author="customer").order_by("seq")
    assert [row.text for row in said] == ["hello", "/help"]
    assert await Contact.all().count() == 2


FAILURES = (ChannelUnavailable("HTTP 500"), AccountWaits("429", after=0.3, told=True), KeyError("a defect"))


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: type(fault).__name__)
async def test_a_platform_that_fails_is_asked_again_after_the_greeting(
    sim: Simulator, knowing: Knowing, patient: None, fault: Exception
) -> None:
    knowing.faults = [fault]
    await says(sim, "ann")
    assert (await greeted(sim, "ann")).startswith(IN_ENGLISH)
    await is_known("小安")
    assert knowing.asked == ["ann", "ann"]
    await says(sim, "ann", "hello")
    await sim.runtime.idle()
    assert [text.startswith(IN_CHINESE) for text in screen(sim, "ann")] == [False, True]


async def test_an_account_that_was_asked_to_wait_asks_about_nobody_before(
    sim: Simulator, knowing: Knowing, patient: None
) -> None:
    """But for the effects, which have waits of their own."""
    knowing.faults = [AccountWaits("429", after=3600, told=True)]
    await says(sim, "ann")
    await greeted(sim, "ann")
    knowing.shy = {"bob"}
    await says(sim, "bob")
    assert (await greeted(sim, "bob")).startswith(IN_ENGLISH)
    knowing.gate.set()


async def test_who_is_not_told_of_in_time_is_greeted_without(sim: Simulator, knowing: Knowing, impatient: None) -> None:
    knowing.shy = {"ann"}
    await says(sim, "ann")
    assert (await greeted(sim, "ann")).startswith(IN_ENGLISH)
    knowing.gate.set()
    await is_known("小安")
    assert (await InboundRow.get()).attempts == 0
    assert knowing.asked == ["ann"]  # what comes late is not asked for again


async def test_a_platform_that_hangs_is_waited_for_by_so_many_only(
    sim: Simulator, knowing: Knowing, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "MOST_AT_ONCE", 2)
    knowing.shy = {"p0", "p1", "p2"}
    for person in ("p0", "p1"):
        await says(sim, person)
    await until(lambda: len(knowing.asked) == 2, 30)
    await says(sim, "p2")
    assert (await greeted(sim, "p2")).startswith(IN_ENGLISH)
    assert screen(sim, "p0") == screen(sim, "p1") == []
    knowing.gate.set()
    await sim.runtime.idle()
    assert [screen(sim, person)[0][:2] for person in ("p0", "p1")] == ["小安", "小安"]


async def test_where_the_answer_belongs_into_the_call_it_has_half_of_its_time(
    sim: Simulator, knowing: Knowing, patient: None
) -> None:
    knowing.holds = 0.1
    knowing.shy = {"ann"}
    await says(sim, "ann")
    assert (await greeted(sim, "ann")).startswith(IN_ENGLISH)
    knowing.gate.set()


async def test_a_process_that_ends_meanwhile_leaves_it_to_the_next_one(
    sim: Simulator, knowing: Knowing, patient: None
) -> None:
    knowing.shy = {"ann"}
    await says(sim, "ann")
    await until(lambda: knowing.asked == ["ann"], 30)
    await sim.runtime._worker.stop(0.0)
    knowing.shy.clear()
    await sim.restarts()
    await sim.runtime.idle()
    assert [text.startswith(IN_CHINESE) for text in screen(sim, "ann")] == [True]
    assert knowing.asked == ["ann", "ann"]
    assert await Contact.all().count() == 1


async def test_what_no_table_can_hold_keeps_nobody_from_an_answer(
    sim: Simulator, knowing: Knowing, patient: None
) -> None:
    knowing.told = Profile("小\x00安" + "x" * 300, "zh\x00" + "-x" * 20)
    await says(sim, "ann")
    assert (await greeted(sim, "ann")).startswith("小安xxx")
    identity = await Identity.get()
    assert (len(identity.name), len(identity.locale)) == (200, 16)


@pytest.fixture
async def several(empty_postgres: str, tmp_path: Path) -> AsyncIterator[Several]:
    router = Router("hello")

    @router.fallback
    async def hello(chat: Chat) -> None:
        chat.say(f"Hello {chat.person.name}")

    await open_database(empty_postgres)
    made = Several([router], tmp_path)
    yield made
    await made.close()
    await close_database()


async def test_a_node_that_dies_meanwhile_leaves_it_to_another(several: Several, patient: None) -> None:
    hangs, knows = Knowing("telegram"), Knowing("telegram")
    hangs.screens = knows.screens = several.platform.screens
    one = await several.joins(channel=hangs)
    await several.joins(channel=knows)
    kim = several.person_of(one)
    hangs.shy = {kim}
    await several.says(kim, "hello", at=one)
    await until(lambda: hangs.asked == [kim], 30)
    await one.stops_renewing()
    await until(lambda: several.shown(kim), 30)
    hangs.gate.set()
    await one.wakes()
    await several.quiet(30)
    assert (several.shown(kim), knows.asked) == (["Hello 小安"], [kim])
    assert await Contact.all().count() == 1
