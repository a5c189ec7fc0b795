"""Pieces are counted once: at a place, held by an unpaid order, or sold.

Whatever changes them runs under the row locks of the products that they are variants of (`models.locks.products`). A
hold is not of a place: what may be sold is what lies at all active places, less what is held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from models import OrderLine, Place, Stock, StockHold, StockPick, Variant, locks
from models.database import Statement, client, execute, fetch, marks
from models.rows import every, insertion

#: Where pieces lie in a shop that has not said where.
MAIN = "main"
MAIN_NAME = {"en": "Shop", "zh": "本店"}
# In one statement, and a plain one: whoever buys asks this several times, some of them while others wait for it.
_FREE = (
    "SELECT variant_id, SUM(pieces) AS free FROM ("
    "SELECT s.variant_id, s.pieces FROM stock s JOIN place p ON p.id = s.place_id "
    "WHERE p.active AND s.variant_id IN ({ids}) "
    "UNION ALL SELECT variant_id, -quantity FROM stock_hold "
    "WHERE variant_id IN ({ids}) AND expires_at > ? {besides}) AS counted GROUP BY variant_id"
)
# Of all variants of a product that are sold in a currency: a product may have hundreds.
_FREE_OF = (
    "SELECT product, SUM(CASE WHEN free > 0 THEN free ELSE 0 END) AS free FROM ("
    "SELECT product, variant, SUM(pieces) AS free FROM ("
    "SELECT v.product_id AS product, v.id AS variant, s.pieces AS pieces {of} JOIN stock s ON s.variant_id = v.id "
    "JOIN place p ON p.id = s.place_id WHERE v.product_id IN ({ids}) AND v.active AND p.active "
    "UNION ALL SELECT v.product_id, v.id, -h.quantity {of} JOIN stock_hold h ON h.variant_id = v.id "
    "WHERE v.product_id IN ({ids}) AND v.active AND h.expires_at > ?) AS counted "
    "GROUP BY product, variant) AS each_one GROUP BY product"
)
_OF = "FROM variant v JOIN price r ON r.variant_id = v.id AND r.currency = ?"
# Of each variant that is there yet: how many others hold, and what lies where, in the order in which it is taken.
_LYING = (
    "SELECT v.id, p.active, s.place_id, s.pieces, (SELECT COALESCE(SUM(h.quantity), 0) FROM stock_hold h "
    "WHERE h.variant_id = v.id AND h.expires_at > ? AND h.order_id <> ?) AS held FROM variant v "
    "LEFT JOIN stock s ON s.variant_id = v.id LEFT JOIN place p ON p.id = s.place_id "
    "WHERE v.id IN ({ids}) ORDER BY v.id, p.position, p.id"
)
#: Pieces of the variant `v` that are free at a moment.
FREE = (
    "(SELECT COALESCE(SUM(pieces), 0) FROM stock JOIN place ON place.id = place_id "
    "WHERE place.active AND variant_id = v.id) - (SELECT COALESCE(SUM(quantity), 0) FROM stock_hold "
    "WHERE variant_id = v.id AND expires_at > ?)"
)
_MOVE = "UPDATE stock SET pieces = pieces + ? WHERE variant_id = ? AND place_id = ?"
_RELEASE = "DELETE FROM stock_hold WHERE order_id = ?"


async def available(variants: Iterable[int], now: datetime, *, besides: int | None = None) -> dict[int, int]:
    """Free pieces by variant id, never below zero; holds of the order `besides` do not count."""
    ids = sorted(set(variants))
    if not ids:
        return {}
    sql = _FREE.format(ids=marks(len(ids)), besides="" if besides is None else "AND order_id <> ? ")
    found = await fetch(sql, [*ids, *ids, now, *([] if besides is None else [besides])])
    free = {int(row["variant_id"]): int(row["free"]) for row in found}
    return {id_: max(0, free.get(id_, 0)) for id_ in ids}


async def of_products(products: Sequence[int], currency: str, now: datetime) -> dict[int, int]:
    """Free pieces of what is sold in a currency, by product; one without any may be missing."""
    if not products:
        return {}
    sql = _FREE_OF.format(of=_OF, ids=marks(len(products)))
    rows = await fetch(sql, [currency, *products, currency, *products, now])
    return {int(row["product"]): int(row["free"]) for row in rows}


def held(order_id: int, wanted: Iterable[tuple[Variant, int]], until: datetime) -> Statement:
    """What keeps so many pieces of each for an unpaid order."""
    return insertion(
        StockHold(
            order_id=order_id,
            product_id=variant.product_id,
            variant_id=variant.id,
            quantity=quantity,
            expires_at=until,
        )
        for variant, quantity in wanted
    )


async def hold_until(order_id: int, until: datetime) -> None:
    """Keep what the order holds for longer."""
    await StockHold.filter(order_id=order_id, expires_at__lt=until).update(expires_at=until)


async def release(order_id: int) -> None:
    """Let go of what the order held."""
    await execute(client(), [(_RELEASE, [(order_id,)])])


async def sell(order_id: int, now: datetime) -> bool:
    """Turn what the order held into sold pieces; an order that holds nothing any more takes free ones.

    False, and nothing changed, when others have them by now.
    """
    wanted = await _locked(order_id)
    found = await fetch(_LYING.format(ids=marks(len(wanted))), [now, order_id, *wanted]) if wanted else []
    picks: list[StockPick] = []
    for variant, rows in groupby(found, itemgetter("id")):
        held, lying = 0, []
        for row in rows:
            held = int(row["held"])
            if row["active"]:
                lying.append((int(row["place_id"]), int(row["pieces"])))
        if sum(pieces for _, pieces in lying) - held < wanted[variant]:
            return False
        picks += [
            StockPick(order_id=order_id, variant_id=variant, place_id=place, quantity=count)
            for place, count in _from(lying, wanted[variant])
        ]
    moved = [(-pick.quantity, pick.variant_id, pick.place_id) for pick in picks]
    await execute(client(), [(_MOVE, moved), insertion(picks), (_RELEASE, [(order_id,)])])
    return True


async def cover(order_id: int, lines: Collection[int], now: datetime) -> None:
    """Who counts these lines of the order has sold them already: what lies too little here for that lies here."""
    rows = await OrderLine.filter(id__in=list(lines))
    await locks.products(line.product_id for line in rows if line.product_id is not None)
    wanted = _pieces(rows)
    found = await fetch(_LYING.format(ids=marks(len(wanted))), [now, order_id, *wanted]) if wanted else []
    moved = []
    for variant, group in groupby(found, itemgetter("id")):
        lying = [row for row in group if row["active"]]
        lacks = wanted[variant] + sum(int(row["held"]) for row in lying[:1]) - sum(int(row["pieces"]) for row in lying)
        if lying and lacks > 0:
            moved.append((lacks, variant, int(lying[0]["place_id"])))
    if moved:
        await execute(client(), [(_MOVE, moved)])


async def restock(order_id: int, pieces: Mapping[int, int] | None = None) -> None:
    """Put sold pieces back where they were taken from: so many of each variant, or all."""
    sold = await _locked(order_id)
    wanted = sold if pieces is None else dict(pieces)
    picks = await StockPick.filter(order_id=order_id).order_by("id")
    left = dict(wanted)
    for pick in picks:
        back = pick.quantity if pieces is None else min(pick.quantity, left.get(pick.variant_id, 0))
        left[pick.variant_id] = left.get(pick.variant_id, 0) - back
        await _move(pick.variant_id, pick.place_id, back)
        await StockPick.filter(id=pick.id).update(quantity=pick.quantity - back)
    await StockPick.filter(order_id=order_id, quantity=0).delete()
    if not picks:  # the release before sold them, and knew of one place, wherever it stands in the list by now
        place = await Place.get_or_none(code=MAIN, active=True) or await _first_sold_from() or await main()
        for variant in await Variant.filter(id__in=list(wanted)).order_by("id"):
            await Stock.get_or_create({"pieces": 0}, variant_id=variant.id, place_id=place.id)
            await _move(variant.id, place.id, wanted[variant.id])


async def put(variant_id: int, place_id: int, pieces: int) -> int:
    """So many lie there now, by somebody's count; returns how many lay there before. Lock the variant first."""
    known = await Stock.get_or_none(variant_id=variant_id, place_id=place_id)
    if known is None:
        await Stock.create(variant_id=variant_id, place_id=place_id, pieces=pieces)
    elif known.pieces != pieces:
        await Stock.filter(id=known.id).update(pieces=pieces)
    return known.pieces if known else 0


