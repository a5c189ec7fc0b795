"""Two addresses become one person's, or do not: late, twice, at the same moment, and while staff have the word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.runtime.inbox import Inbox
from bot.services import person_codes, same_person
from bot.services.person_codes import Taken
from models import Audit, PersonCode, PersonLink
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.test_another_app import code_of, connected, enters, link_of

SHOWN = "has entered your code"


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


@pytest.mark.parametrize("on", ["webchat", "sms"])
async def test_who_talks_to_a_person_can_confirm_and_goes_on_with_them(sim: Simulator, on: str) -> None:
    ann, app, mei = await sim.customer("Ann", on=on), await sim.customer("Annie", on="telegram"), await sim.staff("Mei")
    code = await code_of(ann)
    talk = await ann.conversation()
    await sim.runtime.desk.take_over(talk.id, mei.id)
    await enters(app, code)
    assert SHOWN in (await ann.last()).text
    await sim.runtime.desk.say(talk.id, mei.id, "m1", "One box, or 2?", ())
    await sim.runtime.idle()
    before = len(await ann.screen())
    for words in ("2", "hello?", "/menu"):  # these are for Mei
        await ann.says(words)
    assert (len(await ann.screen()), await PersonCode.all().count()) == (before, 1)
    await ann.picks("Yes, that is me") if on == "webchat" else await ann.says("Yes, that is me")
    assert "Connected: we know you in" in (await ann.last()).text
    assert "Mei goes on with you here." in (await app.last()).text
    assert [(await one.conversation()).owner_id for one in (ann, app)] == [mei.id] * 2


async def test_what_was_asked_before_is_offered_when_the_talk_is_given_back(sim: Simulator) -> None:
    ann, app, mei = await sim.customer("Ann"), await sim.customer("Annie", on="telegram"), await sim.staff("Mei")
    code = await code_of(ann)
    await ann.says("language")
    asked = (await ann.last()).text
    talk = await ann.conversation()
    await sim.runtime.desk.take_over(talk.id, mei.id)
    await enters(app, code)
    await ann.picks("No, not me")
    await sim.runtime.desk.give_back(talk.id, mei.id)
    await sim.runtime.idle()
    assert f"We had not finished: {asked}" in (await ann.last()).text
    await ann.picks("Go on")
    assert (await ann.last()).text == asked


async def test_a_number_answers_the_question_that_was_put_last(sim: Simulator) -> None:
    ann, app, mei = await sim.customer("Ann", on="sms"), await sim.customer("Eve", on="telegram"), await sim.staff()
    code = await code_of(ann)
    await sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    await enters(app, code)
    await ann.says("2")
    assert "nothing is connected" in (await ann.last()).text
    assert "not confirmed" in (await app.last()).text


async def test_a_link_is_opened_into_a_talk_with_staff(sim: Simulator) -> None:
    web, app, mei = await sim.customer("Ann"), await sim.customer("Annie", on="telegram"), await sim.staff("Mei")
    for one in (web, app):
        await one.says("hello")
    await sim.runtime.desk.take_over((await app.conversation()).id, mei.id)
    await app.opens(await link_of(sim, web))
    assert "Are you the one there, too?" in (await app.last()).text
    await app.picks("Yes, both are me")
    assert "Good to see you here" in (await app.last()).text
    before = len(await app.screen())
    await app.says("/help")
    assert (len(await app.screen()), (await app.conversation()).owner_id) == (before, mei.id)
