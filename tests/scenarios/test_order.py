"""From the shelf to a paid order, on every channel, doubled and restarted."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.events import Event, OrderChanged
from models import CartLine, Conversation, Order, OrderEvent, Payment, StockHold
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.unit.services.shop import costs, lies, on_shelf


async def fill_cart(ann: Customer) -> None:
    await ann.says("/shop")
    await ann.picks("Add to cart")


async def give_address(ann: Customer) -> None:
    await tell_address(ann, "1 West Lake Road, Hangzhou")


async def tell_address(ann: Customer, address: str) -> None:
    """One thing after the other."""
    await ann.says("Ann Lee")
    await ann.says("+86 138 0013 8000")
    await ann.says(address)


async def go_to_checkout(ann: Customer) -> None:
    await fill_cart(ann)
    await ann.picks("Check out")


async def place_order(ann: Customer) -> None:
    await go_to_checkout(ann)
    await give_address(ann)
    await ann.picks("Place the order")


async def who_ordered(sim: Simulator) -> Customer:
    """Somebody who has just placed an order for tea and has not paid."""
    await stock(sim)
    ann = await sim.customer()
    await place_order(ann)
    return ann


async def test_an_order_is_placed_and_paid_once(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await place_order(ann)
    assert (await StockHold.get()).quantity == 1
    await ann.pays()

    order = await Order.get()
    assert (order.state, order.total, order.name, order.account) == ("paid", 6800, "Ann Lee", sim.account)
    assert [event.to_state for event in await OrderEvent.all().order_by("id")] == ["placed", "paid"]
    assert (await Payment.get()).state == "paid"
    assert await on_shelf("LJ") == 4
    assert await ann.times("Your payment has arrived") == 1
    assert await CartLine.all().count() == 0


async def test_a_checkout_begun_anew_forgets_the_first(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await go_to_checkout(ann)
    await ann.says("later")
    await ann.says("/checkout")
    await give_address(ann)
    await ann.picks("Place the order")
    assert await Order.all().count() == 1
    assert await ann.times("We had not finished") == 0


async def test_a_wrong_amount_is_never_paid_and_staff_see_it(sim: Simulator) -> None:
    ann = await who_ordered(sim)
    await ann.pays(amount=1)

    assert (await Order.get()).state == "placed"
    assert (await Payment.get()).state == "mismatch"
    assert (await Conversation.get()).priority == 1
    assert await ann.times("does not fit it") == 1


async def test_sold_out_while_the_address_was_typed_is_told_and_the_cart_is_kept(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await go_to_checkout(ann)
    await give_address(ann)
    await lies(0, "LJ")
    await ann.picks("Place the order")

    assert await ann.times("Longjing has just sold out.") == 1
    assert await Order.all().count() == 0
    assert (await CartLine.get()).quantity == 1


async def test_a_price_that_changed_is_asked_again(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await go_to_checkout(ann)
    await give_address(ann)
    await costs(7000, "LJ")
    await ann.picks("Place the order")
    if not await Order.exists():
        assert await ann.sees("has changed from")
        await ann.picks("Place the order")
    assert (await Order.get()).total == 7000
    assert await ann.times("The price of Longjing has changed") == 1


async def test_an_order_that_is_not_paid_expires_and_says_so(sim: Simulator) -> None:
    ann = await who_ordered(sim)
    seen: list[Event] = []

    async def look(events: Sequence[Event]) -> None:
        seen.extend(events)

    sim.runtime.bus.subscribe(OrderChanged.topic, look)
    await sim.passes("31m")
    await sim.passes("31m")

    assert (await Order.get()).state == "expired"
    assert seen == [OrderChanged((await Order.get()).id)]
    assert await StockHold.all().count() == 0
    assert await ann.times("was not paid in time") == 1


async def test_the_last_address_is_offered_again(sim: Simulator) -> None:
    ann = await who_ordered(sim)
    await go_to_checkout(ann)
    await ann.picks("Yes")
    await ann.picks("Place the order")
    assert [order.address for order in await Order.all()] == ["1 West Lake Road, Hangzhou"] * 2


async def test_a_phone_number_is_checked(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await go_to_checkout(ann)
    await ann.says("Ann")
    await ann.says("call me")
    assert "does not look like a phone number" in (await ann.last()).text
    await ann.says("2")
    assert "does not look like a phone number" in (await ann.last()).text


async def test_a_customer_cancels_an_order(sim: Simulator) -> None:
    ann = await who_ordered(sim)
    await ann.says("我的订单")
    order = await Order.get()
    await ann.says("1")
    await ann.picks("Cancel this order")
    await ann.picks("Yes")
    await order.refresh_from_db()
    assert order.state == "cancelled"


async def test_on_a_server_two_deliveries_make_one_order(server_sim: Simulator) -> None:
    ann = await who_ordered(server_sim)
    await ann.pays()
    assert [(order.state, order.total) for order in await Order.all()] == [("paid", 6800)]
    assert await ann.times("Your payment has arrived") == 1


POINT = "31.240000, 121.490000"


async def asks_for_the_address(sim: Simulator) -> Customer:
    """Ann, who is at the question where to deliver."""
    await stock(sim)
    ann = await sim.customer()
    await ann.says("/shop")
    await ann.picks("Add to cart")
    await ann.picks("Check out")
    await ann.says("Ann")
    await ann.says("13800138000")
    return ann


async def test_a_place_with_a_name_is_an_address(sim: Simulator) -> None:
    ann = await asks_for_the_address(sim)
    await ann.says(f"📍 Peace Hotel, 20 Nanjing Road, {POINT}")
    assert "Thank you: Peace Hotel, 20 Nanjing Road. Which house" in (await ann.last()).text
    await ann.says("3rd floor")
    await ann.picks("Place the order")
    assert (await Order.get()).address == "Peace Hotel, 20 Nanjing Road, 3rd floor"


async def test_a_place_that_says_it_all_needs_no_more(sim: Simulator) -> None:
    ann = await asks_for_the_address(sim)
    await ann.says(f"📍 Peace Hotel, 20 Nanjing Road, {POINT}")
    await ann.says("Skip")
    await ann.picks("Place the order")
    assert (await Order.get()).address == "Peace Hotel, 20 Nanjing Road"


async def test_a_point_on_the_map_needs_a_door_and_staff_see_it(sim: Simulator) -> None:
    ann = await asks_for_the_address(sim)
    await ann.says(f"📍 {POINT}")
    assert "Which street, house and floor is it?" in (await ann.last()).text
    await ann.says("20 Nanjing Road, 3rd floor")
    await ann.picks("Place the order")
    assert (await Order.get()).address == f"20 Nanjing Road, 3rd floor 📍 {POINT}"


async def test_a_place_is_no_answer_to_another_question_and_is_kept(one_sim: Simulator) -> None:
    await stock(one_sim)
    ann = await one_sim.customer()
    await ann.says(f"📍 {POINT}")
    assert "I have kept this place here" in (await ann.last()).text
    assert await ann.times("I did not quite get that") == 0
    await ann.says("/shop")
    await ann.picks("Add to cart")
    await ann.picks("Check out")
    await ann.says(f"📍 {POINT}")
    assert "Here I need an answer in words, please.\nWho is it for?" in (await ann.last()).text
    await ann.says("Ann")
    assert "phone number" in (await ann.last()).text
