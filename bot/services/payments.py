"""Payments: begun for an order, opened at a provider, found again; `settlement` and `refunds` take it from there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import Checkout, Device, PaymentRequest, Terms
from bot.core.registry import reads
from bot.services import ledger, order_states, same_person, stock, voids, webhooks
from bot.services.scope import PayWay, Scope, language
from models import Contact, Identity, Order, OrderLine, Payment, PaymentEvent, locks
from models.database import Statement, client, execute
from models.rows import every, insertion, update

#: The device of a payment that is not opened on one.
UNOPENED = "any"
_PAYABLE = ("created", "open")


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One attempt to be paid. `reference` and `url` are empty until the provider opened it.

    `words` and `account` are of a checkout by hand, as it was just opened, and `until` is when the goods are let go.
    """

    key: str
    order_number: str
    provider: str
    reference: str
    url: str
    amount: Money
    state: str  # created | open | paid | failed | mismatch | unknown | refunded
    conversation_id: int | None
    order_id: int
    words: str = ""
    account: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the shop is reached: `base` is https://shop.example, without a slash at its end."""

    base: str

    def returns(self, key: str) -> str:
        """Where the provider sends the customer afterwards."""
        return f"{self.base}/paid/{key}"

    def notices(self, provider: str) -> str:
        """Where it posts that something happened."""
        return f"{self.base}/hooks/pay/{provider}"

    def checkout(self, key: str) -> str:
        """Our own page, which knows on which device it is opened."""
        return f"{self.base}/checkout/{key}"


def key_in(url: str) -> str:
    """The key of the payment whose page of ours this address is; "" for any other."""
    found = re.search(r"/checkout/([0-9a-f]{32})$", url)
    return found[1] if found else ""


@reads
async def ways(scope: Scope, number: str) -> list[PayWay]:
    """What the customer may pay this order of theirs by, here; the first choice first. Raises `Refused("no_order")`."""
    order = await Order.filter(contact_id__in=await same_person.contacts(scope), number=number).first()
    if order is None:
        raise Refused("no_order", number=number)
    total = Money(order.total, order.currency)
    spoken = language(scope.locale)
    sellers = await _sellers(scope, order)
    fit = [
        offer
        for offer in scope.pay_ways
        if offer.terms.takes(total, scope.account)
        and offer.terms.reaches(order.phone)
        and offer.terms.store in ("", *sellers)
    ]
    theirs = [offer for offer in fit if offer.terms.store]
    return [PayWay(offer.way.name, offer.terms.titles.get(spoken, offer.way.title)) for offer in theirs or fit]


async def _sellers(scope: Scope, order: Order) -> frozenset[str]:
    """The connected shops whose goods are in the order, where any takes the money itself."""
    if not any(offer.terms.store for offer in scope.pay_ways):
        return frozenset()
    sold = OrderLine.filter(order_id=order.id, variant__store__isnull=False)
    return frozenset([str(store) for store in await sold.values_list("variant__store", flat=True)])


async def begin(scope: Scope, number: str, provider: str) -> PaymentView:
    """A payment for the person's own order; an open one of the same provider and amount is used again.

    Where it is paid on delivery, the order is confirmed by that; where money takes days, it is held for so long.
    Raises `Refused`: "no_order", "wrong_state"(number, state), "expired"(number).
    """
    order = await locks.own_order(number, await same_person.contacts(scope))
    if order is None:
        raise Refused("no_order", number=number)
    if order.state != order_states.PLACED:
        raise Refused("expired" if order.state == "expired" else "wrong_state", number=number, state=order.state)
    if order.hold_until is None or order.hold_until <= scope.now:
        raise Refused("expired", number=number, state=order.state)
    terms = next((offer.terms for offer in scope.pay_ways if offer.way.name == provider), Terms())
    if terms.on_delivery:
        await _confirm(order, scope.now)
    elif terms.hold is not None:
        await _hold(order, order.created_at + terms.hold)
    since = scope.now - terms.good_for if terms.good_for else None
    return view(await _open_payment(order, provider, since) or await _create(scope, order, provider), order)


