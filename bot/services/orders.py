"""Orders: placed from a cart while stock is held, and moved on by steps that each leave an audit row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.queryset import QuerySet

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.postal import NOWHERE, Postal
from bot.core.pricing import Charge
from bot.core.registry import reads
from bot.services import order_parts, order_states, placing, pricing, refunds, same_person, shipments, stock, voids
from bot.services.cart import seen, summed
from bot.services.contacts import Address
from bot.services.order_numbers import normalise
from bot.services.order_parts import WHOLE, OrderItem, Part, item
from bot.services.order_states import NOTHING, PARTLY, Doing, Mark
from bot.services.refunds import Wish
from bot.services.scope import Scope
from bot.services.shipments import Parcel, Shipped
from bot.services.variants import Offered, offered
from models import CartLine, Order, OrderLine, locks
from models.database import client, execute

#: Expiring this many in one transaction keeps it short; the next tick takes the rest.
EXPIRE_AT_ONCE = 200
Wanted = Sequence[tuple[CartLine, Offered]]
_TAKEN_OUT = "DELETE FROM cart_line WHERE id = ?"


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order. Cancelled with a `paid_at` means: the customer waits for their money back."""

    id: int
    number: str
    state: str  # see `order_states.STATES`
    total: Money
    lines: tuple[OrderItem, ...]
    created_at: datetime
    hold_until: datetime | None
    name: str
    address: str
    conversation_id: int | None
    contact_id: int
    paid_at: datetime | None
    refunded: Money | None = None  # a part of what was paid, given back
    shipments: tuple[Shipped, ...] = ()
    charges: tuple[Charge, ...] = ()  # with the lines they make the total, those that are included apart
    country: str = ""
    note: str = ""
    phone: str = ""
    postal: Postal = NOWHERE

    @property
    def hold_minutes(self) -> int:
        """For how long the stock was held when the order was placed."""
        return round((self.hold_until - self.created_at).total_seconds() / 60) if self.hold_until else 0

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """What it left as, where anything is known of that; oldest first."""
        return tuple(one.parcel for one in self.shipments if one.parcel.is_known)

    @property
    def is_split(self) -> bool:
        """Whether it does not go, or did not go, as one."""
        return self.state == PARTLY or sum(bool(one.items) for one in self.shipments) > 1


async def place(
    scope: Scope, to: Address, method: str = "", code: str = "", agreed: int | None = None, note: str = ""
) -> OrderView:
    """Order what is in the cart, hold its stock for `scope.order_hold`, and empty the cart.

    `agreed` is the total that the customer said yes to, in minor units; `note` is what they want us to know.
    Raises `Refused`: "cart_empty", "sold_out"(name, available), "price_changed"(name, old, new), "total_changed", what
    `pricing.breakdown` and `placing.person` raise, and of the note "too_long"(most, field); the cart is kept.
    """
    to = placing.person(to, pricing.destination(scope, to.country))
    note = placing.checked("note", note, 1000, blank=True)
    lines = await locks.cart(*await same_person.contacts(scope))
    in_cart, summed_up = {line.id: line.variant_id for line in lines}, summed(lines)
    await pricing.lock(scope, code)
    # First as it is: who is refused has waited for nobody, and the others lock their products late and briefly.
    wanted = await _offered(scope, summed_up)
    goods = Money(sum(line.quantity * one.price.amount for line, one in wanted), scope.currency)
    parts = await pricing.breakdown(scope, goods, to.country, method, code)
    if agreed not in (None, parts.total.amount):
        raise Refused("total_changed")
    order = await placing.insert(scope, to, total=parts.total.amount, note=note)
    ordered = {one.row.id for _, one in wanted}
    await execute(client(), [(_TAKEN_OUT, [(id_,) for id_, variant in in_cart.items() if variant in ordered])])
    await locks.products(one.row.product_id for _, one in wanted)
    wanted = await _offered(scope, [line for line, _ in wanted])
    if len(wanted) < len(ordered):
        raise Refused("total_changed")
    filled, written = placing.filled(scope, order, _pieces(wanted))
    await order_states.record(order, "", "customer", scope.now, beside=[*written, pricing.kept(order, parts)])
    return _view(order, filled, None, (), parts.charges)


@reads
async def mine(scope: Scope) -> tuple[OrderView, ...]:
    """The person's ten newest orders, newest first."""
    return await _views(await (await _owned(scope)).order_by("-created_at", "-id").limit(10))


@reads
async def find(scope: Scope, number: str) -> OrderView | None:
    """The person's own order of that number, however it was typed."""
    order = await _own(scope, number)
    return await view(order) if order else None


@reads
async def reviewable(scope: Scope) -> tuple[OrderView, ...]:
    """The person's orders that were paid and have no review yet, newest first, ten at most."""
    earned = (await _owned(scope)).filter(
        state__in=list(order_states.EARNED), paid_at__isnull=False, reviews__id__isnull=True
    )
    return await _views(await earned.order_by("-created_at", "-id").limit(10))


async def cancel(scope: Scope, number: str) -> OrderView:
    """The customer takes an order back, before it is shipped; its stock is free again.

    One that was paid becomes a refund request: it is cancelled with a `paid_at`, its last event says "refund wanted",
    and the money goes back when staff takes the step "refund". Whoever calls this tells staff.
    Raises `Refused`: "no_order", "wrong_state"(number, state).
    """
    order = await own(scope, number)
    return await move(order, "cancel", "customer", scope.now, "refund wanted" if order.paid_at else "")


