"""An order that is paid by PayPal: approved, captured once whoever asks, or closed so that nobody takes its money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.payments.paypal import Settings
from bot.payments.paypal.provider import PayPal
from bot.runtime import noticed
from bot.runtime.voiding import VoidPayment
from bot.services import payments
from models import Order, Payment
from tests.kit.platforms import paypal_keys as keys
from tests.kit.platforms.paypal import PayPalServer
from tests.kit.platforms.paypal_gate import CLIENT, SECRET, WEBHOOK
from tests.kit.platforms.paypal_shop import hook
from tests.kit.simulator import Customer, Simulator
from tests.kit.wire_faults import Status
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import place_order

ARRIVED = "Your payment has arrived"


@dataclass
class Till:
    sim: Simulator
    server: PayPalServer
    provider: PayPal
    ann: Customer

    async def reference(self) -> str:
        """The order at PayPal that the button in the chat leads to."""
        [button] = [one for one in (await self.ann.last()).buttons if one.url]
        found = button.url.rpartition("token=")[2]
        assert found in self.server.orders
        return found

    async def hears(self, event: bytes | None, id_: str = "") -> None:
        """PayPal posts a notice; or, with an `id_`, a customer comes back."""
        if event is None:
            kept = [((await Payment.get()).key, id_)]
        else:
            request = hook(event, self.server.headers(event))
            await self.provider.verify(request)
            kept = [(one.key, one.id) for one in await self.provider.parse(request)]
        for key, cause in kept:
            payment = await payments.by_key(key)
            assert payment is not None
            await noticed.keep(self.sim.runtime.accept, payment, cause, self.sim.clock())

    async def settles(self) -> None:
        """Everything that follows happens."""
        await self.sim.runtime.idle()


@pytest.fixture
async def till(one_sim: Simulator) -> AsyncIterator[Till]:
    async with PayPalServer(one_sim.now.timestamp()) as server:
        told = {"client_id": CLIENT, "client_secret": SECRET, "webhook_id": WEBHOOK, "sandbox": True}
        provider = PayPal(Settings(**told, api_base=server.base), one_sim.clock, keys.roots)  # type: ignore[arg-type]
        one_sim.providers = {"paypal": provider}
        await one_sim.restarts()
        close = VoidPayment(one_sim.providers, one_sim.runtime.accept, one_sim.clock)
        one_sim.runtime.attempts.add("void", close)
        await stock(one_sim)
        ann = await one_sim.customer()
        await place_order(ann)
        yield Till(one_sim, server, provider, ann)
        await provider.close()


async def test_who_approves_has_paid_once_by_return_and_notices_at_one_time(till: Till) -> None:
    reference = await till.reference()
    approved = till.server.approves(reference)
    await asyncio.gather(till.hears(None, "returned:1"), till.hears(approved), till.hears(approved))
    await till.settles()
    await asyncio.gather(till.hears(till.server.tells(reference)), till.hears(None, "returned:2"))
    await till.settles()
    assert (await Order.get()).state == "paid"
    assert await till.ann.times(ARRIVED) == 1
    assert len(till.server.rows) == 1
    assert till.server.refusals == []


async def test_who_approves_before_it_is_closed_is_not_charged_once_their_time_is_over(till: Till) -> None:
    reference = await till.reference()
    till.server.fails("change", *[Status(503)] * 3)
    await till.sim.passes("31m")
    await till.hears(till.server.approves(reference))
    await till.settles()
    assert (till.server.count("capture"), till.server.rows) == (0, [])
    assert (await Order.get()).state == "expired"


async def test_whose_time_is_over_is_not_charged_though_they_approve(till: Till) -> None:
    reference = await till.reference()
    await till.sim.passes("31m")
    till.server.now = till.sim.now.timestamp()
    await till.server.until(lambda: till.server.count("change"), timeout=30)
    await till.settles()
    await till.hears(till.server.approves(reference))
    await till.hears(None, "returned:1")
    await till.settles()
    assert ((await Order.get()).state, (await Payment.get()).state) == ("expired", "failed")
    assert till.server.rows == []
    assert await till.ann.times(ARRIVED) == 0
