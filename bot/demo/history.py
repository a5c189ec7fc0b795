"""The demo shop's last eight weeks: who wrote, what they bought, paid and thought."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.demo.people import OPINIONS, PEOPLE, WAITING, Opinion, Person
from bot.services.order_numbers import new_number
from bot.services.reviews import public_name
from bot.services.variants import Priced
from models import (
    Contact,
    Conversation,
    Identity,
    Message,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    PaymentEvent,
    Review,
)

CURRENCY = "CNY"
DAYS = 56
#: How an order went: its steps, hours after the one before. The first is the placing.
WAYS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "completed": (("placed", 0), ("paid", 0.1), ("packed", 5), ("shipped", 20), ("delivered", 60), ("completed", 10)),
    "shipped": (("placed", 0), ("paid", 0.1), ("packed", 5), ("shipped", 20)),
    "packed": (("placed", 0), ("paid", 0.1), ("packed", 5)),
    "paid": (("placed", 0), ("paid", 0.1)),
    "expired": (("placed", 0), ("expired", 0.5)),
    "refunded": (("placed", 0), ("paid", 0.1), ("refunded", 30)),
}
ACTORS = {
    "placed": "customer", "paid": "provider:local", "expired": "clock", "refunded": "staff:0", "completed": "customer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Known:
    """A customer with their rows."""

    person: Person
    contact: Contact
    conversation: Conversation


async def write_history(products: Mapping[str, Priced], now: datetime) -> None:
    """Customers, threads, orders, payments and reviews, inside the caller's transaction."""
    dice = random.Random(20)  # noqa: S311  # the same shop every time
    known = {person.name: await _meet(number, person, now) for number, person in enumerate((*PEOPLE, WAITING))}
    await _let_wait(known[WAITING.name], now)
    buyers = [known[person.name] for person in PEOPLE]
    for at in _moments(dice, now):
        await _order(dice.choice(buyers), _basket(dice, products), at, _way(dice, at, now))
    for opinion in sorted(OPINIONS, key=lambda one: -one.days):  # the shop page shows the newest row first
        await _review(known[opinion.name], opinion, products[opinion.sku], now)


async def _meet(number: int, person: Person, now: datetime) -> _Known:
    """A contact with one thread: they asked, the bot answered."""
    at = now - timedelta(days=DAYS - number * 4, hours=number % 5)
    if person is WAITING:
        at = now - timedelta(minutes=7)
    contact = await Contact.create(
        name=person.name, locale=person.locale, phone=person.phone, created_at=at, updated_at=at
    )
    external_id = f"demo-{number + 1}"
    identity = await Identity.create(
        contact_id=contact.id, account=person.account, external_id=external_id, name=person.name,
        locale=person.locale, created_at=at,
    )  # fmt: skip
    answered_at = at + timedelta(seconds=2)
    conversation = await Conversation.create(
        lane=f"{person.account}:{external_id}", identity_id=identity.id, contact_id=contact.id,
        account=person.account, last_seq=2, last_text=person.answered, last_author="bot", last_at=answered_at,
        first_response_at=answered_at, created_at=at, updated_at=answered_at,
    )  # fmt: skip
    said = (("customer", person.asked, at, ""), ("bot", person.answered, answered_at, "sent"))
    await Message.bulk_create(
        Message(conversation_id=conversation.id, seq=seq, author=author, text=text, at=when, delivery=delivery)
        for seq, (author, text, when, delivery) in enumerate(said, start=1)
    )
    return _Known(person, contact, conversation)


async def _let_wait(known: _Known, now: datetime) -> None:
    row = known.conversation
    row.waiting_since, row.unread, row.reason = now - timedelta(minutes=7), 1, "gift wrapping"
    await row.save()


def _moments(dice: random.Random, now: datetime) -> list[datetime]:
    """When orders came: a little more every week, and more at the weekend."""
    moments = []
    for back in range(DAYS, 0, -1):
        day = now - timedelta(days=back)
        wanted = 1.0 + (DAYS - back) / DAYS * 1.6 + (0.9 if day.weekday() >= 5 else 0.0)
        moments += [day + timedelta(minutes=dice.uniform(-600, 600)) for _ in range(int(wanted + dice.random()))]
    return sorted(moment for moment in moments if moment < now - timedelta(hours=2))


