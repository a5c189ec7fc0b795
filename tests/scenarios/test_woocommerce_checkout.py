"""WooCommerce takes the money itself: an order there waits for it, and is paid on a page of the shop's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from bot.core.money import Money
from bot.core.ports import HookRequest
from bot.runtime.refunds import GiveBack
from bot.runtime.store_paying import ShopCheckout
from bot.runtime.store_syncing import Connected
from bot.runtime.voiding import VoidPayment
from bot.services import store_hints
from bot.services.payments import Urls
from bot.services.refunds import Wish
from bot.settings.secret import Secret
from bot.stores.woocommerce.api import RestApi
from bot.stores.woocommerce.settings import Settings
from bot.stores.woocommerce.store import WooCommerce
from models import Order, OrderEvent, Payment, Product, Stock, StoreOrder, StoreProblem
from tests.kit.platforms.base import Json
from tests.kit.platforms.woocommerce import HOOK_SECRET, KEY, SECRET, WooCommerceServer
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.test_order import place_order


@dataclass
class Trade:
    sim: Simulator
    server: WooCommerceServer
    ann: Customer

    async def tells(self, topic: str, row: Json) -> None:
        """The shop posts a webhook."""
        delivery = self.server.tells(topic, row)
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        call = HookRequest("POST", "/hooks/store/woocommerce", {}, headers, delivery.body)
        assert await self.sim.runtime.stores.hear("woocommerce", call)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it holds, and what follows was done."""
        async with asyncio.timeout(30):
            while not await condition():
                await asyncio.sleep(0.02)
        await self.sim.runtime.idle()

    async def all_heard(self) -> None:
        """All that the shop told was looked at."""
        await self.until(self._is_all_heard)

    async def _is_all_heard(self) -> bool:
        return not await store_hints.any_waiting("woocommerce", self.sim.now)


@pytest.fixture
async def trade(one_sim: Simulator) -> AsyncIterator[Trade]:
    """One piece is left."""
    async with WooCommerceServer(one_sim.now, currency="CNY") as server:
        server.sells(1, "Longjing", "68.00", stock_quantity=1)
        keys = {"consumer_key": Secret(KEY), "consumer_secret": Secret(SECRET), "webhook_secret": Secret(HOOK_SECRET)}
        store = WooCommerce(Settings(url=server.base, money="shop", **keys))
        one_sim.connected = (Connected(store, "en", every=3600),)
        one_sim.providers = {**one_sim.providers, "woocommerce": ShopCheckout(store, one_sim.clock)}
        await one_sim.restarts()
        one_sim.runtime.attempts.add("void", VoidPayment(one_sim.providers, one_sim.runtime.accept, one_sim.clock))
        trade = Trade(one_sim, server, await one_sim.customer())
        await trade.until(lambda: Product.filter(active=True).exists())
        await place_order(trade.ann)
        yield trade
        await one_sim.runtime.stores.stop()  # a round under way would open a connection anew
        await store.close()


async def _lies() -> int:
    return (await Stock.get()).pieces


async def test_who_pays_at_the_shop_has_paid_once_and_the_last_piece_is_sold_once(trade: Trade) -> None:
    [button] = [one for one in (await trade.ann.last()).buttons if one.url]
    assert button.url == trade.server.orders[0]["payment_url"]
    await trade.tells("product.updated", trade.server.products[1])
    await trade.all_heard()
    assert (await _lies(), trade.server.products[1]["stock_quantity"]) == (1, 1)  # the shop keeps nothing for it yet
    paid = trade.server.pays(0)
    for _ in range(2):
        await trade.tells("order.updated", paid)
    await trade.until(lambda: Order.filter(state="paid").exists())
    await trade.until(lambda: StoreOrder.filter(state="sent", external_id="700").exists())
    await trade.tells("product.updated", trade.server.products[1])
    await trade.all_heard()
    assert (await _lies(), trade.server.products[1]["stock_quantity"]) == (0, 0)
    assert await trade.ann.times("Your payment has arrived") == 1
    assert (len(trade.server.orders), (await Payment.get()).captured) == (1, 6800)
    assert await OrderEvent.filter(to_state="paid").count() == 1
    assert await StoreProblem.all().count() == 0
    assert trade.server.refusals == []


async def test_what_is_paid_back_by_either_is_booked_once(trade: Trade) -> None:
    await trade.tells("order.updated", trade.server.pays(0))
    await trade.until(lambda: StoreOrder.filter(state="sent").exists())
    payment, sim = await Payment.get(), trade.sim
    sim.runtime.attempts.add(
        "give_back", GiveBack(sim.providers, Urls("http://shop.test"), sim.runtime.accept, sim.clock)
    )
    await sim.runtime.till.give_back(payment.id, Money(800, "CNY"), Wish(None, "cold"))
    await trade.until(lambda: Payment.filter(refunded=800).exists())
    [order] = trade.server.orders
    order["refunds"].append({"id": 90, "reason": "late", "total": "-10.00"})  # by the merchant
    order["given"].append(order["given"][0] | {"id": 90, "reason": "late", "amount": "10.00"})
    await trade.tells("order.updated", order)
    await trade.until(lambda: Payment.filter(refunded=1800).exists())
    await trade.all_heard()
    booked = [one.amount.amount async for one in sim.providers["woocommerce"].books(sim.now.date())]
    assert booked == [6800, -800, -1000]
    assert await StoreProblem.all().count() == 0


async def test_what_nobody_has_paid_in_time_is_cancelled_there(trade: Trade) -> None:
    await trade.sim.passes("31m")
    await trade.until(lambda: Payment.filter(state="failed").exists())
    assert (trade.server.orders[0]["status"], (await Order.get()).state) == ("cancelled", "expired")
    assert (await _lies(), trade.server.products[1]["stock_quantity"]) == (1, 1)


async def test_who_pays_in_the_moment_in_which_the_shop_is_asked_to_cancel_has_paid(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = trade.sim.providers["woocommerce"]
    payment, change = await Payment.get(), RestApi.write

    async def faster(api: RestApi, verb: str, path: str, body: Json) -> Json:
        if trade.server.orders[0]["status"] == "pending":
            trade.server.pays(0)
        return await change(api, verb, path, body)

    monkeypatch.setattr(RestApi, "write", faster)
    truth = await shop.void(payment.reference)
    assert (truth.state, truth.paid) == ("paid", Money(6800, "CNY"))
    assert (trade.server.orders[0]["status"], trade.server.products[1]["stock_quantity"]) == ("processing", 0)


async def test_staff_hear_of_a_customer_who_chose_there_to_pay_later(trade: Trade) -> None:
    await trade.tells("order.updated", trade.server.pays(0, later=True))
    await trade.until(lambda: StoreProblem.filter(code="not_captured").exists())
    assert (await Order.get()).state == "placed"
    booked = trade.sim.providers["woocommerce"].books(trade.sim.now.date())
    assert [one.amount.amount async for one in booked] == []
    await trade.tells("order.updated", trade.server.completes(0))
    await trade.until(lambda: OrderEvent.filter(to_state="paid").exists())
    await trade.until(lambda: Order.filter(state="shipped").exists())  # it is complete there
    assert (await StoreOrder.get()).state == "sent"
    assert await StoreProblem.all().count() == 0
