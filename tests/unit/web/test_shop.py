"""The shop's pages for anybody: all that is for sale is there."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from bot.core.money import Money
from bot.services import product_pictures, product_search, products
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Attachment, Contact, Price, Product, Review, Variant
from tests.kit.profiles import PROFILES
from tests.kit.simulator import SimChannel
from tests.unit.services.shop import stocked
from tests.unit.web.running import Site
from web import shelf, sitemap

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}<!--"


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
    await product_search.mend()
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


def data(page: str) -> list[dict[str, Any]]:
    """The blocks of data of a page, as a search engine finds them."""
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return [json.loads(one) for one in blocks]


def forbidden(page: str) -> list[str]:
    """What the content policy would stop, and pictures that nobody put there."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            named = dict(attrs)
            if tag == "script" and "src" not in named and named.get("type") != "application/ld+json":
                found.append("script")
            found.extend(name for name in named if name.startswith("on") or name == "style" or named[name] == "x")

    Reader().feed(page)
    return found


def cost(sku: str, amount: int, *values: dict[str, str], compare_at: int | None = None) -> VariantSpec:
    was = Money(compare_at, "CNY") if compare_at else None
    return VariantSpec(sku, [PriceSpec(Money(amount, "CNY"), was)], values)


@pytest.fixture
async def tea(site: Site) -> Product:
    """In two sizes, of which one is sold out; two people have reviewed it, and somebody another one."""
    now = site.clock()
    spec = ProductSpec(
        "tea/1 %",
        {"en": "Green tea", "zh": "绿茶"},
        [cost("tea-s", 2000, {"en": "50 g"}, compare_at=2500), cost("tea-l", 9000, {"en": "250 g"})],
        description={"en": "Fresh.", "zh": "新茶。"},
        category="tea",
        category_name={"en": "Tea", "zh": "茶叶"},
        options=[{"en": "Weight"}],
    )
    row = await stocked(spec, {"tea-s": {"main": 3}}, now)
    other = await products.save(ProductSpec("cup", {"en": "Cup"}, [cost("cup", 500)]), now)
    ann = await Contact.create(created_at=now, updated_at=now)
    for product, stars, state in (
        (row, 5, "accepted"),
        (row, 4, "accepted"),
        (row, 1, "pending"),
        (other, 1, "accepted"),
    ):
        facts = {"contact": ann, "product": product, "state": state, "created_at": now, "updated_at": now}
        await Review.create(stars=stars, text=f"{stars} of 5", display_name="Ann L.", **facts)
    return row


async def test_a_product_is_told_to_people_and_to_search_engines(site: Site, tea: Product) -> None:
    page = await read(site, "/shop/tea%2F1%20%25?lang=en")
    for words in ("Green tea", "from ¥20.00", "50 g", "¥90.00", "¥25.00", "Only a few left", "Sold out", "4 of 5"):
        assert words in page
    assert "1 of 5" not in page
    assert 'data-taps="add:tea-s"' in page
    assert 'data-taps="tell:tea-l"' in page
    told, way = data(page)
    public = site.settings.public_url
    url = f"{public}/shop/tea%2F1%20%25"
    assert (told["@type"], told["name"], told["sku"], told["url"]) == (
        "Product",
        "Green tea",
        "tea/1 %",
        f"{url}?lang=en",
    )
    offers = told["offers"]
    assert [offers[name] for name in ("lowPrice", "highPrice", "priceCurrency")] == ["20.00", "90.00", "CNY"]
    assert [(one["sku"], one["price"], one["availability"]) for one in offers["offers"]] == [
        ("tea-s", "20.00", "https://schema.org/InStock"),
        ("tea-l", "90.00", "https://schema.org/OutOfStock"),
    ]
    assert (told["aggregateRating"]["ratingValue"], told["aggregateRating"]["reviewCount"]) == (4.5, 2)
    assert [one["reviewRating"]["ratingValue"] for one in told["review"]] == [4, 5]
    assert [one["name"] for one in way["itemListElement"]] == ["All products", "Tea", "Green tea"]
    assert f'<link rel="canonical" href="{url}?lang=en">' in page
    assert f'<link rel="alternate" hreflang="zh" href="{url}?lang=zh">' in page
    assert f'<link rel="alternate" hreflang="x-default" href="{url}">' in page
    chinese = data(await read(site, "/shop/tea%2F1%20%25?lang=zh"))[0]
    assert (chinese["name"], chinese["description"], chinese["category"]) == ("绿茶", "新茶。", "茶叶")


