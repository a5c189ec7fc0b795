"""The page between the chat and a provider that is paid differently on each device: GET /checkout/{key}."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web
from yarl import URL

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.payment import Checkout, Device, KnowsPayers, PaymentProvider
from bot.runtime.paying import open_on
from bot.services import pay_links, payments
from bot.services.payments import PaymentView, Urls
from web.http import Problem
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.pages import page_language, render
from web.qr import picture

#: Where it can be paid when not on this device, the nearest first.
_ELSE: dict[Device, tuple[Device, ...]] = {
    "wechat": ("wechat",),
    "phone": ("phone", "desktop"),
    "desktop": ("desktop", "phone"),
}


async def show(request: web.Request) -> web.StreamResponse:
    """Off to the provider's page; or a picture to scan; or the sheet of the client in which this is open."""
    payment = await payments.by_key(request.match_info["key"][:64])
    provider = request.app[RUNTIME].providers.get(payment.provider) if payment else None
    if payment is None or provider is None:
        raise Problem(404, "no_payment")
    if (fate := await pay_links.fate_of(payment.key)) is not None:
        if fate == "done":
            raise web.HTTPSeeOther(_paid(request, payment))
        return _page(request, payment, "over")
    device = _chosen(device_of(request.headers.get("User-Agent", "")), provider.terms.devices)
    if device is None:
        return _page(request, payment, "elsewhere")
    return await _open(request, payment, provider, device)


async def fate(request: web.Request) -> web.Response:
    """GET /checkout/{key}/fate: `{"fate": "done" | "over" | null}`, for a page that waits."""
    key = request.match_info["key"][:64]
    return web.json_response({"fate": await pay_links.fate_of(key)}, headers={"Cache-Control": "no-store"})


async def _open(
    request: web.Request, payment: PaymentView, provider: PaymentProvider, device: Device
) -> web.StreamResponse:
    urls, payer = Urls(request.app[SETTINGS].public_url.rstrip("/")), ""
    if device == "wechat" and isinstance(provider, KnowsPayers):
        code = request.query.get("code", "")
        try:
            payer = await provider.payer(code[:200]) if code else ""
        except BadInput:  # the page was loaded anew, with a code that is spent
            payer = ""
        if not payer:
            raise _off(provider.authorize(urls.checkout(payment.key), "pay"))
    now = request.app[CLOCK]()
    try:
        opened, checkout = await open_on(provider, urls, payment.key, device, now, payer=payer, ip=request.remote or "")
    except Refused:  # its order ended in this very moment
        return _page(request, payment, "over")
    if checkout.sheet:
        return _page(request, opened, "sheet", sheet=dict(checkout.sheet))
    if checkout.code:
        return _page(request, opened, "code", checkout=checkout)
    raise _off(checkout.url)


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
        "provider": payment.provider,
        "sheet": sheet or {},
        "fate": f"/checkout/{payment.key}/fate",
        "paid": _paid(request, payment),
    }
    response = render(request, "checkout.html", values, lang=lang)
    response.headers["Cache-Control"] = "no-store"
    return response
