"""Pieces are counted once: at a place, held by an unpaid order, or sold.

Whatever changes them runs under the row locks of the products that they are variants of (`models.locks.variants`). A
hold is not of a place: what may be sold is what lies at all active places, less what is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tortoise.expressions import F

from models import OrderLine, Place, Stock, StockHold, StockPick, Variant, locks
from models.database import fetch, marks

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


async def available(variants: Iterable[int], now: datetime, *, besides: int | None = None) -> dict[int, int]:
    """Free pieces by variant id, never below zero; holds of the order `besides` do not count."""
    ids = sorted(set(variants))
    if not ids:
        return {}
    sql = _FREE.format(ids=marks(len(ids)), besides="" if besides is None else "AND order_id <> ? ")
    found = await fetch(sql, [*ids, *ids, now, *([] if besides is None else [besides])])
    free = {int(row["variant_id"]): int(row["free"]) for row in found}
    return {id_: max(0, free.get(id_, 0)) for id_ in ids}


async def hold(order_id: int, wanted: Iterable[tuple[Variant, int]], until: datetime) -> None:
    """Keep so many pieces of each for an unpaid order."""
    await StockHold.bulk_create(
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
    await StockHold.filter(order_id=order_id).delete()


async def sell(order_id: int, now: datetime) -> bool:
    """Turn what the order held into sold pieces; an order that holds nothing any more takes free ones.

    False, and nothing changed, when others have them by now.
    """
    wanted = _pieces(await OrderLine.filter(order_id=order_id))
    wanted = {variant: wanted[variant] for variant in await locks.variants(wanted)}
    free = await available(wanted, now, besides=order_id)
    if any(free[variant] < pieces for variant, pieces in wanted.items()):
        return False
    await _pick(order_id, wanted)
    await release(order_id)
    return True


async def restock(order_id: int) -> None:
    """Put sold pieces back where they were taken from."""
    wanted = _pieces(await OrderLine.filter(order_id=order_id))
    there = await locks.variants(wanted)
    picks = await StockPick.filter(order_id=order_id).order_by("id")
    for pick in picks:
        await _move(pick.variant_id, pick.place_id, pick.quantity)
    await StockPick.filter(order_id=order_id).delete()
    if not picks:  # the release before sold them, and knew of one place, wherever it stands in the list by now
        place = await Place.get_or_none(code=MAIN) or await main()
        for variant in there:
            await Stock.get_or_create({"pieces": 0}, variant_id=variant, place_id=place.id)
            await _move(variant, place.id, wanted[variant])


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


def _pieces(lines: Sequence[OrderLine]) -> dict[int, int]:
    """Pieces by variant; a line whose variant was deleted has nothing left to count."""
    pieces: dict[int, int] = {}
    for line in lines:
        if line.variant_id is not None:
            pieces[line.variant_id] = pieces.get(line.variant_id, 0) + line.quantity
    return pieces


async def _pick(order_id: int, wanted: Mapping[int, int]) -> None:
    """Take them from the first place that has all of a variant, else from one after another, and remember where."""
    rows = Stock.filter(variant_id__in=list(wanted), place__active=True, pieces__gt=0)
    lying: dict[int, list[Stock]] = {}
    for row in await rows.order_by("variant_id", "place__position", "place_id"):
        lying.setdefault(row.variant_id, []).append(row)
    picks = []
    for variant, pieces in sorted(wanted.items()):
        for place, count in _from(lying.get(variant, []), pieces):
            await _move(variant, place, -count)
            picks.append(StockPick(order_id=order_id, variant_id=variant, place_id=place, quantity=count))
    await StockPick.bulk_create(picks)


def _from(lying: Sequence[Stock], pieces: int) -> list[tuple[int, int]]:
    """Places with how many to take there."""
    for row in lying:
        if row.pieces >= pieces:
            return [(row.place_id, pieces)]
    found = []
    for row in lying:
        count = min(pieces, row.pieces)
        pieces -= count
        if count:
            found.append((row.place_id, count))
    return found


async def _move(variant: int, place: int, count: int) -> None:
    await Stock.filter(variant_id=variant, place_id=place).update(pieces=F("pieces") + count)