async def advance(order_id: int, step: str, actor: str, now: datetime, doing: Doing = NOTHING) -> OrderView:
    """One step by staff, see `order_states.STEPS`; `actor` is "staff:<id>" or "store:<name>".

    "refund" asks for everything back that is left of what the order's payments captured.
    Raises `BadInput` for another step, `Refused`: "no_order", "wrong_state"(number, state, step), "overtaken",
    "nothing_paid", and of pieces as `order_parts` does.
    """
    if not order_states.role(step):
        raise BadInput(f"{step!r} is not a step at the desk; it is one of {', '.join(order_states.BY_STAFF)}")
    order = await locks.order(order_id)
    if order is None:
        raise Refused("no_order", number="")
    order_states.check(order, step, actor)
    if doing.version not in (None, await order_states.version(order_id)):
        raise Refused("overtaken")
    part = Part(Mark(asked_as=doing.key))
    if step == "refund":
        await refunds.of_order(order, Wish.by(actor, doing.note), now)
    elif step == "ship":
        part = await order_parts.ship(order, doing, now)
    elif step == "cancel_part":
        part = await order_parts.cancel(order, doing, actor, now)
    return await move(order, step, actor, now, doing.note, restock=doing.restock, part=part)


async def expire(now: datetime) -> tuple[OrderView, ...]:
    """End unpaid orders whose hold is over and free their stock; returns them, so that customers can be told.

    At most `EXPIRE_AT_ONCE` in one call. A payment that comes later is for `settlement.settle` to decide.
    """
    due = Order.filter(state=order_states.PLACED, hold_until__lte=now).order_by("id").limit(EXPIRE_AT_ONCE)
    ended = []
    for row in await due:
        order = await locks.order(row.id)
        if order and order.state == order_states.PLACED and order.hold_until and order.hold_until <= now:
            ended.append(await move(order, "expire", "clock", now))
    return tuple(ended)


async def view(order: Order) -> OrderView:
    """An order with its lines."""
    return (await _views([order]))[0]


async def move(
    order: Order,
    name: str,
    actor: str,
    now: datetime,
    note: str = "",
    *,
    restock: bool = False,
    part: Part = WHOLE,
) -> OrderView:
    """Take a step, and do to the stock what the step's table entry says; `restock` also with goods that came back."""
    before = order.state
    step = await order_states.take(order, name, actor, now, note, part.mark, partly=part.leaves)
    if before in step.releases:
        await stock.release(order.id)
    if order.state in order_states.ENDED:
        await voids.ask_all(order, now)
    if before == PARTLY and before in step.restocks:
        await order_parts.restock(order, await shipments.waiting(order.id), now)
    elif before in step.restocks or (restock and name == "return"):
        await stock.restock(order.id)
    return await view(order)


async def _owned(scope: Scope) -> QuerySet[Order]:
    return Order.filter(contact_id__in=await same_person.contacts(scope))


async def own(scope: Scope, number: str) -> Order:
    """The person's own order of that number, locked. Raises `Refused("no_order")`(number)."""
    found = await _own(scope, number)
    order = await locks.order(found.id) if found else None
    if order is None:
        raise Refused("no_order", number=number)
    return order


async def _own(scope: Scope, number: str) -> Order | None:
    return await (await _owned(scope)).filter(number=normalise(number)).first()


async def _offered(scope: Scope, lines: Sequence[CartLine]) -> Wanted:
    """What of the cart has a price. Raises `Refused` as `place` does: "cart_empty", "sold_out", "price_changed"."""
    costs = await offered(scope, (line.variant_id for line in lines))
    wanted = [(line, costs[line.variant_id]) for line in lines if line.variant_id in costs]
    if not wanted:
        raise Refused("cart_empty")
    placing.check_stock(scope, _pieces(wanted), {one.row.id: one.free for _, one in wanted})
    _check_prices(scope, wanted)
    return wanted


def _pieces(wanted: Wanted) -> placing.Wanted:
    return [(line.quantity, one) for line, one in wanted]


def _check_prices(scope: Scope, wanted: Wanted) -> None:
    for line, variant in wanted:
        if seen(line) != variant.price:
            raise Refused("price_changed", name=variant.name(scope.locale), old=seen(line), new=variant.price)


async def _views(orders: Iterable[Order]) -> tuple[OrderView, ...]:
    rows = list(orders)
    lines: dict[int, list[OrderLine]] = {order.id: [] for order in rows}
    for line in await OrderLine.filter(order_id__in=list(lines)).order_by("id"):
        lines[line.order_id].append(line)
    back = await refunds.given_back(order.id for order in rows)
    sent = await shipments.of_orders(order.id for order in rows)
    charges = await pricing.charges({order.id: order.currency for order in rows})
    return tuple(
        _view(order, lines[order.id], back.get(order.id), sent.get(order.id, ()), charges[order.id]) for order in rows
    )


def _view(
    order: Order,
    lines: Sequence[OrderLine],
    refunded: Money | None,
    shipped: tuple[Shipped, ...],
    charges: tuple[Charge, ...],
) -> OrderView:
    return OrderView(
        id=order.id,
        number=order.number,
        state=order.state,
        total=Money(order.total, order.currency),
        lines=tuple(item(line, order, shipped) for line in lines),
        created_at=order.created_at,
        hold_until=order.hold_until,
        name=order.name,
        address=order.address,
        conversation_id=order.conversation_id,
        contact_id=order.contact_id,
        paid_at=order.paid_at,
        refunded=refunded,
        shipments=shipped,
        charges=charges,
        country=order.country,
        note=order.note,
        phone=order.phone,
        postal=placing.of_parts(order.postal),
    )
