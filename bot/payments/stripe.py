"""Stripe: the customer pays on a page of Checkout, by card or wallet; events are signed, and only the session settles.

Source: docs.stripe.com/api/checkout/sessions, /webhooks/signature, /currencies, /api/idempotent_requests.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money, exponent
from bot.core.payment import Booking, Checkout, Notice, PaymentRequest, PaymentTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _
from bot.payments._api import Answer, Api
from bot.payments._settings import PaymentSettings
from bot.settings.secret import Secret
from bot.settings.section import Url

SIGNATURE = "stripe-signature"
#: Seconds that a signed event stays good.
TOLERANCE = 300
#: A session lives from 30 minutes to 24 hours. What an order holds may be shorter: it is voided then.
SHORTEST, LONGEST = timedelta(minutes=60), timedelta(hours=23)
#: Without a minor unit in the world, with hundredths at Stripe.
HUNDREDTHS = frozenset({"ISK", "UGX"})
#: Three decimals, of which the last must be 0.
TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
SESSION_EVENTS = "checkout.session."
#: Of a charge or a dispute: both name the payment intent, whose metadata have our key.
CHARGE_EVENTS = ("charge.refunded", "charge.refund.updated", "charge.dispute.")
MOST_NAME = 250


class Settings(PaymentSettings):
    """Cards and wallets, on Stripe's Checkout page."""

    cure = (
        "copy `secret_key` from the Stripe Dashboard (Developers, API keys) and `webhook_secret` from the endpoint "
        "that you add there for …/hooks/pay/stripe with the events checkout.session.*, charge.refunded and "
        "charge.dispute.*"
    )
    needed = ("secret_key", "webhook_secret")

    secret_key: Secret = Field(default=Secret(), description="Developers, API keys: sk_live_… or sk_test_….")
    webhook_secret: Secret = Field(default=Secret(), description="Signing secret of the endpoint: whsec_….")
    old_webhook_secret: Secret = Field(
        default=Secret(), description="The one before, as long as a rolled secret is still used."
    )
    version: str = Field(default="2026-06-24.dahlia", description="The API's version that calls are pinned to.")
    api_base: Url = Field(default="https://api.stripe.com", description="Stripe's API.")
    timeout: float = Field(default=20, gt=0, description="Seconds for a call.")


