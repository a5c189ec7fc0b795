"""What a platform says later: ticks, edits, what was taken back, and a person who answers in its own client."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.chat import Chat
from bot.core.errors import BadInput, FileMissing
from bot.core.message import FileRef, Wire
from bot.core.ports import ORDINARY, Occasion, Profile, Sent
from bot.core.profiles import TELEGRAM
from bot.core.router import Router
from models import Attachment, Contact, Effect, Identity, Message, MessagePiece, Review, ReviewPhoto
from tests.kit.simulator import Customer, SimChannel, Simulator
from tests.unit.pictures import png
from tests.unit.runtime.conftest import Worlds
from tests.unit.services import race

TICKS = replace(TELEGRAM, channel="ticks", receipts=True, profiles=True)


def echo() -> Router:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"Heard {chat.inbound.text}")

    return router


class Ticking(SimChannel):
    """Names what it is sent, and knows who people are."""

    slow: asyncio.Event | None = None  # waited for before a message is named

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        await super().send(recipient, wire, key, occasion)
        if self.slow:
            await self.slow.wait()
        return Sent(f"w{len(self.keys)}")

    async def profile(self, recipient: str) -> Profile:
        return Profile("Ann Lee", "zh-TW")


async def opened(world: Worlds) -> tuple[Simulator, Customer]:
    sim = await world([echo()], TICKS)
    ticking = Ticking(sim.account, sim.capabilities)
    sim.channel = sim.runtime.channels[sim.account] = ticking  # type: ignore[index]
    return sim, await sim.customer("")


async def delivery(**which: object) -> tuple[str, str]:
    row = await Message.get(author="bot", **which)
    return row.delivery, row.error


async def test_ticks_are_of_the_message_that_they_name(world: Worlds) -> None:
    sim, ann = await opened(world)
    await ann.says("one")
    await ann.says("two")
    await sim.deliver(ann._inbound(kind="status", data="delivered", about="w2"))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["sent", "delivered"]
    await sim.deliver(ann._inbound(kind="status", data="read", about="w2"))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "read"]


async def test_a_tick_never_goes_back(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    for data in ("read", "delivered", "sent", "failed"):
        await sim.deliver(ann._inbound(kind="status", data=data, about="w1"))
    assert await delivery() == ("read", "")


async def test_a_failure_that_comes_later_is_told_to_staff(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await sim.deliver(ann._inbound(kind="status", data="failed", about="w1", text="131026 undeliverable"))
    assert await delivery() == ("failed", "131026 undeliverable")
    assert (await ann.conversation()).attention == "send"


async def test_a_tick_may_name_our_own_key(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await sim.deliver(ann._inbound(kind="status", data="delivered", about=sim.channel.keys[0]))
    assert await delivery() == ("delivered", "")


async def test_a_tick_of_what_is_just_leaving_waits_for_its_name(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    slow = sim.channel.slow = asyncio.Event()  # type: ignore[attr-defined]
    await sim.runtime.accept([ann._inbound(text="one", key="said")])
    async with asyncio.timeout(10):
        while not await Message.filter(author="bot", delivery="queued").exists():
            await asyncio.sleep(0)
        await sim.runtime.accept([ann._inbound(kind="status", data="read", about="w1", sent_at=sim.now)])
        slow.set()
        await sim.runtime.idle()
    assert await delivery() == ("read", "")


async def test_a_tick_of_a_name_that_never_was_holds_nobody_up(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    async with asyncio.timeout(10):  # by the clock of the world it is fresh for ever
        await sim.deliver(ann._inbound(kind="status", data="delivered", about="first-piece", sent_at=sim.now))
        await ann.says("two")
    assert await Message.filter(author="bot", delivery="sent").count() == 2


async def test_a_watermark_is_of_all_that_was_sent_until_then(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    seen_at = sim.now
    sim.now += timedelta(minutes=1)
    await ann.says("two")
    await sim.deliver(ann._inbound(kind="status", data="read", sent_at=seen_at))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "sent"]


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


async def test_what_the_bot_was_about_to_say_is_cancelled_by_an_answer_elsewhere(small_world: Worlds) -> None:
    router = Router("twice")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("One")
        chat.say("Two")

    narrow = replace(TICKS, reply_window=timedelta(days=2), reply_quota=1, proactive="no", profiles=False)
    sim = await small_world([router], narrow)
    ann = await sim.customer()
    await ann.says("hello")
    await sim.deliver(ann._inbound(kind="echo", text="I am here"))
    await ann.says("good")
    assert [seen.text for seen in sim.channel.screens[ann.sender]] == ["One"]
    assert await Effect.filter(state="cancelled").count() == 1
    bots = [(row.delivery, row.error) for row in await Message.filter(author="bot").order_by("seq")]
    assert bots == [("sent", ""), ("failed", "takeover")]


async def test_a_stranger_is_asked_about_once(small_world: Worlds) -> None:
    _, ann = await opened(small_world)
    await ann.says("one")
    await ann.says("two")
    identity = await Identity.get()
    assert (identity.name, identity.locale, (await Contact.get()).name) == ("Ann Lee", "zh-TW", "Ann Lee")
    assert await Effect.filter(kind="profile").count() == 1


def in_pieces() -> Router:
    """Says one thing in three wires: a text that is too long for one."""
    router = Router("pieces")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("one two three four five six seven eight nine")

    return router


async def three(world: Worlds) -> tuple[Simulator, Customer, list[str]]:
    sim = await world([in_pieces()], replace(TICKS, profiles=False, text_limit=16))
    ticking = Ticking(sim.account, sim.capabilities)
    sim.channel = sim.runtime.channels[sim.account] = ticking  # type: ignore[index]
    ann = await sim.customer()
    await ann.says("hi")
    assert len(sim.channel.keys) == 3
    return sim, ann, ["w1", "w2", "w3"]


async def ticks(sim: Simulator, ann: Customer, data: str, *about: str) -> tuple[str, str]:
    for one in about:
        await sim.deliver(ann._inbound(kind="status", data=data, about=one, text="131026" if data == "failed" else ""))
    return await delivery()


async def test_a_message_of_several_wires_is_as_far_as_the_least_of_them(world: Worlds) -> None:
    sim, ann, ids = await three(world)
    assert await delivery() == ("sent", "")
    assert await ticks(sim, ann, "delivered", ids[2], ids[0]) == ("sent", "")
    assert await ticks(sim, ann, "delivered", ids[1]) == ("delivered", "")
    assert await ticks(sim, ann, "read", ids[0]) == ("delivered", "")
    assert await ticks(sim, ann, "read", ids[2]) == ("read", "")


async def test_a_wire_that_failed_is_not_forgotten_for_those_behind_it(world: Worlds) -> None:
    sim, ann, ids = await three(world)
    await ticks(sim, ann, "delivered", ids[2])
    assert await ticks(sim, ann, "failed", ids[0]) == ("failed", "131026")
    assert await ticks(sim, ann, "delivered", ids[1]) == ("failed", "131026")
    assert (await ann.conversation()).attention == "send"


async def test_a_wire_that_cannot_be_sent_is_told_though_the_last_one_left(world: Worlds) -> None:
    sim = await world([in_pieces()], replace(TELEGRAM, text_limit=16))
    ann = await sim.customer()
    sim.channel.failures = [BadInput("too strange")]
    await ann.says("hi")
    assert len(sim.channel.keys) == 2
    assert await delivery() == ("failed", "too strange")
    await sim.runtime.retry_failure("effect", (await Effect.get(state="parked")).id)
    sim.runtime.effects.doubt()
    await sim.runtime.idle()
    assert await delivery() == ("sent", "")


async def test_what_one_wire_says_has_no_rows_of_pieces(small_world: Worlds) -> None:
    _, ann = await opened(small_world)
    await ann.says("one")
    assert not await MessagePiece.all().exists()
