"""An order after it was paid: told step by step, followed, received, reviewed, and ordered again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.message import Inbound
from bot.runtime.order_steps import ask_for_reviews
from bot.runtime.shop import Later
from bot.services import backoffice, order_states, orders, shipments
from bot.services.order_states import NOTHING, Doing
from bot.services.shipments import Parcel, Piece
from models import CartLine, Conversation, Message, Order, OrderEvent, OrderLine, Review, Shipment, ShipmentLine
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import go_to_checkout, who_ordered
from tests.unit.services.shop import lies

SF = Parcel("SF Express", "SF1234567", "https://sf.example/SF1234567")
LATER = Later(completes=timedelta(days=7), review=timedelta(days=3))


async def who_paid(sim: Simulator) -> Customer:
    ann = await who_ordered(sim)
    await ann.pays()
    return ann


async def takes(sim: Simulator, *steps: str, doing: Doing = NOTHING) -> None:
    """Mei takes these steps of the order."""
    for step in steps:
        await sim.runtime.till.step((await Order.get()).id, step, 1, doing)
        await sim.runtime.idle()


async def test_an_order_goes_its_way_to_its_customer_and_is_ordered_again(sim: Simulator) -> None:
    ann = await who_paid(sim)
    number = (await Order.get()).number
    await takes(sim, "pack")
    await takes(sim, "ship", doing=Doing(parcel=SF))
    assert await ann.times("is packed and will leave soon") == 1
    await ann.says("Where is my order")  # what did not fit into the channel's quota comes now, too
    assert await ann.times("Sent with SF Express, number SF1234567.") == 2
    assert await ann.times(f"Order {number} is on its way.") == 1
    await ann.picks("I received it")
    assert await ann.times(f"Order {number} is completed.") == 1
    assert [event.actor for event in await OrderEvent.all().order_by("id")][-1] == "customer"
    await ann.picks("Order again")
    assert await ann.times(f"In your cart again, from order {number}:") == 1
    assert (await CartLine.get()).quantity == 1


async def test_a_link_to_follow_its_way_is_a_button(one_sim: Simulator) -> None:
    ann = await who_paid(one_sim)
    await takes(one_sim, "pack")
    await takes(one_sim, "ship", doing=Doing(parcel=SF))
    buttons = {button.label: button.url for button in (await ann.last()).buttons}
    assert buttons == {"Track": SF.url, "I received it": ""}
    await takes(one_sim, "deliver")
    assert [button.label for button in (await ann.last()).buttons] == ["I received it", "Leave a review", "Order again"]


@pytest.mark.parametrize("channel", ["sms", "telegram"])
async def test_a_number_answers_what_is_asked_whatever_is_told_meanwhile(
    channel: str, sqlite_url: str, tmp_path: Path
) -> None:
    async with Simulator(PROFILES[channel], tmp_path, sqlite_url) as sim:
        ann = await who_paid(sim)
        await go_to_checkout(ann)
        await ann.picks("Yes")
        await ann.picks("Place the order")
        first, second = await Order.all().order_by("id")
        await ann.says("/orders")
        await ann.picks(f"{second.number} · ¥68.00 · waiting for payment")
        await ann.picks("Cancel this order")
        for step, doing in (("pack", NOTHING), ("ship", Doing(parcel=SF))):
            await sim.runtime.till.step(first.id, step, 1, doing)
            await sim.runtime.idle()
        assert await ann.times("is on its way to you") == 1
        await ann.says("1")
        assert [row.state for row in await Order.all().order_by("id")] == ["shipped", "cancelled"]
        await ann.says("/orders")
        await ann.picks(f"{first.number} · ¥68.00 · on its way")
        await ann.says("/review")
        await sim.runtime.till.step(first.id, "deliver", 1)
        await sim.runtime.idle()
        await ann.picks("I received it")
        assert (await Order.get(id=first.id)).state == "completed"


async def test_an_order_is_one_message_however_many_parcels_it_has(one_sim: Simulator) -> None:
    ann = await who_paid(one_sim)
    await takes(one_sim, "pack")
    await takes(one_sim, "ship", doing=Doing(parcel=SF))
    await Shipment.create(
        order_id=(await Order.get()).id, carrier="YTO", number="YT7", url="https://yto.example/YT7",
        created_at=one_sim.now,
    )  # fmt: skip
    before = len(await ann.screen())
    await ann.says("/track")
    said = (await ann.screen())[before:]
    assert len(said) == 1
    assert f"Sent with SF Express, number SF1234567. {SF.url}\nSent with YTO, number YT7." in said[0].text
    assert {button.label: button.url for button in said[0].buttons} == {
        "Track": "https://yto.example/YT7", "I received it": ""
    }  # fmt: skip


async def test_an_order_in_parts_tells_of_each_what_is_in_it_and_is_received_when_all_is_there(sim: Simulator) -> None:
    ann = await who_paid(sim)
    order = await Order.get()
    for name, count in (("Gaiwan", 2), ("Tray", 1)):  # more of it than the test types
        await OrderLine.create(order=order, sku=name, name=name, quantity=count, price=0)
    ids = {line.name: line.id for line in await OrderLine.all()}
    await takes(sim, "pack")
    part = Doing(parcel=SF, pieces=(Piece(ids["Longjing"], 1), Piece(ids["Gaiwan"], 1)), key="first")
    await takes(sim, "ship", doing=part)
    await takes(sim, "ship", doing=part)  # a second click
    await ann.says("Where is my order")
    assert await ann.times(f"A part of order {order.number} is on its way to you: 1 × Longjing, 1 × Gaiwan.") == 1
    assert await ann.times("1 × Longjing, 1 × Gaiwan: Sent with SF Express, number SF1234567.") == 1
    assert await ann.times(f"Order {order.number} is partly on its way.") == 1
    assert await ann.times("Still to come: 1 × Gaiwan, 1 × Tray.") == 1
    assert await ann.times("I received it") == 0
    await takes(sim, "cancel_part", doing=Doing("broken", pieces=(Piece(ids["Tray"], 1),)))
    await takes(sim, "ship", doing=Doing(parcel=Parcel("YTO", "YT7")))
    await ann.says("Where is my order")
    assert await ann.times(f"These items of order {order.number} are not sent: 1 × Tray.") == 1
    assert await ann.times(f"The rest of order {order.number} is on its way to you: 1 × Gaiwan. Sent with YTO") == 1
    assert await ann.times("Not sent: 1 × Tray.") == 1
    await ann.picks("I received it")
    assert (await Order.get()).state == "completed"


@pytest.mark.parametrize("channel_speaks", [True, False])
async def test_parts_that_leave_at_once_are_told_each_by_its_own_message(
    one_sim: Simulator, channel_speaks: bool
) -> None:
    ann, mei = await who_paid(one_sim), await one_sim.staff()
    order = await Order.get()
    await OrderLine.all().update(quantity=3)
    [line] = await OrderLine.all()
    await takes(one_sim, "pack")
    if not channel_speaks:
        await one_sim.runtime.desk.take_over(order.conversation_id, mei.id)
    for carrier in ("SF", "YTO"):  # before the customer's lane has told of the first
        doing = Doing(parcel=Parcel(carrier), pieces=(Piece(line.id, 1),))
        await one_sim.runtime.till.step(order.id, "ship", 1, doing)
    await one_sim.runtime.idle()
    said = [await ann.times(f"1 × Longjing. Sent with {carrier}.") for carrier in ("SF", "YTO")]
    assert said == [int(channel_speaks)] * 2
    shown = [step for step in (await backoffice.order(order.id)).steps if step.what == "shipped"]
    told = [(step.told.delivery, step.told.error) if step.told else None for step in shown]
    assert told == [("sent", "") if channel_speaks else ("failed", "takeover")] * 2


async def test_all_parcels_of_what_left_at_once_are_told(one_sim: Simulator) -> None:
    ann = await who_paid(one_sim)
    order = await Order.get()
    await OrderLine.all().update(quantity=2)
    [line] = await OrderLine.all()
    await takes(one_sim, "pack")

    async def leaves(name: str, state: str) -> str:
        """A piece in two parcels, as a connected shop tells of them: what the customer hears."""
        async with transaction():
            doing = Doing(parcel=Parcel("SF", f"{name}1", f"https://sf.example/{name}1"), pieces=(Piece(line.id, 1),))
            moved = await orders.advance(order.id, "ship", "staff:1", one_sim.now, doing)
            await shipments.send(
                await Order.get(), Parcel("SF", f"{name}2", f"https://sf.example/{name}2"), (), one_sim.now
            )
        assert moved.state == state
        told = str(moved.shipments[-1].id) if state == "partly_shipped" else ""
        name = f"told:{name}"
        news = Inbound(ann.account, name, ann.sender, "order", text=told, data=order.number, client_id=name)
        await one_sim.runtime.accept([news])
        await one_sim.runtime.idle()
        last = await ann.last()
        assert [button.url for button in last.buttons if button.url] == [f"https://sf.example/{name[5:]}2"]
        return last.text

    first = await leaves("A", "partly_shipped")
    assert "1 × Longjing. Sent with SF, number A1. https://sf.example/A1 Sent with SF, number A2." in first
    rest = await leaves("B", "shipped")
    assert "1 × Longjing. Sent with SF, number B1. https://sf.example/B1 Sent with SF, number B2." in rest


async def test_nobody_asks_where_nothing_is_under_way(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("/track")
    assert "No order of yours is under way." in (await ann.last()).text


async def test_what_was_delivered_is_reviewed_by_its_order_once(sim: Simulator) -> None:
    sim.later = LATER
    await sim.restarts()
    ann = await who_paid(sim)
    await takes(sim, "pack", "ship", "deliver")
    await ann.says("hello")
    await sim.passes("71h")
    assert await ann.times("How was Longjing?") == 0
    await sim.passes("2h")
    await sim.passes("1h")
    able = sim.capabilities
    asked = able.reply_window is None or able.reply_window > timedelta(hours=73) or able.proactive == "yes"
    assert await ann.times("How was Longjing?") == int(asked)
    if not asked:
        return
    await ann.picks("Leave a review")
    await ann.picks("5 ★")
    await ann.says("Fine tea")
    await ann.skips()
    review = await Review.get()
    assert (review.order_id, review.product_id is not None) == ((await Order.get()).id, True)
    await sim.passes("5d")
    order = await Order.get()
    assert (order.state, await ann.times("How was Longjing?")) == ("completed", 1)
    assert (await OrderEvent.all().order_by("id"))[-1].actor == "clock"


@pytest.mark.parametrize("way", ["reviewed", "returned", "late"])
async def test_who_needs_not_be_asked_is_not(one_sim: Simulator, way: str) -> None:
    one_sim.later = LATER
    await one_sim.restarts()
    ann = await who_paid(one_sim)
    await takes(one_sim, "pack", "ship", "deliver")
    if way == "returned":
        await takes(one_sim, "return")
    if way == "reviewed":
        await Review.create(
            contact_id=(await Order.get()).contact_id, order_id=(await Order.get()).id, stars=5,
            created_at=one_sim.now, updated_at=one_sim.now,
        )  # fmt: skip
    await one_sim.passes("30d" if way == "late" else "4d")
    assert await ann.times("How was") == 0


async def test_a_review_is_asked_for_once_staff_are_done_and_the_order_is_paid(one_sim: Simulator) -> None:
    one_sim.later = LATER
    await one_sim.restarts()
    ann, mei = await who_paid(one_sim), await one_sim.staff()
    await takes(one_sim, "pack", "ship", "deliver")
    order = await Order.get()
    await one_sim.runtime.desk.take_over(order.conversation_id, mei.id)
    await Order.all().update(paid_at=None)  # the carrier brings the money later
    await one_sim.passes("4d")
    await one_sim.runtime.desk.give_back(order.conversation_id, mei.id)
    await one_sim.passes("1h")
    assert await ann.times("How was Longjing?") == 0
    await Order.all().update(paid_at=one_sim.now)
    await Conversation.all().update(elsewhere_until=one_sim.now + timedelta(hours=2))
    await one_sim.passes("1h")
    assert (await ann.times("How was Longjing?"), (await Order.get()).review_asked_at) == (0, None)
    await one_sim.passes("2h")
    assert await ann.times("How was Longjing?") == 1


async def test_where_staff_take_over_before_it_is_asked_they_see_that_it_was_not(one_sim: Simulator) -> None:
    one_sim.later = LATER
    await one_sim.restarts()
    ann, mei = await who_paid(one_sim), await one_sim.staff()
    await takes(one_sim, "pack", "ship", "deliver")
    one_sim.now += timedelta(days=4)
    clockwork = one_sim.runtime.clockwork
    due = await ask_for_reviews(clockwork._inbox, clockwork._parts.shop, one_sim.now, timedelta(days=3))
    await one_sim.runtime.desk.take_over((await Order.get()).conversation_id, mei.id)
    clockwork._stepped(due)
    await one_sim.runtime.idle()
    assert await ann.times("How was Longjing?") == 0
    assert await Message.filter(author="event", text="untold").count() == 1


async def test_what_is_not_for_sale_any_more_is_said(one_sim: Simulator) -> None:
    ann = await who_paid(one_sim)
    await takes(one_sim, "pack", "ship", "complete")
    await lies(0, "LJ")
    await ann.picks("Order again")
    assert await ann.times("Longjing has just sold out.") == 1
    assert await ann.times("None of it is for sale any more.") == 1
    assert await CartLine.all().count() == 0
    await stock(one_sim, sku="GW", name="Gaiwan")


@pytest.mark.parametrize("channel_speaks", [True, False])
async def test_a_step_while_staff_have_the_word_is_not_said_and_shown_as_not_told(
    one_sim: Simulator, channel_speaks: bool
) -> None:
    ann, mei = await who_paid(one_sim), await one_sim.staff()
    order = await Order.get()
    if not channel_speaks:
        await one_sim.runtime.desk.take_over(order.conversation_id, mei.id)
    await takes(one_sim, "pack", "ship")
    assert await ann.times("is on its way to you") == int(channel_speaks)
    shown = [step for step in (await backoffice.order(order.id)).steps if step.to_state in ("packed", "shipped")]
    told = [(step.told.delivery, step.told.error) if step.told else None for step in shown]
    assert told == [("sent", "") if channel_speaks else ("failed", "takeover")] * 2
    assert await Message.filter(author="event", text="untold").count() == (0 if channel_speaks else 2)


async def test_two_at_once_take_a_step_and_ask_once(server_sim: Simulator) -> None:
    server_sim.later = LATER
    await server_sim.restarts()
    ann = await who_paid(server_sim)
    await takes(server_sim, "pack")
    step = server_sim.runtime.till.step
    id_ = (await Order.get()).id
    found = await asyncio.gather(*(step(id_, "ship", 1, Doing(parcel=SF)) for _ in range(3)), return_exceptions=True)
    assert all(one is None or "wrong_state" in str(one) for one in found)
    assert [one is None for one in found].count(True) == 1
    await server_sim.runtime.idle()
    assert (await Shipment.all().count(), await ann.times("is on its way to you")) == (1, 1)
    await takes(server_sim, "deliver")
    server_sim.now += timedelta(days=8)
    await asyncio.gather(*(server_sim.runtime.clockwork.deliveries_due() for _ in range(3)))
    await server_sim.runtime.idle()
    assert await ann.times("How was Longjing?") == 1
    assert [event.to_state for event in await OrderEvent.all()].count("completed") == 1


async def test_two_at_once_send_no_piece_twice(server_sim: Simulator) -> None:
    await who_paid(server_sim)
    await OrderLine.all().update(quantity=3)
    [line] = await OrderLine.all()
    await takes(server_sim, "pack")
    order = await Order.get()
    seen, step = await order_states.version(order.id), server_sim.runtime.till.step
    doings = [Doing(pieces=(Piece(line.id, 2),), key=key, version=seen) for key in ("mei", "mei", "lu")]
    found = await asyncio.gather(*(step(order.id, "ship", 1, doing) for doing in doings), return_exceptions=True)
    assert sorted(str(one) for one in found) in (["None", "None", "overtaken"], ["None", "overtaken", "overtaken"])
    assert [row.quantity for row in await ShipmentLine.all()] == [2]
    assert (await Order.get()).state == "partly_shipped"
