"""The page of one order, for whoever has its link: how it stands, and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl

from aiohttp import web

from bot.core.errors import ParleyError, Refused
from bot.core.faults import fault
from bot.core.pricing import Charge
from bot.services import order_links, order_states
from bot.services.orders import OrderView
from bot.services.payments import PaymentView
from bot.services.shipments import Shipped
from web import uploads
from web.going_on import NAMES
from web.http import Problem, read_body
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.limits import Limiter
from web.origin import require_ours
from web.pages import page_language, render

log = logging.getLogger(__name__)

_FORM = 4096  # bytes
_WEB = "webchat"
#: What leads to the goods, in this order; how an order ended otherwise stands alone.
WAY = ("placed", "paid", "packed", "shipped", "delivered", "completed")
_ON_THE_WAY = {"confirmed": "paid", "preparing": "paid", order_states.PARTLY: "packed"}
#: The steps of an order that is to be paid on delivery, and is not yet.
_UNPAID = tuple("confirmed" if step == "paid" else step for step in WAY)
TRIES = web.AppKey("order_page_tries", Limiter)
#: Of one order, in so many seconds: each try to pay asks a provider, each way to a chat makes codes.
OFTEN = (10, 60.0)


async def show(request: web.Request) -> web.Response:
    """GET /order/{number}/{mark}."""
    return await _page(request, await _order(request))


async def act(request: web.Request) -> web.Response:
    """POST /order/{number}/{mark} with `pay=<way>` or `chat=<account>`: the page with what was asked for."""
    require_ours(request, request.app[SETTINGS])
    order = await _order(request)
    if wait := request.app[TRIES].wait(order.number):
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    form = parse_qsl((await read_body(request, _FORM)).decode("ascii", "replace"))
    verb, value = form[0] if form else ("", "")
    if verb == "pay":
        return await _pay(request, order, value)
    if verb == "chat":
        return await _chat(request, order, value)
    raise Problem(400, "bad_request")


async def _order(request: web.Request) -> OrderView:
    secret = request.app[uploads.SECRET]
    return await order_links.opened(secret, request.match_info["number"], request.match_info["mark"])


async def _pay(request: web.Request, order: OrderView, way: str) -> web.Response:
    counter, lang = request.app[RUNTIME].counter, await _language(request, order)
    if way not in {one.name for one in await counter.ways(order, lang)}:
        raise Problem(400, "bad_request")
    try:
        payment = await counter.pay(order, way, lang)
    except Refused:
        return await _page(request, await _order(request))  # it has moved on meanwhile, which the page says
    except ParleyError as error:
        facts = {"action": "order_page.closed", "provider": way, "cure": str(error)}
        log.error("a payment cannot be opened", extra=facts | fault(error))
        return await _page(request, order, failed=True)
    if payment.url.startswith(request.app[SETTINGS].public_url.rstrip("/") + "/"):
        raise web.HTTPSeeOther(payment.url)
    return await _page(request, await _order(request), payment=payment)


async def _chat(request: web.Request, order: OrderView, account: str) -> web.Response:
    persons = request.app[RUNTIME].persons
    visitor = await order_links.visitor_of(order, request.app[CLOCK]())
    way = await (persons.way(visitor, account) if visitor else persons.door(account))
    return await _page(request, order, chat=(_called(way.channel, await _language(request, order)), way.link, way.code))


async def _language(request: web.Request, order: OrderView) -> str:
    """What was asked for, else what the customer speaks, else what the browser does."""
    chosen = "" if "lang" in request.query else await order_links.locale_of(order)
    return chosen if chosen in request.app[SETTINGS].languages else page_language(request)


async def _page(
    request: web.Request,
    order: OrderView,
    *,
    payment: PaymentView | None = None,
    chat: tuple[str, str, str] | None = None,
    failed: bool = False,
) -> web.Response:
    lang, runtime = await _language(request, order), request.app[RUNTIME]
    waits = order.state == order_states.PLACED
    values = {
        "order": order,
        "total": order.total.format(lang),
        "lines": [(one.name, one.quantity, one.subtotal.format(lang)) for one in order.lines],
        "charges": [(_charge(one), one, one.amount.format(lang)) for one in order.charges],
        "steps": _steps(order),
        "parcels": [(one.parcel, _listed((item.quantity, item.name) for item in one.items)) for one in _sent(order)],
        "left": _listed((one.left, one.name) for one in order.lines) if order.is_split else "",
        "not_sent": _listed((one.cancelled, one.name) for one in order.lines),
        "ways": await runtime.counter.ways(order, lang) if waits and payment is None else [],
        "apps": [(one.account, _called(one.capabilities.channel, lang)) for one in runtime.persons.others(_WEB)],
        "payment": payment,
        "chat": chat,
        "failed": failed,
        "action": f"{request.path}?lang={lang}",
    }
    response = render(request, "order.html", values, lang=lang)
    # The address is a secret: it stays out of caches, of search engines, and of what a link tells where it leads.
    response.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"})
    return response


def _steps(order: OrderView) -> list[tuple[str, bool]]:
    """The steps to the goods, and whether each was taken; none for an order that ended otherwise."""
    state = _ON_THE_WAY.get(order.state, order.state)
    if state not in WAY:
        return []
    way = _UNPAID if order.paid_at is None and order.state != order_states.PLACED else WAY
    return [(one, index <= WAY.index(state)) for index, one in enumerate(way)]


def _sent(order: OrderView) -> list[Shipped]:
    """What left of it, as far as there is anything to say of that."""
    sent = [one for one in order.shipments if one.parcel.is_known or order.is_split]
    return sent if order.is_split else [replace(one, items=()) for one in sent]


def _listed(pieces: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{count} × {name}" for count, name in pieces if count)


def _called(channel: str, lang: str) -> str:
    return NAMES.get(channel, {}).get(lang, channel)


def _charge(charge: Charge) -> str:
    """The name of its words."""
    return "charge_included" if charge.included else f"charge_{charge.kind}"
