"""The test bank's pay page, and the page that a customer returns to; its notice takes the way of every notice."""

from __future__ import annotations

from aiohttp import web

from bot.core.errors import Refused
from bot.core.ports import HookRequest
from bot.runtime import noticed
from bot.services import pay_links, payments
from web.hooks import deliver_notice
from web.http import Problem, read_body
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.origin import require_ours
from web.pages import page_language, render
from web.ports import OwnBank, PayPage

_FORM = 4096  # bytes
#: How often a page to which a customer returned has the provider asked, seconds.
LOOK = 20
_OUTCOME = {"paid": "paid", "refunded": "paid", "failed": "failed"}


def _bank(request: web.Request) -> OwnBank:
    for provider in request.app[RUNTIME].providers.values():
        if isinstance(provider, OwnBank):
            return provider
    raise Problem(404, "not_found")


def _is_own(request: web.Request, payment: payments.PaymentView) -> bool:
    return isinstance(request.app[RUNTIME].providers.get(payment.provider), OwnBank)


def _reference(request: web.Request) -> str:
    return request.match_info["reference"][:191]


async def show(request: web.Request) -> web.Response:
    """GET /pay/{reference}."""
    page = await _bank(request).page(_reference(request))
    lang = _language(page.locale, request)
    if page.state == "open" and await pay_links.fate_of(page.key) in ("done", "waits"):
        raise web.HTTPSeeOther(f"/paid/{page.key}?lang={lang}")
    values = {"page": page, "amount": page.amount.format(lang), "reference": _reference(request)}
    return render(request, "pay.html", values | {"state": await _state(page)}, lang=lang)


async def _state(page: PayPage) -> str:
    """open, paid or failed, as the bank knows it; over when the bank waits, and we no longer do."""
    if page.state != "open":
        return "paid" if page.state in ("paid", "refunded") else "failed"
    return "over" if await pay_links.fate_of(page.key) else "open"


def _language(locale: str, request: web.Request) -> str:
    """The payer's own, unless another was asked for."""
    known = locale[:2] in request.app[SETTINGS].languages and "lang" not in request.query
    return locale[:2] if known else page_language(request)


async def act(request: web.Request) -> web.Response:
    """POST /pay/{reference} with `act=pay` or `act=decline`."""
    require_ours(request, request.app[SETTINGS])
    form = (await read_body(request, _FORM)).decode("ascii", "replace")
    bank, reference = _bank(request), _reference(request)
    page = await bank.page(reference)
    if await _state(page) == "over":
        raise web.HTTPSeeOther(request.rel_url.path_qs)
    notice = await (bank.decline if form == "act=decline" else bank.pay)(reference)
    call = HookRequest("POST", f"/hooks/pay/{bank.name}", {}, notice.headers, notice.body)
    await deliver_notice(request.app[RUNTIME], bank.name, call, request.app[CLOCK]())
    raise web.HTTPSeeOther(f"/paid/{page.key}?lang={_language(page.locale, request)}")


async def returned(request: web.Request) -> web.Response:
    """GET /paid/{key}: what has become of it; asks the provider when we have not heard yet."""
    payment = await payments.by_key(request.match_info["key"][:64])
    if payment is None:
        raise Problem(404, "no_payment")
    fate = await pay_links.fate_of(payment.key)
    # Once it has a fate, this page says the same however often it looks: it does not look again by itself.
    values = {"outcome": await _outcome(request, payment, fate), "key": payment.key, "looks": fate is None}
    return render(request, "paid.html", values)


async def _outcome(request: web.Request, payment: payments.PaymentView, fate: pay_links.Fate | None) -> str:
    if fate == "done":
        return "paid"
    if payment.state == "mismatch":
        return "waiting"
    return _OUTCOME.get(payment.state) or await _asked(request, payment)


async def _asked(request: web.Request, payment: payments.PaymentView) -> str:
    if not _is_own(request, payment):
        if payment.reference:
            # The customer may be here before the notice is, and a notice may be lost.
            now = request.app[CLOCK]()
            await noticed.keep(request.app[RUNTIME].accept, payment, f"returned:{int(now.timestamp()) // LOOK}", now)
        return "waiting"
    try:
        return _OUTCOME.get((await _bank(request).page(payment.reference)).state, "waiting")
    except Refused:
        return "waiting"
