"""What the chat box asks on a larger screen when there is something to pay: a picture to scan, beside the link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.core.errors import Refused, Unauthorised
from bot.core.payment import Checkout
from bot.runtime.paying import open_on
from bot.services import payments
from bot.services.payments import PaymentView, Urls
from bot.services.scope import language
from web import views
from web.chat_feed import ChatSocket
from web.checkout import log_closed, scan_words
from web.http import Problem
from web.limits import Limiter
from web.page_texts import PAGE_TEXTS
from web.ports import Runtime
from web.qr import picture
from web.settings import WebSettings
from web.views import Json

#: A visitor may ask so often, in so many seconds: each time may ask the provider.
OFTEN = (12, 60.0)
#: So long what was opened just now can be scanned, in WeChat Pay as in Alipay, however long the order waits.
GOOD_FOR = timedelta(hours=2)
#: The link's own page says why, or has another way.
NONE: Json = {"qr": None, "title": "", "text": "", "until": "", "seconds": 0}


class PayCodes:
    """For one process; `clock` gives aware UTC, `now` is a monotonic clock in seconds."""

    def __init__(
        self, runtime: Runtime, settings: WebSettings, clock: Callable[[], datetime], now: Callable[[], float]
    ) -> None:
        self._runtime = runtime
        self._urls = Urls(settings.public_url.rstrip("/"))
        self._clock = clock
        self._asked = Limiter(*OFTEN, now)

    async def of(self, socket: ChatSocket, url: str) -> Json:
        """The picture of the payment to which this link leads, opened for a desktop; without a `qr` where it has none.

        A phone gets none: it cannot scan itself.

        As with the link itself, who knows its secret may open it. Raises `Problem`, `ProviderUnavailable`.
        """
        if wait := self._asked.wait(socket.visit.external_id):
            raise Problem(429, "rate_limited", retry=max(1, round(wait)))
        payment = await payments.by_key(payments.key_in(url)) if socket.device == "desktop" else None
        provider = self._runtime.providers.get(payment.provider) if payment else None
        if payment is None or provider is None or "desktop" not in provider.terms.devices:
            return NONE
        now = self._clock()
        try:
            opened, checkout = await open_on(provider, self._urls, payment.key, "desktop", now)
        except (Refused, Unauthorised) as error:
            log_closed(payment, error)
            return NONE
        return _shown(opened, checkout, language(socket.locale), now)


def _shown(payment: PaymentView, checkout: Checkout, lang: str, now: datetime) -> Json:
    if not (checkout.code and payment.until):
        return NONE
    good_for = min(payment.until - now, GOOD_FOR)
    return {
        "qr": picture(checkout.code),
        "title": payment.amount.format(lang),
        "text": f"{scan_words(payment.provider, lang)}{'' if lang == 'zh' else ' '}{PAGE_TEXTS['code_good'][lang]}",
        "until": views.time(now + good_for),
        "seconds": max(1, round(good_for.total_seconds())),
    }