class Stripe:
    """One account. `now` gives aware UTC."""

    name = "stripe"
    title = _("Card or wallet")
    terms = Terms(least={"USD": 50, "EUR": 50, "GBP": 30, "CNY": 400, "HKD": 400, "JPY": 50, "SGD": 50, "AUD": 50})

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings = settings
        self._now = now
        self._api = Api("Stripe", settings.api_base, settings.timeout)

    async def create(self, request: PaymentRequest) -> Checkout:
        """Open a Checkout session; the same `key` gives the same one for a day.

        Raises `ProviderUnavailable`, `Refused("wrong_amount")`.
        """
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        answer = await self._call("POST", "/v1/checkout/sessions", _session(request), key=f"open-{request.key}")
        if answer.status == 400 and _code(answer) in ("amount_too_small", "amount_too_large"):
            raise Refused("wrong_amount", amount=request.amount)
        session = self._good(answer)
        return Checkout(str(session["id"]), url=str(session["url"]))

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless one of our secrets signed it, not more than five minutes ago."""
        parts = [part.partition("=") for part in request.headers.get(SIGNATURE, "").split(",")]
        stamp = next((value for name, _, value in parts if name.strip() == "t"), "")
        given = [value for name, _, value in parts if name.strip() == "v1"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 15):
            raise Unauthorised("the event is not signed by Stripe")
        signed = stamp.encode() + b"." + request.body
        secrets = [one.reveal().encode() for one in (self._settings.webhook_secret, self._settings.old_webhook_secret)]
        right = [hmac.new(secret, signed, hashlib.sha256).hexdigest().encode() for secret in secrets if secret]
        told = [value.encode("utf-8", "surrogateescape") for value in given]
        if not any(hmac.compare_digest(one, other) for one in told for other in right):
            raise Unauthorised("the event is not signed by Stripe")
        if self._now().timestamp() - int(stamp) > TOLERANCE:
            raise Unauthorised("the event is too old")

    async def parse(self, request: HookRequest) -> list[Notice]:
        """Which payment an event is about. Raises `BadInput` for a thin event and for what is none."""
        event = _event(request.body)
        if event.get("object") == "v2.core.event":
            raise BadInput("a thin event has no data: choose snapshot events for this endpoint at Stripe")
        try:
            id_, kind, about = str(event["id"]), str(event["type"]), dict(event["data"]["object"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput("not an event of Stripe") from error
        if bool(event.get("livemode")) != self._is_live:
            return []
        if kind.startswith(SESSION_EVENTS):
            key = about.get("client_reference_id")
        elif kind.startswith(CHARGE_EVENTS):
            key = await self._key_of(about)
        else:
            key = None
        return [Notice(id_, key, {"type": kind})] if isinstance(key, str) and key else []

    def answer(self) -> HookAnswer:
        """Anything below 300 will do."""
        return HookAnswer()

    async def fetch(self, reference: str) -> PaymentTruth:
        """What has become of a session. Raises `ProviderUnavailable`, `Refused("no_payment")`."""
        return _truth(await self._session_of(reference))

    async def void(self, reference: str) -> PaymentTruth:
        """Expire the session; one that is paid stays so. Raises as `fetch` does."""
        answer = await self._call("POST", f"/v1/checkout/sessions/{quote(reference, safe='')}/expire", {})
        if answer.status not in (200, 400):  # 400: it is not open any more
            self._good(answer)
        return await self.fetch(reference)

    async def refund(self, reference: str, amount: Money, key: str) -> PaymentTruth:
        """Give money back, once per `key`. Raises `Refused`: "no_payment", "not_paid", "too_much"."""
        session = await self._session_of(reference)
        truth, intent = _truth(session), session.get("payment_intent")
        if truth.paid is None or not isinstance(intent, dict):
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        words = {
            "payment_intent": str(intent["id"]),
            "amount": str(_minor(amount)),
            "metadata[key]": str(session.get("client_reference_id") or ""),
        }
        answer = await self._call("POST", "/v1/refunds", words, key=f"refund-{key}")
        if answer.status == 400:
            raise Refused(
                "too_much", reference=reference, left=Money(truth.paid.amount - truth.refunded, amount.currency)
            )
        self._good(answer)
        return await self.fetch(reference)

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """Charges and refunds of that day, UTC, by our own keys."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        query = {
            "created[gte]": str(int(begin.timestamp())),
            "created[lt]": str(int((begin + timedelta(days=1)).timestamp())),
            "limit": "100",
            "expand[]": "data.source",
        }
        more = True
        while more:
            page = self._good(await self._call("GET", f"/v1/balance_transactions?{urlencode(query)}"))
            for row in page["data"]:
                if (booking := _booking(row)) is not None:
                    yield booking
            more = bool(page.get("has_more"))
            query["starting_after"] = str(page["data"][-1]["id"]) if page["data"] else ""

    async def who(self) -> str:
        """The account's name. Raises `ProviderUnavailable`, `Unauthorised`."""
        account = self._good(await self._call("GET", "/v1/account"))
        name = (account.get("settings") or {}).get("dashboard", {}).get("display_name") or account["id"]
        return f"{name} ({'live' if self._is_live else 'test mode'})"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    @property
    def _is_live(self) -> bool:
        return "_live_" in self._settings.secret_key.reveal()

    async def _session_of(self, reference: str) -> dict[str, Any]:
        query = "expand[]=payment_intent.latest_charge"
        answer = await self._call("GET", f"/v1/checkout/sessions/{quote(reference, safe='')}?{query}")
        if answer.status == 404:
            raise Refused("no_payment", reference=reference)
        return self._good(answer)

    async def _key_of(self, about: Mapping[str, Any]) -> str:
        """Our key of the payment that a charge or a dispute is about; "" where it is not one of ours."""
        intent = about.get("payment_intent")
        if not isinstance(intent, str) or not intent:
            return ""
        answer = await self._call("GET", f"/v1/payment_intents/{quote(intent, safe='')}")
        return "" if answer.status == 404 else str((self._good(answer).get("metadata") or {}).get("key", ""))

    async def _call(self, method: str, path: str, form: Mapping[str, str] | None = None, key: str = "") -> Answer:
        headers = {
            "Authorization": f"Bearer {self._settings.secret_key.reveal()}",
            "Stripe-Version": self._settings.version,
        }
        if key:
            headers["Idempotency-Key"] = key
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form).encode() if form is not None else None
        return await self._api.call(method, path, body=body, headers=headers)

    def _good(self, answer: Answer) -> dict[str, Any]:
        """The object that was asked for. 409 is a second call while the first one is under way."""
        if answer.status in (401, 403):
            raise Unauthorised("Stripe does not know payments.stripe.secret_key, or does not allow it this")
        if answer.status >= 400:
            raise ProviderUnavailable(f"Stripe answered {answer.status} ({_code(answer) or 'no code'})")
        return answer.json()


