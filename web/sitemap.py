"""For search engines: which pages there are, and what is nobody's business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from aiohttp import web

from bot.services import listing
from web import goods
from web.http import Problem, path_id
from web.keys import SETTINGS
from web.pages import in_language

#: Products of one sitemap, with a page of each in every language: far below the 50,000 addresses that one may have, so
#: that nobody waits while it is written.
PART = 2_500
_KEEPS = {"Cache-Control": "public, max-age=3600"}
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{items}\n</{kind}>\n'
#: Secrets, doors of machines and of staff, and pages that cost another platform a call.
_PRIVATE = (
    "/api/ /checkout/ /desk /files/ /go/ /healthz /hooks/ /metrics /order/ /paid/ /pay/ /readyz /socket.io/ /stores/"
)


async def robots(request: web.Request) -> web.Response:
    """GET /robots.txt."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE.split()), ""]
    text = "\n".join([*lines, f"Sitemap: {_public(request)}/sitemap.xml", ""])
    return web.Response(text=text, content_type="text/plain", headers=_KEEPS)


async def whole(request: web.Request) -> web.Response:
    """GET /sitemap.xml: every page; of a large shop where its parts are."""
    count = await listing.count(goods.anybody(request, "").currency)
    if count <= PART:
        return _told("urlset", [*_shop(request), *await _products(request, 0)])
    parts = range(1, (count + PART - 1) // PART + 1)
    return _told(
        "sitemapindex", [f"<sitemap><loc>{_public(request)}/sitemap/{part}.xml</loc></sitemap>" for part in parts]
    )


async def part(request: web.Request) -> web.Response:
    """GET /sitemap/{part}.xml: from 1 on."""
    number = path_id(request, "part") - 1
    found = await _products(request, number) if number < 10**6 else []
    if not found:
        raise Problem(404, "not_found")
    return _told("urlset", [*(_shop(request) if number == 0 else []), *found])


def _shop(request: web.Request) -> Iterable[str]:
    return (
        _address(_public(request) + in_language(path, lang))
        for path in ("/", "/shop", "/privacy")
        for lang in request.app[SETTINGS].languages
    )


async def _products(request: web.Request, number: int) -> Sequence[str]:
    public, languages = _public(request), request.app[SETTINGS].languages
    found = await listing.addresses(goods.anybody(request, "").currency, number * PART, PART)
    return [
        _address(public + goods.address(sku, lang), changed.date().isoformat())
        for sku, changed in found
        for lang in languages
    ]


def _address(url: str, changed: str = "") -> str:
    when = f"<lastmod>{changed}</lastmod>" if changed else ""
    return f"<url><loc>{escape(url)}</loc>{when}</url>"


def _told(kind: str, items: Iterable[str]) -> web.Response:
    text = _XML.format(kind=kind, items="\n".join(items))
    return web.Response(text=text, content_type="application/xml", charset="utf-8", headers=_KEEPS)


def _public(request: web.Request) -> str:
    return request.app[SETTINGS].public_url.rstrip("/")
