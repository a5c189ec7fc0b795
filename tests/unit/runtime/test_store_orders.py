"""Orders of a shop's goods go there once, whatever is lost on the way; what was sold here is not sold again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from models import Order, Stock, StoreOrder, StoreProblem
from models.database import transaction
from tests.kit.platforms.woocommerce import WooCommerceServer
from tests.kit.wire_faults import Lost, Status
from tests.unit.runtime.test_stores import NOW, Reader
from tests.unit.services.shop import Shop


class Trade(Reader):
    """A connected shop with five pieces of tea, and customers here."""

    def __init__(self, server: WooCommerceServer, folder: Path) -> None:
        super().__init__(server, folder)
        self.shop = Shop()

    async def sells(self) -> Order:
        """Somebody buys two, and pays."""
        scope = await self.shop.customer()
        order = await self.shop.buys(scope, "SKU-1", 2)
        await self.shop.pays(scope, order)
        return await Order.get(id=order.id)

    async def rounds(self, *, minutes: float = 0) -> None:
        """Time passes, and the shop is looked at."""
        self.now += timedelta(minutes=minutes)
        await self.syncing.attempt()

    async def counts(self) -> tuple[int, int, list[str]]:
        """Pieces here, pieces there, and the states of the orders there."""
        [row] = await Stock.filter(variant__sku="SKU-1")
        return row.pieces, self.server.products[1]["stock_quantity"], [one["status"] for one in self.server.orders]


@pytest.fixture
async def trade(database: str, tmp_path: Path) -> AsyncIterator[Trade]:
    assert database
    async with WooCommerceServer(NOW - timedelta(days=1), currency="CNY") as server:
        trade = Trade(server, tmp_path)
        server.sells(1, price="68.00")
        await trade.rounds()
        server.now = NOW
        yield trade
        await trade.store.close()


async def test_an_order_is_there_once_however_its_answer_is_lost(trade: Trade) -> None:
    order = await trade.sells()
    trade.server.fails("order", Lost())
    await trade.rounds()
    assert await trade.counts() == (1, 3, ["processing"])  # it is there, and nobody knows: rather too few than too many
    await trade.rounds(minutes=1)
    assert trade.server.count("orders") == 0  # it may still be at work
    trade.server.fails("orders", Status(503))
    await trade.rounds(minutes=2)
    await trade.rounds(minutes=3)
    row = await StoreOrder.get(order_id=order.id)
    assert (row.state, row.external_id) == ("sent", "700")
    assert trade.server.count("order") == 1
    [made] = trade.server.orders
    assert made["line_items"] == [{"product_id": 1, "quantity": 2, "total": "136.00", "subtotal": "136.00"}]
    assert made["meta_data"] == [{"key": "_parley_order", "value": order.number}]
    assert made["set_paid"] is True
    trade.server.touch(1)
    await trade.rounds(minutes=1)
    assert await trade.counts() == (3, 3, ["processing"])


async def test_what_was_sold_here_is_not_on_the_shelf_again_before_the_shop_knows(trade: Trade) -> None:
    await trade.sells()
    trade.server.fails("order", Status(503))
    trade.server.sells(1, price="70.00", stock_quantity=6)
    await trade.rounds()
    assert await trade.counts() == (4, 6, [])
    await trade.rounds(minutes=3)
    assert await trade.counts() == (4, 4, ["processing"])


async def test_who_is_cancelled_here_is_cancelled_there(trade: Trade) -> None:
    first, second = await trade.sells(), await trade.sells()
    async with transaction():
        await trade.shop.advances(first, "cancel")  # before it was sent: nobody there hears of it
    await trade.rounds()
    assert await trade.counts() == (3, 3, ["processing"])
    await trade.shop.advances(second, "cancel")
    await trade.rounds()
    assert await trade.counts() == (5, 5, ["cancelled"])
    assert set(await StoreOrder.all().values_list("state", flat=True)) == {"ended"}


async def test_what_the_shop_does_not_take_is_told_to_staff_and_keeps_nothing_waiting(trade: Trade) -> None:
    refused, taken = await trade.sells(), await trade.sells()
    trade.server.fails("order", Status(400, "Invalid product."))
    await trade.rounds()
    states = dict(await StoreOrder.all().values_list("order_id", "state"))
    assert states == {refused.id: "refused", taken.id: "sent"}
    [problem] = await StoreProblem.all()
    assert (problem.code, problem.title, "Invalid product." in problem.facts["why"]) == (
        "order_refused", refused.number, True,
    )  # fmt: skip
    assert await trade.counts() == (1, 3, ["processing"])  # its pieces were sold all the same
