"""What customers say in words of orders that they have."""

from __future__ import annotations

from models import CartLine, Conversation, Order
from tests.kit.simulator import Simulator
from tests.scenarios.test_order import who_ordered


async def test_the_same_again_goes_into_the_cart(sim: Simulator) -> None:
    ann = await who_ordered(sim)
    await ann.says("Order again")
    assert await ann.sees("In your cart again")
    assert (await CartLine.get()).quantity == 1
    await ann.picks("Check out")
    await ann.picks("Yes")
    await ann.picks("Place the order")
    await ann.says("再来一单")
    assert "Which order would you like again?" in (await ann.last()).text


async def test_an_order_is_cancelled_in_words(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim)
    await ann.says("cancel my order")
    await ann.picks("Yes")
    assert (await Order.get()).state == "cancelled"
    await ann.says("取消订单")
    assert "no order that can still be cancelled" in (await ann.last()).text


async def test_who_wants_their_money_back_is_asked_why_and_a_person_comes(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("order again")
    assert "You have no orders yet." in (await ann.last()).text
    await ann.says("I want my money back")
    await ann.says("The one of Monday: it is broken")
    assert (await Conversation.get()).reason == "Refund or return: The one of Monday: it is broken"
    assert await ann.sees("I have called a colleague")


async def test_who_has_not_paid_yet_reads_where_their_order_is(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim)
    await ann.says("Where is my order?")
    assert "is waiting for payment" in (await ann.last()).text
    await ann.picks("Pay now")
    assert await ann.times("Please pay") == 2
