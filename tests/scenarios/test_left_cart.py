"""A cart that was left is told of once, to who may be reminded and has not ordered since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tortoise.expressions import F

from bot.runtime.left_carts import remind
from bot.runtime.shop import Later
from bot.services import left_carts
from models import CartLine, Contact, Conversation, Dialog, Message, Order
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_after_payment import takes, who_paid
from tests.scenarios.test_order import fill_cart, place_order
from tests.unit.services.shop import lies

LATER = Later(cart=timedelta(hours=20))
WORDS = "You left this in your cart."


async def who_left(sim: Simulator) -> Customer:
    """Somebody with tea in the cart."""
    sim.later = LATER
    await sim.restarts()
    await stock(sim)
    ann = await sim.customer()
    await fill_cart(ann)
    return ann


async def test_it_is_told_once_and_a_new_cart_once_more(sim: Simulator) -> None:
    ann = await who_left(sim)
    await sim.passes("19h")
    assert await ann.times(WORDS) == 0
    await sim.passes("2h")
    for _ in range(3):
        await sim.passes("1h")
    able = sim.capabilities
    may = able.reply_window is None or able.reply_window > timedelta(hours=21) or able.proactive == "yes"
    assert await ann.times(WORDS) == int(may)
    await ann.says("/cart")
    await ann.picks("Empty the cart")
    await fill_cart(ann)
    await sim.passes("21h")
    assert await ann.times(WORDS) == 2 * int(may)


async def drops(sim: Simulator, ann: Customer) -> None:
    await ann.says("/cart")
    await ann.picks("Empty the cart")


async def sells_out(sim: Simulator, ann: Customer) -> None:
    await lies(0, "LJ")


async def orders(sim: Simulator, ann: Customer) -> None:
    """What she ordered left the cart; what has no price in her currency stayed."""
    line = await CartLine.get()
    await place_order(ann)
    line.currency = "USD"
    await line.save(force_create=True)
    await Order.all().update(created_at=sim.now + timedelta(minutes=1))


async def comes_back_late(sim: Simulator, ann: Customer) -> None:
    """Nothing ran for a month."""
    sim.now += timedelta(days=30)


@pytest.mark.parametrize("does", [drops, sells_out, orders, comes_back_late])
async def test_it_is_not_told_where_it_is_moot(one_sim: Simulator, does: object) -> None:
    ann = await who_left(one_sim)
    await does(one_sim, ann)  # type: ignore[operator]
    await one_sim.passes("21h")
    await one_sim.passes("1h")
    assert await ann.times(WORDS) == 0


async def test_what_was_put_in_later_puts_it_off(one_sim: Simulator) -> None:
    ann = await who_left(one_sim)
    await stock(one_sim, sku="GW", name="Gaiwan")
    await one_sim.passes("19h")
    await CartLine.create(
        contact_id=(await Contact.get()).id, product_id=2, variant_id=2, quantity=1, price_seen=6800, currency="CNY",
        created_at=one_sim.now,
    )  # fmt: skip
    await one_sim.passes("2h")
    assert await ann.times(WORDS) == 0
    await one_sim.passes("19h")
    assert await ann.times(WORDS) == 1
    await CartLine.filter(product_id=1).delete()  # what is left of it is the same cart
    await one_sim.passes("2h")
    assert await ann.times(WORDS) == 1


async def test_who_talks_is_just_there_until_all_the_newest_words_are_ours(one_sim: Simulator) -> None:
    ann = await who_left(one_sim)
    await one_sim.passes("19h")
    await ann.says("hello")
    await one_sim.passes("2h")
    assert await ann.times(WORDS) == 0
    await Conversation.all().update(last_seq=F("last_seq") + left_carts.LOOKED_AT)
    await one_sim.passes("1h")
    assert await ann.times(WORDS) == 1


async def test_it_waits_while_staff_have_the_word(one_sim: Simulator) -> None:
    ann, mei = await who_left(one_sim), await one_sim.staff()
    talk = (await Conversation.get()).id
    await one_sim.runtime.desk.take_over(talk, mei.id)
    await one_sim.passes("21h")
    await one_sim.runtime.desk.give_back(talk, mei.id)
    assert await ann.times(WORDS) == 0
    await one_sim.passes("1h")
    assert await ann.times(WORDS) == 1


async def test_where_staff_take_over_meanwhile_they_see_that_it_was_not_told(one_sim: Simulator) -> None:
    ann, mei = await who_left(one_sim), await one_sim.staff()
    one_sim.now += timedelta(hours=21)
    clockwork = one_sim.runtime.clockwork
    due = await remind(clockwork._inbox, clockwork._parts.shop, one_sim.now, timedelta(hours=20))
    await one_sim.runtime.desk.take_over((await Conversation.get()).id, mei.id)
    clockwork._arrived(due)
    await one_sim.runtime.idle()
    assert await ann.times(WORDS) == 0
    assert await Message.filter(author="event", text="untold").count() == 1


async def test_who_talks_with_staff_keeps_nobody_else_waiting(
    one_sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_carts, "AT_ONCE", 1)
    ann, mei = await who_left(one_sim), await one_sim.staff()
    bob = await one_sim.customer("Bob")
    await fill_cart(bob)
    await one_sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    await one_sim.passes("21h")
    assert [await ann.times(WORDS), await bob.times(WORDS)] == [0, 1]


async def test_a_person_elsewhere_has_the_word_too(one_sim: Simulator) -> None:
    """In the platform's own client; nothing is used up by it."""
    ann = await who_left(one_sim)
    await Conversation.all().update(elsewhere_until=one_sim.now + timedelta(hours=22))
    await one_sim.passes("21h")
    assert (await ann.times(WORDS), (await CartLine.get()).reminded_at) == (0, None)
    await one_sim.passes("2h")
    assert await ann.times(WORDS) == 1


async def test_who_was_just_there_has_not_left(one_sim: Simulator) -> None:
    ann = await who_left(one_sim)
    await one_sim.passes("19h")
    await ann.says("hello")
    await one_sim.passes("2h")
    assert await ann.times(WORDS) == 0
    await one_sim.passes("19h")
    assert await ann.times(WORDS) == 1


async def test_what_we_say_is_no_sign_of_them(one_sim: Simulator) -> None:
    """As news of an order that came meanwhile: with some each day they would never be reminded."""
    one_sim.later = LATER
    await one_sim.restarts()
    ann = await who_paid(one_sim)
    await one_sim.passes("1m")
    await fill_cart(ann)
    await one_sim.passes("19h")
    await takes(one_sim, "pack")
    assert await ann.times("is packed") == 1
    await one_sim.passes("2h")
    assert await ann.times(WORDS) == 1


async def test_a_question_that_closes_by_itself_is_not_talked_across(one_sim: Simulator) -> None:
    ann = await who_left(one_sim)
    await ann.says("/checkout")
    assert await Dialog.filter(state="asking", expire_at__isnull=False).count() == 1
    await one_sim.passes("21h")
    assert await ann.times(WORDS) == 0
    await one_sim.passes("4h")
    await one_sim.passes("21h")
    assert await ann.times(WORDS) == 1
