"""Turns: run again where somebody was faster, and whom they meet."""

from __future__ import annotations

import asyncio

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import FileRef, Inbound
from bot.core.router import Router
from bot.services import attachments
from models import Attachment, Contact, Conversation, Effect, Identity
from models import Inbound as InboundRow
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.turns import actions, mark, mark_and_refuse, review, thread


async def test_a_turn_that_read_what_staff_changed_meanwhile_runs_again(world: Worlds) -> None:
    router, reading, gate = Router("slow"), asyncio.Event(), asyncio.Event()

    @router.fallback
    async def answer(chat: Chat) -> None:
        if chat.inbound.text == "hang":
            reading.set()
            await gate.wait()
        chat.say(f"Heard {chat.inbound.text}")

    sim = await world([router])
    ann = await sim.customer("Ann")
    await ann.says("hi")
    staff = await sim.staff("Li")
    await sim.runtime.accept([ann._inbound(text="hang")])
    await reading.wait()
    await sim.runtime.desk.note((await ann.conversation()).id, staff.id, "n1", "A note", ())
    await sim.runtime.desk.take_over((await ann.conversation()).id, staff.id)
    gate.set()
    await sim.runtime.idle()
    assert await thread(f"telegram:{ann.sender}") == [
        ("customer", "hi"), ("bot", "Heard hi"), ("note", "A note"), ("event", "took"), ("customer", "hang"),
    ]  # fmt: skip


async def test_a_link_that_came_along_with_words_is_no_message(small_world: Worlds) -> None:
    router = Router("flyers")

    @router.event("started")
    async def hello(chat: Chat) -> None:
        chat.say(f"Hello from {chat.inbound.data}")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("Yes")

    sim = await small_world([router])
    ann = await sim.customer()
    await sim.runtime.accept(
        [ann._inbound(kind="started", data="flyer", about="m1"), ann._inbound(text="oolong?", external_id="m1")]
    )
    await sim.runtime.idle()
    await sim.deliver(ann._inbound(kind="started", data="poster"))
    assert await thread(f"telegram:{ann.sender}") == [
        ("customer", "oolong?"), ("bot", "Yes"), ("customer", ""), ("bot", "Hello from poster"),
    ]  # fmt: skip


async def test_what_is_remembered_of_a_conversation_is_read_again_when_its_person_changed(world: Worlds) -> None:
    router = Router("who")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"You are {chat.person.name}, {'staff' if chat.person.is_staff else 'a customer'}")

    sim = await world([router])
    ann = await sim.customer("Ann")
    await ann.says("hi")
    await Contact.filter(id=(await ann.conversation()).contact_id).update(name="Anna")
    await ann.says("and now?")
    staff = await sim.staff("Li")
    await Identity.filter(external_id=ann.sender).update(staff_id=staff.id)
    await ann.says("and now?")
    assert [seen.text for seen in await ann.screen()] == [
        "You are Ann, a customer", "You are Anna, a customer", "You are Anna, staff",
    ]  # fmt: skip


async def test_a_refused_service_is_undone_and_the_turn_goes_on(world: Worlds) -> None:
    router = Router("shop")

    @router.fallback
    async def answer(chat: Chat) -> None:
        await chat.do(mark, "before")
        try:
            await chat.do(mark_and_refuse, "refused")
        except Refused:
            chat.say("Not possible")
        await chat.do(mark, "after")

    sim = await world([router])
    ann = await sim.customer()
    await ann.says("hi")
    assert await actions() == ["before", "after"]
    assert (await ann.last()).text == "Not possible"


async def test_what_is_left_of_a_stranger_makes_no_contact(world: Worlds) -> None:
    sim = await world([review()])
    left = [Inbound("telegram", kind, "gone", kind, data="x") for kind in ("timer", "result", "order", "unknown")]
    await sim.runtime.accept(left)
    await sim.runtime.idle()
    assert not await Conversation.all().exists()
    assert {row.state for row in await InboundRow.all()} == {"done"}


async def test_only_the_customer_opens_a_closed_conversation_again(world: Worlds) -> None:
    sim = await world([review()])
    ann = await sim.customer()
    await ann.says("/review")
    staff = await sim.staff("Li")
    await sim.runtime.desk.close((await ann.conversation()).id, staff.id)
    await sim.passes("2h")
    assert await ann.times("Are you still there?") == 1
    assert (await ann.conversation()).closed_at is not None
    await ann.says("5")
    assert (await ann.conversation()).closed_at is None


async def test_new_people_and_their_files_are_made_with_their_first_message(world: Worlds) -> None:
    router = Router("files")

    @router.fallback
    async def fallback(chat: Chat) -> None:
        chat.say(f"Got {len(chat.attachments)}")

    sim = await world([router])
    ann = await sim.customer()
    sim.channel.uploads["ref"] = b"tea"
    inbound = Inbound(
        "telegram", "1", ann.sender, text="x", files=(FileRef("file", "ref", "a.txt", size=3),), name="Ann"
    )
    await asyncio.gather(*(sim.runtime.accept([inbound]) for _ in range(3)))
    await sim.runtime.idle()
    row = await Conversation.get().prefetch_related("contact")
    assert (row.contact.name, row.last_seq, row.last_text) == ("Ann", 2, "Got 1")
    [file] = await Attachment.all()
    assert file.state == "stored"
    assert (await attachments.details(file.id)) is not None
    assert {effect.state for effect in await Effect.all()} == {"done"}
