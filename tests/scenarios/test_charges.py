"""A checkout in a shop that ships to two countries, by two ways, takes codes and adds a tax."""

from __future__ import annotations

from bot.core.pricing import Code, Method, Rates
from models import Order, OrderCharge
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import go_to_checkout, tell_address

RATES = Rates(
    countries=("CN", "DE"),
    methods=(
        Method("post", {"en": "Post"}, {"CNY": 1200}, days="2-4"),
        Method("fast", {"en": "Courier"}, {"CNY": 3000}, countries=("DE",)),
    ),
    codes={"TEA": Code("TEA", percent=10)},
    taxes={"DE": 7000},
    tax_included=False,
)


async def address_abroad(ann: Customer) -> None:
    """In Germany, all of it in one message."""
    await ann.picks("Germany")
    await tell_address(ann, "Torstr. 1, 10115 Berlin")


async def goes_abroad(ann: Customer) -> None:
    await ann.picks("Courier")
    await ann.says("skip")
    await ann.picks("Place the order")


async def test_what_was_chosen_is_what_is_paid(sim: Simulator) -> None:
    sim.rates = RATES
    await sim.restarts()
    await stock(sim)
    ann = await sim.customer()
    await go_to_checkout(ann)
    await address_abroad(ann)
    await ann.picks("Courier")
    await ann.says("milk")
    assert await ann.times("I do not know that code") == 1
    await ann.says("tea")
    for part in ("Discount TEA  -¥6.80", "Shipping: Courier  ¥30.00", "Tax (7%)  ¥6.38", "¥97.58"):
        assert await ann.times(part) >= 1, part
    await ann.picks("Place the order")
    await ann.pays()
    order = await Order.get()
    total = 6800 - 680 + 3000 + 638
    assert (order.state, order.total) == ("paid", total)
    assert (order.country, order.address) == ("DE", "Torstr. 1\n10115 Berlin")
    assert await OrderCharge.all().count() == 3


async def test_who_orders_again_is_asked_where_to_and_how(sim: Simulator) -> None:
    sim.rates = RATES
    await sim.restarts()
    await stock(sim)
    ann = await sim.customer()
    await go_to_checkout(ann)
    await address_abroad(ann)
    await goes_abroad(ann)
    number = (await Order.get()).number
    await ann.says("/orders")
    await ann.picks(f"{number} · ¥104.86 · waiting for payment")
    await ann.picks("Cancel this order")
    await ann.picks("Yes")
    await ann.says("/orders")
    await ann.picks(f"{number} · ¥104.86 · cancelled")
    await ann.picks("Order again")
    await ann.picks("Check out")
    await ann.picks("Yes")
    await goes_abroad(ann)
    assert await Order.all().order_by("id").values_list("total", flat=True) == [10486, 10486]
