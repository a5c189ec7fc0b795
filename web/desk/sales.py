"""Staff sell in a thread: they look for products, put an order together, and send where to pay it."""

from __future__ import annotations

from aiohttp import web

from bot.core.errors import Refused
from bot.services import order_links, staff_orders
from bot.services.catalogue import Range
from bot.services.order_changes import Change
from bot.services.orders import OrderView
from bot.services.reach import Reach
from bot.services.staff_orders import Basket, Quote, Wish
from web import uploads
from web.auth import me, needs
from web.desk.addresses import in_parts, told
from web.desk.conversations import shapes
from web.desk.payments import detail
from web.desk.shapes import Shapes
from web.desk.values import sales
from web.http import Problem, answer, language, path_id, problem, read_object, text_of
from web.keys import RUNTIME, SETTINGS
from web.said import says
from web.texts import say
from web.views import Json, money, worded

_NONE = {404: "no_conversation"}
_WRONG = (
    "below_minimum cart_empty choose_country choose_method code_currency code_minimum code_used no_code no_shipping "
    "no_variant sold_out"
)


@says(sales.Goods, query=sales.GoodsQuery, refuses=_NONE)
@needs("agent")
async def goods(request: web.Request) -> web.Response:
    """GET /api/desk/conversations/{id}/goods."""
    words, lang = request.query.get("q", "").strip()[:100], language(request)
    found = await request.app[RUNTIME].selling.goods(path_id(request), words)
    return answer({"items": [choice for one in found for choice in _choices(one, lang)]})


def _choices(found: Range, lang: str) -> list[sales.Choice]:
    return [
        {
            "sku": one.sku,
            "name": f"{found.product.name} ({', '.join(one.values)})" if one.values else found.product.name,
            "price": money(one.price, lang),
            "available": one.available,
        }
        for one in found.variants
    ]


@says(sales.Form, refuses=_NONE)
@needs("agent")
async def form(request: web.Request) -> web.Response:
    """GET /api/desk/conversations/{id}/order."""
    selling = request.app[RUNTIME].selling
    known = await selling.addresses(path_id(request))
    addresses: list[sales.Where] = [
        {
            "name": one.name,
            "phone": one.phone,
            "address": one.address,
            "country": one.country,
            "parts": in_parts(one.postal),
        }
        for one in known
    ]
    return answer(sales.Form(addresses=addresses, countries=[*selling.countries()], codes=selling.has_codes()))


@says(sales.Quote, takes=sales.Basket, refuses=_NONE | {409: _WRONG, 422: "bad_quantity"})
@needs("agent")
async def quote(request: web.Request) -> web.Response:
    """POST /api/desk/conversations/{id}/quote."""
    conversation_id, basket = path_id(request), _basket(await read_object(request))
    try:
        found = await request.app[RUNTIME].selling.quote(conversation_id, basket)
    except Refused as refusal:
        raise _explained(refusal, request) from refusal
    return answer(_quoted(found, shapes(request)))


@says(
    sales.Sent,
    status=201,
    takes=sales.Wish,
    refuses=_NONE
    | {409: f"{_WRONG} no_address ordered_before total_changed", 413: "too_long", 422: "bad_address bad_quantity"},
)
@needs("agent")
async def send(request: web.Request) -> web.Response:
    """POST /api/desk/conversations/{id}/orders."""
    conversation_id, wish = path_id(request), _wish(await read_object(request))
    try:
        order, reach = await request.app[RUNTIME].selling.place(conversation_id, wish, me(request).id)
    except Refused as refusal:
        raise _explained(refusal, request) from refusal
    return answer(await _sent(request, order, reach), 201)


async def _sent(request: web.Request, order: OrderView, reach: Reach) -> sales.Sent:
    base = request.app[SETTINGS].public_url.rstrip("/")
    return sales.Sent(
        order=await detail(request, order.id),
        link=base + order_links.path(request.app[uploads.SECRET], order.number),
        told=reach.ok,
        why="" if reach.ok or not reach.why else say(reach.why, language(request), {}),
    )


