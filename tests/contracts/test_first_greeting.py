"""Whoever opens the chat for the first time is greeted as the platform knows them, on a good day and on a bad one.

The shop speaks Chinese first. So what is English was told by the platform, and so is each name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.runtime.platforms import profiles
from models import Contact, Effect, Identity, Inbound
from tests.contracts.conftest import a_copy
from tests.kit.platforms.stages import STAGES, Stage
from tests.kit.platforms.together import Together, all_together
from tests.kit.profiles import PROFILES
from tests.kit.wire_faults import Fault, Hang, Late, Status, TooMany

UNTOLD = "您好，很高兴见到您。"
#: How somebody called Ann who reads English is greeted, by what is told of her.
GREETINGS = {
    frozenset({"name", "language"}): "Hello Ann, good to see you.",
    frozenset({"name"}): "Ann，您好，很高兴见到您。",
    frozenset({"language"}): "Hello, good to see you.",
}
ASKED = tuple(stage for stage in STAGES if stage.profile)
#: As in life: calls that carry their answers are held open nearly as long as the platform has patience.
HOLDS = 4.5


@pytest.fixture(params=ASKED, ids=lambda stage: stage.name)
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.param
    return found


@pytest.fixture
async def together(
    stage: Stage, sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Together]:
    database = a_copy(sqlite_file, tmp_path_factory)
    told = {"shop": {"languages": ["zh", "en"]}, "demo": {"shop": False}}
    folder = tmp_path_factory.mktemp("shop")
    async with all_together([stage], folder, database, told, table=as_in_life) as together:
        yield together


def as_in_life(stage: Stage, server: Any) -> dict[str, Any]:
    table = dict(stage.table(server))
    return table | {"holds": HOLDS} if "holds" in table else table


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """How long a first answer waits, so that no test leans on what a busy machine does in time."""
    return lambda seconds: monkeypatch.setattr(profiles, "PATIENCE", seconds)


class Door:
    """Where strangers come in, one after the other."""

    def __init__(self, stage: Stage, together: Together) -> None:
        self._stage, self._app = stage, together.app
        self._server = together.servers[stage.name]
        self._numbers = count(1)

    async def greets(self, *faults: Fault) -> tuple[Any, str]:
        """A stranger, and the first line that they see; the calls that ask who they are go wrong like this."""
        person = self._stage.person(self._server, next(self._numbers))
        self._server.fails(self._stage.profile, *faults)
        await self._stage.opens(person)
        async with asyncio.timeout(30):
            while not person.shown:
                await asyncio.sleep(0.01)
        return person, person.shown[0].text.splitlines()[0]

    async def rests(self) -> None:
        """All that was begun is done."""
        async with asyncio.timeout(30):
            await self._app.runtime.idle()

    async def knows(self, person: Any) -> None:
        """Wait until what the platform tells is kept."""
        async with asyncio.timeout(30):
            while not await self._is_told(person):
                await asyncio.sleep(0.01)

    async def _is_told(self, person: Any) -> bool:
        found = await Identity.get(account=self._stage.name, external_id=person.id)
        return bool(found.name or found.locale)

    async def assure_all_is_well(self, people: int) -> None:
        """Everybody was met once, and nothing is left to be done."""
        await self.rests()
        assert await Contact.all().count() == people
        assert await Inbound.exclude(state="done").count() == 0
        assert await Effect.exclude(state__in=["done", "cancelled"]).count() == 0


@pytest.fixture
def door(stage: Stage, together: Together) -> Door:
    return Door(stage, together)


def test_no_channel_is_left_out() -> None:
    assert {stage.channel for stage in ASKED} == {name for name, one in PROFILES.items() if one.profiles}


async def test_strangers_are_greeted_as_they_are(
    stage: Stage, door: Door, together: Together, waits: Callable[[float], None]
) -> None:
    waits(30.0)
    assert (await door.greets())[1].startswith(GREETINGS[stage.tells])
    late, said = await door.greets(Late(0.3))
    assert said.startswith(GREETINGS[stage.tells])
    assert await Effect.filter(kind="profile").count() == 0
    await door.assure_all_is_well(2)
    assert len({shown.text for shown in late.shown}) == len(late.shown)


async def test_a_bad_day_costs_the_greeting_its_name_and_nothing_else(
    stage: Stage, door: Door, together: Together, waits: Callable[[float], None]
) -> None:
    await door.greets()  # tokens are fetched by now
    await door.rests()
    strangers, hang = [], Hang()
    for patience, fault in ((30.0, Status(500)), (0.2, hang), (30.0, TooMany(1))):
        waits(patience)
        person, said = await door.greets(fault)
        assert said.startswith(UNTOLD), fault
        strangers.append(person)
    hang.ends.set()  # else the call lasts its fifteen seconds, and who they are is asked again only then
    for person in strangers:
        await door.knows(person)
    await door.assure_all_is_well(4)
