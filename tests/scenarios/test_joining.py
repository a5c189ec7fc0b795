"""Two addresses become one person's, or do not: late, twice, at the same moment, and while staff have the word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.profiles import PROFILES
from bot.runtime.inbox import Inbox
from bot.services import person_codes, same_person
from bot.services.person_codes import Taken
from models import Audit, PersonCode, PersonLink
from models.database import transaction
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.test_another_app import code_of, connected, enters


@pytest.fixture
async def sim(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """A shop on the web, on Telegram and on a channel without buttons."""
    more = (PROFILES["telegram"], PROFILES["sms"])
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url, more=more) as world:
        yield world


async def claimed(sim: Simulator, on: str = "telegram") -> tuple[Customer, Customer, PersonCode]:
    """Ann on the web is asked whether it is her who entered the code."""
    web, app = await sim.customer("Ann"), await sim.customer("Annie", on=on)
    await enters(app, await code_of(web))
    return web, app, await PersonCode.get()


async def pruned(sim: Simulator) -> None:
    async with transaction():
        await person_codes.prune(sim.now)


async def test_what_has_happened_is_not_denied_when_the_call_is_made_again(sim: Simulator) -> None:
    """After a crash between the commit and the answer, and however long that took."""
    persons = sim.runtime.persons
    web, app = await connected(sim)
    code = await PersonCode.get()
    sim.now += timedelta(hours=2)
    await pruned(sim)
    states = [(await call("", code.id)).state for call in (persons.confirm, persons.join, persons.decline)]
    await sim.runtime.idle()
    assert states == ["known"] * 3
    assert await PersonLink.all().count() == 1
    for one, words in ((web, "Connected: we know you in"), (app, "Good to see you here")):
        assert (await one.times(words), await one.times("not confirmed")) == (1, 0)
    sim.now += timedelta(days=1)
    await pruned(sim)
    assert await PersonCode.all().count() == 0

    other, stranger = await sim.customer("Bo"), await sim.customer("Mo", on="telegram")
    await enters(stranger, await code_of(other))
    code = await PersonCode.get()
    assert [(await persons.decline("", code.id)).state for _ in range(2)] == ["declined"] * 2
    await sim.runtime.idle()
    assert await stranger.times("not confirmed in the other app") == 1
    assert await Audit.filter(action="person.decline").count() == 1


async def test_nobody_hears_that_it_was_not_confirmed_when_it_is_at_that_moment(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _web, app, code = await claimed(sim)
    unanswered = person_codes.unanswered

    async def joins_meanwhile(now: datetime) -> tuple[Taken, ...]:
        found = await unanswered(now)
        if found:
            async with transaction():
                await same_person.join(code.identity_id, code.entered_id or 0, now, code.id)
        return found

    monkeypatch.setattr(person_codes, "unanswered", joins_meanwhile)
    await sim.passes("11m")
    assert await PersonLink.all().count() == 1
    assert not await app.sees("not confirmed")
    assert (await sim.runtime.persons.confirm("", code.id)).state == "known"


async def test_a_code_that_has_ended_joins_nobody(sim: Simulator) -> None:
    _web, _app, code = await claimed(sim)
    taken = await person_codes.taken(code.id)
    assert taken is not None
    async with transaction():
        assert await person_codes.end(code.id)
    assert (await sim.runtime.persons._join(taken)).state == "over"
    assert await PersonLink.all().count() == 0


async def test_each_question_has_its_ten_minutes(sim: Simulator) -> None:
    web, app = await sim.customer("Ann"), await sim.customer("Annie", on="telegram")
    code = await code_of(web)
    await sim.passes("9m")
    await app.says(f"/link {code}")
    await sim.passes("9m")
    await app.picks("Yes, both are me")
    await sim.passes("9m")
    await pruned(sim)
    await web.picks("Yes, that is me")
    assert await PersonLink.all().count() == 1
    assert not await app.sees("not confirmed")


async def test_who_does_not_answer_to_a_late_question_is_told_of(sim: Simulator) -> None:
    web, app = await sim.customer("Ann"), await sim.customer("Annie", on="telegram")
    code = await code_of(web)
    for said in (f"/link {code}", "Yes, both are me"):
        await sim.passes("9m")
        await app.picks(said)
    for span, told in (("9m", 0), ("2m", 1), ("2m", 1)):
        await sim.passes(span)
        await pruned(sim)
        assert await app.times("not confirmed in the other app") == told
    assert await PersonCode.all().count() == 0


async def test_both_hear_of_a_parting_in_the_same_commit(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    web, app = await connected(sim)
    mei, link = await sim.staff("Mei", "manager"), await PersonLink.get()

    async def dies(*_: Any) -> int:
        raise ConnectionError

    monkeypatch.setattr(Inbox, "accept", dies)
    await sim.runtime.persons.part(link.id, mei.id)
    await sim.runtime.idle()
    for one in (web, app):
        assert "are apart now" in (await one.last()).text