async def test_all_pictures_of_a_product_are_shown_without_a_script(site: Site, tea: Product) -> None:
    facts = {"kind": "image", "created_at": site.clock(), "storage_key": "x", "public": True}
    seen = [
        (await Attachment.create(**facts, state="stored", display_key="x", thumb_key=small, width=900, height=600)).id
        for small in ("t", "", "t")
    ]
    pending = await Attachment.create(**facts, state="pending")

    async def told(*ids: int) -> tuple[str, dict[str, Any]]:
        await product_pictures.put(tea.id, ids)
        page = await read(site, "/shop/tea%2F1%20%25?lang=en")
        return page, data(page)[0]

    page, told_of = await told(seen[2], pending.id, seen[0], seen[1])
    addresses = [f"/pictures/{id_}/d" for id_ in (seen[2], seen[0], seen[1])]
    assert told_of["image"] == [site.settings.public_url + address for address in addresses]
    assert re.findall(r'<img id="(picture-\d)" src="([^"]*)"', page) == [
        (f"picture-{number}", address) for number, address in enumerate(addresses, 1)
    ]
    assert re.findall(r'<a href="#(picture-\d)"><img src="([^"]*)" alt="(Picture \d)"', page) == [
        ("picture-1", f"/pictures/{seen[2]}/t", "Picture 1"),
        ("picture-2", f"/pictures/{seen[0]}/t", "Picture 2"),
        ("picture-3", f"/pictures/{seen[1]}/d", "Picture 3"),
    ]
    assert forbidden(page) == []
    page, told_of = await told(seen[0])
    assert ("thumbs" in page, len(told_of["image"]), "og:image" in page) == (False, 1, True)
    page, told_of = await told()
    assert ("image" in told_of, "og:image" in page) == (False, False)


async def test_hostile_words_stay_words_in_pages_and_data(site: Site) -> None:
    names = {"en": HOSTILE}
    sku = '"><script>&'
    variants = [cost(f"{sku}{number}", 100, {"en": f"{number}{HOSTILE}"[:60]}) for number in (1, 2)]
    spec = ProductSpec(sku, names, variants, description=names, category=HOSTILE[:64], options=[{"en": HOSTILE[:60]}])
    await products.save(spec, site.clock())
    page = await read(site, f"/shop/{quote(sku, safe='')}")
    assert data(page)[0]["name"] == HOSTILE
    for text in (page, await read(site, "/shop")):
        assert forbidden(text) == []
        assert "49" not in text.replace("&#39;", "").partition("<main")[2]
    assert "<script>" not in await read(site, "/sitemap.xml")


async def test_what_is_not_for_sale_has_no_page(site: Site, tea: Product) -> None:
    await products.sell(tea.id, active=False, now=site.clock())
    await read(site, "/shop/tea%2F1%20%25", 404)
    await read(site, "/shop/nothing", 404)


async def test_a_page_that_is_known_is_not_sent_again(site: Site, tea: Product) -> None:
    for path in ("/", "/shop", "/shop/cup"):
        async with site.client.get(site.url + path) as first:
            known = {"If-None-Match": first.headers["ETag"]}
        async with site.client.get(site.url + path, headers=known) as again:
            assert (again.status, await again.read()) == (304, b"")
        async with site.client.get(site.url + path, headers=known | {"Accept-Language": "zh"}) as other:
            assert other.status == 200


async def test_only_what_is_public_has_an_address_that_stays(site: Site) -> None:
    facts = {"kind": "image", "state": "stored", "created_at": site.clock(), "display_key": "x", "storage_key": "x"}
    closed = await Attachment.create(**facts, public=False)
    for path in (f"{closed.id}/d", f"{closed.id}/o", "999/d", "x/d"):
        assert await site.status("GET", f"/pictures/{path}") == 404