def _basket(dice: random.Random, products: Mapping[str, Priced]) -> list[tuple[Priced, int]]:
    """One to three products; what is cheap is bought more often."""
    weights = [1 / product.price.amount for product in products.values()]
    chosen = {
        product.row.sku: product for product in dice.choices(list(products.values()), weights, k=dice.randint(1, 3))
    }
    return [(product, 2 if product.price.amount < 9000 and dice.random() < 0.3 else 1) for product in chosen.values()]


def _way(dice: random.Random, at: datetime, now: datetime) -> str:
    """Most are done; the newest are on their way; a few came to nothing."""
    luck = dice.random()
    if luck < 0.08:
        return "expired"
    if luck < 0.12 and now - at > timedelta(days=4):
        return "refunded"
    for state in ("completed", "shipped", "packed"):
        if now - at > timedelta(hours=sum(hours for _, hours in WAYS[state]) + 1):
            return state
    return "paid"


async def _order(buyer: _Known, basket: list[tuple[Priced, int]], at: datetime, way: str) -> Order:
    """An order with its lines, audit rows and payment."""
    person = buyer.person
    times = _times(way, at)
    order = await Order.create(
        number=new_number(), contact_id=buyer.contact.id, conversation_id=buyer.conversation.id,
        account=person.account, state=way, total=sum(product.price.amount * count for product, count in basket),
        currency=CURRENCY, name=person.name, phone=person.phone, address=person.address,
        paid_at=times.get("paid"), created_at=at, updated_at=max(times.values()),
    )  # fmt: skip
    await OrderLine.bulk_create(
        OrderLine(order_id=order.id, product_id=product.row.product_id, variant_id=product.row.id, sku=product.row.sku,
                  name=product.name(person.locale), quantity=count, price=product.price.amount)
        for product, count in basket
    )  # fmt: skip
    await OrderEvent.bulk_create(
        OrderEvent(order_id=order.id, from_state=before, to_state=state, actor=ACTORS.get(state, "staff:0"), at=reached)
        for before, (state, reached) in zip(["", *times], times.items(), strict=False)
    )
    if "paid" in times:
        await _pay(order, times)
    return order


def _times(way: str, at: datetime) -> dict[str, datetime]:
    """When each state was reached, in order."""
    times = {}
    for state, hours in WAYS[way]:
        at += timedelta(hours=hours)
        times[state] = at
    return times


async def _pay(order: Order, times: Mapping[str, datetime]) -> None:
    refunded = order.total if order.state == "refunded" else 0
    payment = await Payment.create(
        order_id=order.id, conversation_id=order.conversation_id, provider="local", key=secrets.token_hex(16),
        reference=secrets.token_hex(12), amount=order.total, currency=order.currency, captured=order.total,
        captured_currency=order.currency, refunded=refunded, state="refunded" if refunded else "paid",
        created_at=order.created_at, updated_at=max(times["paid"], times.get("refunded", order.created_at)),
    )  # fmt: skip
    steps = [("created", order.created_at), ("opened", order.created_at), ("settled", times["paid"])]
    if refunded:
        steps.append(("refunded", times["refunded"]))
    await PaymentEvent.bulk_create(PaymentEvent(payment_id=payment.id, action=action, at=at) for action, at in steps)


async def _review(author: _Known, opinion: Opinion, product: Priced, now: datetime) -> None:
    """A review of an order of that product which the author completed before."""
    at = now - timedelta(days=opinion.days, hours=1)
    order = await _order(author, [(product, 1)], at - timedelta(days=6), "completed")
    accepted = opinion.state == "accepted"
    decided_at = at + timedelta(hours=1) if accepted else None
    await Review.create(
        contact_id=author.contact.id, conversation_id=author.conversation.id, order_id=order.id,
        product_id=product.row.product_id,
        account=author.person.account, stars=opinion.stars, text=opinion.text, locale=author.person.locale,
        display_name=public_name(author.person.name, author.person.locale), state=opinion.state,
        decided_at=decided_at, created_at=at, updated_at=decided_at or at,
    )  # fmt: skip