async def main() -> Place:
    """The first place; it is made where there is none."""
    first = await Place.all().order_by("position", "id").first()
    return first or (await Place.get_or_create(code=MAIN, defaults={"name": MAIN_NAME}))[0]


async def _first_sold_from() -> Place | None:
    return await Place.filter(active=True).order_by("position", "id").first()


async def _locked(order_id: int) -> dict[int, int]:
    """The order's pieces by variant, the products of which are locked from here on."""
    lines = await every(OrderLine, "WHERE order_id = ?", (order_id,))
    await locks.products(line.product_id for line in lines if line.product_id is not None)
    return _pieces(lines)


def _pieces(lines: Sequence[OrderLine]) -> dict[int, int]:
    """Pieces by variant that were not cancelled; a line whose variant was deleted has nothing left to count."""
    pieces: dict[int, int] = {}
    for line in lines:
        if line.variant_id is not None:
            pieces[line.variant_id] = pieces.get(line.variant_id, 0) + line.quantity - line.cancelled
    return pieces


def _from(lying: Sequence[tuple[int, int]], pieces: int) -> list[tuple[int, int]]:
    """The first place that has them all, else one after another, with how many to take there."""
    for place, there in lying:
        if there >= pieces:
            return [(place, pieces)]
    found = []
    for place, there in lying:
        count = min(pieces, max(0, there))
        pieces -= count
        if count:
            found.append((place, count))
    return found


async def _move(variant: int, place: int, count: int) -> None:
    await execute(client(), [(_MOVE, [(count, variant, place)])])
