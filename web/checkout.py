"""The page between the chat and a provider that is paid differently on each device: /checkout/{key}.

To look at it opens nothing: a link in a chat is fetched by machines, too, which show what is behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from aiohttp import web
from yarl import URL

from bot.core.errors import BadInput, Refused, Unauthorised
from bot.core.faults import fault
from bot.core.money import Money
from bot.core.payment import Checkout, Device, KnowsPayers, PaymentProvider
from bot.runtime.paying import open_on
from bot.services import pay_links, payments
from bot.services.payments import PaymentView, Urls
from web.http import Problem, address_of
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.origin import require_ours
from web.page_texts import PAGE_TEXTS
from web.pages import page_language, render
from web.qr import picture

log = logging.getLogger(__name__)

#: Where it can be paid when not on this device, the nearest first.
_ELSE: dict[Device, tuple[Device, ...]] = {
    "wechat": ("wechat",),
    "phone": ("phone", "desktop"),
    "desktop": ("desktop", "phone"),
}
#: What is shown where a payment cannot be opened; for any other reason the shop's set-up is at fault.
_REFUSED = {"expired": "over", "taken": "taken"}


async def show(request: web.Request) -> web.StreamResponse:
    """GET: what is to be paid, with a button; whom WeChat sends back with a `code` has tapped it already."""
    return await _answer(request, tapped=False)


async def begin(request: web.Request) -> web.StreamResponse:
    """POST: off to the provider's page; or a picture to scan; or the sheet of the client in which this is open."""
    require_ours(request, request.app[SETTINGS])
    return await _answer(request, tapped=True)


async def fate(request: web.Request) -> web.Response:
    """GET /checkout/{key}/fate: `{"fate": "done" | "waits" | "over" | null}`, for a page that waits."""
    key = request.match_info["key"][:64]
    return web.json_response({"fate": await pay_links.fate_of(key)}, headers={"Cache-Control": "no-store"})


async def _answer(request: web.Request, *, tapped: bool) -> web.StreamResponse:
    payment = await payments.by_key(request.match_info["key"][:64])
    provider = request.app[RUNTIME].providers.get(payment.provider) if payment else None
    if payment is None or provider is None:
        raise Problem(404, "no_payment")
    if (fate := await pay_links.fate_of(payment.key)) is not None:
        if fate == "over":
            return _page(request, payment, "over")
        raise web.HTTPSeeOther(_paid(request, payment))
    device = _chosen(device_of(request.headers.get("User-Agent", "")), provider.terms.devices)
    if device is None:
        return _page(request, payment, "elsewhere")
    try:
        return await _go_on(request, payment, provider, device, tapped=tapped)
    except Refused as refusal:
        log_closed(payment, refusal)
        return _page(request, payment, _REFUSED.get(refusal.code, "closed"))
    except Unauthorised as error:
        log_closed(payment, error)
        return _page(request, payment, "closed")


async def _go_on(
    request: web.Request, payment: PaymentView, provider: PaymentProvider, device: Device, *, tapped: bool
) -> web.StreamResponse:
    """Raises as `open_on` does."""
    urls, payer = Urls(request.app[SETTINGS].public_url.rstrip("/")), ""
    if device == "wechat" and isinstance(provider, KnowsPayers):
        if tapped:
            raise _off(provider.authorize(urls.checkout(payment.key), "pay"))
        payer = await _payer(provider, request.query.get("code", "")[:200])
    if not (tapped or payer):
        return _page(request, payment, "begin")
    now, ip = request.app[CLOCK](), address_of(request)
    opened, checkout = await open_on(provider, urls, payment.key, device, now, payer=payer, ip=ip)
    if checkout.sheet:
        return _page(request, opened, "sheet", sheet=dict(checkout.sheet))
    if checkout.code:
        return _page(request, opened, "code", checkout=checkout)
    raise _off(checkout.url)


async def _payer(provider: KnowsPayers, code: str) -> str:
    """ "" for a code that is spent, as that of a page that is loaded anew."""
    try:
        return await provider.payer(code) if code else ""
    except BadInput:
        return ""


def log_closed(payment: PaymentView, error: Refused | Unauthorised) -> None:
    """Where the customer can do nothing about it the log says who can, and what."""
    if isinstance(error, Refused) and error.code in _REFUSED:
        return
    facts = {"action": "checkout.closed", "provider": payment.provider, "cure": str(error)}
    log.error("a payment cannot be opened", extra=facts | fault(error))


def scan_words(provider: str, lang: str) -> str:
    """With what a picture of this provider is scanned."""
    return PAGE_TEXTS.get(f"checkout_scan_{provider}", PAGE_TEXTS["checkout_scan"])[lang]


def _off(address: str) -> web.HTTPSeeOther:
    """To somebody else's page, by its address as they wrote it: it may be signed."""
    return web.HTTPSeeOther(URL(address, encoded=True))


def device_of(agent: str) -> Device:
    """What a browser says that it is."""
    if "MicroMessenger" in agent:
        return "wechat"
    return "phone" if any(word in agent for word in ("Mobi", "Android", "iPhone", "iPad")) else "desktop"


def _chosen(device: Device, devices: Collection[Device]) -> Device | None:
    return next((one for one in _ELSE[device] if one in devices), None)


def _paid(request: web.Request, payment: PaymentView) -> str:
    return f"/paid/{payment.key}?lang={page_language(request)}"


def _page(
    request: web.Request,
    payment: PaymentView,
    state: str,
    *,
    checkout: Checkout | None = None,
    sheet: dict[str, str] | None = None,
) -> web.Response:
    lang = page_language(request)
    amount: Money = payment.amount
    values = {
        "payment": payment,
        "amount": amount.format(lang),
        "state": state,
        "picture": picture(checkout.code) if checkout else None,
        "url": checkout.url if checkout else "",
        "scan": scan_words(payment.provider, lang),
        "sheet": sheet or {},
        "fate": f"/checkout/{payment.key}/fate",
        "paid": _paid(request, payment),
    }
    response = render(request, "checkout.html", values, lang=lang)
    response.headers["Cache-Control"] = "no-store"
    return response
