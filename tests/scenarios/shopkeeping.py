"""A small shelf for scenarios."""

from __future__ import annotations

from models import Product
from tests.kit.simulator import Simulator


async def stock(sim: Simulator, sku: str = "LJ", price: int = 6800, pieces: int = 5, name: str = "Longjing") -> Product:
    """One product on the shelf."""
    return await Product.create(
        sku=sku,
        name={"en": name, "zh": f"{name}茶"},
        description={"en": "Green", "zh": "绿茶"},
        price=price,
        currency="CNY",
        stock=pieces,
        updated_at=sim.now,
    )
