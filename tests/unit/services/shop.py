"""A shop to test with: products, customers and their scopes, at a time that the test owns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.money import Money
from bot.core.payment import Checkout, PaymentTruth, Terms
from bot.services import cart, orders, payments, products, settlement
from bot.services.contacts import Address
from bot.services.orders import OrderView
from bot.services.payments import PaymentView
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.services.scope import Offer, PayWay, Scope
from bot.services.settlement import Settlement
from models import Contact, Conversation, Identity, OrderEvent, Price, Product, Stock, StockHold
from models.database import transaction

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def stocked(spec: ProductSpec, pieces: Mapping[str, Mapping[str, int]], now: datetime) -> Product:
    """A product with so many pieces of each variant (by sku) at each place (by code)."""
    for code in sorted({code for places in pieces.values() for code in places}):
        await products.place(code, {"en": code})
    made = await products.save(spec, now)
    for sku, places in pieces.items():
        await products.count(sku, places)
    return made


async def costs(price: int, sku: str = "tea", currency: str = "CNY") -> None:
    """It costs something else now."""
    await Price.filter(variant__sku=sku, currency=currency).update(amount=price)


async def lies(pieces: int, sku: str = "tea", place: str = "main") -> None:
    """So many lie there now."""
    async with transaction():
        await products.count(sku, {place: pieces})


class Shop:
    """The doings of customers, each in its own transaction, as the runtime does them."""

    def __init__(self) -> None:
        self.now = NOW
        self._people = 0

    def later(self, **time: float) -> None:
        """Let time pass: `later(minutes=31)`."""
        self.now += timedelta(**time)

    def at(self, scope: Scope) -> Scope:
        """The customer's scope at the present moment."""
        return replace(scope, now=self.now)

    async def product(
        self, sku: str = "tea", *, price: int = 6800, stock: int = 10, currency: str = "CNY", active: bool = True
    ) -> Product:
        """Put a product on the shelf."""
        variant = VariantSpec(sku, [PriceSpec(Money(price, currency))])
        spec = ProductSpec(
            sku,
            {"en": f"{sku} tea", "zh": f"{sku}茶"},
            [variant],
            description={"en": f"About {sku}", "zh": f"关于{sku}"},
            category="green",
            active=active,
        )
        return await stocked(spec, {sku: {"main": stock}}, self.now)

    async def customer(
        self, name: str = "Ann Lee", *, locale: str = "en", account: str = "webchat", contact: int | None = None
    ) -> Scope:
        """Somebody new who writes, or a known `contact` on another channel."""
        self._people += 1
        who = f"visitor{self._people}"
        if contact is None:
            contact = (await Contact.create(name=name, created_at=self.now, updated_at=self.now)).id
        identity = await Identity.create(
            contact_id=contact, account=account, external_id=who, name=name, locale=locale, created_at=self.now
        )
        conversation = await Conversation.create(
            lane=f"{account}:{who}", identity_id=identity.id, contact_id=contact, account=account,
            last_at=self.now, created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        return Scope(conversation.id, contact, identity.id, account, locale, self.now, "CNY")

    async def wants(self, scope: Scope, sku: str = "tea", quantity: int = 1) -> None:
        """Put it into the cart."""
        async with transaction():
            await cart.add(self.at(scope), sku, quantity)

    async def checks_out(self, scope: Scope) -> OrderView:
        """Order what is in the cart."""
        async with transaction():
            return await orders.place(self.at(scope), Address("Ann Lee", "555 0100", "1 Tea Lane"))

    async def buys(self, scope: Scope, sku: str = "tea", quantity: int = 1) -> OrderView:
        """From shelf to unpaid order."""
        await self.wants(scope, sku, quantity)
        return await self.checks_out(scope)

    async def opens_payment(
        self, scope: Scope, order: OrderView, reference: str = "", by: str = "local"
    ) -> PaymentView:
        """Begin to pay, and have the provider open it."""
        async with transaction():
            begun = await payments.begin(self.at(scope), order.number, by)
        checkout = Checkout(reference or f"ref-{begun.key}", "https://bank.example/pay")
        async with transaction():
            return await payments.opened(begun.key, checkout, self.now)

    async def is_delivered_unpaid(self, scope: Scope, order: OrderView) -> OrderView:
        """The customer chooses to pay on delivery."""
        offers = (Offer(PayWay("cod", "Cash on delivery"), Terms(on_delivery=True, by_hand=True)),)
        async with transaction():
            await payments.begin(replace(self.at(scope), pay_ways=offers), order.number, "cod")
            found = await orders.find(scope, order.number)
        assert found is not None
        return found

    async def settles(self, payment: PaymentView, paid: Money | None = None, state: str = "paid") -> Settlement:
        """The provider says what became of it."""
        truth = PaymentTruth(payment.reference, state, paid=(paid or payment.amount) if state == "paid" else None)
        async with transaction():
            return await settlement.settle(payment.key, truth, self.now)

    async def pays(self, scope: Scope, order: OrderView) -> Settlement:
        """Pay all of an order."""
        return await self.settles(await self.opens_payment(scope, order))

    async def advances(self, order: OrderView, *steps: str) -> OrderView:
        """Steps of staff."""
        for step in steps:
            async with transaction():
                order = await orders.advance(order.id, step, "staff:1", self.now)
        return order


async def on_shelf(sku: str = "tea") -> int:
    """Pieces that are not sold, at all places."""
    return sum([row.pieces for row in await Stock.filter(variant__sku=sku)])


async def held(sku: str = "tea") -> int:
    """Pieces that orders hold, live or not."""
    return sum([hold.quantity for hold in await StockHold.filter(variant__sku=sku)])


async def steps_of(order_id: int) -> list[tuple[str, str, str]]:
    """The audit rows of an order: from, to, by whom."""
    events = await OrderEvent.filter(order_id=order_id).order_by("id")
    return [(event.from_state, event.to_state, event.actor) for event in events]
