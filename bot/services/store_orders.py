"""Orders of a connected shop's goods go there: wanted in the transaction that sells, and made there once.

Before an order is sent, its row says so and until when nobody knows what became of it. From then on the shop is asked
for our number first, so neither a lost answer nor a process that ends makes a second one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bot.core.store import Made, OutOrder
from bot.services import shipments, store_goods
from models import Order, StockPick, StoreOrder, StoreProblem, locks
from models.database import Statement, client, execute, fetch, transaction

#: So long a shop may go on working at a call whose answer was lost, or not find yet what it made.
UNKNOWN = timedelta(minutes=5)
#: After so many without a clear answer staff hear of it.
MANY = 5
#: So many in one go.
MOST = 50
_HINT = (
    "INSERT INTO store_hint (store, key, topic, about, external_id, at, retry_at) VALUES (?,?,?,?,?,?,?) "
    "ON CONFLICT (store, key) DO NOTHING"
)
_STORE = "SELECT MIN(v.store) AS store FROM order_line l JOIN variant v ON v.id = l.variant_id WHERE l.order_id = ?"
_PAID = (
    "UPDATE store_order SET state = 'pay', retry_at = NULL, tries = 1 "
    "WHERE order_id = ? AND state = 'sent' AND NOT paid"
)


@dataclass(frozen=True, slots=True)
class Due:
    """An order that the shop is to have (or, where it `ends`, not to have any more); `id` is the shop's, "" unknown.

    `is_tried`: it may be there already. `pays`: it is there, and only that it was paid is to be told.
    """

    order_id: int
    out: OutOrder
    id: str
    is_tried: bool
    ends: bool
    pays: bool


async def want(order: Order, now: datetime) -> None:
    """Its goods were sold: the shop that has them is to have the order. Inside the caller's transaction."""
    [found] = await fetch(_STORE, (order.id,))
    if found["store"]:
        wanted = {"store": str(found["store"]), "state": "due", "at": now, "retry_at": None}
        _, is_new = await StoreOrder.get_or_create(wanted, order_id=order.id)
        if not is_new:  # the shop's own checkout made it there
            await StoreOrder.filter(order_id=order.id, state="billed").update(state="due", paid=True)


def paid(order: Order) -> Statement:
    """Its money came: what has a shop that has it as one that waits for it hear so."""
    return _PAID, [(order.id,)]


async def left(order: Order, now: datetime, *, is_over: bool) -> None:
    """A part of it was sent, or all of it, or it ended: then what staff had to do before `is_over`.

    Inside the caller's transaction.
    """
    row = await StoreOrder.get_or_none(order_id=order.id)
    if row is None:
        return
    if is_over:
        over = ["order_refused", "order_waits", "part_sent", "cancelled_there", "deleted_there"]
        await StoreProblem.filter(store=row.store, external_id=f"order:{order.number}", code__in=over).delete()
    if row.state == "refused":  # whoever sends pieces entered them there: they count as the shop says
        goods = await store_goods.products(order.id, row.store)
        await read_again(row.store, f"left:{order.number}:{now.isoformat()}", goods, now)


async def give_up(order: Order) -> None:
    """It ended before anything of it was sent. Inside the caller's transaction."""
    known = StoreOrder.filter(order_id=order.id, state__in=["due", "sent", "pay", "refused"])
    await known.update(state="ending", error="")


async def unbilled(order_id: int) -> None:
    """The shop's own checkout made an order of it that is none here. Inside the caller's transaction."""
    await StoreOrder.filter(order_id=order_id, state="billed").update(state="ending", error="", retry_at=None)


async def any_due(store: str, now: datetime) -> bool:
    """Whether something is to be sent."""
    return await _ready(store, now).exists()


async def due(store: str, now: datetime) -> list[Due]:
    """What is to be sent now, that was tried least first."""
    ready = await _ready(store, now).order_by("tries", "order_id").limit(MOST)
    orders = {one.id: one for one in await Order.filter(id__in=[row.order_id for row in ready])}
    return [await _due(row, orders[row.order_id]) for row in ready]


def _ready(store: str, now: datetime) -> QuerySet[StoreOrder]:
    now_or_before = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    return StoreOrder.filter(now_or_before, store=store, state__in=["due", "pay", "ending"])


async def trying(one: Due, now: datetime) -> Due:
    """It is being sent, as it is now: if nobody says what came of it, it is asked for first, when that is over."""
    async with transaction():
        order = await locks.order(one.order_id)  # whoever cancels pieces after this knows that it may be there
        row = await StoreOrder.get(order_id=one.order_id)
        out = (await _due(row, order)).out if order else one.out
        told = {"tries": max(1, row.tries), "retry_at": now + UNKNOWN, "paid": out.is_paid}
        await StoreOrder.filter(order_id=one.order_id).update(**told)
        return replace(one, out=out)


async def sent(one: Due, store: str, there: Made, now: datetime) -> None:
    """The shop has it, and counts its pieces: what it says of these goods is read once more."""
    async with transaction():
        order = await locks.order(one.order_id)  # it may be paid at this moment
        known = StoreOrder.filter(order_id=one.order_id)
        await known.update(external_id=there.id, retry_at=None, error="")
        await known.filter(state="due").update(state="sent")
        if order is not None and order.paid_at is not None:
            await execute(client(), [paid(order)])
        await _is_clear(one, store)
        await read_again(store, f"sent:{one.out.number}", await store_goods.products(one.order_id, store), now)
        await _compare(one.out, store, there, now)
        if one.is_tried or one.id:  # what became of it meanwhile was told of an order that nobody knew here
            row = (store, f"found:{one.out.number}"[:128], "ours", "order", there.id, now, None)
            await execute(client(), [(_HINT, [row])])


