"""The API's document: every route is in it, and every answer is as it says; and what is not as it says is found."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from markupsafe import escape
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.openapi.calling import Caller, Calls
from tests.openapi.world import world
from tests.unit.web.running import Site
from web.api.document import document
from web.app import routes
from web.http import Problem, answer
from web.keys import SETTINGS
from web.middleware import observed
from web.said import SAID, says
from web.settings import WebSettings
from web.values import Nothing


def test_every_route_of_the_api_says_what_it_takes_and_answers() -> None:
    api = [route for route in routes() if route.path.startswith("/api/") and route.method != "OPTIONS"]
    api = [route for route in api if route.path != "/api/docs"]  # a page
    untold = [f"{route.method} {route.path}" for route in api if route.handler not in SAID]
    assert untold == [], "put web.said.says above these handlers"


async def test_the_document_is_served_to_anybody(site: Site) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(f"{site.url}/api/openapi.json") as response:
        told = await response.json()
    OpenAPIV31SpecValidator(told).validate()
    assert told["paths"]["/api/desk/staff"]["post"]["security"] == [{"session": ["admin"], "csrf": []}]
    assert told["paths"]["/api/desk/staff"]["get"]["security"] == [{"session": ["admin"]}]
    assert told["paths"]["/api/v1/orders"]["post"]["security"] == [{"key": ["orders:write"]}]
    assert told["components"]["securitySchemes"]["session"]["name"] == site.settings.cookie
    missing = told["paths"]["/api/desk/orders/{id}"]["get"]["responses"]["404"]["$ref"].rpartition("/")[2]
    assert "`no_order`: There is no such order." in told["components"]["responses"][missing]["description"]


async def test_who_has_the_document_is_not_sent_it_again(site: Site) -> None:
    for path in ("/api/openapi.json", "/api/docs?lang=zh"):
        async with site.client.get(site.url + path) as response:
            etag = response.headers["ETag"]
        async with site.client.get(site.url + path, headers={"If-None-Match": etag}) as response:
            assert (response.status, await response.read()) == (304, b"")


@pytest.mark.parametrize(
    ("lang", "who", "error"), [("en", "anybody", "no such order"), ("zh", "任何人", "没有这个订单")]
)
async def test_people_read_every_route_and_value_on_a_page(site: Site, lang: str, who: str, error: str) -> None:
    async with site.client.get(f"{site.url}/api/docs?lang={lang}") as response:
        html = await response.text()
    told = document(routes(), site.settings)
    ids = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    ids += [f"value-{name}" for name in told["components"]["schemas"]]
    assert [one for one in ids if f'id="{one}"' not in html] == []
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert [one for one in sorted(links) if f'id="{one}"' not in html] == []
    assert (who in html, error in html) == (True, True)
    place = html.partition('id="orders_place"')[2].partition("</section>")[0]
    body = '{"lines": [{"sku": "…", "quantity": 1}], "customer": {"name": "…", "address": "…"}}'
    assert f"curl -X POST &#39;{site.url}/api/v1/orders&#39;" in place
    assert f"-d &#39;{escape(body)}&#39;" in place
    for word in ("<code>orders:write</code>", "Idempotency-Key", '"#value-v1.NewOrder"', "other_body"):
        assert word in place


async def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    """A short one; `scripts/openapi` has the long programme."""
    async with world(tmp_path) as there:
        calls = Calls(there.url, there.document, there.callers, there.known, seed=5)
        await asyncio.to_thread(calls.run, right=2, wrong=1)
    assert not calls.wrong, "\n\n".join(calls.wrong)
    assert {status for (_, _, status) in calls.statuses} >= {200, 201, 400, 401, 403, 404, 409, 422}


@says(Nothing)
async def more(_: web.Request) -> web.Response:
    return answer({"more": 1})


@says(Nothing)
async def elsewhere(_: web.Request) -> web.Response:
    return answer({}, 202)


@says(Nothing)
async def plain(_: web.Request) -> web.Response:
    return web.Response(text="{}")


@says(Nothing, refuses={409: "taken"})
async def otherwise(_: web.Request) -> web.Response:
    raise Problem(409, "overtaken")


@says(Nothing)
async def broken(_: web.Request) -> web.Response:
    raise ZeroDivisionError


@says(Nothing)
async def good(_: web.Request) -> web.Response:
    return answer({})


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (more, "Response violates schema"),
        (elsewhere, "Undocumented status code"),
        (plain, "Undocumented Content-Type"),
        (otherwise, "Response violates schema"),
        (broken, "Server error"),
        (good, ""),
    ],
)
async def test_an_answer_that_nobody_told_of_is_found(handler: web.Handler, why: str) -> None:
    table = [web.get("/api/desk/armed", handler)]
    app = web.Application(middlewares=[observed])
    app[SETTINGS] = WebSettings()
    app.add_routes(table)
    async with TestServer(app) as server:
        calls = Calls(str(server.make_url("")), document(table, app[SETTINGS]), [Caller("nobody")], {}, seed=1)
        await asyncio.to_thread(calls.run, right=1, wrong=0)
    assert bool(calls.wrong) == bool(why)
    assert not why or any(why in one for one in calls.wrong), calls.wrong
