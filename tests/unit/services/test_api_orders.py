"""On every engine: of the same request many times at once, one places the order and all get its answer."""

from __future__ import annotations

import asyncio

from bot.services import api_keys, api_orders
from bot.services.api_orders import Request, Wish
from bot.services.scope import Scope
from models import ApiOrder, Contact, Order
from tests.unit.services.shop import NOW, Shop

WISH = Wish([("tea", 2)], "Ann Lee", "ann@example.com", "", "1 Tea Lane")
NOBODY = Scope(0, 0, 0, "webchat", "en", NOW, "CNY")


async def test_of_many_at_once_one_places_the_order(any_shop: Shop) -> None:
    await any_shop.product(stock=3)
    key, _ = await api_keys.make("site", api_keys.SCOPES, NOW, by=None)
    asked = Request(key.id, "one", b"body")
    answers = await asyncio.gather(
        *(api_orders.place(NOBODY, asked, WISH, lambda order: f"placed {order.number}") for _ in range(5))
    )
    order = await Order.get()
    assert {one.answer for one in answers} == {f"placed {order.number}"}
    assert [one.order_id for one in answers if one.order_id] == [order.id]
    assert (await ApiOrder.all().count(), await Contact.all().count()) == (1, 1)
