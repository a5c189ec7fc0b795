"""A connected shop takes the money itself: the customer pays its invoice, and the order is there and here once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.money import Money
from bot.core.ports import HookRequest
from bot.runtime.refunds import GiveBack
from bot.runtime.store_paying import ShopCheckout
from bot.runtime.store_syncing import Connected
from bot.runtime.voiding import VoidPayment
from bot.services import backoffice, orders, store_bills, store_hints
from bot.services import stock as held
from bot.services.order_states import Doing
from bot.services.payments import Urls
from bot.services.refunds import Wish
from bot.settings.secret import Secret
from bot.stores.shopify.settings import Settings
from bot.stores.shopify.store import Shopify
from models import Order, OrderEvent, Payment, Product, Stock, StoreOrder, StoreProblem
from models.database import transaction
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.shopify import SECRET, SHOP, TOKEN, ShopifyServer
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import place_order

ARRIVED = "Your payment has arrived"


@dataclass
class Trade:
    sim: Simulator
    server: ShopifyServer
    store: Shopify
    ann: Customer

    async def tells(self, delivery: Delivery) -> None:
        """The shop posts a webhook."""
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        call = HookRequest("POST", "/hooks/store/shopify", {}, headers, delivery.body)
        assert await self.sim.runtime.stores.hear("shopify", call)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it holds, and what follows was done."""
        async with asyncio.timeout(30):
            while not await condition():
                await asyncio.sleep(0.02)
        await self.sim.runtime.idle()

    async def all_heard(self) -> None:
        """All that the shop told was looked at, and what was to be looked at by now."""
        await self.until(lambda: _is_none(store_hints.any_waiting("shopify", self.sim.now)))


async def _is_none(found: Awaitable[bool]) -> bool:
    return not await found


async def _is(state: str) -> bool:
    return (await Order.get()).state == state


@pytest.fixture
async def trade(one_sim: Simulator) -> AsyncIterator[Trade]:
    async with ShopifyServer(one_sim.now, currency="CNY") as server:
        server.sells(1, "Longjing", [{"id": 10, "price": "68.00"}])
        told = {"shop": SHOP, "access_token": Secret(TOKEN), "client_secret": Secret(SECRET), "api_base": server.base}
        store = Shopify(Settings(**told, money="shop"))
        checkout = ShopCheckout(store, one_sim.clock)
        one_sim.connected = (Connected(store, "en", every=3600),)
        one_sim.providers = {**one_sim.providers, "shopify": checkout}
        await one_sim.restarts()
        one_sim.runtime.attempts.add("void", VoidPayment(one_sim.providers, one_sim.runtime.accept, one_sim.clock))
        trade = Trade(one_sim, server, store, await one_sim.customer())
        await trade.until(lambda: Product.filter(active=True).exists())
        yield trade
        await one_sim.runtime.stores.stop()  # a round under way would open a connection anew
        await store.close()


async def test_who_pays_the_invoice_has_paid_once_and_the_order_is_there_once(trade: Trade) -> None:
    await place_order(trade.ann)
    [button] = [one for one in (await trade.ann.last()).buttons if one.url]
    [draft] = trade.server.drafts.rows
    assert button.url == draft["invoiceUrl"]
    paid = trade.server.tells("draft_orders/update", trade.server.drafts.pays(0))
    for _ in range(2):
        await trade.tells(paid)
    await trade.until(lambda: _is("paid"))
    await trade.tells(trade.server.tells("draft_orders/update", {"id": 500}))
    await trade.until(lambda: StoreOrder.filter(state="sent", external_id="700").exists())
    await trade.all_heard()
    assert await trade.ann.times(ARRIVED) == 1
    assert len(trade.server.orders) == 1
    assert (await Payment.get()).captured == 6800
    assert await OrderEvent.filter(to_state="paid").count() == 1
    assert await StoreProblem.all().count() == 0
    assert trade.server.refusals == []


