"""Browsing by category, on every channel: offered where there is something to choose, in the customer's language."""

from __future__ import annotations

from bot.core.money import Money
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from handlers.kinds import MOST
from tests.kit.simulator import Simulator
from tests.scenarios.shopkeeping import stock
from tests.unit.services.shop import stocked


async def shelved(sim: Simulator, sku: str, category: str, called: dict[str, str] | None = None) -> None:
    spec = ProductSpec(
        sku,
        {"en": f"Good {sku}", "zh": f"好{sku}"},
        [VariantSpec(sku, [PriceSpec(Money(500, "CNY"))])],
        category=category,
        category_name=called,
    )
    await stocked(spec, {sku: {"main": 5}}, sim.now)


async def test_products_are_browsed_by_category(sim: Simulator) -> None:
    await stock(sim)
    await shelved(sim, "cup", "teaware", {"en": "Teaware", "zh": "茶具"})
    ann = await sim.customer()
    await ann.says("/shop")
    assert await ann.times("Categories") == 0  # one is no choice
    for number in range(MOST):
        await shelved(sim, f"t{number}", f"category {number}")
    await ann.says("/shop")
    await ann.picks("Categories")
    assert "What are you looking for?" in (await ann.last()).text
    await ann.picks("More")
    await ann.picks("Teaware")
    assert await ann.sees("Teaware: here is what we have.")
    assert await ann.sees("Good cup")
    bo = await sim.customer(locale="zh-CN")
    await bo.says("分类")
    await bo.picks("更多")
    await bo.picks("茶具")
    assert await bo.sees("好cup")
