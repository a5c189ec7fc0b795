"""How much of a product is free: the shelf minus what unpaid orders hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tortoise.functions import Sum

from models import Product, StockHold


async def available(products: Sequence[Product], now: datetime, *, besides: int | None = None) -> dict[int, int]:
    """Free pieces by product id, never below zero; holds of the order `besides` do not count."""
    held = StockHold.filter(product_id__in=[product.id for product in products], expires_at__gt=now)
    if besides is not None:
        held = held.exclude(order_id=besides)
    sums = await held.annotate(total=Sum("quantity")).group_by("product_id").values_list("product_id", "total")
    taken = {int(product): int(total) for product, total in sums}
    return {product.id: max(0, product.stock - taken.get(product.id, 0)) for product in products}
