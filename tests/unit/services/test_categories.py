"""What categories are called: by language, for all products at once, and as they are written where nobody has said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import catalogue, categories, product_search, products
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Category, ForSale, Product
from models.catalogue import Words
from tests.unit.services.shop import NOW, Shop


def spec(sku: str, category: str, name: Words | None = None) -> ProductSpec:
    variants = [VariantSpec(sku, [PriceSpec(Money(100, "CNY"))])]
    return ProductSpec(sku, {"en": sku}, variants, category=category, category_name=name)


async def test_a_category_is_called_once_for_all_its_products(any_shop: Shop) -> None:
    ann = await any_shop.customer()
    bo = replace(ann, locale="zh-TW")
    await products.save(spec("longjing", "tea"), NOW)
    await products.save(spec("gaiwan", "茶具", {"en": "Teaware", "zh": ""}), NOW)
    made = await products.save(spec("puer", "tea", {"zh": "茶叶"}), NOW)

    async def called(*skus: str) -> list[str]:
        found = [await catalogue.product(reader, sku) for reader in (ann, bo) for sku in skus]
        return [one.category_name for one in found]

    assert await called("longjing", "gaiwan") == ["tea", "Teaware", "茶叶", "茶具"]
    assert [(one.code, one.called("zh")) for one in await categories.listed()] == [("tea", "茶叶"), ("茶具", "茶具")]
    assert dict(await categories.codes_of("en")) == {"teaware": "茶具"}
    await product_search.mend()  # the one that nobody has touched since
    for words in ("茶叶", "TEA"):
        assert [one.sku for one in (await product_search.find(ann, words)).products][:1] == ["longjing"], words
    await products.save(spec("puer", "tea", {}), NOW, product_id=made.id)
    await product_search.mend()
    assert (await called("puer"), (await product_search.find(ann, "茶叶")).products) == (["tea", "tea"], ())


async def test_a_name_that_is_too_long_is_refused(shop: Shop) -> None:
    with pytest.raises(Refused, match="too_long"):
        await products.save(spec("longjing", "tea", {"zh": "茶" * 65}), NOW)
    assert not await Category.exists()


async def test_of_more_categories_than_anybody_reads_the_first_are_listed(any_shop: Shop) -> None:
    ann = await any_shop.customer()
    codes = [f"k{number:04}" for number in range(categories.MOST + 5)]
    await Product.bulk_create(
        Product(sku=code, name={"en": code}, description={}, category=code, options=[], updated_at=NOW)
        for code in codes
    )
    rows = await Product.all().values_list("id", "category")
    await ForSale.bulk_create(
        ForSale(product_id=id_, currency=ann.currency, lowest=100, position=0, category=code) for id_, code in rows
    )

    assert [one.code for one in await categories.listed()] == codes[: categories.MOST]
    assert [one.code for one in await categories.sold(ann, codes[2], 2)] == codes[3:5]
