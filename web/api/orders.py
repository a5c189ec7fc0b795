"""/api/v1: products to sell, and orders to place and to look at."""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from bot.core.errors import Refused
from bot.core.text import Voice
from bot.services import api_orders, catalogue, order_links
from bot.services.api_orders import Request, Wish
from bot.services.orders import OrderView
from web import uploads, values
from web.api import shapes
from web.api.access import KEY, needs_key
from web.http import JSON_LIMIT, Problem, language, query_int, read_body
from web.keys import RUNTIME, SETTINGS
from web.said import says
from web.views import worded

PAGE = 50  # products
_NAME = re.compile(r"[\x21-\x7e]{1,200}")
#: What another body cures; the other refusals are of what the shop has at this moment.
_OF_ADDRESS = ("bad_address", "no_country", "no_method", "no_shipping")
_WRONG = ("other_body", *_OF_ADDRESS, "no_code", "code_currency", "code_personal")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,32}")


@says(shapes.Products, query=values.First)
@needs_key("products:read")
async def products(request: web.Request) -> web.Response:
    """GET /api/v1/products?first=: what is for sale, fifty at a time, in the shop's order."""
    lang, first = language(request), query_int(request, "first") or 0
    found, more = await catalogue.ranges(request.app[RUNTIME].counter.scope(lang), first, PAGE)
    items = [shapes.product(one, lang) for one in found]
    return _answer(msgspec.json.encode(shapes.Products(items, first + PAGE if more else None)))


@says(
    shapes.Order,
    status=201,
    takes=shapes.NewOrder,
    headers={"Idempotency-Key": r"^[\x21-\x7e]{1,200}$"},
    refuses={
        400: "no_idempotency_key",
        409: "below_minimum cart_empty code_minimum code_used sold_out",
        410: "forgotten",
        422: f"bad_body no_variant {' '.join(_WRONG)}",
    },
)
@needs_key("orders:write")
async def place(request: web.Request) -> web.Response:
    """POST /api/v1/orders: place an order, once for each Idempotency-Key."""
    name = request.headers.get("Idempotency-Key", "")
    if not _NAME.fullmatch(name):
        raise Problem(400, "no_idempotency_key")
    raw = await read_body(request, JSON_LIMIT)
    wanted = _read(raw)
    text, postal = shapes.whereabouts(wanted.customer.address)
    wish = Wish(
        [(one.sku, one.quantity) for one in wanted.lines],
        wanted.customer.name.strip(),
        wanted.customer.email,
        wanted.customer.phone.strip(),
        text,
        wanted.country,
        wanted.shipping,
        wanted.code,
        postal,
        (wanted.note or "").strip(),
    )
    asked = Request(request[KEY].id, name, msgspec.json.encode(wanted))

    def answer(view: OrderView) -> str:
        return _shown(request, view, wanted.language, linked=True).decode()

    try:
        placed = await request.app[RUNTIME].counter.place(asked, wish, wanted.language, answer)
    except Refused as refusal:
        raise _explained(refusal, request.app[RUNTIME].counter.voice(language(request))) from refusal
    return _answer(placed.encode(), 201)


@says(shapes.Order, refuses={404: "no_order"})
@needs_key("orders:read")
async def order(request: web.Request) -> web.Response:
    """GET /api/v1/orders/{number}: an order that was placed by the API, with any key, as it stands now."""
    number = request.match_info["number"]
    found = await api_orders.find(number, request[KEY].id) if _NUMBER.fullmatch(number) else None
    if found is None:
        raise Problem(404, "no_order")
    view, mine = found
    return _answer(_shown(request, view, language(request), linked=mine))


def _read(raw: bytes) -> shapes.NewOrder:
    try:
        return shapes.read(raw)
    except msgspec.ValidationError as error:
        raise Problem(422, "bad_body", {"why": str(error)}) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_json") from error


def _explained(refusal: Refused, voice: Voice) -> Problem:
    """What the caller can do about it; sums in words of the language."""
    facts = worded(refusal.facts, voice)
    if refusal.code == "no_product":
        return Problem(422, "no_variant", facts)
    if refusal.code in _WRONG:
        return Problem(422, refusal.code, facts)
    return Problem(410 if refusal.code == "forgotten" else 409, refusal.code, facts)


def _shown(request: web.Request, view: OrderView, lang: str, *, linked: bool) -> bytes:
    """Only who placed it has its secret links: whoever opens them acts as the customer; and what the customer told."""
    base = request.app[SETTINGS].public_url.rstrip("/")
    page = base + order_links.path(request.app[uploads.SECRET], view.number) if linked else None
    return msgspec.json.encode(shapes.order(view, page, lang))


def _answer(body: bytes, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
