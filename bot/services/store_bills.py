"""What a connected shop is to ask a customer for, where it takes the money itself; and what became of that there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.core.billing import Bill, Extra
from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import PaymentRequest
from bot.services import payments, stock, store_goods, store_orders
from bot.services.payments import PaymentView, view
from models import Order, OrderLine, Payment, StoreOrder, StoreProblem, locks
from models.database import fetch, marks, transaction

#: So many open ones are looked at in one go.
MOST = 50
#: After so long what was opened is known here, too.
OPENED = timedelta(seconds=30)
# Of a bill that is paid there, and not settled here yet, the shop keeps nothing: it has sold the pieces.
_KEPT = (
    "SELECT variant_id, SUM(quantity) AS pieces FROM ("
    "SELECT l.variant_id, l.quantity FROM order_line l JOIN store_order o ON o.order_id = l.order_id "
    "WHERE o.store = ? AND o.state = 'billed' AND l.variant_id IN ({ids}) AND EXISTS (SELECT 1 FROM payment p "
    "WHERE p.order_id = l.order_id AND p.provider = ? AND p.state IN ('created', 'open', 'unknown', 'failed')) "
    "UNION ALL SELECT h.variant_id, h.quantity FROM stock_hold h WHERE h.variant_id IN ({ids}) AND h.expires_at > ? "
    "AND EXISTS (SELECT 1 FROM payment p WHERE p.order_id = h.order_id AND p.provider = ? "
    "AND p.state IN ('open', 'unknown') AND (p.kept_until IS NULL OR p.kept_until > ?)) "
    "AND NOT EXISTS (SELECT 1 FROM store_order o WHERE o.order_id = h.order_id)"
    ") AS kept GROUP BY variant_id"
)


async def bill(request: PaymentRequest, store: str) -> Bill:
    """Of the whole order: what is none of the shop's goods is a line with a name and a sum.

    Raises `Refused`: "no_order", and "wrong_amount" where it does not sum to what was asked for.
    """
    order = await Order.get_or_none(number=request.order_number)
    if order is None:
        raise Refused("no_order", number=request.order_number)
    out = await store_goods.whole(order, store, request.made_at or order.created_at)
    theirs = [line.id for line in await store_goods.lines(order.id, store)]
    ours = OrderLine.filter(order_id=order.id).exclude(id__in=theirs) if theirs else OrderLine.filter(order_id=order.id)
    extras = tuple([_extra(line, order.currency) for line in await ours.order_by("id")])
    made = Bill(request.key, out, extras, request.expires_at)
    if not out.lines or made.total != request.amount:
        raise Refused("wrong_amount", amount=request.amount)
    return made


def _extra(line: OrderLine, currency: str) -> Extra:
    return Extra(f"{line.quantity} × {line.name}", Money(line.price * line.quantity, currency))


async def payment(store: str, id: str) -> PaymentView | None:  # noqa: A002 - the port's word
    """Whose bill it is, by the shop's id."""
    row = await Payment.filter(provider=store, reference=id).select_related("order").first()
    return view(row, row.order) if row else None


async def of_order(store: str, order: str) -> PaymentView | None:
    """The payment that the shop's order with this id came from."""
    order_id = await store_orders.of(store, order)
    row = await Payment.filter(provider=store, order_id=order_id, captured__gt=0).select_related("order").first()
    return view(row, row.order) if row and order_id is not None else None


async def billed(request: PaymentRequest, store: str, now: datetime, until: datetime | None) -> None:
    """The shop has the bill, and keeps its pieces until then: the order may wait longer.

    What it says of the goods is read once more, and again when the payment counts as open: whoever read them before
    does not know what is kept, or that it is to be added.
    """
    order = await Order.get(number=request.order_number)
    goods = await store_goods.products(order.id, store)
    async with transaction():
        await payments.locked(request.key)
        await Payment.filter(key=request.key).update(kept_until=until)
        await store_orders.read_again(store, f"billed:{request.key}", goods, now)
        await store_orders.read_again(store, f"opened:{request.key}", goods, now, after=now + OPENED)


async def unpaid(store: str) -> list[PaymentView]:
    """The newest bills that nobody has paid, as far as we know."""
    rows = Payment.filter(provider=store, state="open").exclude(reference="").order_by("-id").limit(MOST)
    return [view(row, row.order) for row in await rows.select_related("order")]


async def became(store: str, id: str, order: str, now: datetime) -> None:  # noqa: A002 - the port's word
    """The paid bill is this order there: ours is not made there a second time. Inside the caller's transaction."""
    paid = await payment(store, id)
    if paid is None or await locks.order(paid.order_id) is None:  # whoever settles it takes the order first, too
        return
    await StoreProblem.filter(store=store, external_id=f"order:{paid.order_number}", code="not_captured").delete()
    told = {"store": store, "state": "billed", "external_id": order, "at": now}
    row, is_new = await StoreOrder.get_or_create(told, order_id=paid.order_id)
    if is_new:
        lines = await store_goods.lines(paid.order_id, store)
        await stock.cover(paid.order_id, [line.id for line in lines], now)
    elif row.external_id != order:
        await store_orders.tell(store, paid.order_number, "second_there", {"id": order}, now)


async def kept(store: str, variants: Collection[int], now: datetime) -> dict[int, int]:
    """Pieces by variant that the shop has taken off what it says, for bills of orders that hold them here."""
    if not variants:
        return {}
    ids = [*variants]
    found = await fetch(_KEPT.format(ids=marks(len(ids))), [store, *ids, store, *ids, now, store, now])
    return {int(row["variant_id"]): int(row["pieces"]) for row in found}
