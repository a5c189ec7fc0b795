"""Staff put an order together for a customer in the thread, and the customer pays it there."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.errors import Refused
from bot.services import order_news, order_states
from bot.services.contacts import Address
from bot.services.order_changes import Change
from bot.services.staff_orders import Basket, Wish
from models import Audit, Message, Order, OrderEvent, Payment
from tests.kit.simulator import Simulator
from tests.scenarios.shopkeeping import stock
from tests.unit.services.shop import held, on_shelf


def wish(quantity: int = 2, key: str = "click-1") -> Wish:
    to = Address("Ann", "13800138000", "Hangzhou")
    return Wish(Basket([("LJ", quantity)]), to, "a gift", key, 6800 * quantity)


async def test_an_order_of_staff_is_paid_in_the_thread_while_they_have_the_word(sim: Simulator) -> None:
    await stock(sim)
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("do you have Longjing?")
    talk = await ann.conversation()
    await sim.runtime.desk.take_over(talk.id, mei.id)
    for _ in range(2):  # a second click
        order, found = await sim.runtime.selling.place(talk.id, wish(), mei.id)
        await sim.runtime.idle()
    assert (found.ok, await Order.all().count(), await held("LJ")) == (True, 1, 2)
    assert await ann.times(f"Order {order.number} is ready for you") == 1
    assert [row.action for row in await Audit.filter(action__startswith="order")] == ["order.place"]
    event = await OrderEvent.get()
    assert (event.from_state, event.to_state, event.actor, event.note) == ("", "placed", f"staff:{mei.id}", "a gift")

    await ann.picks("Pay ¥136.00")
    await ann.pays()
    assert ((await Order.get()).state, await on_shelf("LJ")) == ("paid", 3)


async def test_a_number_that_answers_a_person_opens_no_payment(one_sim: Simulator) -> None:
    await stock(one_sim)
    ann, mei = await one_sim.customer(), await one_sim.staff("Mei")
    await ann.says("hello")
    talk = await ann.conversation()
    await one_sim.runtime.desk.take_over(talk.id, mei.id)
    await one_sim.runtime.selling.place(talk.id, wish(), mei.id)
    await one_sim.runtime.idle()
    await one_sim.runtime.desk.say(talk.id, mei.id, "m1", "How many do you want in all?", ())
    await one_sim.runtime.idle()
    seen = len(await ann.screen())
    await ann.says("1")
    assert len(await ann.screen()) == seen
    assert (await Message.filter(author="customer").order_by("-seq").first()).text == "1"  # type: ignore[union-attr]


async def test_what_is_not_there_any_more_is_not_sent(one_sim: Simulator) -> None:
    await stock(one_sim, pieces=1)
    ann, mei = await one_sim.customer(), await one_sim.staff("Mei")
    await ann.says("hello")
    with pytest.raises(Refused, match="sold_out"):
        await one_sim.runtime.selling.place((await ann.conversation()).id, wish(), mei.id)
    assert (await Order.all().count(), await held("LJ"), await ann.sees("is ready for you")) == (0, 0, False)


async def test_what_staff_change_is_told_and_paid_at_its_new_total_alone(sim: Simulator) -> None:
    await stock(sim)
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("hello")
    talk = await ann.conversation()
    order, _ = await sim.runtime.selling.place(talk.id, wish(), mei.id)
    await sim.runtime.idle()
    await ann.picks("Pay ¥136.00")
    version = await order_states.version(order.id)
    change = Change(Basket([("LJ", 3)]), Address("Ann", "", "Suzhou"), "one more", version, 20400)
    await sim.runtime.selling.change(order.id, change, mei.id)
    async with asyncio.timeout(30):
        while (await Payment.get()).state != "failed":  # closed at its provider
            await asyncio.sleep(0.01)
    await sim.runtime.idle()
    assert await ann.times(f"Order {order.number} has been changed: it is ¥204.00 now.") == 1
    await ann.picks("Pay ¥204.00")
    await ann.pays()
    row = await Order.get()
    assert (row.state, row.total, row.address, await on_shelf("LJ")) == ("paid", 20400, "Suzhou", 2)
    assert [one.amount for one in await Payment.filter(state="paid")] == [20400]


async def test_money_that_is_here_and_fits_after_a_change_pays_the_order(one_sim: Simulator) -> None:
    """¥136.00 were paid after staff had made it ¥204.00; they make it ¥136.00 again."""
    sim = one_sim
    await stock(sim)
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("hello")
    talk = await ann.conversation()
    order, _ = await sim.runtime.selling.place(talk.id, wish(), mei.id)
    await sim.runtime.idle()
    await ann.picks("Pay ¥136.00")
    sim.bank.void = sim.bank.fetch  # type: ignore[method-assign] - she is faster
    for quantity in 3, 2:
        version = await order_states.version(order.id)
        change = Change(Basket([("LJ", quantity)]), Address("Ann", "", "Suzhou"), "why", version, 6800 * quantity)
        await sim.runtime.selling.change(order.id, change, mei.id)
        await sim.runtime.idle()
        if quantity == 3:
            await ann.pays(13600)
            assert (await Payment.get()).state == "mismatch"
    assert ((await Order.get()).state, (await Payment.get()).state, await on_shelf("LJ")) == ("paid", "paid", 3)
    assert await ann.times("it is ¥136.00 now") == 0
    assert await ann.times(f"Your payment has arrived. Order {order.number} is confirmed.") == 1


async def test_of_changes_that_wait_the_last_one_is_told(one_sim: Simulator) -> None:
    sim = one_sim
    await stock(sim)
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("hello")
    order, _ = await sim.runtime.selling.place((await ann.conversation()).id, wish(), mei.id)
    for quantity in 3, 4:
        version = await order_states.version(order.id)
        change = Change(Basket([("LJ", quantity)]), Address("Ann", "", "Suzhou"), "why", version, 6800 * quantity)
        await sim.runtime.selling.change(order.id, change, mei.id)
        await sim.runtime.idle()
    rows = await Message.filter(client_id__startswith="change:").order_by("seq")
    assert [await order_news.is_overtaken(row.conversation_id, row.seq) for row in rows] == [True, False]
    await ann.picks("Pay ¥272.00")
    await ann.pays()
    assert await order_news.is_overtaken(rows[1].conversation_id, rows[1].seq)
