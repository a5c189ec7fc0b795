"""Who is told by a number and an id, and later by one of them alone, stays one person."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.chat import Chat
from bot.core.message import Inbound
from bot.core.router import Router
from bot.runtime.platforms import aliases
from bot.services import privacy
from models import Conversation, Identity, IdentityAlias, Message
from models.database import transaction
from tests.kit.profiles import WHATSAPP
from tests.kit.simulator import Simulator
from tests.unit.runtime.conftest import Worlds

NUMBER, ID = "8613800138000", "US.777"


def echo() -> Router:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("Heard you.")

    return router


async def tells(sim: Simulator, sender: str, alias: str) -> None:
    inbound = Inbound(sim.account, sim.key(), sender, text=f"as {sender}", alias=alias)
    await sim.runtime.receive(sim.channel, [inbound])
    await sim.runtime.idle()


async def test_who_hides_the_number_stays_who_they_are(world: Worlds) -> None:
    sim = await world([echo()], WHATSAPP)
    await tells(sim, NUMBER, ID)
    await sim.restarts()  # the next process asks the table
    await tells(sim, ID, ID)
    assert [row.external_id for row in await Identity.all()] == [NUMBER]
    assert [row.text for row in await Message.filter(author="customer").order_by("seq")] == [f"as {NUMBER}", f"as {ID}"]
    assert len(sim.channel.screens[NUMBER]) == 2


async def test_who_shows_the_number_later_stays_who_they_are_too(world: Worlds) -> None:
    sim = await world([echo()], WHATSAPP)
    await tells(sim, ID, ID)
    await tells(sim, NUMBER, ID)
    assert [row.external_id for row in await Identity.all()] == [ID]
    assert await Conversation.all().count() == 1


async def test_two_at_the_very_first_moment_are_one(world: Worlds) -> None:
    sim = await world([echo()], WHATSAPP)
    await asyncio.gather(tells(sim, NUMBER, ID), tells(sim, ID, ID))
    assert await Identity.all().count() == 1


async def test_strangers_who_write_at_a_time_share_one_commit(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    sim = await world([echo()], WHATSAPP)
    begun = []

    def counted() -> AbstractAsyncContextManager[BaseDBAsyncClient]:
        begun.append(1)
        return transaction()

    monkeypatch.setattr(aliases, "transaction", counted)
    people = [Inbound(sim.account, f"k{n}", f"{NUMBER}{n}", text="hi", alias=f"{ID}{n}") for n in range(6)]
    await asyncio.gather(*(sim.runtime.receive(sim.channel, people[at : at + 3]) for at in (0, 3)))
    await sim.runtime.idle()
    assert (len(begun), await IdentityAlias.all().count(), await Identity.all().count()) == (1, 6, 6)


async def test_where_one_id_is_told_nothing_is_asked_or_kept(small_world: Worlds) -> None:
    sim = await small_world([echo()], WHATSAPP)
    await tells(sim, NUMBER, "")
    assert not await IdentityAlias.all().exists()


async def test_of_somebody_who_never_wrote_nothing_is_kept(small_world: Worlds) -> None:
    sim = await small_world([echo()], WHATSAPP)
    told = Inbound(sim.account, "s1", NUMBER, "status", data="delivered", about="w1", alias=ID)
    await sim.runtime.receive(sim.channel, [told])
    await sim.runtime.idle()
    assert not await IdentityAlias.all().exists()


async def test_who_is_forgotten_is_forgotten_by_each_of_their_ids(small_world: Worlds) -> None:
    sim = await small_world([echo()], WHATSAPP)
    await tells(sim, NUMBER, ID)
    contact = (await Identity.get()).contact_id
    await privacy.forget(contact, None, sim.storage, sim.now, sim.runtime.bus.publish)
    assert not await IdentityAlias.all().exists()
    await tells(sim, ID, ID)
    assert [row.external_id for row in await Identity.all()] == [ID]
