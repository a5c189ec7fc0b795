"""WeChat Pay: a code to scan on a desktop, a page on a phone, a sheet inside WeChat; only the query settles.

A payment's key is its number there (`out_trade_no`), and so its reference. One number has one kind of trade.

Source: pay.weixin.qq.com/doc/v3/merchant
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from bot.core.errors import BadInput, ProviderUnavailable, Refused
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, Device, Notice, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _
from bot.payments.wechatpay import crypto
from bot.payments.wechatpay.bills import CHINA, Bills
from bot.payments.wechatpay.calls import Calls, assure_allowed, code_of, good
from bot.payments.wechatpay.payers import Payers
from bot.payments.wechatpay.settings import Settings
from bot.payments.wechatpay.truths import refund_of, truth_of, unclear

#: Whoever has another screen than these scans a code.
KINDS = {"phone": "h5", "wechat": "jsapi"}
NUMBER, REFUND_NUMBER = re.compile(r"[0-9A-Za-z_|*-]{6,32}"), re.compile(r"[0-9A-Za-z_|*@-]{6,64}")
#: Bytes of what stands in the customer's own list of payments.
MOST_WORDS = 127
#: Seconds: WeChat Pay waits five for an answer to a notice, and asks anew after fifteen.
ANSWER_WITHIN = 4.0
#: The number is that of a trade with other words.
USED = "OUT_TRADE_NO_USED"
#: Seconds: a payment that the customer is just making is not closed.
CLOSE_AGAIN = 60.0


class WeChatPay:
    """One merchant. `now` gives aware UTC."""

    name = "wechatpay"
    title = _("WeChat Pay")

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        devices: set[Device] = {"desktop", "phone"} if settings.h5 else {"desktop"}
        if settings.app_secret:  # without it nobody says who pays inside WeChat
            devices.add("wechat")
        self.terms = Terms(frozenset(devices), frozenset({"CNY"}))
        self._settings = settings
        self._now = now
        self._calls = Calls(settings, now)
        self._payers = Payers(settings)
        self._bills = Bills(self._calls, now)

    async def create(self, request: PaymentRequest) -> Checkout:
        """Open a trade; the same `key` with the same words gives the same one, as long as it is open.

        Raises `ProviderUnavailable`, `Unauthorised`, `Refused`: "wrong_amount", and "taken" inside WeChat where it was
        opened for another payer, who alone can pay it there.
        """
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        kind = KINDS.get(request.device, "native")
        answer = await self._calls.post(f"/v3/pay/transactions/{kind}", self._trade(request, kind))
        if kind == "jsapi" and code_of(answer) == USED:
            raise Refused("taken", number=request.order_number)
        told = good(answer)
        try:
            match kind:
                case "h5":
                    url = f"{told['h5_url']}&{urlencode({'redirect_url': request.return_url})}"
                    return Checkout(request.key, url=url)
                case "jsapi":
                    return Checkout(request.key, sheet=self._sheet(f"prepay_id={told['prepay_id']}"))
            return Checkout(request.key, code=str(told["code_url"]))
        except KeyError:
            raise unclear() from None

    def authorize(self, back: str, state: str) -> str:
        """WeChat sends whoever opens this to `back` with a `code`, asking them nothing."""
        return self._payers.authorize(back, state)

    async def payer(self, code: str) -> str:
        """The openid of who opened it. Raises `BadInput` for a code that is spent, `ProviderUnavailable`."""
        return await self._payers.openid(code)

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless WeChat Pay signed it just now; `ProviderUnavailable` when that cannot be told."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._calls.keys.check(request.headers, request.body)
        except TimeoutError:
            raise ProviderUnavailable("WeChat Pay's certificates do not come in time") from None

    async def parse(self, request: HookRequest) -> list[Notice]:
        """Which trade was paid, or given back. Raises `BadInput` for what is no notice."""
        told = _object(request.body)
        id_, kind, sealed = told.get("id"), told.get("event_type"), told.get("resource")
        if not (isinstance(id_, str) and id_ and isinstance(kind, str) and isinstance(sealed, dict)):
            raise BadInput("not a notice of WeChat Pay")
        if not kind.startswith(("TRANSACTION.", "REFUND.")):
            return []
        try:
            about = _object(crypto.opened(self._settings.api_key.reveal(), sealed))
        except ValueError:
            raise BadInput("payments.wechatpay.api_key, the APIv3 key, does not open this notice") from None
        key = about.get("out_trade_no")
        is_ours = about.get("mchid") == self._settings.mchid and isinstance(key, str) and key
        return [Notice(id_, str(key))] if is_ours else []

    def answer(self) -> HookAnswer:
        """Taken, with nothing to say."""
        return HookAnswer(204)

    async def fetch(self, reference: str) -> PaymentTruth:
        """What has become of a trade. Raises `ProviderUnavailable`, `Refused("no_payment")`.

        A query says that money was given back and not how much, and names no refund: each is asked for by its number.
        """
        return truth_of(reference, await self._query(reference))

    async def void(self, reference: str) -> PaymentTruth:
        """Close the trade; one that is paid stays so. Raises as `fetch` does."""
        answer = await self._calls.post(f"{_path(reference)}/close", {"mchid": self._settings.mchid})
        if answer.status == 404:
            assure_allowed(answer)
            raise Refused("no_payment", reference=reference)
        if answer.status not in (204, 400):  # 400: it is not open any more
            good(answer)
        truth = await self.fetch(reference)
        if truth.state == "open":
            raise ProviderUnavailable("WeChat Pay does not close this payment yet", after=CLOSE_AGAIN)
        return truth

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:
        """Give money back, once per `key`. Raises `Refused`: "no_payment", "not_paid", "too_much"."""
        truth = await self.fetch(reference)
        if truth.paid is None:
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        body: dict[str, Any] = {
            "out_trade_no": reference,
            "out_refund_no": _refund_number(key),
            "amount": {"refund": amount.amount, "total": truth.paid.amount, "currency": amount.currency},
        }
        if notify_url:
            body["notify_url"] = notify_url
        answer = await self._calls.post("/v3/refund/domestic/refunds", body)
        if answer.status == 400 and code_of(answer) == "INVALID_REQUEST":
            made = await self.fetch_refund(reference, key)  # the same key with another sum, or more than is left
            if made is None:
                raise Refused("too_much", reference=reference)
            return made
        if code_of(answer) == "NOT_ENOUGH":
            raise ProviderUnavailable("the merchant's account at WeChat Pay has too little money for this refund")
        return refund_of(key, good(answer))

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:  # noqa: ARG002
        """What has become of a refund, by its number. Raises `ProviderUnavailable`."""
        answer = await self._calls.get(f"/v3/refund/domestic/refunds/{quote(_refund_number(key), safe='')}")
        if answer.status == 404:
            assure_allowed(answer)
            return None
        return refund_of(key, good(answer))

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """What was paid and given back on that day, UTC. Its last bill is made at 02:00 UTC on the day after next."""
        for booking in await self._bills.booked(day):
            yield booking

    async def who(self) -> str:
        """Whose money it takes. Raises `ProviderUnavailable`, `Unauthorised` naming the key that is wrong."""
        # There is nothing that a merchant may ask about itself: any call shows whether the keys are right.
        answer = await self._calls.unchecked("GET", f"{_path('parley-0')}?mchid={self._settings.mchid}")
        assure_allowed(answer)
        if answer.status != 404:
            good(answer)
        await self._calls.keys.prove(answer)
        return f"merchant {self._settings.mchid}"

    async def close(self) -> None:
        """Close connections."""
        await self._calls.close()
        await self._payers.close()

    def _trade(self, request: PaymentRequest, kind: str) -> dict[str, Any]:
        words = request.description or request.order_number
        trade: dict[str, Any] = {
            "appid": self._settings.app_id,
            "mchid": self._settings.mchid,
            "description": words.encode()[:MOST_WORDS].decode("utf-8", "ignore"),
            "out_trade_no": request.key,
            "notify_url": request.notify_url,
            "amount": {"total": request.amount.amount, "currency": request.amount.currency},
        }
        if request.expires_at is not None:
            trade["time_expire"] = request.expires_at.astimezone(CHINA).isoformat(timespec="seconds")
        if kind == "h5":
            trade["scene_info"] = {"payer_client_ip": request.ip, "h5_info": {"type": "Wap"}}
        if kind == "jsapi":
            trade["payer"] = {"openid": request.payer}
        return trade

    def _sheet(self, package: str) -> dict[str, str]:
        """What WeChat's own client is given, signed for it."""
        app, stamp, nonce = self._settings.app_id, self._calls.stamp(), secrets.token_hex(16)
        signature = self._calls.sign(app, stamp, nonce, package)
        return {
            "appId": app, "timeStamp": stamp, "nonceStr": nonce, "package": package, "signType": "RSA",
            "paySign": signature,
        }  # fmt: skip

    async def _query(self, reference: str) -> dict[str, Any]:
        answer = await self._calls.get(f"{_path(reference)}?mchid={self._settings.mchid}")
        if answer.status == 404:
            assure_allowed(answer)
            raise Refused("no_payment", reference=reference)
        trade = good(answer)
        if (trade.get("mchid"), trade.get("out_trade_no")) != (self._settings.mchid, reference):
            raise ProviderUnavailable("WeChat Pay answered for another payment")
        return trade


def _path(reference: str) -> str:
    if not NUMBER.fullmatch(reference):
        raise Refused("no_payment", reference=reference)
    return f"/v3/pay/transactions/out-trade-no/{quote(reference, safe='')}"


def _refund_number(key: str) -> str:
    """One for each key: staff find it in the merchant platform as it is, but for the colon."""
    number = key.replace(":", "-")
    return number if REFUND_NUMBER.fullmatch(number) else hashlib.sha256(key.encode()).hexdigest()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("not a notice of WeChat Pay") from error
    if not isinstance(found, dict):
        raise BadInput("not a notice of WeChat Pay")
    return found
