"""Who may call what: every route of the table, every role, every origin; a new route is red here first."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]
from aiohttp import web

from bot.services import staff
from bot.services.api_keys import SCOPES
from tests.unit.web.running import Browser, Site
from web.api.access import NEEDED
from web.app import CHAT, routes
from web.auth import ROLES
from web.desk.live import DeskNamespace

#: Route -> the least role; "" is anybody, "visitor" needs a visitor's token, "ours" a page of our own.
TABLE = {
    "GET /": "",
    "GET /shop": "",
    "GET /shop/{sku}": "",
    "GET /go/{account}": "",
    "GET /pictures/{id}/{variant}": "",
    "GET /robots.txt": "",
    "GET /sitemap.xml": "",
    "GET /sitemap/{part}.xml": "",
    "GET /privacy": "",
    "GET /deletion/{code}": "",
    "GET /theme.css": "",
    "GET /public/{path}": "",
    "GET /static/{path}": "",
    "GET /widget.js": "",
    "GET /desk": "",
    "GET /desk/{path}": "",
    "GET /pay/{reference}": "",
    "POST /pay/{reference}": "ours",
    "GET /paid/{key}": "",
    "GET /checkout/{key}": "",
    "POST /checkout/{key}": "ours",
    "GET /checkout/{key}/fate": "",
    "GET /order/{number}/{mark}": "",
    "POST /order/{number}/{mark}": "ours",
    "GET /files/{token}": "",
    "GET /api/openapi.json": "",
    "GET /api/docs": "",
    "GET /stores/{name}/install": "admin",
    "GET /stores/{name}/installed": "admin",
    "GET /api/v1/products": "products:read",
    "POST /api/v1/orders": "orders:write",
    "GET /api/v1/orders/{number}": "orders:read",
    "GET /api/shop/products": "",
    "GET /api/shop/reviews": "",
    "GET /api/chat/config": "",
    "POST /api/chat/files": "visitor",
    "OPTIONS /api/chat/{path}": "",
    "POST /hooks/pay/{provider}": "",
    "POST /hooks/store/{store}": "",
    "GET /hooks/{account}": "",
    "POST /hooks/{account}": "",
    "GET /healthz": "",
    "GET /readyz": "",
    "GET /metrics": "",
    "POST /api/desk/login": "ours",
    "POST /api/desk/logout": "agent",
    "POST /api/desk/password": "agent",
    "GET /api/desk/me": "agent",
    "PUT /api/desk/me": "agent",
    "GET /api/desk/conversations": "agent",
    "GET /api/desk/conversations/{id}": "agent",
    "GET /api/desk/conversations/{id}/messages": "agent",
    "POST /api/desk/conversations/{id}/messages": "agent",
    "POST /api/desk/conversations/{id}/take": "agent",
    "POST /api/desk/conversations/{id}/give": "agent",
    "POST /api/desk/conversations/{id}/close": "agent",
    "POST /api/desk/conversations/{id}/read": "agent",
    "POST /api/desk/conversations/{id}/files": "agent",
    "GET /api/desk/conversations/{id}/goods": "agent",
    "GET /api/desk/conversations/{id}/order": "agent",
    "POST /api/desk/conversations/{id}/quote": "agent",
    "POST /api/desk/conversations/{id}/orders": "agent",
    "POST /api/desk/conversations/{id}/typing": "agent",
    "GET /api/desk/contacts": "agent",
    "GET /api/desk/contacts/{id}": "agent",
    "PUT /api/desk/contacts/{id}": "agent",
    "PUT /api/desk/identities/{id}/consents": "agent",
    "GET /api/desk/contacts/{id}/history": "agent",
    "DELETE /api/desk/proofs/{id}": "manager",
    "GET /api/desk/contacts/{id}/export": "manager",
    "POST /api/desk/contacts/{id}/erase": "manager",
    "GET /api/desk/orders": "agent",
    "GET /api/desk/products": "agent",
    "POST /api/desk/products": "manager",
    "GET /api/desk/products/{id}": "agent",
    "PUT /api/desk/products/{id}": "manager",
    "PUT /api/desk/products/{id}/active": "manager",
    "PUT /api/desk/stock": "agent",
    "GET /api/desk/categories": "agent",
    "GET /api/desk/places": "agent",
    "PUT /api/desk/places": "manager",
    "GET /api/desk/stores": "agent",
    "POST /api/desk/stores/{name}/compare": "manager",
    "GET /api/desk/store-problems": "agent",
    "POST /api/desk/store-problems/{id}/done": "manager",
    "GET /api/desk/store-conflicts": "agent",
    "DELETE /api/desk/store-conflicts/{id}": "manager",
    "GET /api/desk/keys": "admin",
    "POST /api/desk/keys": "admin",
    "POST /api/desk/keys/{id}/revoke": "admin",
    "GET /api/desk/orders/{id}": "agent",
    "PUT /api/desk/orders/{id}": "agent",
    "POST /api/desk/orders/{id}/quote": "agent",
    "POST /api/desk/address-form": "agent",
    "POST /api/desk/orders/{id}/notes": "agent",
    "POST /api/desk/orders/{id}/{step}": "agent",
    "POST /api/desk/payments/{id}/receive": "manager",
    "POST /api/desk/payments/{id}/refund": "manager",
    "POST /api/desk/refunds/{id}/retry": "manager",
    "GET /api/desk/differences": "manager",
    "POST /api/desk/differences/{id}/explain": "manager",
    "GET /api/desk/reviews": "agent",
    "POST /api/desk/reviews/{id}/accept": "agent",
    "POST /api/desk/reviews/{id}/reject": "agent",
    "GET /api/desk/broadcasts": "manager",
    "POST /api/desk/broadcasts": "manager",
    "POST /api/desk/broadcasts/preview": "manager",
    "POST /api/desk/broadcasts/picture": "manager",
    "POST /api/desk/products/picture": "manager",
    "POST /api/desk/broadcasts/{id}/stop": "manager",
    "GET /api/desk/reports": "manager",
    "GET /api/desk/reports/{name}/runs": "manager",
    "POST /api/desk/reports/{name}/run": "manager",
    "GET /api/desk/runs/{id}": "manager",
    "POST /api/desk/subscriptions": "manager",
    "DELETE /api/desk/subscriptions/{id}": "manager",
    "POST /api/desk/link-code": "manager",
    "GET /api/desk/linked-chats": "manager",
    "DELETE /api/desk/linked-chats/{id}": "manager",
    "GET /api/desk/canned/{language}": "agent",
    "PUT /api/desk/canned/{language}": "agent",
    "GET /api/desk/failures": "agent",
    "POST /api/desk/failures/{kind}/{id}/retry": "agent",
    "GET /api/desk/channels": "agent",
    "GET /api/desk/staff": "admin",
    "POST /api/desk/staff": "admin",
    "PUT /api/desk/staff/{id}": "admin",
    "POST /api/desk/staff/{id}/password": "admin",
    "GET /api/desk/webhooks": "admin",
    "POST /api/desk/webhooks": "admin",
    "PUT /api/desk/webhooks/{id}": "admin",
    "DELETE /api/desk/webhooks/{id}": "admin",
    "POST /api/desk/webhooks/{id}/pause": "admin",
    "POST /api/desk/webhooks/{id}/resume": "admin",
    "POST /api/desk/webhooks/{id}/rotate": "admin",
    "POST /api/desk/webhooks/{id}/test": "admin",
    "GET /api/desk/webhooks/{id}/log": "admin",
    "POST /api/desk/webhooks/{id}/replay": "admin",
}
CHAT_EVENTS = {"message", "sync", "read", "typing", "lang", "apps", "go_on", "pay_code"}
DESK_EVENTS = {"view"}
_ENDS = ("desk/logout", "desk/password")  # these change who is logged in; they have tests of their own
GUARDED = sorted(name for name, role in TABLE.items() if role in staff.ROLES and not name.endswith(_ENDS))
#: What a path names where nothing is.
ABSENT = {"language": "none", "id": "999999", "step": "ship", "name": "nothing", "kind": "effect"}


def name_of(route: web.RouteDef) -> str:
    return f"{route.method} {re.sub(r':[^}]*', '', route.path)}"


def test_every_route_is_in_the_table_with_its_role() -> None:
    guards = ROLES | NEEDED
    found = {name_of(route): guards.get(route.handler, "") for route in routes()}
    expected = {name: role if role in (*staff.ROLES, *SCOPES) else "" for name, role in TABLE.items()}
    assert found == expected


@dataclass
class Person:
    """Somebody of the staff with a browser that is logged in."""

    site: Site
    client: aiohttp.ClientSession
    csrf: str

    async def calls(self, method: str, path: str, *, csrf: bool = True, body: object = None) -> int:
        headers = {"Origin": self.site.url} | ({"X-CSRF-Token": self.csrf} if csrf else {})
        options = {} if method == "GET" else {"json": body or {}}
        async with self.client.request(method, self.site.url + path, headers=headers, **options) as response:  # type: ignore[arg-type]
            return response.status


@pytest.fixture
async def people(site: Site) -> AsyncIterator[Mapping[str, Person]]:
    """One of each role."""
    made: dict[str, Person] = {}
    for role in staff.ROLES:
        await staff.add(role, role.title(), role, "a long password", site.clock(), one_time=False)
        client = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        credentials = {"login": role, "password": "a long password"}
        async with client.post(
            f"{site.url}/api/desk/login", json=credentials, headers={"Origin": site.url}
        ) as response:
            made[role] = Person(site, client, (await response.json())["csrf"])
    yield made
    for person in made.values():
        await person.client.close()


async def test_each_route_lets_in_its_role_and_above_and_nobody_else(site: Site, people: Mapping[str, Person]) -> None:
    wrong: list[str] = []
    for name in GUARDED:
        method, path = name.split(" ")
        path = re.sub(r"{(\w+)}", lambda found: ABSENT[found[1]], path)
        if await site.status(method, path) != 401:
            wrong.append(f"{name}: a stranger is let in")
        for role, person in people.items():
            status = await person.calls(method, path)
            allowed = staff.ROLES.index(role) >= staff.ROLES.index(TABLE[name])
            if (status == 403) == allowed or status == 401 or status >= 500:
                wrong.append(f"{name}: {role} gets {status}")
    assert wrong == []


async def test_every_change_needs_the_token_and_our_own_origin(site: Site, people: Mapping[str, Person]) -> None:
    admin, wrong = people["admin"], list[str]()
    for name in GUARDED:
        method, path = name.split(" ")
        path = re.sub(r"{(\w+)}", lambda found: ABSENT[found[1]], path)
        if method == "GET":
            continue
        if await admin.calls(method, path, csrf=False) != 403:
            wrong.append(f"{name} without the token")
        for origin in ("https://evil.example", "null", "", f"{site.url}.evil.example"):
            headers = {"Origin": origin, "X-CSRF-Token": admin.csrf}
            async with admin.client.request(method, site.url + path, headers=headers, json={}) as response:
                if response.status != 403:
                    wrong.append(f"{name} from {origin!r}")
    assert wrong == []


async def test_a_number_that_no_row_can_have_is_not_found(people: Mapping[str, Person]) -> None:
    for number in ("0", "-1", "1e3", str(2**63), "0" * 19 + "1" * 31, "0" * 19 + "1" * 5000):
        assert await people["admin"].calls("GET", f"/api/desk/orders/{number}") == 404, number


async def test_events_are_exactly_those_of_the_table(site: Site) -> None:
    assert set(site.app[CHAT].events) == CHAT_EVENTS
    desk = site.app[CHAT]._sio.namespace_handlers["/desk"]
    assert isinstance(desk, DeskNamespace)
    assert set(desk.events) == DESK_EVENTS


async def test_a_visitors_token_opens_one_conversation_and_no_desk(site: Site) -> None:
    ann, bob = Browser(site.url), Browser(site.url)
    await ann.opens()
    await ann.says("my secret", id="a")
    await ann.hears(lambda: len(ann.texts) == 2)
    await bob.opens()
    assert bob.session["messages"] == []
    for body in ({"after": 0}, {"before": 99}):
        assert (await bob.calls("sync", body))["messages"] == []
    await bob.says("mine", id="a")
    await bob.hears(lambda: len(bob.texts) == 2)
    assert [text for _, text in bob.texts] == ["mine", "echo: mine"]
    assert [text for _, text in ann.texts] == ["my secret", "echo: my secret"]
    assert await site.status("GET", "/api/desk/me", headers={"Authorization": f"Bearer {ann.token}"}) == 401
    await ann.leaves()
    await bob.leaves()


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_the_desk_socket_is_ours_alone(site: Site, people: Mapping[str, Person], origin: str) -> None:
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in people["admin"].client.cookie_jar)
    assert await _connects(site, {"Cookie": cookies, "Origin": site.url})
    assert not await _connects(site, {"Cookie": cookies, "Origin": origin})
    assert not await _connects(site, {"Cookie": "parley=" + "0" * 64, "Origin": site.url})
    assert not await _connects(site, {"Origin": site.url})


async def _connects(site: Site, headers: Mapping[str, str]) -> bool:
    client = socketio.AsyncClient(reconnection=False)
    try:
        await client.connect(site.url, headers=dict(headers), namespaces=["/desk"], transports=["websocket"])
    except socketio.exceptions.ConnectionError:
        return False
    else:
        return True
    finally:
        await client.disconnect()