def opened(settings: Settings, now: Callable[[], datetime]) -> Stripe:
    """The provider of these settings."""
    return Stripe(settings, now)


def _session(request: PaymentRequest) -> dict[str, str]:
    form = {
        "mode": "payment",
        "client_reference_id": request.key,
        "success_url": request.return_url,
        "cancel_url": request.cancel_url or request.return_url,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": request.amount.currency.lower(),
        "line_items[0][price_data][unit_amount]": str(_minor(request.amount)),
        "line_items[0][price_data][product_data][name]": request.description[:MOST_NAME] or request.order_number,
        "metadata[order]": request.order_number,
        "payment_intent_data[metadata][key]": request.key,
        "payment_intent_data[description]": request.order_number,
        "locale": request.locale if request.locale in ("en", "zh") else "auto",
    }
    if request.expires_at is not None and request.made_at is not None:
        # Of the request alone: the same key must come with the same words, however often it is tried.
        ends = min(max(request.expires_at, request.made_at + SHORTEST), request.made_at + LONGEST)
        form["expires_at"] = str(int(ends.timestamp()))
    return form


def _minor(amount: Money) -> int:
    """In Stripe's unit. Raises `Refused("wrong_amount")` for decimals that Stripe has not."""
    if amount.currency in TENS and amount.amount % 10:
        raise Refused("wrong_amount", amount=amount)
    scales = amount.currency in HUNDREDTHS and exponent(amount.currency) == 0
    return amount.amount * 100 if scales else amount.amount


def _money(minor: int, currency: str) -> Money:
    code = currency.upper()
    scales = code in HUNDREDTHS and exponent(code) == 0
    return Money(minor // 100 if scales else minor, code)


def _truth(session: Mapping[str, Any]) -> PaymentTruth:
    reference = str(session["id"])
    if session.get("payment_status") != "paid":
        return PaymentTruth(reference, "failed" if session.get("status") == "expired" else "open")
    paid = _money(int(session["amount_total"]), str(session["currency"]))
    intent = session.get("payment_intent")
    charge = (intent.get("latest_charge") if isinstance(intent, dict) else None) or {}
    refunded = _money(int(charge.get("amount_refunded", 0)), paid.currency).amount
    return PaymentTruth(
        reference,
        "refunded" if refunded >= paid.amount else "paid",
        paid=paid,
        refunded=refunded,
        paid_at=datetime.fromtimestamp(int(charge["created"]), UTC) if "created" in charge else None,
        disputed=bool(charge.get("disputed")),
    )


def _booking(row: Mapping[str, Any]) -> Booking | None:
    source = row.get("source")
    if row.get("type") not in ("charge", "payment", "refund", "payment_refund") or not isinstance(source, dict):
        return None
    at = datetime.fromtimestamp(int(row["created"]), UTC)
    amount = _money(int(source["amount"]), str(source["currency"]))
    sign = 1 if row["type"] in ("charge", "payment") else -1
    key = str((source.get("metadata") or {}).get("key", ""))
    return Booking(str(source["id"]), Money(sign * amount.amount, amount.currency), at, key)


def _event(body: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("not an event of Stripe") from error
    if not isinstance(event, dict):
        raise BadInput("not an event of Stripe")
    return event


def _code(answer: Answer) -> str:
    try:
        return str((answer.json().get("error") or {}).get("code") or "")
    except (ProviderUnavailable, AttributeError):
        return ""