async def test_search_engines_find_every_page_and_no_private_one(
    site: Site, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    robots = await read(site, "/robots.txt")
    assert f"Sitemap: {site.settings.public_url}/sitemap.xml" in robots
    assert {"/api/", "/desk", "/order/", "/files/"} <= set(re.findall(r"Disallow: (\S+)", robots))
    whole = re.findall(r"<loc>(.*?)</loc>", await read(site, "/sitemap.xml"))
    assert (len(whole), len(set(whole))) == (2 * (len(many) + 3), len(whole))
    monkeypatch.setattr(sitemap, "PART", 50)
    index = re.findall(r"<loc>(.*?)</loc>", await read(site, "/sitemap.xml"))
    parts = [one.removeprefix(site.settings.public_url) for one in index]
    assert parts == ["/sitemap/1.xml", "/sitemap/2.xml", "/sitemap/3.xml"]
    split = [url for path in parts for url in re.findall(r"<loc>(.*?)</loc>", await read(site, path))]
    assert split == whole
    await read(site, "/sitemap/4.xml", 404)


async def test_the_list_is_searched_and_chosen_from_without_a_script(site: Site, tea: Product) -> None:
    async def shown(query: str) -> list[str]:
        return re.findall(r"<h3><a [^>]*>([^<]*)", await read(site, f"/shop?lang=en&{query}"))

    await products.save(
        ProductSpec("pot", {"en": "Pot"}, [cost("pot", 700)], category="ware", position=-1), site.clock()
    )
    assert await shown("") == ["Pot", "Green tea", "Cup"]
    assert (await shown("sort=dear"), await shown("sort=nothing")) == (["Green tea", "Pot", "Cup"], await shown(""))
    assert (await shown("category=ware"), await shown("q=%20GREEN%00"), await shown("q=%E7%BB%BF%E8%8C%B6")) == (
        ["Pot"],
        ["Green tea"],
        ["Green tea"],
    )
    page = await read(site, "/shop?lang=en&category=tea&sort=cheap&q=nothing")
    assert "Nothing has all of these words" in page
    assert '<meta name="robots" content="noindex">' in page
    assert f'<link rel="canonical" href="{site.settings.public_url}/shop?category=tea&amp;lang=en">' in page
    addresses = [html.unescape(one) for one in re.findall(r'href="(/shop\?[^"]*)"', page)]
    assert "/shop?q=nothing&category=ware&sort=cheap&lang=en" in addresses
    green = html.unescape(await read(site, "/shop?lang=en&category=tea&q=green"))
    assert 'href="/shop?q=green&category=tea&sort=new&lang=en"' in green
    assert html.escape(HOSTILE) not in await read(site, f"/shop?q={quote(HOSTILE)}")
    assert forbidden(await read(site, f"/shop?q={quote(HOSTILE)}")) == []
    chinese = await read(site, "/shop?lang=zh&category=tea")
    assert ('<h1 id="products">茶叶</h1>' in chinese, "全部</a>" in chinese, ">ware <span>1</span>" in chinese) == (
        True,
        True,
        True,
    )
    _, body = await site.json("GET", "/api/shop/products", headers={"Accept-Language": "zh"})
    assert [(one["category"], one["category_name"]) for one in body["items"][:2]] == [("ware", "ware"), ("tea", "茶叶")]
    for query in ("category=none", "page=2", "q=green&page=2"):
        await read(site, f"/shop?{query}", 404)


async def test_categories_are_not_counted_at_each_view(site: Site, tea: Product) -> None:
    now = 100.0
    kinds = shelf.Kinds(lambda: now)

    async def counts() -> list[tuple[str, int]]:
        return [(one.code, one.count) for one in await kinds.of("CNY")]

    assert await counts() == [("tea", 1)]
    await products.save(ProductSpec("pot", {"en": "Pot"}, [cost("pot", 700)], category="tea"), site.clock())
    now += shelf.SECONDS - 0.1
    assert await counts() == [("tea", 1)]
    now += 0.1
    assert await counts() == [("tea", 2)]


@pytest.mark.parametrize("sku", ["%00", "x" * 65, "%FF", "%ED%A0%80", "..%2F", "%25"])
async def test_no_address_of_a_product_breaks_the_page(site: Site, sku: str) -> None:
    await read(site, f"/shop/{sku}", 404)


async def test_other_apps_open_with_the_product(site: Site, tea: Product) -> None:
    site.runtime.channels["telegram"] = SimChannel("telegram", PROFILES["telegram"])
    page = await read(site, "/shop/tea%2F1%20%25?lang=zh")
    (address,) = [html.unescape(one) for one in re.findall(r'rel="nofollow" href="([^"]*)"', page)]
    async with site.client.get(site.url + address, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (
            303,
            f"https://telegram.test/?start=product-{tea.id}",
        )
    for path in ("/go/none?product=cup", "/go/telegram?product=none", "/go/webchat?product=cup"):
        await read(site, path, 404)
    for _ in range(6):
        await site.status("GET", address)
    await read(site, address, 429)
