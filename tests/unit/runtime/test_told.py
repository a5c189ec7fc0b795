"""What a platform says later of a conversation: edits, what was taken back, a person who answers in its own client."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.chat import Chat
from bot.core.errors import BadInput, ChannelUnavailable, FileMissing, WindowClosed
from bot.core.message import Attachment as File
from bot.core.message import FileRef
from bot.core.router import Router
from bot.runtime.platforms.told import TAKEN_BACK
from bot.services import queues
from models import Attachment, Effect, Message, Review, ReviewPhoto
from models import Inbound as InboundRow
from tests.kit.simulator import Customer, Simulator
from tests.unit.pictures import png
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.ticking import NARROW, TICKS, opened, three, twice
from tests.unit.services import race


async def test_an_edit_shows_what_stands_there_now_and_what_stood_there(world: Worlds) -> None:
    sim, ann = await opened(world)
    await sim.deliver(ann._inbound(text="two pieces", external_id="m1"))
    await sim.deliver(ann._inbound(kind="edited", about="m1", text="three pieces"))
    await sim.deliver(ann._inbound(kind="edited", about="m1", text="three pieces"))
    assert [(row.author, row.text, row.changed) for row in await Message.all().order_by("seq")] == [
        ("customer", "three pieces", "edited"), ("bot", "Heard two pieces", ""), ("event", "edited", ""),
    ]  # fmt: skip
    assert "two pieces" in (await Message.get(author="event")).body
    assert len(sim.channel.screens[ann.sender]) == 1


async def test_what_is_taken_back_is_gone_and_that_it_was_there_stays(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await sim.deliver(ann._inbound(text="my secret", external_id="m1"))
    await sim.deliver(ann._inbound(kind="edited", about="m1", text="my other secret"))
    await sim.deliver(ann._inbound(kind="deleted", about="m1"))
    row = await Message.get(author="customer")
    assert (row.text, row.changed) == ("", "deleted")
    assert (await Message.get(author="event")).body == ""


@pytest.mark.usefixtures("at_once")
async def test_what_is_taken_back_is_gone_from_what_was_parked_and_is_settled_without_an_answer(world: Worlds) -> None:
    router = Router("failing")

    @router.fallback
    async def answer(chat: Chat) -> None:
        raise ValueError(f"cannot read {chat.inbound.text}")

    sim = await world([router])
    ann = await sim.customer()
    for id_ in ("m1", "m2"):
        await sim.deliver(ann._inbound(text=f"my secret {id_}", external_id=id_, native={"raw": f"my secret {id_}"}))
    await sim.deliver(ann._inbound(kind="deleted", about="m1"))
    gone, kept = await InboundRow.filter(state="parked").order_by("id")
    assert ("secret" in gone.payload + gone.error, "secret" in kept.payload) == (False, True)
    assert [(one.what, one.error) for one in await queues.parked() if one.id == gone.id] == [("deleted", TAKEN_BACK)]
    before = await ann.screen()
    await sim.runtime.parked.retry("inbound", gone.id)
    await sim.runtime.idle()
    assert (await ann.screen(), (await InboundRow.get(id=gone.id)).state) == (before, "done")
    assert sorted(row.text for row in await Message.filter(author="customer")) == ["", "my secret m2"]


async def files_are_deleted(sim: Simulator) -> None:
    sim.runtime.effects.doubt()  # the table is looked at before this is idle
    await sim.runtime.idle()


async def test_the_files_of_what_is_taken_back_go_but_for_those_of_a_review(world: Worlds) -> None:
    sim, ann = await opened(world)
    for name in ("mine.png", "of the review.png"):
        sim.channel.uploads[name] = png()
        await sim.deliver(ann._inbound(files=(FileRef("image", name, name),), external_id=name))
    gone, kept = await Attachment.all().order_by("id")
    review = await Review.create(contact_id=kept.contact_id, stars=5, created_at=sim.now, updated_at=sim.now)
    await ReviewPhoto.create(review_id=review.id, attachment_id=kept.id)
    for name in ("mine.png", "of the review.png"):
        await sim.deliver(ann._inbound(kind="deleted", about=name))
    await files_are_deleted(sim)
    assert [row.id for row in await Attachment.all()] == [kept.id]
    for key in (gone.storage_key, gone.display_key, gone.thumb_key):
        with pytest.raises(FileMissing):
            await sim.storage.size(key)
    assert await sim.storage.size(kept.storage_key)
    assert [row.changed for row in await Message.filter(author="customer")] == ["deleted", "deleted"]


async def test_a_file_that_is_taken_back_while_it_is_fetched_does_not_stay(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    sim.channel.uploads["p"] = png()
    taken = asyncio.Event()

    async def takes_back() -> None:
        await sim.runtime.accept([ann._inbound(kind="deleted", about="m1")])
        while sim.runtime.waiting:
            await asyncio.sleep(0.002)
        taken.set()

    with race.before(sim.channel, "fetch", takes_back):  # type: ignore[arg-type]
        await sim.deliver(ann._inbound(files=(FileRef("image", "p", "p.png"),), external_id="m1"))
    assert taken.is_set()
    await files_are_deleted(sim)
    assert not await Attachment.all().exists()
    assert [path for path in sim.folder.rglob("*.*") if path.suffix in (".png", ".webp", ".jpg")] == []


async def test_a_picture_that_somebody_sent_elsewhere_is_kept(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    sim.channel.uploads["p"] = png()
    await sim.deliver(ann._inbound(kind="echo", files=(FileRef("image", "p", "teapot.png"),), external_id="e1"))
    row, message = await Attachment.get(), await Message.get(author="staff")
    assert (row.state, row.name, row.message_seq) == ("stored", "teapot.png", message.seq)
    assert (await ann.conversation()).last_text == "🖼"


async def test_who_answers_elsewhere_has_the_word_for_a_while(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await sim.deliver(ann._inbound(kind="echo", text="This is Li, how can I help?", external_id="e1"))
    await ann.says("two")
    rows = [(row.author, row.text) for row in await Message.all().order_by("seq")]
    assert rows[2:] == [("event", "elsewhere"), ("staff", "This is Li, how can I help?"), ("customer", "two")]
    sim.now += timedelta(hours=3)
    await ann.says("three")
    assert [row.text for row in await Message.filter(author="bot").order_by("seq")] == ["Heard one", "Heard three"]


async def test_an_echo_of_what_was_sent_here_silences_nobody(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await sim.deliver(ann._inbound(kind="echo", text="Heard one"))
    await sim.deliver(ann._inbound(kind="echo", text="as the platform shows it", external_id="w1"))
    assert (await ann.conversation()).elsewhere_until is None


async def test_an_echo_of_one_wire_of_several_silences_nobody(world: Worlds) -> None:
    sim, ann, ids = await three(world)
    for id_ in ids:
        await sim.deliver(ann._inbound(kind="echo", text="a part of it", external_id=id_))
    assert (await ann.conversation()).elsewhere_until is None


async def test_a_picture_of_a_person_is_not_taken_for_one_of_the_bot(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await Message.filter(author="bot").update(text="")  # as of a picture
    sim.channel.uploads["p"] = png()
    await sim.deliver(ann._inbound(kind="echo", files=(FileRef("image", "p", "teapot.png"),), external_id="e1"))
    assert await Message.filter(author="staff").count() == 1


async def test_an_echo_of_our_own_file_that_overtakes_the_answer_silences_nobody(world: Worlds) -> None:
    router = Router("pictures")

    @router.fallback
    async def answer(chat: Chat) -> None:
        files = [File(1, "image", "tea.png", "image/png", 9)] if chat.inbound.text == "show" else []
        chat.say("Our tea", files=files)

    sim, ann = await opened(world, router, replace(TICKS, caption_limit=0))
    sim.channel.uploads["p"] = png()
    picture = (FileRef("image", "p", "image.png"),)

    async def echoes() -> None:
        await sim.runtime.accept([ann._inbound(kind="echo", files=picture)])
        async with asyncio.timeout(30):
            while sim.runtime.waiting:
                await asyncio.sleep(0.002)

    with race.before(sim.channel, "send", echoes):  # type: ignore[arg-type]
        await ann.says("show")
    assert (len(sim.channel.keys), (await ann.conversation()).elsewhere_until) == (2, None)
    with race.before(sim.channel, "send", echoes):  # type: ignore[arg-type]
        await ann.says("tell")  # no picture of ours is leaving: that is one of a person's
    assert (await ann.conversation()).elsewhere_until is not None


async def test_what_the_bot_was_about_to_say_is_cancelled_by_an_answer_elsewhere(small_world: Worlds) -> None:
    sim = await small_world([twice()], NARROW)
    ann = await sim.customer()
    await ann.says("hello")
    await sim.deliver(ann._inbound(kind="echo", text="I am here"))
    await ann.says("good")
    assert [seen.text for seen in sim.channel.screens[ann.sender]] == ["One"]
    assert await Effect.filter(state="cancelled").count() == 1
    bots = [(row.delivery, row.error) for row in await Message.filter(author="bot").order_by("seq")]
    assert bots == [("sent", ""), ("failed", "takeover")]


async def answered_while_it_leaves(sim: Simulator, ann: Customer, failure: Exception) -> None:
    """Somebody answers elsewhere while what the bot says is under way, and then the platform refuses it."""

    async def answers() -> None:
        await sim.runtime.accept([ann._inbound(kind="echo", text="I am here")])
        async with asyncio.timeout(30):
            while not await Effect.filter(state="cancelled").exists():
                await asyncio.sleep(0.002)

    sim.channel.failures = [failure]
    with race.before(sim.channel, "send", answers):  # type: ignore[arg-type]
        await ann.says("hello")
    assert sim.channel.keys == []
    assert [one.state for one in await Effect.filter(kind="send")] == ["cancelled"]


async def test_what_was_cancelled_while_it_was_refused_does_not_wait(world: Worlds) -> None:
    sim, ann = await opened(world, capabilities=NARROW)
    await answered_while_it_leaves(sim, ann, WindowClosed("too late"))
    row = await Message.get(author="bot")
    assert (row.delivery, row.error) == ("failed", "takeover")


@pytest.mark.parametrize("failure", [ChannelUnavailable("away"), BadInput("too strange")], ids=["passing", "final"])
async def test_what_was_cancelled_while_it_failed_is_over(
    small_world: Worlds, at_once: None, failure: Exception
) -> None:
    sim, ann = await opened(small_world)
    await answered_while_it_leaves(sim, ann, failure)
    sim.runtime.wake()
    await sim.runtime.idle()
    assert sim.channel.keys == []
    row = await Message.get(author="bot")
    assert (row.delivery, row.error, (await ann.conversation()).attention) == ("failed", "takeover", "")