async def _confirm(order: Order, now: datetime) -> None:
    """It goes its way unpaid: its pieces are sold, and nobody shall pay it otherwise. Raises `Refused("expired")`."""
    if not await stock.sell(order.id, now):
        raise Refused("expired", number=order.number, state=order.state)
    await order_states.take(order, "confirm", "customer", now)
    await voids.ask_all(order, now)


async def _hold(order: Order, until: datetime) -> None:
    """Keep the locked order's pieces for longer; never for shorter."""
    if order.hold_until is None or order.hold_until < until:
        order.hold_until = until
        await order.save(update_fields=["hold_until"])
        await stock.hold_until(order.id, until)


async def _open_payment(order: Order, provider: str, since: datetime | None) -> Payment | None:
    """One that can still be paid: what was made before `since` leads to a page that has ended."""
    made = await _same(order, provider)
    return await _still_open(one for one in made if since is None or one.created_at > since)


async def _same(order: Order, provider: str) -> list[Payment]:
    """Those that ask this provider for what the order costs, the newest first."""
    asks = "WHERE order_id = ? AND provider = ? AND amount = ? AND currency = ? ORDER BY id DESC"
    return await every(Payment, asks, (order.id, provider, order.total, order.currency))


async def _still_open(same: Iterable[Payment]) -> Payment | None:
    """The first of these that can be paid and is not being closed, since its order was changed."""
    for payment in same:
        if await _can_be_paid(payment):
            return payment
    return None


async def _can_be_paid(payment: Payment) -> bool:
    return payment.state in _PAYABLE and not await voids.is_asked(payment)


async def _create(scope: Scope, order: Order, provider: str) -> Payment:
    return await _insert(order, provider, scope.conversation_id, scope.now)


async def _insert(order: Order, provider: str, conversation_id: int | None, now: datetime) -> Payment:
    payment = await Payment.create(
        order_id=order.id,
        conversation_id=conversation_id,
        provider=provider,
        key=secrets.token_hex(16),
        amount=order.total,
        currency=order.currency,
        state="created",
        created_at=now,
        updated_at=now,
    )
    await note(payment, "created", now)
    return payment


@reads
async def is_due(key: str, now: datetime) -> bool:
    """Whether the order of this payment waits to be paid, as much as was asked for."""
    payment = await Payment.filter(key=key).select_related("order").first()
    return payment is not None and _waits(payment, payment.order, now)


def _waits(payment: Payment, order: Order, now: datetime) -> bool:
    is_held = order.hold_until is not None and order.hold_until > now
    return order.state == order_states.PLACED and is_held and asked(payment) == due(order)


@reads
async def request(key: str, urls: Urls) -> PaymentRequest:
    """What to ask the provider for, in the customer's language. Raises `Refused("no_payment")`."""
    payment = await Payment.filter(key=key).select_related("order").first()
    if payment is None:
        raise Refused("no_payment")
    lines = await OrderLine.filter(order_id=payment.order_id).order_by("id")
    return PaymentRequest(
        key=payment.key,
        order_number=payment.order.number,
        amount=Money(payment.amount, payment.currency),
        description=", ".join(f"{line.quantity} × {line.name}" for line in lines),
        return_url=urls.returns(key),
        locale=await locale_of(payment),
        device=cast("Device", payment.device),
        notify_url=urls.notices(payment.provider),
        cancel_url=urls.returns(key),
        made_at=payment.created_at,
        expires_at=payment.order.hold_until,
    )


async def locale_of(payment: Payment) -> str:
    """What its customer chose, else what their channel says; the payment was read with its order."""
    contact = await Contact.filter(id=payment.order.contact_id).first()
    if contact and contact.locale:
        return language(contact.locale)
    identity = await Identity.filter(conversation__id=payment.conversation_id).first()
    return language(identity.locale if identity else "")