async def ended(one: Due, store: str, now: datetime) -> None:
    """The shop has it no more, or never had."""
    async with transaction():
        await StoreOrder.filter(order_id=one.order_id).update(state="ended", retry_at=None, error="")
        await _is_clear(one, store)
        await read_again(store, f"ended:{one.out.number}", await store_goods.products(one.order_id, store), now)


async def settled(one: Due, store: str) -> None:
    """The shop knows that it is paid."""
    async with transaction():
        await StoreOrder.filter(order_id=one.order_id).update(paid=True, retry_at=None, error="")
        await StoreOrder.filter(order_id=one.order_id, state="pay").update(state="sent")
        await _is_clear(one, store)


async def later(one: Due, store: str, error: str, now: datetime) -> None:
    """Nobody knows what came of it; staff hear of one that never gets an answer."""
    async with transaction():
        row = await StoreOrder.get(order_id=one.order_id)
        told = {"tries": row.tries + 1, "error": error[:300], "retry_at": now + UNKNOWN}
        await StoreOrder.filter(order_id=one.order_id).update(**told)
        if row.tries >= MANY:
            await tell(store, one.out.number, "order_waits", {"why": error[:300]}, now)


async def refused(one: Due, store: str, why: str, now: datetime) -> None:
    """The shop does not take it: staff have to."""
    async with transaction():
        before, state = ("ending", "ended") if one.ends else ("pay", "sent") if one.pays else ("due", "refused")
        row = StoreOrder.filter(order_id=one.order_id, state=before)
        if not await row.update(state=state, retry_at=None, error=why[:300], paid=one.pays):
            return  # it was given up meanwhile: that is what is asked for next
        await _is_clear(one, store)
        await tell(store, one.out.number, "unpaid_there" if one.pays else "order_refused", {"why": why[:300]}, now)


async def of(store: str, id: str) -> int | None:  # noqa: A002 - the port's word
    """Our order that the shop has under this id."""
    row = await StoreOrder.get_or_none(store=store, external_id=id) if id else None
    return row.order_id if row else None


async def to_ask(store: str, states: Collection[str], since: datetime) -> list[str]:
    """The shop's ids of those that are in one of these states here; or that left since, whose numbers may come yet."""
    wanted = Q(order__state__in=list(states)) | Q(order__state="shipped", order__updated_at__gte=since)
    there = StoreOrder.filter(wanted, store=store, state__in=["sent", "pay"]).order_by("order_id")
    return [str(id_) for id_ in await there.values_list("external_id", flat=True)]


async def tell(store: str, number: str, code: str, facts: Mapping[str, str], now: datetime) -> None:
    """Staff have to look at an order; what they did already stays done."""
    about = f"order:{number}"
    known = await StoreProblem.get_or_none(store=store, external_id=about, code=code)
    if known is None or known.done_at is None or known.facts != dict(facts):
        told = {"title": number, "facts": dict(facts), "at": now, "done_at": None, "done_by": None}
        await StoreProblem.update_or_create(told, store=store, external_id=about, code=code)


async def _is_clear(one: Due, store: str) -> None:
    await StoreProblem.filter(store=store, external_id=f"order:{one.out.number}", code="order_waits").delete()


async def given_back(order: Order) -> None:
    """Its money went back here, too: nobody has to look at that any more."""
    await StoreProblem.filter(external_id=f"order:{order.number}", code="refunded_there").delete()


async def owed(store: str, variants: Collection[int], unsent: Collection[str]) -> dict[tuple[int, int], int]:
    """Pieces by variant and place that were sold here and that the shop does not know of yet.

    Of orders that the shop refused those in an `unsent` state, less what has left: whoever sends it enters it there.
    """
    # One that has an id was made by the shop's own checkout, which has counted it.
    open_ = Q(state="due", external_id="") | Q(state="refused", order__state__in=list(unsent))
    orders = dict(await StoreOrder.filter(open_, store=store).values_list("order_id", "state"))
    gone = await shipments.by_variant([id_ for id_, state in orders.items() if state == "refused"])
    found: Counter[tuple[int, int]] = Counter()
    picks = StockPick.filter(order_id__in=list(orders), variant_id__in=list(variants)).order_by("id")
    for pick in await picks if orders else ():
        sent = min(pick.quantity, gone[pick.order_id, pick.variant_id])
        gone[pick.order_id, pick.variant_id] -= sent
        found[pick.variant_id, pick.place_id] += pick.quantity - sent
    return found


async def _due(row: StoreOrder, order: Order) -> Due:
    out = await store_goods.part(order, row.store, row.at)
    return Due(order.id, out, row.external_id, row.tries > 0, row.state == "ending", row.state == "pay")


async def _compare(out: OutOrder, store: str, there: Made, now: datetime) -> None:
    """Whether it costs there what was asked for here."""
    if not out.lines or not there.total:
        return
    with suppress(InvalidOperation):
        if Decimal(there.total) == out.total.decimal:
            return
    facts = {"here": str(out.total.decimal), "there": there.total[:40], "currency": out.total.currency}
    await tell(store, out.number, "other_total", facts, now)


async def read_again(
    store: str, key: str, products: Iterable[str], now: datetime, *, after: datetime | None = None
) -> None:
    """What the shop says of these goods is asked for once more, soon or `after` a moment; once by the key."""
    rows = [(store, f"{key}:{product}"[:128], "ours", "product", product, now, after) for product in sorted(products)]
    await execute(client(), [(_HINT, rows)])
