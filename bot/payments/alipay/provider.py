"""Alipay: its pages for desktops and phones, and a code to scan; notices are signed, and only a query settles.

What we sign by ourselves opens a page: Alipay learns of a payment when its customer comes there, so before that there
is none that could be asked for or closed.

Source: opendocs.alipay.com, alipay.trade.page.pay, .wap.pay, .precreate, .close, .refund; asynchronous notices.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, Notice, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _
from bot.payments.alipay import trades
from bot.payments.alipay.bills import Bills
from bot.payments.alipay.gateway import Gateway, NotAllowed, content_of, refusal
from bot.payments.alipay.settings import CERTIFICATES, Settings

#: Method and product of the page for a device.
PAGE = ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY")
PHONE = ("alipay.trade.wap.pay", "QUICK_WAP_WAY")
MISSING = "ACQ.TRADE_NOT_EXIST"
TOO_LARGE = frozenset({"ACQ.TOTAL_FEE_EXCEED", "ACQ.BEYOND_PER_RECEIPT_RESTRICTION"})
TOO_MUCH = frozenset(
    {
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
        "ACQ.REASON_TRADE_REFUND_FEE_ERR",
        "ACQ.REFUND_FEE_ERROR",
        "ACQ.TRADE_HAS_CLOSE",
        "ACQ.REASON_TRADE_STATUS_INVALID",
        "ACQ.TRADE_STATUS_ERROR",
    }
)
REFUND_CURES = {
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "the balance of the shop's account is too small: fill it up",
    "ACQ.TRADE_HAS_FINISHED": "it is too late for that: give the money back in another way",
    "ACQ.TRADE_NOT_ALLOW_REFUND": "the contract does not allow it: give the money back in another way",
    "ACQ.REASON_TRADE_BEEN_FREEZEN": "the payment is frozen: ask Alipay",
}


class Alipay:
    """One app. `now` gives aware UTC. Raises `ConfigError` for keys that are none."""

    name = "alipay"
    title = _("Alipay")
    terms = Terms(
        devices=frozenset({"desktop", "phone"}), currencies=frozenset({"CNY"}), most={"CNY": 100_000_000 * 100}
    )

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        from bot.payments.alipay import keys

        self._settings = settings
        private = settings.private_key.reveal()
        if settings.app_cert:
            self._keys = keys.certified(private, *(getattr(settings, name).reveal() for name in CERTIFICATES))
        else:
            self._keys = keys.bare(private, settings.alipay_public_key.reveal())
        self._gateway = Gateway(settings.app_id, settings.gateway, self._keys, settings.timeout, now)
        self._bills = Bills(self._gateway, settings.timeout, now)

    async def create(self, request: PaymentRequest) -> Checkout:
        """A page, for a desktop with a code to scan besides; all of one `key` are one payment, paid once.

        Raises `ProviderUnavailable`, `Unauthorised`, `Refused("wrong_amount")`.
        """
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        words = trades.content(request)
        method, product = PHONE if request.device == "phone" else PAGE
        quit_url = {"quit_url": request.cancel_url or request.return_url} if request.device == "phone" else {}
        more = {"return_url": request.return_url, "notify_url": request.notify_url}
        page = self._gateway.link(method, words | quit_url | {"product_code": product}, more)
        code = await self._code(request, words) if request.device == "desktop" else ""
        return Checkout(request.key, url=page, code=code)

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless Alipay signed it. It may be old: they repeat one for a day, and it is a hint."""
        try:
            words = _form(request.body)
        except ValueError:
            words = {}
        signature, kind = words.pop("sign", ""), words.pop("sign_type", "")
        told = words.pop("alipay_cert_sn", "") if self._keys.theirs_serial else ""
        if told not in ("", self._keys.theirs_serial):
            raise Unauthorised("the notice is signed by another certificate than payments.alipay.alipay_cert")
        if kind != "RSA2" or not self._keys.verifies(content_of(words).encode(), signature):
            raise Unauthorised("the notice is not signed by Alipay")

    async def parse(self, request: HookRequest) -> list[Notice]:
        """Which payment a notice is about; none for one to another app. Raises `BadInput` for what is none."""
        try:
            words = _form(request.body)
            id_, key = words["notify_id"], words["out_trade_no"]
        except (ValueError, KeyError) as error:
            raise BadInput("not a notice of Alipay") from error
        if not (id_ and key):
            raise BadInput("a notice has a notify_id and an out_trade_no")
        if words.get("app_id") != self._settings.app_id:
            return []
        return [Notice(id_, key)]

    def answer(self) -> HookAnswer:
        """These seven letters and nothing else: otherwise they repeat the notice."""
        return HookAnswer(body=b"success")

    async def fetch(self, reference: str) -> PaymentTruth:
        """What has become of it; open as long as nobody came. Raises `ProviderUnavailable`, `Unauthorised`.

        Of what was given back it tells the whole; a part stands in its refund, or in the books alone.
        """
        return await self._truth(reference, "open")

    async def void(self, reference: str) -> PaymentTruth:
        """Close it; what is paid stays so. Where nobody came there is nothing to close: its page ends by itself.

        Raises `ProviderUnavailable`, `Unauthorised`.
        """
        answer = await self._gateway.ask("alipay.trade.close", {"out_trade_no": reference})
        truth = await self._truth(reference, "failed")
        if truth.state == "open":
            # The customer came in between, or it is something else: closing it again will tell.
            raise ProviderUnavailable(f"Alipay has not closed the payment ({refusal(answer) or 'it is open'})")
        return truth

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """Give money back, once per `key`. Raises `Refused`: "not_paid", "too_much"; `ProviderUnavailable`."""
        trade = await self._trade(reference)
        truth = trades.truth(reference, trade) if trade else PaymentTruth(reference, "open")
        if truth.paid is None:
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        once = _once(reference, key)
        answer = await self._gateway.ask("alipay.trade.refund", once | {"refund_amount": trades.yuan(amount)})
        detail = refusal(answer)
        if detail in TOO_MUCH:
            raise Refused("too_much", reference=reference)
        if detail and detail != "ACQ.DISCORDANT_REPEAT_REQUEST":
            raise ProviderUnavailable(f"Alipay gives nothing back ({detail}): {REFUND_CURES.get(detail, 'ask Alipay')}")
        if answer.get("fund_change") == "Y":
            return RefundTruth(key, "given", amount)
        # Nothing moved by this call: it was given back before, perhaps another sum, or it is still under way.
        made = await self.fetch_refund(reference, key)
        if made is None:
            raise ProviderUnavailable("the refund is still under way at Alipay")
        return made

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """What was given back under this key; None for nothing, or not yet. Raises `ProviderUnavailable`."""
        answer = await self._gateway.ask("alipay.trade.fastpay.refund.query", _once(reference, key))
        if refusal(answer) or answer.get("refund_status") != "REFUND_SUCCESS":
            return None
        return RefundTruth(key, "given", Money(trades.minor(answer, "refund_amount", "CNY"), "CNY"))

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """Trades and refunds of that day, UTC, from the bills of the two days in China that have a part in it.

        Raises `ProviderUnavailable` until the second one is made, at about noon in China on the day after it.
        """
        in_china = (day, day + timedelta(days=1))
        found = [one for date_ in in_china for one in await self._bills.of(date_)]
        for booking in found:
            if booking.at.date() == day:
                yield booking

    async def who(self) -> str:
        """The app, when the keys fit in both directions. Raises `ProviderUnavailable`, `Unauthorised`."""
        answer = await self._gateway.ask("alipay.trade.query", {"out_trade_no": "who"})
        if refusal(answer) not in ("", MISSING):
            raise Unauthorised(f"Alipay does not let the app of payments.alipay.app_id take money ({refusal(answer)})")
        return f"app {self._settings.app_id}" + (" (sandbox)" if "sandbox" in self._settings.gateway else "")

    async def close(self) -> None:
        """Close connections."""
        await self._gateway.close()

    async def _code(self, request: PaymentRequest, words: Mapping[str, Any]) -> str:
        """What to scan; "" where the app has no contract for codes, or its payment has begun already on the page."""
        if not self._settings.code_product:
            return ""
        content = {**words, "product_code": self._settings.code_product}
        try:
            answer = await self._gateway.ask("alipay.trade.precreate", content, {"notify_url": request.notify_url})
        except NotAllowed:
            return ""
        if refusal(answer) in TOO_LARGE:
            raise Refused("wrong_amount", amount=request.amount)
        return str(answer.get("qr_code", ""))

    async def _trade(self, reference: str) -> dict[str, Any] | None:
        """The trade; None where nobody came yet."""
        answer = await self._gateway.ask("alipay.trade.query", {"out_trade_no": reference})
        detail = refusal(answer)
        if detail == MISSING:
            return None
        if detail or answer.get("out_trade_no") != reference:
            raise ProviderUnavailable(f"Alipay does not tell of the payment ({detail or 'it told of another one'})")
        return answer

    async def _truth(self, reference: str, unbegun: str) -> PaymentTruth:
        """What is true of it; `unbegun` is its state where nobody came yet."""
        trade = await self._trade(reference)
        if trade is None:
            return PaymentTruth(reference, unbegun)
        return trades.truth(reference, trade)


def _once(reference: str, key: str) -> dict[str, str]:
    """The refund of a payment under this key; its number is of letters and digits, and at most 64."""
    return {"out_trade_no": reference, "out_request_no": hashlib.sha256(key.encode()).hexdigest()}


def _form(body: bytes) -> dict[str, str]:
    """The fields of a notice. ValueError for what is no form, or says one twice."""
    pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    if len(pairs) != len(words := dict(pairs)):
        raise ValueError("a field twice")
    return words
