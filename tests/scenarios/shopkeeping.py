"""A small shelf for scenarios."""

from __future__ import annotations

from bot.core.money import Money
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Product
from tests.kit.simulator import Simulator
from tests.unit.services.shop import stocked


async def stock(sim: Simulator, sku: str = "LJ", price: int = 6800, pieces: int = 5, name: str = "Longjing") -> Product:
    """One product on the shelf."""
    spec = ProductSpec(
        sku,
        {"en": name, "zh": f"{name}茶"},
        [VariantSpec(sku, [PriceSpec(Money(price, "CNY"))])],
        description={"en": "Green", "zh": "绿茶"},
    )
    return await stocked(spec, {sku: {"main": pieces}}, sim.now)
