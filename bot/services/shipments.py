"""What left of an order: pieces of its lines, each time with a carrier, its number, and the link to follow the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import BadInput, Refused
from models import Order, OrderLine, Shipment, ShipmentLine
from models.database import client, execute, fetch, marks
from models.rows import insertion

MOST = {"carrier": 80, "number": 80, "url": 500}  # characters
_SENT = (
    "SELECT s.id, s.order_id, s.carrier, s.number, s.url, t.quantity, t.order_line_id, l.sku, l.name FROM shipment s "
    "LEFT JOIN shipment_line t ON t.shipment_id = s.id LEFT JOIN order_line l ON l.id = t.order_line_id "
    "WHERE s.order_id IN ({ids}) ORDER BY s.id, t.id"
)
_PIECES = (
    "SELECT t.order_line_id, SUM(t.quantity) AS pieces FROM shipment_line t "
    "JOIN order_line l ON l.id = t.order_line_id WHERE l.order_id = ? GROUP BY t.order_line_id"
)
_BY_VARIANT = (
    "SELECT l.order_id, l.variant_id, SUM(t.quantity) AS pieces FROM shipment_line t "
    "JOIN order_line l ON l.id = t.order_line_id WHERE l.order_id IN ({ids}) AND l.variant_id IS NOT NULL "
    "GROUP BY l.order_id, l.variant_id"
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Each part may be "" where nobody knows it; a url begins with http:// or https://."""

    carrier: str = ""
    number: str = ""
    url: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.carrier or self.number or self.url)


UNKNOWN = Parcel()


@dataclass(frozen=True, slots=True)
class Piece:
    """So many pieces of a line of an order, by the line's id."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Item:
    """Pieces of a line that left together."""

    line: int
    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """What left at once. Without items it is a further parcel of the one before, or of a whole order of old."""

    id: int
    parcel: Parcel
    items: tuple[Item, ...] = ()


Pieces = Sequence[tuple[OrderLine, int]]
"""Lines of an order, each with how many pieces of it."""


async def waiting(order_id: int) -> Pieces:
    """All lines, with what may be sent yet, of an order in `order_states.UNSENT`.

    Of others nobody knows: an earlier release kept no pieces of what it sent.
    """
    sent = {int(row["order_line_id"]): int(row["pieces"]) for row in await fetch(_PIECES, (order_id,))}
    lines = await OrderLine.filter(order_id=order_id).order_by("id")
    return [(line, line.quantity - line.cancelled - sent.get(line.id, 0)) for line in lines]


def choose(lines: Pieces, pieces: Sequence[Piece] | None) -> Pieces:
    """So many pieces of what waits, or all of it.

    Raises `BadInput` for a line of another order, `Refused`: "no_pieces", "too_many_pieces"(name, left).
    """
    if pieces is None:
        return [(line, left) for line, left in lines if left > 0]
    wanted: dict[int, int] = {}
    for piece in pieces:
        wanted[piece.line] = wanted.get(piece.line, 0) + piece.quantity
    if unknown := wanted.keys() - {line.id for line, _ in lines}:
        raise BadInput(f"the order has no line {min(unknown)}; it has {sorted(line.id for line, _ in lines)}")
    chosen = [(line, wanted[line.id], left) for line, left in lines if wanted.get(line.id)]
    for line, count, left in chosen:
        if not 0 < count <= left:
            raise Refused("too_many_pieces", name=line.name, left=max(0, left))
    if not chosen:
        raise Refused("no_pieces")
    return [(line, count) for line, count, _ in chosen]


async def send(order: Order, parcel: Parcel, chosen: Pieces, now: datetime, told_as: str = "") -> int:
    """Keep what leaves of a locked order, and as what; returns its id. `told_as`: see `Shipment`.

    Raises `Refused`: "bad_link", "too_long"(field, most).
    """
    for field, most in MOST.items():
        if len(getattr(parcel, field)) > most:
            raise Refused("too_long", field=field, most=most)
    if parcel.url and (not parcel.url.startswith(("https://", "http://")) or " " in parcel.url):
        raise Refused("bad_link")
    row = await Shipment.create(
        order_id=order.id,
        carrier=parcel.carrier,
        number=parcel.number,
        url=parcel.url,
        told_as=told_as,
        created_at=now,
    )
    lines = insertion(ShipmentLine(shipment_id=row.id, order_line_id=line.id, quantity=count) for line, count in chosen)
    await execute(client(), [lines])
    return int(row.id)


async def of_orders(order_ids: Iterable[int]) -> dict[int, tuple[Shipped, ...]]:
    """What left of each, oldest first; those of which nothing is known to have left are not there."""
    ids = list(order_ids)
    found: dict[int, dict[int, Shipped]] = {}
    for row in await fetch(_SENT.format(ids=marks(len(ids))), ids) if ids else ():
        of_order = found.setdefault(int(row["order_id"]), {})
        parcel = Parcel(row["carrier"], row["number"], row["url"])
        known = of_order.get(int(row["id"])) or Shipped(int(row["id"]), parcel)
        item = () if row["order_line_id"] is None else (_item(row),)
        of_order[known.id] = Shipped(known.id, parcel, (*known.items, *item))
    return {order: tuple(shipped.values()) for order, shipped in found.items()}


async def by_variant(order_ids: Collection[int]) -> Counter[tuple[int, int]]:
    """How many pieces left of these orders, by order and variant."""
    ids = list(order_ids)
    rows = await fetch(_BY_VARIANT.format(ids=marks(len(ids))), ids) if ids else ()
    return Counter({(int(row["order_id"]), int(row["variant_id"])): int(row["pieces"]) for row in rows})


def _item(row: Mapping[str, Any]) -> Item:
    return Item(int(row["order_line_id"]), row["sku"], row["name"], int(row["quantity"]))