@says(sales.Quote, takes=sales.Basket, refuses={404: "no_order no_conversation", 409: _WRONG, 422: "bad_quantity"})
@needs("agent")
async def quote_change(request: web.Request) -> web.Response:
    """POST /api/desk/orders/{id}/quote."""
    order_id, basket = path_id(request), _basket(await read_object(request))
    try:
        found = await request.app[RUNTIME].selling.quote_change(order_id, basket)
    except Refused as refusal:
        raise _explained(refusal, request) from refusal
    return answer(_quoted(found, shapes(request)))


@says(
    sales.Sent,
    takes=sales.Change,
    refuses={
        404: "no_order no_conversation",
        409: f"{_WRONG} no_address overtaken total_changed wrong_state",
        413: "too_long",
        422: "bad_address bad_quantity no_reason",
    },
)
@needs("agent")
async def change(request: web.Request) -> web.Response:
    """PUT /api/desk/orders/{id}: the whole of an order that is not paid, with a reason."""
    order_id, body = path_id(request), await read_object(request)
    reason = text_of(body, "reason", 200, default="").strip()
    if not reason:
        raise Problem(422, "no_reason")
    wish = Change(_basket(body), told(body), reason, _number(body, "version"), _number(body, "agreed"))
    try:
        order, reach = await request.app[RUNTIME].selling.change(order_id, wish, me(request).id)
    except Refused as refusal:
        raise _explained(refusal, request) from refusal
    return answer(await _sent(request, order, reach))


def _basket(body: Json) -> Basket:
    lines = body.get("lines")
    if not isinstance(lines, list) or len(lines) > staff_orders.LINES:
        raise Problem(400, "bad_request")
    country, method, code = (text_of(body, name, most, default="") for name, most in _TERMS.items())
    return Basket([_line(one) for one in lines], country.strip().upper(), method.strip(), code.strip())


_TERMS = {"country": 2, "method": 64, "code": 40}


def _line(line: object) -> tuple[str, int]:
    quantity = line.get("quantity") if isinstance(line, dict) else None
    if not isinstance(line, dict) or not isinstance(quantity, int) or isinstance(quantity, bool):
        raise Problem(400, "bad_request")
    return text_of(line, "sku", 64), quantity


def _wish(body: Json) -> Wish:
    key = text_of(body, "key", 64)
    if not key:
        raise Problem(400, "bad_request")
    note = text_of(body, "note", 300, default="").strip()
    return Wish(_basket(body), told(body), note, key, _number(body, "agreed"))


def _number(body: Json, name: str) -> int:
    number = body.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise Problem(400, "bad_request")
    return number


def _explained(refusal: Refused, request: web.Request) -> Problem:
    """With sums in words, and what is missing."""
    facts = worded(refusal.facts, request.app[RUNTIME].counter.voice(language(request)))
    return problem(Refused(_HERE.get(refusal.code, refusal.code), **facts))


#: What the same refusal is called at the desk, where it is about a field of a form.
_HERE = {"blank": "no_address", "no_country": "choose_country", "no_method": "choose_method"}


def _quoted(found: Quote, shape: Shapes) -> sales.Quote:
    lang = shape.locale
    lines: list[sales.QuotedLine] = [
        {
            "sku": one.sku,
            "name": one.name,
            "quantity": one.quantity,
            "price": money(one.price, lang),
            "subtotal": money(one.subtotal, lang),
        }
        for one in found.lines
    ]
    methods: list[sales.Method] = [{"name": one.name, "title": one.title(lang)} for one in found.methods]
    return {
        "lines": lines,
        "charges": [shape.charge(one) for one in found.charges],
        "total": money(found.total, lang),
        "methods": methods,
        "method": found.method,
    }
