"""Orders of a shop's goods go there once, whatever is lost on the way; what was sold here is not sold again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.billing import Extra
from bot.core.errors import LeaseLost, Refused
from bot.core.events import OrderChanged
from bot.core.money import Money
from bot.core.payment import PaymentRequest
from bot.core.store import Hint
from bot.runtime.lease import Lease
from bot.runtime.order_steps import Stepped
from bot.runtime.store_bills import Bills
from bot.runtime.store_sending import IN_A_ROW
from bot.services import orders, stock, store_bills, store_hints, store_orders
from bot.settings.secret import Secret
from bot.stores.shopify.settings import Settings
from bot.stores.shopify.store import Shopify
from models import Order, OrderCharge, OrderEvent, OrderLine, Payment, Shipment, Stock, StoreOrder, StoreProblem
from models.database import transaction
from tests.kit.platforms.shopify import SECRET, SHOP, TOKEN, ShopifyServer
from tests.kit.platforms.woocommerce import WooCommerceServer
from tests.kit.wire_faults import Lost, Status
from tests.unit.runtime.test_stores import NOW, Reader
from tests.unit.services.shop import Shop


class Trade(Reader):
    """A connected shop with five pieces of tea, and customers here."""

    def __init__(self, server: WooCommerceServer, folder: Path, **settings: Any) -> None:
        super().__init__(server, folder, **settings)
        self.shop = Shop()
        self._told = 0

    async def sells(self, pieces: int = 2) -> Order:
        """Somebody buys so many, and pays."""
        scope = await self.shop.customer()
        order = await self.shop.buys(scope, "SKU-1", pieces)
        await self.shop.pays(scope, order)
        return await Order.get(id=order.id)

    async def rounds(self, *, minutes: float = 0) -> None:
        """Time passes, and the shop is looked at."""
        self.now += timedelta(minutes=minutes)
        await self.syncing.attempt()

    async def hears(self, id_: str) -> None:
        """The shop tells that an order of its changed."""
        self._told += 1
        await store_hints.keep("woocommerce", [Hint(f"told:{self._told}", "order.updated", "order", id_)], self.now)
        await self.rounds()

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
    await trade.rounds(minutes=4)
    await trade.rounds(minutes=5)
    row = await StoreOrder.get(order_id=order.id)
    assert (row.state, row.external_id) == ("sent", "700")
    assert trade.server.count("order") == 1
    [made] = trade.server.orders
    assert made["line_items"] == [{"product_id": 1, "quantity": 2, "total": "136.00", "subtotal": "136.00"}]
    assert made["meta_data"][0] == {"key": "_parley_order", "value": order.number}
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
    await trade.rounds(minutes=5)
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


async def test_what_the_shop_sent_is_sent_here_once_and_never_taken_back(trade: Trade) -> None:
    order, other = await trade.sells(), await trade.sells()
    await trade.rounds()
    await trade.hears("700")
    await trade.hears("31")  # sold there, and none of ours
    assert (trade.server.count("one_order"), trade.stepped) == (1, [Stepped([], [])])
    trade.server.sends(0, number="SF1")
    for _ in range(2):
        await trade.hears("700")
        assert not await store_hints.any_waiting("woocommerce", trade.now)
    trade.server.orders[0]["status"] = "processing"
    await trade.hears("700")
    steps = OrderEvent.filter(order_id=order.id, actor="store:woocommerce").order_by("id")
    assert await steps.values_list("to_state", flat=True) == ["packed", "shipped"]
    assert await Shipment.filter(order_id=order.id).values_list("carrier", "number") == [("SF Express", "SF1")]
    assert [one.changed for one in trade.stepped if one.changed] == [[OrderChanged(order.id)]]
    trade.server.sends(1, number="SF2")
    await trade.rounds(minutes=25 * 60)  # its webhook was lost
    assert (await Order.get(id=other.id)).state == "shipped"


async def test_what_was_paid_back_there_waits_for_staff_until_it_is_paid_back_here(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    trade.server.sends(0, number="SF1", back="68.00")
    for _ in range(2):
        await trade.hears("700")
    [problem] = await StoreProblem.all()
    assert (problem.code, problem.title, problem.facts) == ("refunded_there", order.number, {"amount": "68.00 CNY"})
    async with transaction():
        await trade.shop.advances(order, "refund")
    await trade.hears("700")
    assert await StoreProblem.all().count() == 0


async def test_what_an_order_costs_besides_its_goods_goes_there_and_another_total_is_for_staff(trade: Trade) -> None:
    charges = {"discount": -1000, "shipping": 1200, "tax": 2622}
    trade.server.sells(1, price="68.00", stock_quantity=9)
    await trade.rounds()
    first, second = await trade.sells(), await trade.sells()
    for order in (first, second):
        for kind, amount in charges.items():
            await OrderCharge.create(order_id=order.id, kind=kind, name=kind, title=kind, amount=amount)
    await OrderLine.create(order_id=second.id, sku="ours", name="Cup", quantity=1, price=6800)
    await trade.rounds()
    # Of the second order two thirds are goods of the shop's, and so are its charges.
    assert [one["total"] for one in trade.server.orders] == ["164.22", "154.82"]
    assert await StoreProblem.all().count() == 0
    trade.server.adds = Decimal("0.01")
    third = await trade.sells()
    await trade.rounds()
    [problem] = await StoreProblem.all()
    assert (problem.code, problem.title, problem.facts) == (
        "other_total", third.number, {"here": "136.00", "there": "136.01", "currency": "CNY"},
    )  # fmt: skip
    assert (await StoreOrder.get(order_id=third.id)).state == "sent"


async def test_the_bill_of_a_shop_that_takes_the_money_is_of_the_whole_order(trade: Trade) -> None:
    order = await trade.sells()
    await OrderCharge.create(order_id=order.id, kind="shipping", name="post", title="Post", amount=1200)
    await OrderLine.create(order_id=order.id, sku="ours", name="Cup", quantity=2, price=500)
    request = PaymentRequest("key", order.number, Money(13600 + 1200 + 1000, "CNY"), "", "", "en")
    bill = await store_bills.bill(request, "woocommerce")
    assert (bill.total, bill.order.goods) == (request.amount, Money(13600, "CNY"))
    assert bill.extras == (Extra("2 × Cup", Money(1000, "CNY")),)
    with pytest.raises(Refused, match="wrong_amount"):
        await store_bills.bill(replace(request, amount=Money(13600, "CNY")), "woocommerce")
    with pytest.raises(Refused, match="wrong_amount"):
        await store_bills.bill(request, "shopify")  # none of its goods


async def test_money_that_comes_after_the_order_is_told_there_whatever_is_lost(trade: Trade) -> None:
    scope = await trade.shop.customer()
    order = await trade.shop.buys(scope, "SKU-1", 2)
    async with transaction():
        assert await stock.sell(order.id, trade.now)
        await orders.move(await Order.get(id=order.id), "confirm", "customer", trade.now)
    trade.server.fails("order", Lost())
    await trade.rounds()  # it is there as one that waits for its money, and nobody knows
    async with transaction():
        await orders.move(await Order.get(id=order.id), "pay", "provider:local", trade.now)
    trade.server.fails("change", Lost(), Status(503))
    for _ in range(4):
        await trade.rounds(minutes=5)
    assert [call.json() for call in trade.server.named("change")] == [{"set_paid": True}] * 3
    row = await StoreOrder.get(order_id=order.id)
    assert (row.state, row.paid, trade.server.count("change")) == ("sent", True, 3)
    other = await trade.sells()  # was paid when it was sent: nothing more is told
    await trade.rounds(minutes=5)
    assert (await StoreOrder.get(order_id=other.id)).state == "sent"
    assert trade.server.count("change") == 3


async def test_a_refused_order_counts_and_is_listed_until_staff_sent_it(trade: Trade) -> None:
    order = await trade.sells()
    trade.server.fails("order", Status(400, "Invalid product."))
    await trade.rounds()
    trade.server.sells(1, price="68.00", stock_quantity=3)  # staff entered it there
    await trade.rounds()
    assert (await trade.counts())[0] == 1
    async with transaction():
        for step in ("pack", "ship"):
            await trade.shop.advances(order, step)
    await trade.rounds()
    assert (await trade.counts())[0] == 3
    assert await StoreProblem.all().count() == 0


async def test_orders_that_get_no_answer_keep_no_others_waiting_and_staff_hear_of_them(trade: Trade) -> None:
    scope = await trade.shop.customer()
    rows = []
    for number in range(store_orders.MOST):  # of a shop that forgot them: it answers, but not about these
        order = await Order.create(number=f"OLD-{number}", contact_id=scope.contact_id, state="paid", total=1,
            currency="CNY", name="", phone="", address="", created_at=NOW, updated_at=NOW)  # fmt: skip
        rows.append(
            StoreOrder(order_id=order.id, store="woocommerce", state="ending", external_id="9", tries=1, at=NOW)
        )
    await StoreOrder.bulk_create(rows)
    trade.server.fails("change", *[Status(500)] * store_orders.MOST)
    await trade.rounds()
    new = await trade.sells()
    await trade.rounds(minutes=1)
    assert (await StoreOrder.get(order_id=new.id)).state == "sent"
    await StoreOrder.exclude(order_id__in=[new.id, rows[0].order_id]).delete()
    trade.server.fails("change", *[Status(500)] * store_orders.MANY)
    for _ in range(store_orders.MANY):
        await trade.rounds(minutes=5)
    [problem] = await StoreProblem.all()
    assert (problem.code, problem.title, "500" in problem.facts["why"]) == ("order_waits", "OLD-0", True)


async def test_a_cancel_whose_answer_was_lost_is_none_that_was_refused(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    async with transaction():
        await trade.shop.advances(order, "cancel")
    trade.server.orders[0]["status"] = "cancelled"
    trade.server.fails("change", Status(400, "It is cancelled."))
    await trade.rounds()
    assert (await StoreOrder.get(order_id=order.id)).state == "ended"
    assert await StoreProblem.all().count() == 0


async def test_staff_hear_of_an_order_that_was_cancelled_there_until_it_is_here(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    trade.server.orders[0]["status"] = "cancelled"
    await trade.hears("700")
    assert await StoreProblem.all().values_list("code", "title") == [("cancelled_there", order.number)]
    assert (await Order.get(id=order.id)).state == "paid"
    async with transaction():
        await trade.shop.advances(order, "cancel")
    assert await StoreProblem.all().count() == 0


async def test_staff_hear_of_an_order_that_was_deleted_there_unless_it_ended_here(trade: Trade) -> None:
    order, other = await trade.sells(), await trade.sells()
    await trade.rounds()
    async with transaction():
        await trade.shop.advances(other, "cancel")
    await trade.rounds()
    trade.server.orders.clear()
    await trade.hears("701")
    await trade.rounds(minutes=25 * 60)  # the webhook of the other one was lost
    assert await StoreProblem.all().values_list("code", "title") == [("deleted_there", order.number)]
    async with transaction():
        await trade.shop.advances(order, "cancel")
    assert await StoreProblem.all().count() == 0


async def test_nothing_leaves_for_a_shop_after_the_lease_is_over(trade: Trade) -> None:
    await trade.sells()
    trade.syncing._sending._lease = Lease()
    with pytest.raises(LeaseLost):
        await trade.syncing._sending.run()
    assert trade.server.orders == []


async def test_a_word_of_money_that_is_refused_swallows_no_cancellation(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    await StoreOrder.all().update(state="pay")
    [one] = await store_orders.due("woocommerce", trade.now)
    async with transaction():
        await trade.shop.advances(order, "cancel")  # while the shop is asked
    await store_orders.refused(one, "woocommerce", "It is paid.", trade.now)
    await trade.rounds()
    assert await trade.counts() == (5, 5, ["cancelled"])
    assert await StoreProblem.all().count() == 0


async def test_bills_that_the_shop_does_not_answer_about_keep_nothing_else_waiting(database: str) -> None:
    assert database
    shop, done = Shop(), 0
    await shop.product()
    for number in range(IN_A_ROW + 1):
        scope = await shop.customer()
        opened = await shop.opens_payment(scope, await shop.buys(scope), f"50{number}")
        await Payment.filter(key=opened.key).update(provider="shopify")

    async def between() -> None:
        nonlocal done
        done += 1

    async with ShopifyServer(NOW) as server:
        told = {"shop": SHOP, "access_token": Secret(TOKEN), "client_secret": Secret(SECRET), "api_base": server.base}
        store = Shopify(Settings(**told, money="shop"))
        bills = Bills(store, None, lambda: NOW)  # type: ignore[arg-type]
        server.fails("graphql", Status(502), Status(502))
        await bills.run(between)
        assert (server.count("graphql"), done) == (IN_A_ROW + 1, IN_A_ROW + 1)
        server.fails("graphql", *[Status(502)] * 4)
        await bills.run(between)
        assert server.count("graphql") == 2 * IN_A_ROW + 1
        await store.close()
