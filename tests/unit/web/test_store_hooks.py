"""What a shop tells: kept once when it is the shop's, and asked for; forged, it changes nothing and leaves a row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bot.runtime.store_syncing import Connected
from bot.settings.secret import Secret
from bot.stores.shopify.settings import Settings as ShopifySettings
from bot.stores.shopify.store import Shopify
from bot.stores.woocommerce import Settings
from bot.stores.woocommerce.store import WooCommerce
from models import Audit, Order, Product, StoreHint, StoreOrder, StoreProblem
from tests.kit.platforms import shopify as fake_shopify
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.shopify import ShopifyServer
from tests.kit.platforms.woocommerce import HOOK_SECRET, KEY, SECRET, WooCommerceServer
from tests.unit.services.shop import Shop
from tests.unit.web.running import Site

PATH = "/hooks/store/woocommerce"


@pytest.fixture
async def shop(site: Site) -> AsyncIterator[WooCommerceServer]:
    async with WooCommerceServer(datetime(2026, 11, 21, tzinfo=UTC)) as server:
        told = {"consumer_key": Secret(KEY), "consumer_secret": Secret(SECRET), "webhook_secret": Secret(HOOK_SECRET)}
        store = WooCommerce(Settings(url=server.base, **told))
        site.runtime.connected = [Connected(store, "en", every=3600)]
        yield server
        await site.runtime.stores.stop()
        await site.runtime.stores.close()


async def posts(site: Site, delivery: Delivery, body: bytes | None = None) -> int:
    data = delivery.body if body is None else body
    return await site.status("POST", PATH, data=data, headers=dict(delivery.headers))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.02)


async def on_shelf() -> dict[str, tuple[str, bool]]:
    return {row.external_id or "": (row.name["en"], row.active) for row in await Product.all()}


async def test_what_a_shop_tells_is_asked_for_at_once(site: Site, shop: WooCommerceServer) -> None:
    row = shop.sells(1, "Longjing")
    site.runtime.stores.start()
    await until(lambda: _is({"1": ("Longjing", True)}))
    shop.sells(1, "Dragon Well")
    delivery = shop.tells("product.updated", row)
    assert await posts(site, delivery) == 200
    await until(lambda: _is({"1": ("Dragon Well", True)}))
    assert await posts(site, delivery) == 200  # it comes once more
    assert await StoreHint.all().count() == 1
    shop.bins(1)
    assert await posts(site, shop.tells("product.deleted", {"id": 1})) == 200
    await until(lambda: _is({"1": ("Dragon Well", False)}))
    await until(_all_are_asked_for)
    [refusal] = shop.refusals
    assert "woocommerce_rest_product_invalid_id" in refusal


async def _all_are_asked_for() -> bool:
    return not await StoreHint.filter(done_at=None).exists()


async def _is(wanted: dict[str, tuple[str, bool]]) -> bool:
    return await on_shelf() == wanted


async def test_what_is_forged_or_no_business_of_ours_is_not_kept(site: Site, shop: WooCommerceServer) -> None:
    good = shop.tells("product.updated", {"id": 1})
    assert await posts(site, good, good.body.replace(b"1", b"2")) == 401
    assert await posts(site, shop.tells("product.updated", {"id": 1}, secret="other")) == 401
    assert await posts(site, shop.tells("product.updated", {"name": "no id"})) == 400
    assert await posts(site, shop.tells("coupon.updated", {"id": 1})) == 200
    assert await site.status("POST", PATH, data={"webhook_id": "7"}) == 200  # the ping with which it tries us
    assert await site.status("POST", "/hooks/store/shopify", data=b"{}") == 404
    assert await StoreHint.all().count() == 0
    assert [(row.action, row.object) for row in await Audit.all()] == [
        ("hook.forged", "store:woocommerce from 127.0.0.1 (1)")
    ]


@pytest.fixture
async def shopify(site: Site) -> AsyncIterator[ShopifyServer]:
    async with ShopifyServer(datetime(2026, 11, 21, tzinfo=UTC)) as server:
        told = {"access_token": Secret(fake_shopify.TOKEN), "client_secret": Secret(fake_shopify.SECRET)}
        store = Shopify(ShopifySettings(shop=fake_shopify.SHOP, api_base=server.base, **told))
        site.runtime.connected = [Connected(store, "en", every=3600)]
        yield server
        await site.runtime.stores.close()


async def test_what_shopify_asks_of_everybody_with_data_is_done(site: Site, shopify: ShopifyServer) -> None:
    shop = Shop()
    await shop.product()
    orders = [await shop.buys(await shop.customer()) for _ in range(2)]
    for number, order in enumerate(orders, 700):
        await StoreOrder.create(order_id=order.id, store="shopify", state="sent", external_id=str(number), at=shop.now)

    async def asks(topic: str, **body: object) -> list[tuple[str, str]]:
        said = shopify.tells(topic, {"shop_domain": fake_shopify.SHOP, "customer": {"id": 9}, **body})
        forged = {**said.headers, "X-Shopify-Hmac-Sha256": "forged"}
        assert await site.status("POST", "/hooks/store/shopify", data=said.body, headers=forged) == 401
        assert await site.status("POST", "/hooks/store/shopify", data=said.body, headers=dict(said.headers)) == 200
        return [(row.code, row.external_id) for row in await StoreProblem.all().order_by("id")]

    first, second = [await Order.get(id=order.id) for order in orders]
    asked = ("data_request", f"person:{first.contact_id}")
    assert await asks("customers/data_request", orders_requested=[700, 55]) == [asked]
    unknown = ("forget_whom", "customer:9")
    assert await asks("customers/redact", orders_to_redact=[55]) == [asked, unknown]
    assert (await Order.get(id=first.id)).name == "Ann Lee"
    assert await asks("customers/redact", orders_to_redact=[700]) == [unknown]
    assert [(await Order.get(id=one.id)).name for one in (first, second)] == ["", "Ann Lee"]
    await Product.filter(sku="tea").update(store="shopify", external_id="1")
    assert await asks("shop/redact") == [("shop_left", "shop")]
    assert await Product.filter(store="shopify").count() == await StoreOrder.all().count() == 0
    done = await Audit.filter(action__startswith="store.").order_by("id").values_list("action", flat=True)
    assert done == ["store.customers.data_request", *["store.customers.redact"] * 2, "store.shop.redact"]
