"""Stripe: the customer pays on a page of Checkout, by card or wallet; events are signed, and only the session settles.

Source: docs.stripe.com/api/checkout/sessions, /webhooks/signature, /currencies, /api/idempotent_requests.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from bot.core.errors import Final, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, Notice, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _
from bot.http import Answer
from bot.payments._api import Api
from bot.payments.stripe import events, sessions
from bot.payments.stripe.settings import Settings

SIGNATURE = "stripe-signature"
SESSION_EVENTS = "checkout.session."
#: Of a charge, a refund or a dispute: all name the payment intent, whose metadata have our key.
CHARGE_EVENTS = ("charge.refunded", "charge.refund.updated", "charge.dispute.", "refund.")
#: What Stripe answers to an idempotency key that had other words before.
REUSED = "idempotency_error"
#: Of a sum to charge, and of one to give back.
AMOUNTS, GIVEN_BACK = ("amount_too_small", "amount_too_large"), ("charge_already_refunded", "amount_too_large")


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
        """Open a Checkout session; the same request gives the same one for a day.

        With other words, as in another language, it is another session: of the first one nobody has the address.
        Raises `ProviderUnavailable`, `Unauthorised`, `Refused("wrong_amount")`, and `Final` where Stripe takes no such
        payment, as in a currency that it has not.
        """
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        words = sessions.content(request)
        answer = await self._opens(request.key, words)
        if answer.status == 400 and (longer := sessions.prolonged(words, self._now())):
            answer = await self._opens(request.key, longer)
        if answer.status == 400 and _code(answer) in AMOUNTS:
            raise Refused("wrong_amount", amount=request.amount)
        if 400 <= answer.status < 500 and answer.status not in (401, 403, 409):
            raise Final(f"Stripe opens no such payment ({_code(answer) or answer.status}): nothing was charged")
        session = self._good(answer)
        return Checkout(str(session["id"]), url=str(session["url"]))

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless one of our secrets signed it, not more than five minutes ago."""
        secrets = (self._settings.webhook_secret, self._settings.old_webhook_secret)
        events.assure_signed(request.headers.get(SIGNATURE, ""), request.body, secrets, self._now())

    async def parse(self, request: HookRequest) -> list[Notice]:
        """Which payment an event is about. Raises `BadInput` for a thin event and for what is none."""
        event = events.read(request.body)
        if event.is_live != self._settings.is_live:
            return []
        if event.kind.startswith(SESSION_EVENTS):
            key = event.about.get("client_reference_id")
        elif event.kind.startswith(CHARGE_EVENTS):
            key = await self._key_of(event.about)
        else:
            key = None
        return [Notice(event.id, key)] if isinstance(key, str) and key else []

    def answer(self) -> HookAnswer:
        """Anything below 300 will do."""
        return HookAnswer()

    async def fetch(self, reference: str) -> PaymentTruth:
        """What has become of a session. Raises `ProviderUnavailable`, `Refused("no_payment")`."""
        session = await self._session_of(reference)
        truth = sessions.truth(session)
        if not truth.refunded:
            return truth
        # A charge does not say which of its refunds came back.
        made = [sessions.refund(row) for row in await self._refunds_of(session)]
        given = sum(one.amount.amount for one in made if one.state == "given")
        is_all = truth.paid is not None and given >= truth.paid.amount
        return replace(truth, refunded=given, state="refunded" if is_all else "paid")

    async def void(self, reference: str) -> PaymentTruth:
        """Expire the session; one that is paid stays so. Raises as `fetch` does."""
        answer = await self._call("POST", f"/v1/checkout/sessions/{quote(reference, safe='')}/expire", {})
        if answer.status not in (200, 400, 404):  # 400: it is not open any more
            self._good(answer)
        return await self.fetch(reference)

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """Give money back, once per `key`.

        Raises `Refused`: "no_payment", "not_paid", "too_much", or Stripe's own code of why it does not.
        """
        session = await self._session_of(reference)
        truth, intent = sessions.truth(session), session.get("payment_intent")
        if truth.paid is None or not isinstance(intent, dict):
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        if (made := await self._made(session, key)) is not None:
            return made  # Stripe forgets an idempotency key after a day
        words = {
            "payment_intent": str(intent["id"]),
            "amount": str(sessions.minor(amount)),
            "metadata[key]": str(session.get("client_reference_id") or ""),
            "metadata[refund]": key,
        }
        answer = await self._call("POST", "/v1/refunds", words, key=f"refund-{key}")
        if answer.status == 400 and _code(answer) in GIVEN_BACK:
            left = Money(truth.paid.amount - truth.refunded, amount.currency)
            raise Refused("too_much", reference=reference, left=left)
        if answer.status == 400 and _code(answer, "type") != REUSED:
            raise Refused(_code(answer) or "refused", reference=reference)
        return sessions.refund(self._good(answer))

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """What has become of the refund with this key. Raises `ProviderUnavailable`, `Refused("no_payment")`."""
        return await self._made(await self._session_of(reference), key)

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """Charges and refunds of that day, UTC, by our own keys."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        query = {
            "created[gte]": str(int(begin.timestamp())),
            "created[lt]": str(int((begin + timedelta(days=1)).timestamp())),
            "expand[]": "data.source",
        }
        async for row in self._rows("/v1/balance_transactions", query):
            if (booking := sessions.booking(row)) is None:
                continue
            if not booking.key and row["type"] in sessions.OF_REFUNDS:
                # Made in the dashboard: of the payment it says the intent alone.
                booking = replace(booking, key=await self._key_of(row["source"]))
            yield booking

    async def who(self) -> str:
        """The account's name. Raises `ProviderUnavailable`, `Unauthorised`."""
        account = self._good(await self._call("GET", "/v1/account"))
        name = (account.get("settings") or {}).get("dashboard", {}).get("display_name") or account["id"]
        return f"{name} ({'live' if self._settings.is_live else 'test mode'})"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    async def _opens(self, key: str, words: Mapping[str, str]) -> Answer:
        key = f"open-{key}-{hashlib.sha256(urlencode(words).encode()).hexdigest()[:16]}"
        return await self._call("POST", "/v1/checkout/sessions", words, key=key)

    async def _session_of(self, reference: str) -> dict[str, Any]:
        query = "expand[]=payment_intent.latest_charge"
        answer = await self._call("GET", f"/v1/checkout/sessions/{quote(reference, safe='')}?{query}")
        if answer.status == 404:
            raise Refused("no_payment", reference=reference)
        return self._good(answer)

    async def _made(self, session: Mapping[str, Any], key: str) -> RefundTruth | None:
        made = [sessions.refund(row) for row in await self._refunds_of(session)]
        return next((one for one in made if one.key == key), None)

    async def _refunds_of(self, session: Mapping[str, Any]) -> list[dict[str, Any]]:
        intent = session.get("payment_intent")
        if not isinstance(intent, dict):
            return []
        return [row async for row in self._rows("/v1/refunds", {"payment_intent": str(intent["id"])})]

    async def _rows(self, path: str, query: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
        """Every page of a list."""
        query, more = query | {"limit": "100"}, True
        while more:
            page = self._good(await self._call("GET", f"{path}?{urlencode(query)}"))
            for row in page["data"]:
                yield row
            more = bool(page.get("has_more")) and bool(page["data"])
            query["starting_after"] = str(page["data"][-1]["id"]) if page["data"] else ""

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


def _code(answer: Answer, name: str = "code") -> str:
    """What an error is called, by its `code` or its `type`."""
    try:
        return str((answer.json().get("error") or {}).get(name) or "")
    except (ProviderUnavailable, AttributeError):
        return ""
