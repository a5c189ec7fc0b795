"""Our app is installed in a shop by staff who are sent there and come back signed, in their own session, and lately."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import pytest

from bot.core.errors import BadInput, Unauthorised
from bot.core.installing import Grant
from bot.runtime.store_syncing import Connected
from bot.services import staff, store_grants, store_states
from bot.settings.secret import Secret
from bot.stores.shopify import install
from bot.stores.shopify.settings import Settings
from bot.stores.shopify.store import Shopify
from models import Audit, Product, Setting
from tests.kit.platforms.shopify import CLIENT, SECRET, SHOP, TOKEN, ShopifyServer
from tests.unit.web.running import Site
from tests.unit.web.test_store_hooks import until

PATH = "/stores/shopify"


@pytest.fixture
async def shop(site: Site) -> AsyncIterator[ShopifyServer]:
    async with ShopifyServer(datetime(2026, 11, 21, tzinfo=UTC)) as server:
        server.sells(1, "Longjing")
        told = Settings(shop=SHOP, client_id=CLIENT, client_secret=Secret(SECRET), api_base=server.base)
        site.runtime.connected = [Connected(Shopify(told), "en", every=3600)]
        yield server
        await site.runtime.stores.stop()
        await site.runtime.stores.close()


def path_of(url: str) -> str:
    """Whatever the shop calls us."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


class Browser:
    """Somebody of the staff, logged in."""

    def __init__(self, site: Site, client: aiohttp.ClientSession) -> None:
        self._site, self._client = site, client

    async def goes(self, path: str) -> tuple[int, str]:
        """The status, and where to."""
        async with self._client.get(self._site.url + path_of(path), allow_redirects=False) as response:
            return response.status, response.headers.get("Location", "")


async def logged_in(site: Site, login: str, role: str = "admin") -> AsyncIterator[Browser]:
    await staff.add(login, login, role, "a long password", site.clock(), one_time=False)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        told = {"login": login, "password": "a long password"}
        async with client.post(f"{site.url}/api/desk/login", json=told, headers={"Origin": site.url}) as response:
            assert response.status == 200
        yield Browser(site, client)


@pytest.fixture
async def admin(site: Site) -> AsyncIterator[Browser]:
    async for browser in logged_in(site, "ann"):
        yield browser


@pytest.fixture
async def other(site: Site) -> AsyncIterator[Browser]:
    async for browser in logged_in(site, "bob"):
        yield browser


async def test_an_app_is_installed_used_and_uninstalled(site: Site, shop: ShopifyServer, admin: Browser) -> None:
    site.runtime.stores.start()
    await until(_is_stopped)
    status, there = await admin.goes(f"{PATH}/install")
    assert status == 303
    assert "read_orders" in there
    back = shop.approves(there, site.clock())
    assert await admin.goes(back) == (303, "/desk")
    await until(lambda: Product.filter(active=True).exists())
    assert await store_grants.token("shopify") == TOKEN
    assert (await admin.goes(back))[0] == 400  # its code was used
    assert await Audit.filter(action="store.install").count() == 1
    gone = shop.tells("app/uninstalled", {"id": 1})
    gone.headers["X-Shopify-Triggered-At"] = (site.clock() - timedelta(hours=1)).isoformat()  # type: ignore[index]
    headers = dict(gone.headers)
    assert await site.status("POST", "/hooks/store/shopify", data=gone.body, headers=headers) == 200
    assert await store_grants.token("shopify") == TOKEN  # it was installed again since
    headers["X-Shopify-Triggered-At"] = (site.clock() + timedelta(hours=1)).isoformat()
    assert await site.status("POST", "/hooks/store/shopify", data=gone.body, headers=headers) == 200
    assert await store_grants.token("shopify") == ""


async def _is_stopped() -> bool:
    sync = await store_states.known("shopify")
    return sync is not None and "/stores/shopify/install" in sync.error


async def test_whoever_comes_back_otherwise_installs_nothing(
    site: Site, shop: ShopifyServer, admin: Browser, other: Browser
) -> None:
    _, there = await admin.goes(f"{PATH}/install")
    now = site.clock()
    back = shop.approves(there, now)
    assert (await other.goes(back))[0] == 403  # another session's state
    assert (await admin.goes(back.replace("code=", "code=x")))[0] == 400
    assert (await admin.goes(back.replace("hmac=", "hmac=0")))[0] == 400
    assert (await admin.goes(shop.approves(there, now, shop="evil.myshopify.com")))[0] == 400
    assert (await admin.goes(shop.approves(there, now - timedelta(hours=1))))[0] == 400
    assert (await admin.goes(shop.approves(there, now, state="")))[0] == 403
    assert await site.status("GET", path_of(back)) == 401
    site.clock.passes(minutes=11)
    assert (await admin.goes(shop.approves(there, site.clock())))[0] == 403
    assert (await admin.goes("/stores/woocommerce/install"))[0] == 404
    assert await Setting.filter(name__startswith="secret:store:").count() == 0


def test_the_way_back_is_signed_as_the_vendor_says() -> None:
    told = {"code": "a94a110d86d2452eb3e2af4cfb8a3828", "shop": "some-shop.myshopify.com", "timestamp": "1337178173"}
    made = "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2"
    assert install.signed(told | {"hmac": "any"}, Secret("hush")) == made
    settings = Settings(shop="some-shop.myshopify.com", client_id="c", client_secret=Secret("hush"))
    at, secrets = datetime.fromtimestamp(1337178173, UTC), (Secret("hush"), Secret(""))
    assert install.code(told | {"hmac": made}, settings, secrets, at) == told["code"]
    with pytest.raises(Unauthorised, match="too long ago"):
        install.code(told | {"hmac": made}, settings, secrets, at + timedelta(minutes=11))
    with pytest.raises(Unauthorised):
        install.code(told | {"hmac": made, "extra": "1"}, settings, secrets, at)
    with pytest.raises(BadInput, match="another shop"):
        install.code(told | {"hmac": made}, Settings(shop="tea.myshopify.com"), secrets, at)


async def test_what_another_node_was_given_is_used_here_soon(site: Site, shop: ShopifyServer, admin: Browser) -> None:
    site.runtime.stores.start()
    await until(_is_stopped)
    await store_grants.keep("shopify", Grant(TOKEN, ()), 1, site.clock())
    await until(lambda: Product.filter(active=True).exists())
