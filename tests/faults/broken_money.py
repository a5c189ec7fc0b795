"""Shops that lose or double money, and one that only dies between two steps of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.core.money import Money
from bot.core.payment import PaymentTruth, RefundTruth
from tests.faults.broken_points import AFTER, BEFORE, dies_there

_STRIPE = "bot.payments.stripe.provider:Stripe"
#: From the wish to the refund: each step with what is before and behind it.
POINTS: dict[str, tuple[str, str]] = {
    "before-order": ("bot.services.orders:place", BEFORE),
    "after-order": ("bot.services.orders:place", AFTER),
    "after-begin": ("bot.services.payments:begin", AFTER),
    "before-create": (f"{_STRIPE}.create", BEFORE),
    "after-create": (f"{_STRIPE}.create", AFTER),
    "after-opened": ("bot.services.payments:opened", AFTER),
    "before-notice": ("bot.runtime.noticed:keep", BEFORE),
    "after-notice": ("bot.runtime.noticed:keep", AFTER),
    "before-fetch": (f"{_STRIPE}.fetch", BEFORE),
    "after-fetch": (f"{_STRIPE}.fetch", AFTER),
    "before-settled": ("bot.services.settlement:settle_noticed", BEFORE),
    "after-settled": ("bot.services.settlement:settle_noticed", AFTER),
    "before-step": ("bot.runtime.order_steps:take", BEFORE),
    "after-step": ("bot.runtime.order_steps:take", AFTER),
    "before-refund": (f"{_STRIPE}.refund", BEFORE),
    "after-refund": (f"{_STRIPE}.refund", AFTER),
    "before-confirm": ("bot.services.refunds:confirm", BEFORE),
    "after-confirm": ("bot.services.refunds:confirm", AFTER),
}
#: From a sale to the connected shop, and back again.
_STORE = "bot.stores.woocommerce.store:WooCommerce"
PUSHES: dict[str, tuple[str, str]] = {
    "before-trying": ("bot.services.store_orders:trying", BEFORE),
    "after-trying": ("bot.services.store_orders:trying", AFTER),
    "before-push": (f"{_STORE}.push", BEFORE),
    "after-push": (f"{_STORE}.push", AFTER),
    "before-sent": ("bot.services.store_orders:sent", BEFORE),
    "after-sent": ("bot.services.store_orders:sent", AFTER),
}
CANCELS: dict[str, tuple[str, str]] = {
    "before-cancel": (f"{_STORE}.cancel", BEFORE),
    "after-cancel": (f"{_STORE}.cancel", AFTER),
    "before-ended": ("bot.services.store_orders:ended", BEFORE),
    "after-ended": ("bot.services.store_orders:ended", AFTER),
}


def dies_of_money(point: str, time: str = "1") -> None:
    """`after-refund`, `3`: when the third call of it is over."""
    dies_there(*(POINTS | PUSHES | CANCELS)[point], int(time))


def tries_soon() -> None:
    """A call that went wrong is tried again within seconds, however often it was: a part waits no half hour for it."""
    from bot.runtime import retry
    from bot.services import calls

    retry.EFFECT_DELAYS = (0.5, 1.0, *[2.0] * 40)  # type: ignore[assignment]
    calls.OPEN_PAYMENT = replace(calls.OPEN_PAYMENT, tries=0)


def asks_soon(seconds: str) -> None:
    """What became of a call to a connected shop is asked so many seconds later, and not after minutes."""
    from datetime import timedelta

    from bot.services import store_orders

    store_orders.UNKNOWN = timedelta(seconds=float(seconds))


def pushes_blindly() -> None:
    """Whether the shop has an order already is not asked before it is sent again."""
    from bot.core.store import Made
    from bot.runtime.store_sending import Sending
    from bot.services.store_orders import Due

    async def never(self: Sending, one: Due) -> Made | None:
        return Made(one.id, "") if one.id else None

    Sending._there = never  # type: ignore[method-assign]


def believes_notices() -> None:
    """A notice came, so what was asked for was paid."""
    from bot.runtime.paying import Paying
    from bot.runtime.providers import known

    async def believe(self: Paying, _effect: str, key: str) -> PaymentTruth:
        payment = await known(key)
        return PaymentTruth(payment.reference, "paid", payment.amount)

    Paying.fetch = believe  # type: ignore[method-assign]


def tells_of_each_notice() -> None:
    """Whoever pays hears of it as often as the provider says so."""
    from bot.services import settlement

    settle = settlement.settle_noticed

    async def always_fresh(*values: Any) -> settlement.Settlement:
        settled = await settle(*values)
        return replace(settled, outcome="paid", fresh=True) if settled.outcome == "already" else settled

    vars(settlement)["settle_noticed"] = always_fresh


def believes_refunds() -> None:
    """What staff want given back has gone back, whatever the provider knows of it."""
    from bot.payments.stripe.provider import Stripe

    async def believe(self: Stripe, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:
        return RefundTruth(key, "given", amount)

    Stripe.refund = believe  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[..., None]] = {
    "dies-of-money": dies_of_money,
    "asks-soon": asks_soon,
    "tries-soon": tries_soon,
    "pushes-blindly": pushes_blindly,
    "believes-notices": believes_notices,
    "tells-of-each-notice": tells_of_each_notice,
    "believes-refunds": believes_refunds,
}
