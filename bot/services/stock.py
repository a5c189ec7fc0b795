"""Pieces are counted once: on the shelf, held by an unpaid order, or sold.

Whatever changes them runs under the products' row locks (`models.locks.products`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tortoise.expressions import F
from tortoise.functions import Sum

from models import OrderLine, Product, StockHold, locks


async def available(products: Iterable[Product], now: datetime, *, besides: int | None = None) -> dict[int, int]:
    """Free pieces by product id, never below zero; holds of the order `besides` do not count."""
    shelf = {product.id: product.stock for product in products}
    held = StockHold.filter(product_id__in=list(shelf), expires_at__gt=now)
    if besides is not None:
        held = held.exclude(order_id=besides)
    sums = await held.annotate(total=Sum("quantity")).group_by("product_id").values_list("product_id", "total")
    taken = {int(product): int(total) for product, total in sums}
    return {product: max(0, pieces - taken.get(product, 0)) for product, pieces in shelf.items()}


async def hold(order_id: int, quantities: dict[int, int], until: datetime) -> None:
    """Keep pieces (by product id) for an unpaid order."""
    await StockHold.bulk_create(
        StockHold(order_id=order_id, product_id=product, quantity=quantity, expires_at=until)
        for product, quantity in quantities.items()
    )


async def release(order_id: int) -> None:
    """Let go of what the order held."""
    await StockHold.filter(order_id=order_id).delete()


async def sell(order_id: int, now: datetime) -> bool:
    """Turn what the order held into sold pieces; an order that holds nothing any more takes free ones.

    False, and nothing changed, when others have them by now.
    """
    wanted = _pieces(await OrderLine.filter(order_id=order_id))
    products = await locks.products(wanted)
    free = await available(products.values(), now, besides=order_id)
    if any(free[product] < wanted[product] for product in products):
        return False
    await _move({product: -wanted[product] for product in products}, now)
    await release(order_id)
    return True


async def restock(order_id: int, now: datetime) -> None:
    """Put sold pieces back on the shelf."""
    wanted = _pieces(await OrderLine.filter(order_id=order_id))
    products = await locks.products(wanted)
    await _move({product: wanted[product] for product in products}, now)


def _pieces(lines: Sequence[OrderLine]) -> dict[int, int]:
    """Pieces by product; a line whose product was deleted has nothing left to count."""
    pieces: dict[int, int] = {}
    for line in lines:
        if line.product_id is not None:
            pieces[line.product_id] = pieces.get(line.product_id, 0) + line.quantity
    return pieces


async def _move(pieces: dict[int, int], now: datetime) -> None:
    for product, count in sorted(pieces.items()):
        await Product.filter(id=product).update(stock=F("stock") + count, updated_at=now)