async def test_the_number_of_a_parcel_that_comes_later_is_told_once(trade: Trade) -> None:
    await place_order(trade.ann)
    await trade.tells(trade.server.tells("draft_orders/update", trade.server.drafts.pays(0)))
    await trade.until(lambda: StoreOrder.filter(state="sent").exists())
    sent = trade.server.sends(0, number="")
    await trade.tells(trade.server.tells("orders/updated", sent))
    await trade.until(lambda: _is("shipped"))
    parcel = trade.server.orders[0]["fulfillments"][-1]["trackingInfo"][0]
    for number in ("SF1", "SF1", "SF2"):
        parcel["number"] = number
        await trade.tells(trade.server.tells("orders/updated", sent))
        await trade.all_heard()
    order = await Order.get()
    said = f"You can follow a parcel of order {order.number}. Sent with SF Express, number"
    assert [await trade.ann.times(f"{said} {number}.") for number in ("SF1", "SF2")] == [1, 1]
    assert await trade.ann.times("is on its way to you") == 1
    await trade.ann.says("/track")
    assert await trade.ann.times("number SF1.") == 1
    assert [step.what for step in (await backoffice.order(order.id)).steps if step.told] == ["", "tracked", "tracked"]


async def test_what_is_paid_back_by_either_is_booked_once(trade: Trade) -> None:
    await place_order(trade.ann)
    await trade.tells(trade.server.tells("draft_orders/update", trade.server.drafts.pays(0)))
    await trade.until(lambda: StoreOrder.filter(state="sent").exists())
    payment = await Payment.get()
    bank = GiveBack(trade.sim.providers, Urls("http://shop.test"), trade.sim.runtime.accept, trade.sim.clock)
    trade.sim.runtime.attempts.add("give_back", bank)
    await trade.sim.runtime.till.give_back(payment.id, Money(800, "CNY"), Wish(None, "cold"))
    await trade.until(lambda: Payment.filter(refunded=800).exists())
    [order] = trade.server.orders
    assert [one["kind"] for one in order["transactions"]] == ["SALE", "REFUND"]
    order["totalRefundedSet"]["shopMoney"]["amount"] = "18.00"  # ten more, by the merchant
    await trade.tells(trade.server.tells("refunds/create", {"id": 5, "order_id": 700}))
    await trade.until(lambda: Payment.filter(refunded=1800).exists())
    await trade.all_heard()
    assert await StoreProblem.all().count() == 0
    checkout = trade.sim.providers["shopify"]
    booked = [one async for one in checkout.books(trade.sim.now.date())]
    assert [(one.key, one.amount.amount) for one in booked] == [(payment.key, 6800), (payment.key, -800)]


async def test_an_invoice_whose_time_is_over_cannot_be_paid_any_more(trade: Trade) -> None:
    await place_order(trade.ann)
    await trade.sim.passes("31m")
    await trade.until(lambda: Payment.filter(state="failed").exists())
    assert trade.server.drafts.rows == []
    assert await _is("expired")


async def test_who_pays_at_the_last_moment_has_paid_though_no_webhook_came(trade: Trade) -> None:
    await place_order(trade.ann)
    trade.server.drafts.pays(0)
    await trade.sim.passes("31m")
    await trade.until(lambda: Payment.filter(captured=6800).exists())
    assert len(trade.server.orders) == 1


async def test_a_bill_that_would_cost_something_else_is_shown_to_nobody_and_a_colleague_helps(trade: Trade) -> None:
    trade.server.adds = Decimal("0.01")
    await place_order(trade.ann)
    await trade.until(lambda: _is_none(_open(trade)))
    assert (await trade.ann.last()).text == "A colleague will tell you how to pay."
    reason = (await trade.ann.conversation()).reason
    assert reason == f"Order {(await Order.get()).number} cannot be paid: its provider asks for another sum."


async def _open(trade: Trade) -> bool:
    return bool(trade.server.drafts.rows)


async def test_goods_of_ours_alone_are_paid_by_our_ways(trade: Trade) -> None:
    await Product.all().update(active=False)
    await stock(trade.sim, "CUP", 1000, name="Cup")
    await place_order(trade.ann)
    assert trade.server.drafts.rows == []
    assert (await Payment.get()).provider == "local"


async def _lies(trade: Trade) -> int:
    return (await Stock.get(variant__sku="SKU-10")).pieces


