"""Connected shops at the desk: how they stand, what staff have to do, and what was lost; and keys of the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.money import Money
from bot.core.store import Hint
from bot.runtime.store_syncing import Connected
from bot.services import api_keys, products, staff, store_orders, store_privacy, store_states
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.settings.secret import Secret
from bot.stores.woocommerce import Settings
from bot.stores.woocommerce.store import WooCommerce
from models import Audit, Product, StoreConflict, StoreProblem, StoreReview, StoreSync, Variant
from tests.kit.platforms.woocommerce import KEY, SECRET, WooCommerceServer
from tests.unit.web.running import Site
from tests.unit.web.test_store_hooks import until

NAME = "woocommerce"


@pytest.fixture
async def shop(site: Site) -> AsyncIterator[WooCommerceServer]:
    async with WooCommerceServer(datetime(2026, 11, 21, tzinfo=UTC)) as server:
        told = {"consumer_key": Secret(KEY), "consumer_secret": Secret(SECRET), "webhook_secret": Secret("w")}
        site.runtime.connected = [Connected(WooCommerce(Settings(url=server.base, **told)), "en", every=3600)]
        yield server
        await site.runtime.stores.stop()
        await site.runtime.stores.close()


class Desk:
    """Somebody of the staff."""

    def __init__(self, site: Site, csrf: str) -> None:
        self._site, self._headers = site, {"Origin": site.url, "X-CSRF-Token": csrf}

    async def asks(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        return await self._site.json(method, f"/api/desk/{path}", json=body or {}, headers=self._headers)


@pytest.fixture
async def desk(site: Site) -> Desk:
    await staff.add("ada", "Ada", "admin", "a long password", site.clock(), one_time=False)
    body = {"login": "ada", "password": "a long password"}
    _, found = await site.json("POST", "/api/desk/login", json=body, headers={"Origin": site.url})
    return Desk(site, str(found["csrf"]))


async def test_a_shop_is_compared_once_when_staff_ask(site: Site, shop: WooCommerceServer, desk: Desk) -> None:
    (new,) = (await desk.asks("GET", "stores"))[1]["items"]
    assert (new["state"], new["title"], new["next_at"]) == ("new", "WooCommerce", None)
    assert (await desk.asks("POST", f"stores/{NAME}/compare"))[0] == 404  # it was never begun
    shop.sells(1, "Longjing")
    site.runtime.stores.start()
    await until(lambda: StoreSync.filter(store=NAME, state="idle", compared_at__isnull=False).exists())
    (read,) = (await desk.asks("GET", "stores"))[1]["items"]
    assert (read["done"], read["differed"], read["gone"], read["error"]) == (1, 0, 0, "")
    assert read["next_at"] > read["caught_up_at"]
    shop.sells(2, "Oolong")
    answers = await asyncio.gather(*(desk.asks("POST", f"stores/{NAME}/compare") for _ in range(2)))
    assert [status for status, _ in answers] == [200, 200]
    await until(lambda: Product.filter(external_id="2").exists())
    await until(lambda: StoreSync.filter(store=NAME, asked_at=None).exists())
    assert await Audit.filter(action="store.compare").count() == 1
    await site.runtime.stores.stop()
    await store_states.wait(NAME, "it does not answer", timedelta(minutes=2), site.clock())
    status, refused = await desk.asks("POST", f"stores/{NAME}/compare")
    assert (status, refused["error"]["code"]) == (409, "store_rests")
    (waits,) = (await desk.asks("GET", "stores"))[1]["items"]
    assert (waits["error"], waits["next_at"]) == ("it does not answer", "2026-11-22T09:02:00.000Z")


async def test_what_is_done_stays_done_until_it_is_something_else(site: Site, desk: Desk) -> None:
    await store_orders.tell(NAME, "A1", "refunded_there", {"amount": "5 EUR"}, site.clock())
    await store_orders.tell(NAME, "A1", "order_waits", {"why": "late"}, site.clock())
    page = (await desk.asks("GET", "store-problems"))[1]
    (task,) = page["items"]
    assert (task["code"], task["facts"], task["title"], task["task"]) == (
        "refunded_there", {"amount": "5 EUR"}, "A1", True,
    )  # fmt: skip
    (problem,) = (await desk.asks("GET", "store-problems?kind=problems"))[1]["items"]
    assert (await desk.asks("POST", f"store-problems/{problem['id']}/done"))[0] == 404
    for _ in range(2):
        status, answer = await desk.asks("POST", f"store-problems/{task['id']}/done")
        assert (status, answer["problem"]["done_by"]) == (200, "Ada")
    assert await Audit.filter(action="store_problem.done", object=f"store_problem:{task['id']}").count() == 1
    await store_orders.tell(NAME, "A1", "refunded_there", {"amount": "5 EUR"}, site.clock())
    assert (await desk.asks("GET", "store-problems"))[1]["items"] == []
    assert len((await desk.asks("GET", "store-problems?kind=done"))[1]["items"]) == 1
    assert (await desk.asks("GET", "stores"))[1]["counts"] == {"tasks": 0, "problems": 1, "conflicts": 0}
    await store_orders.tell(NAME, "A1", "refunded_there", {"amount": "9 EUR"}, site.clock())
    assert len((await desk.asks("GET", "store-problems"))[1]["items"]) == 1


async def test_who_asks_for_a_person_again_is_heard_again(site: Site, desk: Desk) -> None:
    asked = Hint("k", store_privacy.EXPORT, "privacy", "c7", {})
    for _ in range(2):
        await store_privacy.take(NAME, asked, site.runtime.storage, site.clock(), lambda _: None)
        (task,) = (await desk.asks("GET", "store-problems"))[1]["items"]
        assert (task["code"], task["facts"]) == ("export_whom", {"customer": "c7"})
        await desk.asks("POST", f"store-problems/{task['id']}/done")


async def test_a_page_of_problems_and_the_next_one(site: Site, desk: Desk) -> None:
    for number in range(51):
        await StoreProblem.create(
            store=NAME, external_id=str(number), code="no_price", facts={"sku": "X"}, at=site.clock()
        )
    first = (await desk.asks("GET", "store-problems?kind=problems"))[1]
    second = (await desk.asks("GET", f"store-problems?kind=problems&before={first['next']}"))[1]
    assert (len(first["items"]), len(second["items"]), second["next"]) == (50, 1, None)
    assert (await desk.asks("GET", "store-problems?kind=lost"))[0] == 400


async def test_a_conflict_shows_both_values_and_is_left_so(site: Site, desk: Desk) -> None:
    now = site.clock()
    tea = ProductSpec("TEA", {"en": "Tea"}, [VariantSpec("TEA-50", [PriceSpec(Money(1000, "EUR"))])])
    product = await products.save(tea, now)
    await Product.filter(id=product.id).update(store=NAME, external_id="1")
    await Variant.filter(product_id=product.id).update(store=NAME, external_id="v1")
    about = {"store": NAME, "product": product, "at": now}
    await StoreConflict.create(field="price:v1", ours="1200", theirs="1000", **about)
    await StoreConflict.create(field="name", ours="Tee", theirs="Tea", **about)
    name, price = (await desk.asks("GET", "store-conflicts"))[1]["items"]
    assert (name["field"], name["sku"], name["ours"], name["theirs"]) == ("name", "TEA", "Tee", "Tea")
    assert (price["field"], price["sku"], price["product_id"]) == ("price", "TEA-50", product.id)
    assert ("12" in price["ours"], "€" in price["ours"], "10" in price["theirs"]) == (True, True, True)
    assert (await desk.asks("DELETE", f"store-conflicts/{price['id']}"))[0] == 200
    assert (await desk.asks("DELETE", f"store-conflicts/{price['id']}"))[0] == 404
    assert await Audit.filter(action="store_conflict.forget").count() == 1


async def test_reviews_of_connected_shops_are_a_list_of_their_own(site: Site, desk: Desk) -> None:
    now = site.clock()
    written = {"stars": 5, "text": "Fine", "name": "Ann", "shown": True, "written_at": now, "at": now}
    await StoreReview.create(store=NAME, key="7", external_id="7", state="theirs", **written)
    status, told = await desk.asks("GET", "reviews?state=shop")
    assert (status, [(one["text"], one["store"]) for one in told["items"]]) == (200, [("Fine", NAME)])
    assert (await desk.asks("GET", "reviews?state=lost"))[0] == 400


async def test_a_key_is_shown_once_and_revoked(site: Site, desk: Desk) -> None:
    status, made = await desk.asks("POST", "keys", {"name": "The site", "scopes": ["orders:write", "products:read"]})
    assert (status, made["key"]["by"], made["key"]["scopes"]) == (201, "Ada", ["products:read", "orders:write"])
    assert await api_keys.find(made["secret"], site.clock()) is not None
    _, listed = await desk.asks("GET", "keys")
    assert made["secret"] not in str(listed)
    assert (listed["items"][0]["name"], listed["items"][0]["used_at"] is not None) == ("The site", True)
    status, answer = await desk.asks("POST", f"keys/{made['key']['id']}/revoke")
    assert (status, answer["key"]["revoked_at"] is not None) == (200, True)
    assert await api_keys.find(made["secret"], site.clock()) is None
    assert (await desk.asks("POST", "keys/99/revoke"))[0] == 404
    for wrong in ({"name": "", "scopes": ["orders:read"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["?"]}):
        assert (await desk.asks("POST", "keys", wrong))[0] == 422
    assert await Audit.filter(action__startswith="api_key.", staff_id__isnull=False).count() == 2
