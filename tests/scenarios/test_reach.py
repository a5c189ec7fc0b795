"""Who blocked us gets nothing that nobody waits for, and is written to again once they let us."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.message import Inbound
from bot.services import order_news
from models import Dialog, Effect, Message, Order, ReportDelivery, ReportRun
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.test_order import who_ordered


async def test_a_block_is_known_at_once_and_so_is_its_end(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("hello")
    before = await ann.screen()
    await ann.blocks()
    assert (await ann.identity()).reachable is False
    await ann.unblocks()
    assert (await ann.identity()).reachable is True
    assert await ann.screen() == before


async def test_who_writes_can_be_written_to(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("hello")
    await ann.blocks()
    await ann.says("hello again")
    assert (await ann.identity()).reachable is True


async def test_who_blocked_us_is_not_reminded(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.blocks()
    await sim.passes("1d")
    assert await ann.times("Are you still there?") == 0
    dialog = await Dialog.get()
    assert (dialog.state, dialog.remind_at) == ("asking", None)
    await ann.unblocks()
    await ann.picks("5 ★")
    assert "What should others know?" in (await ann.last()).text


async def test_a_report_waits_at_the_desk_for_who_cannot_be_written_to(one_sim: Simulator) -> None:
    mei = await manager(one_sim)
    await mei.blocks()
    assert await told_of_a_report(one_sim, mei) == ("failed", 0)
    assert await Effect.filter(state="pending").count() == 0
    await mei.unblocks()
    assert await told_of_a_report(one_sim, mei) == ("sent", 1)


async def manager(sim: Simulator) -> Customer:
    """A manager whose chat is linked."""
    mei, account = await sim.customer("Mei"), await sim.staff("Mei", "manager")
    await mei.says("hello")
    identity = await mei.identity()
    identity.staff_id = account.id
    await identity.save()
    return mei


async def told_of_a_report(sim: Simulator, mei: Customer) -> tuple[str, int]:
    """What became of the delivery of one more report, and how often the chat was told so far."""
    run = await ReportRun.create(
        report="sales", slot=sim.key(), period_start=sim.now - timedelta(days=7), period_end=sim.now,
        timezone="UTC", state="failed", error="memory ran out", created_at=sim.now,
    )  # fmt: skip
    talk = await mei.conversation()
    delivery = await ReportDelivery.create(run=run, conversation_id=talk.id, created_at=sim.now)
    await sim.deliver(Inbound(sim.account, f"report:{run.id}", mei.sender, "report", data=str(run.id)))
    await delivery.refresh_from_db()
    return delivery.state, await mei.times("memory ran out")


async def test_who_blocked_us_is_not_told_that_a_dialog_is_over(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("/shop")
    await ann.says("review")
    await ann.blocks()
    before = await ann.screen()
    await sim.passes("30d")
    assert (await Dialog.all().count(), await ann.screen()) == (0, before)


async def test_a_dialog_ends_in_silence_where_the_reply_window_is_over(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await sim.passes("30d")
    told = sim.capabilities.proactive == "yes" or sim.capabilities.reply_window is None
    assert (await Dialog.all().count(), await ann.times("I have closed what we had begun")) == (0, int(told))


@pytest.mark.parametrize("blocked", [False, True])
async def test_news_of_an_order_reaches_who_may_be_written_to(sim: Simulator, blocked: bool) -> None:
    ann = await who_ordered(sim)
    await ann.pays()
    if blocked:
        await ann.blocks()
    await takes_steps(sim, ann, "shipped")
    assert await ann.times("is on its way to you") == int(not blocked)


async def test_news_of_an_order_waits_for_its_customer_when_the_reply_window_is_over(sim: Simulator) -> None:
    ann = await who_ordered(sim)
    await ann.pays()
    await sim.passes("30d")
    await takes_steps(sim, ann, "packed", "shipped", "delivered")
    told = sim.capabilities.proactive in ("yes", "template") or sim.capabilities.reply_window is None
    news = ("is packed", "is on its way", "has been delivered")
    assert [await ann.times(words) for words in news] == [int(told)] * 3
    assert {row.delivery for row in await Message.filter(client_id__startswith="order:")} <= (
        {"", "sent"} if told else {"held"}
    )
    await ann.says("hello")
    # What the order has left behind is not told any more.
    assert [await ann.times(words) for words in news] == ([1, 1, 1] if told else [0, 0, 1])
    assert await Effect.filter(state__in=["held", "pending"]).count() == 0


async def takes_steps(sim: Simulator, ann: Customer, *states: str) -> None:
    """The order comes to each of these states, and its customer is told of it."""
    number = (await Order.get()).number
    for state in states:
        await Order.all().update(state=state)
        name = order_news.name(number, state)
        await sim.deliver(Inbound(sim.account, name, ann.sender, "order", data=number, client_id=name))