@pytest.fixture
async def last(trade: Trade) -> Trade:
    """One piece is left, and Ann is asked to pay for it; the shop keeps it for her bill."""
    trade.server.sells(1, "Longjing", [{"id": 10, "price": "68.00", "pieces": {1: 1}}])
    await trade.tells(trade.server.tells("products/update", {"id": 1}))
    await trade.until(lambda: Stock.filter(pieces=1).exists())
    await place_order(trade.ann)
    await trade.tells(trade.server.tells("products/update", {"id": 1}))
    await trade.all_heard()
    return trade


async def test_who_pays_for_the_last_piece_has_it(last: Trade) -> None:
    assert await _lies(last) == 1  # kept there and here: the same piece
    await last.tells(last.server.tells("draft_orders/update", last.server.drafts.pays(0)))
    await last.until(lambda: _is("paid"))
    await last.until(lambda: StoreOrder.filter(state="sent").exists())
    await last.all_heard()
    assert await _lies(last) == 0


async def test_the_last_piece_is_free_for_nobody_while_the_order_that_holds_it_waits_longer(last: Trade) -> None:
    order = await Order.get()
    later = last.sim.now + timedelta(hours=2)
    async with transaction():  # as a change by staff, or a way to pay that takes days
        await Order.filter(id=order.id).update(hold_until=later)
        await held.hold_until(order.id, later)
    for lies, there in ((1, 0), (1, 1)):
        await last.tells(last.server.tells("products/update", {"id": 1}))
        await last.all_heard()
        assert (await _lies(last), last.server.levels["gid://shopify/ProductVariant/10"][1]) == (lies, {1: there})
        await last.sim.passes("45m")
        last.server.now += timedelta(minutes=45)
        last.server.drafts.lapse()


async def test_what_was_read_while_a_bill_was_made_is_read_again(last: Trade) -> None:
    await last.all_heard()
    await Stock.all().update(pieces=2)  # a page from before the bill, taken when it counted as open
    await last.sim.passes("1m")
    await last.all_heard()
    assert await _lies(last) == 1


async def test_who_pays_for_the_last_piece_at_the_last_moment_has_it_though_it_counts_as_gone(last: Trade) -> None:
    last.server.drafts.pays(0)
    await Stock.all().update(pieces=0)  # as the shop says by then
    await last.sim.passes("31m")
    await last.until(lambda: _is("paid"))
    assert await _lies(last) == 0


async def test_a_bill_that_is_paid_after_its_order_ended_leaves_no_order_there(last: Trade) -> None:
    last.server.drafts.pays(0)
    async with transaction():
        await orders.advance((await Order.get()).id, "cancel", "staff:1", last.sim.now, Doing(note="cold"))
    await last.until(lambda: Payment.filter(state="mismatch").exists())
    await last.until(lambda: StoreOrder.filter(state="ended").exists())
    [order] = last.server.orders
    assert order["cancelledAt"] is not None
    await last.all_heard()
    assert await _lies(last) == 1


async def test_staff_hear_of_money_that_the_shop_has_not_taken_until_it_has(trade: Trade) -> None:
    await place_order(trade.ann)
    trade.server.drafts.pays(0, captured=False)
    await trade.tells(trade.server.tells("products/update", {"id": 1}))  # any round
    await trade.until(lambda: StoreProblem.filter(code="not_captured").exists())
    assert await _is("placed")
    trade.server.orders[0]["displayFinancialStatus"] = "PAID"
    await trade.tells(trade.server.tells("products/update", {"id": 1}))
    await trade.until(lambda: _is("paid"))
    assert await StoreProblem.all().count() == 0


async def test_staff_hear_of_a_second_order_that_a_second_bill_became(trade: Trade) -> None:
    await place_order(trade.ann)
    await trade.tells(trade.server.tells("draft_orders/update", trade.server.drafts.pays(0)))
    await trade.until(lambda: StoreOrder.filter(state="sent").exists())
    async with transaction():
        for _ in range(2):
            await store_bills.became("shopify", "500", "701", trade.sim.now)
    assert await StoreProblem.all().values_list("code", "facts") == [("second_there", {"id": "701"})]
    assert (await StoreOrder.get()).external_id == "700"
