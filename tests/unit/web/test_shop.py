"""The shop's pages for anybody: all that is for sale is there."""

from __future__ import annotations

import html
import re

import pytest

from models import Price, Product, Variant
from tests.unit.web.running import Site


async def read(site: Site, path: str, status: int = 200) -> str:
    async with site.client.get(site.url + path, headers={"Accept": "text/html"}) as response:
        assert response.status == status
        return await response.text()


@pytest.fixture
async def many(site: Site) -> list[str]:
    """More products than fit on a page, and than fit into an answer; their names in the shop's order."""
    now, ids = site.clock(), range(1, 131)
    names = [f"Tea no. {id_:03}" for id_ in ids]
    await Product.bulk_create(
        Product(id=id_, sku=f"T{id_}", name={"en": names[id_ - 1]}, description={}, position=id_, updated_at=now)
        for id_ in ids
    )
    await Variant.bulk_create(Variant(id=id_, product_id=id_, sku=f"T{id_}", updated_at=now) for id_ in ids)
    await Price.bulk_create(Price(variant_id=id_, currency="CNY", amount=100 + id_) for id_ in ids)
    return names


async def test_links_lead_to_every_product_and_back(site: Site, many: list[str]) -> None:
    first = await read(site, "/?lang=en")
    assert re.findall(r"<h3>.*?(Tea no\. \d+)", first) == many[:12]
    found, pages, address = [], [], html.unescape(re.findall(r'href="(/shop\?[^"]*)"', first)[0])
    while address:
        pages.append(address)
        page = await read(site, address)
        found += re.findall(r"<h3>.*?(Tea no\. \d+)", page)
        back = [html.unescape(one) for one in re.findall(r'rel="prev" href="([^"]*)"', page)]
        assert back == pages[-2:-1]
        address = html.unescape("".join(re.findall(r'rel="next" href="([^"]*)"', page)))
    assert (found, len(pages)) == (many, 6)
    for number in ("7", "9" * 18):
        await read(site, f"/shop?page={number}", 404)


async def test_the_json_says_where_to_go_on(site: Site, many: list[str]) -> None:
    _, first = await site.json("GET", "/api/shop/products")
    _, rest = await site.json("GET", f"/api/shop/products?first={first['next']}")
    assert [one["name"] for page in (first, rest) for one in page["items"]] == many
    assert (len(first["items"]), rest["next"]) == (100, None)
