"""What a platform says later: ticks, edits, what was taken back, and a person who answers in its own client."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.chat import Chat
from bot.core.message import Wire
from bot.core.ports import ORDINARY, Occasion, Profile, Sent
from bot.core.profiles import TELEGRAM
from bot.core.router import Router
from models import Contact, Effect, Identity, Message
from tests.kit.simulator import Customer, SimChannel, Simulator
from tests.unit.runtime.conftest import Worlds

TICKS = replace(TELEGRAM, channel="ticks", receipts=True, profiles=True)


def echo() -> Router:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"Heard {chat.inbound.text}")

    return router


class Ticking(SimChannel):
    """Names what it is sent, and knows who people are."""

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        await super().send(recipient, wire, key, occasion)
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


async def test_a_stranger_is_asked_about_once(small_world: Worlds) -> None:
    _, ann = await opened(small_world)
    await ann.says("one")
    await ann.says("two")
    identity = await Identity.get()
    assert (identity.name, identity.locale, (await Contact.get()).name) == ("Ann Lee", "zh-TW", "Ann Lee")
    assert await Effect.filter(kind="profile").count() == 1