async def opened(key: str, checkout: Checkout, now: datetime) -> PaymentView:
    """The provider opened it; said again, nothing changes. Raises `Refused("no_payment")`.

    Where its order ended, was paid, or was changed while the provider was asked, it is closed there again.
    """
    payment, order = await locked(key)
    is_new = payment.state == "created"
    payment.state = "open" if is_new else payment.state
    payment.reference = payment.reference or checkout.reference
    payment.url, payment.updated_at = payment.url or checkout.url, now
    if is_new:
        await note(payment, "opened", now, beside=[update(payment)])
    else:
        await execute(client(), [update(payment)])
    if order.paid_at is not None or order.state in order_states.ENDED:
        await voids.ask_all(order, now)
    elif payment.reference and (payment.state == "failed" or asked(payment) != due(order)):
        await voids.ask(payment, now)
    return replace(view(payment, order), words=checkout.words, account=checkout.account, until=order.hold_until)


async def on_device(key: str, device: Device, now: datetime) -> PaymentView:
    """The payment to open on this device: this one, or one beside it where this one was opened on another.

    Raises `Refused`: "no_payment", "expired"(number, state).
    """
    payment, order = await locked(key)
    if not _waits(payment, order, now):
        raise Refused("expired", number=order.number, state=order.state)
    if payment.device not in (UNOPENED, device) or not await _can_be_paid(payment):
        same = await _same(order, payment.provider)
        beside = await _still_open(one for one in same if one.device == device)
        payment = beside or await _insert(order, payment.provider, payment.conversation_id, now)
    if payment.device != device:
        payment.device = device
        await payment.save(update_fields=["device"])
    return view(payment, order)


@reads
async def by_key(key: str) -> PaymentView | None:
    """The payment with our key."""
    payment = await Payment.filter(key=key).select_related("order").first()
    return view(payment, payment.order) if payment else None


async def locked(key: str) -> tuple[Payment, Order]:
    """The payment and its order, locked in the house order. Raises `Refused("no_payment")`."""
    order = await locks.order_of(key)
    payment = await locks.payment(key) if order else None
    if payment is None or order is None:
        raise Refused("no_payment")
    return payment, order


async def change(payment: Payment, state: str, action: str, now: datetime, words: str = "") -> None:
    """Save the locked payment in a new state, with the step that led there; the books agree with it."""
    payment.state, payment.updated_at = state, now
    posting = [await ledger.missing(payment, now)] if payment.captured else []
    await note(payment, action, now, words, beside=[update(payment), *posting])


async def rebook(key: str, now: datetime) -> None:
    """Have the books agree with the payment as it is. Raises `Refused("no_payment")`."""
    payment, _ = await locked(key)
    await execute(client(), [await ledger.missing(payment, now)])


async def note(payment: Payment, action: str, now: datetime, words: str = "", beside: Sequence[Statement] = ()) -> None:
    """One step of the payment, for staff and for who wants to be told: what was done, and why.

    It is written with what is `beside`.
    """
    event = PaymentEvent(payment_id=payment.id, action=action, note=words[:300], at=now)
    await execute(client(), [*beside, insertion([event])])
    await webhooks.of_payment(payment, action, now)


def asked(payment: Payment) -> Money:
    """What the customer was asked for."""
    return Money(payment.amount, payment.currency)


def due(order: Order) -> Money:
    """What the order costs now."""
    return Money(order.total, order.currency)


def view(payment: Payment, order: Order) -> PaymentView:
    """The row as a plain value."""
    return PaymentView(
        key=payment.key,
        order_number=order.number,
        provider=payment.provider,
        reference=payment.reference,
        url=payment.url,
        amount=asked(payment),
        state=payment.state,
        conversation_id=payment.conversation_id,
        order_id=payment.order_id,
    )
