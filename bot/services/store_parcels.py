"""Parcels as a connected shop tells them: a number that comes later, or another one, is kept where its pieces left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.store import Dispatch, Sent
from bot.services import order_states, shipments, store_goods
from bot.services.order_states import Mark
from bot.services.shipments import MOST, Parcel
from models import Order, OrderLine, Shipment, ShipmentLine
from models.rows import update


@dataclass(frozen=True, slots=True)
class Tracked:
    """A shipment whose number came later, by id, and the order's version since then."""

    shipment: int
    version: int


def key(store: str, one: Dispatch) -> str:
    """What a dispatch of the shop is called here."""
    return f"{store}:{one.id}"[:64]


def parcel(sent: Sent) -> Parcel:
    """What of it can be kept: a shop lets people write anything there."""
    is_link = sent.url.startswith(("https://", "http://")) and " " not in sent.url and len(sent.url) <= MOST["url"]
    return Parcel(sent.carrier[: MOST["carrier"]], sent.number[: MOST["number"]], sent.url if is_link else "")


async def told(store: str, order: Order, dispatches: Sequence[Dispatch], now: datetime) -> list[Tracked]:
    """Keep the numbers of a locked order that nobody knew here, each once.

    A number takes the place of none, or of one that the shop had told and tells no more. What staff gave stays.
    """
    rows = await Shipment.filter(order_id=order.id).order_by("id")
    goods = await _goods(order.id, store, rows)
    there = {key(store, one): one for one in dispatches}
    names = {_name(parcel(sent)) for one in dispatches for sent in one.parcels} - {""}
    found = []
    for called, one in there.items():
        theirs = [row for row in rows if row.told_as == called or _is_in(goods[row.id], one)]
        for new in map(parcel, one.parcels) if theirs else ():
            if _name(new) in {"", *(_name(_of(row)) for row in rows)}:
                continue
            free = [row for row in theirs if _name(_of(row)) not in names and _may_change(row, called, there)]
            row = next(iter(sorted(free, key=lambda each: each.told_as != called)), None)
            if row is None:
                row = await Shipment.get(id=await shipments.send(order, new, (), now, called))
                goods[row.id] = frozenset()  # it is this one's alone
                rows.append(row)
                theirs.append(row)
            found.append(await _keep(order, row, new, called, now))
    return found


async def _keep(order: Order, row: Shipment, new: Parcel, called: str, now: datetime) -> Tracked:
    row.carrier, row.number, row.url, row.told_as = new.carrier, new.number, new.url, called
    order.updated_at = now
    written = [update(row, "carrier", "number", "url", "told_as"), update(order, "updated_at")]
    actor, mark = f"store:{called.partition(':')[0]}", Mark("tracked", shipment_id=row.id)
    await order_states.record(order, order.state, actor, now, mark=mark, beside=written)
    return Tracked(row.id, await order_states.version(order.id))


def _may_change(row: Shipment, called: str, there: Collection[str]) -> bool:
    """Whether it has no number that stays: none at all, or one that this dispatch told, or one that is gone."""
    return row.told_as == called or (row.told_as not in there if row.told_as else not _name(_of(row)))


def _is_in(goods: frozenset[str] | None, one: Dispatch) -> bool:
    """Whether any of these goods are in the dispatch, as far as anybody knows what is in either."""
    if goods is None or one.lines is None:
        return goods is None or bool(goods)
    return any(line.variant in goods for line in one.lines)


async def _goods(order_id: int, store: str, rows: Sequence[Shipment]) -> dict[int, frozenset[str] | None]:
    """The shop's variants in each shipment, a further parcel being of the one before it; None where nobody knows."""
    lines: list[OrderLine] = await store_goods.lines(order_id, store)
    variants = {line.id: line.variant.external_id or "" for line in lines if line.variant is not None}
    found: dict[int, frozenset[str] | None] = dict.fromkeys([row.id for row in rows])
    for one in await ShipmentLine.filter(shipment_id__in=list(found)):
        theirs = {variants[one.order_line_id]} if one.order_line_id in variants else set()
        found[one.shipment_id] = (found[one.shipment_id] or frozenset()) | theirs
    before = None
    for row in rows:
        before = found[row.id] = found[row.id] if found[row.id] is not None else before
    return found


def _of(row: Shipment) -> Parcel:
    return Parcel(row.carrier, row.number, row.url)


def _name(one: Parcel) -> str:
    """By what its way is followed; "" where it cannot be."""
    return one.number.strip() or one.url
