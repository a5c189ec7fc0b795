"""Parcels as a connected shop tells them: a number that comes later, or another one, is kept where its pieces left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.store import Dispatch, Sent
from bot.services import order_states, shipments, store_orders
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
    goods = await _goods(order.id, store)
    there = {key(store, one): one for one in dispatches}
    names = {_name(parcel(sent)) for one in dispatches for sent in one.parcels}
    found = []
    for called, one in there.items():
        for new in map(parcel, one.parcels):
            if not _name(new) or _name(new) in {_name(_of(row)) for row in rows}:
                continue
            free = [row for row in rows if _name(_of(row)) not in names and _may_have(row, called, there, goods, one)]
            row = next(iter(sorted(free, key=lambda each: each.told_as != called)), None)
            if row is None:
                row = await Shipment.get(id=await shipments.send(order, new, (), now, called))
                rows.append(row)
            row.carrier, row.number, row.url, row.told_as = new.carrier, new.number, new.url, called
            order.updated_at = now
            written = [update(row, "carrier", "number", "url", "told_as"), update(order, "updated_at")]
            await order_states.record(
                order, order.state, f"store:{store}", now, mark=Mark("tracked", shipment_id=row.id), beside=written
            )
            found.append(Tracked(row.id, await order_states.version(order.id)))
    return found


def _may_have(
    row: Shipment, called: str, there: Collection[str], goods: Mapping[int, frozenset[str]], one: Dispatch
) -> bool:
    """Whether a shipment may be what the dispatch tells of, and nobody gave it a number that stays."""
    if row.told_as:
        return row.told_as == called or (row.told_as not in there and _has(row, goods, one))
    return not _name(_of(row)) and _has(row, goods, one)


def _has(row: Shipment, goods: Mapping[int, frozenset[str]], one: Dispatch) -> bool:
    """Whether any of its goods are in the dispatch, as far as anybody knows what is in either."""
    return one.lines is None or row.id not in goods or any(line.variant in goods[row.id] for line in one.lines)


async def _goods(order_id: int, store: str) -> dict[int, frozenset[str]]:
    """By shipment the variants in it, by the shop's ids; those that hold nothing themselves are not there."""
    lines: list[OrderLine] = await store_orders.lines_of(order_id, store)
    variants = {line.id: line.variant.external_id or "" for line in lines if line.variant is not None}
    found: dict[int, frozenset[str]] = {}
    for row in await ShipmentLine.filter(shipment__order_id=order_id).order_by("id"):
        found[row.shipment_id] = found.get(row.shipment_id, frozenset()) | {variants.get(row.order_line_id, "")}
    return found


def _of(row: Shipment) -> Parcel:
    return Parcel(row.carrier, row.number, row.url)


def _name(one: Parcel) -> str:
    """By what its way is followed; "" where it cannot be."""
    return one.number.strip() or one.url
