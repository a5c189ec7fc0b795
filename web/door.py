"""From a product's page to the shop's other channels: /go/{account}, which opens the app with the product asked for."""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from bot.core.errors import Refused
from bot.services import catalogue
from bot.services.catalogue import LED
from web import goods
from web.going_on import NAMES
from web.http import Problem, address_of
from web.keys import RUNTIME
from web.limits import Limiter
from web.pages import page_language, render

TRIES = web.AppKey("door_tries", Limiter)
#: Of one address, in so many seconds: some platforms are asked for the link.
OFTEN = (10, 60.0)


async def go(request: web.Request) -> web.StreamResponse:
    """GET /go/{account}?product=<sku>: off to the app; where it has no links, how to write to us there."""
    if wait := request.app[TRIES].wait(address_of(request)):
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    lang, sku = page_language(request), request.query.get("product", "")
    product = await catalogue.product(goods.anybody(request, lang), goods.readable(sku))
    try:
        way = await request.app[RUNTIME].persons.door(
            request.match_info["account"], f"{LED}{product.id}", f"/search {product.sku}"
        )
    except Refused as refusal:
        raise Problem(404, "not_found") from refusal
    if way.link:
        raise web.HTTPSeeOther(URL(way.link, encoded=True), headers={"Cache-Control": "no-store"})
    name = NAMES.get(way.channel, {}).get(lang, way.channel)
    values = {"name": name, "words": product.sku, "back": goods.address(product.sku, lang)}
    response = render(request, "go.html", values)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
