"""Stripe's API for tests: Checkout sessions, intents, refunds, and signed events; strict as the real one is.

https://docs.stripe.com/api/checkout/sessions
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result, Routes
from tests.kit.platforms.posting import Delivery

KEY, SECRET, VERSION = "sk_test_51Tea", "whsec_teasecret", "2026-06-24.dahlia"
ACCOUNT = "acct_1Tea"
#: Cents, by currency: less is refused.
LEAST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "cny": 400}
#: Currencies that it has not.
NOT_TAKEN = {"irr", "kpw", "syp"}
KNOWN = {
    "mode", "client_reference_id", "success_url", "cancel_url", "line_items[0][quantity]", "expires_at", "locale",
    "line_items[0][price_data][currency]", "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]", "metadata[order]", "payment_intent_data[metadata][key]",
    "payment_intent_data[description]",
}  # fmt: skip


def refuse(code: str, words: str, status: int = 400, kind: str = "invalid_request_error") -> Any:
    """Stripe's form of an error."""
    raise Refusal(status, {"error": {"type": kind, "code": code, "message": words}})


class StripeServer(FakePlatform):
    """`now` is seconds since 1970, which a test moves."""

    def __init__(self, now: float) -> None:
        super().__init__()
        self.now = now
        self.sessions: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.refunds: list[Json] = []
        self.booked: list[Json] = []
        self._answers: dict[str, tuple[dict[str, str], Json]] = {}  # by idempotency key
        self._ids = count(1)

    def routes(self) -> Routes:
        return {
            "create": ("POST", "/v1/checkout/sessions", self._create),
            "expire": ("POST", "/v1/checkout/sessions/{id}/expire", self._expire),
            "session": ("GET", "/v1/checkout/sessions/{id}", self._session),
            "intent": ("GET", "/v1/payment_intents/{id}", self._intent),
            "refund": ("POST", "/v1/refunds", self._refund),
            "refunds": ("GET", "/v1/refunds", self._refunds),
            "books": ("GET", "/v1/balance_transactions", self._books),
            "account": ("GET", "/v1/account", self._account),
        }

    # the customer's side

    def pays(self, id_: str, amount: int | None = None, currency: str = "") -> bytes | None:
        """Pay on the page; the event, or None where the page is closed. Paying twice is paying once."""
        session = self.sessions[id_]
        if session["status"] == "expired":
            return None
        if session["payment_status"] != "paid":
            intent = session["payment_intent"] = f"pi_{next(self._ids)}"
            charged = {
                "amount": amount or session["amount_total"],
                "currency": currency or session["currency"],
                "metadata": {"key": session["client_reference_id"]},
            }
            charge = {
                "id": f"ch_{next(self._ids)}",
                "object": "charge",
                "created": int(self.now),
                "payment_intent": intent,
            }
            charge |= charged | {"amount_refunded": 0, "disputed": False}
            made = {"id": intent, "object": "payment_intent", "status": "succeeded", "latest_charge": charge}
            self.intents[intent] = made | charged
            session |= {"status": "complete", "payment_status": "paid"}
            session |= {"amount_total": charged["amount"], "currency": charged["currency"]}
            self._book("charge", charge, charge["amount"])
        return self.event("checkout.session.completed", session, f"evt_{id_}_paid")

    def promises(self, id_: str, then: str = "processing") -> None:
        """Pay by a debit that takes days; `then` is what has become of its intent by now."""
        intent = f"pi_{id_}"
        self.intents[intent] = {"id": intent, "object": "payment_intent", "status": then, "latest_charge": None}
        self.sessions[id_] |= {"status": "complete", "payment_status": "unpaid", "payment_intent": intent}

    def disputes(self, id_: str) -> bytes:
        """The payer wants the money back by way of the bank."""
        intent = self.intents[self.sessions[id_]["payment_intent"]]
        intent["latest_charge"]["disputed"] = True
        about = {
            "id": "dp_1",
            "object": "dispute",
            "charge": intent["latest_charge"]["id"],
            "payment_intent": intent["id"],
        }
        return self.event("charge.dispute.created", about, f"evt_{id_}_disputed")

    def gives_back(self, id_: str, amount: int) -> bytes:
        """The shop does it in its dashboard: the refund has no metadata; the event."""
        intent = self.intents[self.sessions[id_]["payment_intent"]]
        return self.event("refund.created", self._gives_back(intent, amount, {}), f"evt_{id_}_back")

    def bounces(self, key: str) -> bytes:
        """The payer's bank sends a refund back, days later."""
        [refund] = [one for one in self.refunds if one["metadata"].get("refund", "") == key]
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        self._book("refund_failure", refund, refund["amount"])
        return self.event("refund.failed", refund, f"evt_{refund['id']}_failed")

    def forgets_keys(self) -> None:
        """A day has gone by: what an idempotency key was answered with is known no more."""
        self._answers.clear()

    def event(self, kind: str, about: Json, id_: str) -> bytes:
        """A snapshot event."""
        told = {"id": id_, "object": "event", "type": kind, "livemode": False, "created": int(self.now)}
        return json.dumps(told | {"data": {"object": about}}).encode()

    def signed(self, body: bytes, attempt: int) -> Delivery:
        stamp = str(int(self.now))
        right = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
        return Delivery(body, headers={"stripe-signature": f"t={stamp},v1={right},v0={'0' * 64}"})

    # the API

    async def _create(self, call: Call) -> Result:
        form = self._form(call)
        if unknown := {*form} - KNOWN:
            refuse("parameter_unknown", f"Received unknown parameter: {min(unknown)}")
        if known := self._again(call, form):
            return known
        currency = form["line_items[0][price_data][currency]"]
        amount = int(form["line_items[0][price_data][unit_amount]"])
        if currency != currency.lower() or len(currency) != 3 or currency in NOT_TAKEN:
            refuse("", f"Invalid currency: {currency}.")
        if amount < LEAST.get(currency, 1):
            refuse("amount_too_small", "Amount must be at least …")
        if amount > 99_999_999:
            refuse("amount_too_large", "Amount must be no more than …")
        if "expires_at" in form and not 1800 <= int(form["expires_at"]) - self.now <= 86400:
            refuse("parameter_invalid_integer", "expires_at must be between 30 minutes and 24 hours from now")
        if len(form["client_reference_id"]) > 200 or not form["line_items[0][price_data][product_data][name]"]:
            refuse("parameter_invalid_string_empty", "too long, or empty")
        if form["mode"] != "payment" or not form["success_url"].startswith("http"):
            refuse("url_invalid", "Not a valid URL")
        id_ = f"cs_test_{next(self._ids)}"
        session = {
            "id": id_, "object": "checkout.session", "client_reference_id": form["client_reference_id"],
            "status": "open", "payment_status": "unpaid", "amount_total": amount, "currency": currency,
            "url": f"https://checkout.stripe.com/c/pay/{id_}", "payment_intent": None, "livemode": False,
        }  # fmt: skip
        self.sessions[id_] = session
        return self._remember(call, form, session)

    async def _expire(self, call: Call) -> Result:
        self._form(call)
        session = self._known(call.at["id"])
        if session["status"] != "open":
            refuse("resource_missing", 'Only Checkout Sessions with a status in ["open"] can be expired.')
        session["status"] = "expired"
        return session

    async def _session(self, call: Call) -> Result:
        self._assure(call)
        session = dict(self._known(call.at["id"]))
        if session["payment_intent"]:
            session["payment_intent"] = self.intents[session["payment_intent"]]
        return session

    async def _intent(self, call: Call) -> Result:
        self._assure(call)
        intent = self.intents.get(call.at["id"])
        return intent or refuse("resource_missing", "No such payment_intent", 404)

    async def _refund(self, call: Call) -> Result:
        form = self._form(call)
        if known := self._again(call, form):
            return known
        intent = self.intents.get(form["payment_intent"]) or refuse("resource_missing", "No such payment_intent", 404)
        charge, amount = intent["latest_charge"], int(form["amount"])
        if charge["disputed"]:
            refuse("charge_disputed", "Charge has been charged back; cannot issue a refund.")
        made = [one for one in self.refunds if one["payment_intent"] == intent["id"] and one["status"] != "failed"]
        if amount > charge["amount"] - sum(one["amount"] for one in made):
            refuse("charge_already_refunded", "Refund amount is greater than unrefunded amount on charge")
        names = {name: form.get(f"metadata[{name}]", "") for name in ("key", "refund")}
        return self._remember(call, form, self._gives_back(intent, amount, names))

    def _gives_back(self, intent: Json, amount: int, metadata: Json) -> Json:
        intent["latest_charge"]["amount_refunded"] += amount
        refund = {
            "id": f"re_{next(self._ids)}", "object": "refund", "amount": amount, "currency": intent["currency"],
            "status": "succeeded", "payment_intent": intent["id"], "metadata": metadata,
        }  # fmt: skip
        self.refunds.append(refund)
        self._book("refund", refund, -amount)
        return refund

    async def _refunds(self, call: Call) -> Result:
        self._assure(call)
        return self._page(call, [one for one in self.refunds if one["payment_intent"] == call.query["payment_intent"]])

    async def _books(self, call: Call) -> Result:
        self._assure(call)
        first, last = int(call.query["created[gte]"]), int(call.query["created[lt]"])
        return self._page(call, [row for row in self.booked if first <= row["created"] < last])

    def _page(self, call: Call, rows: list[Json]) -> Result:
        """The newest first."""
        found, after = rows[::-1], call.query.get("starting_after")
        if after:
            found = found[[row["id"] for row in found].index(after) + 1 :]
        most = min(int(call.query["limit"]), 2)  # pages are small, so that somebody turns them
        return {"object": "list", "data": found[:most], "has_more": len(found) > most}

    async def _account(self, call: Call) -> Result:
        self._assure(call)
        return {"id": ACCOUNT, "object": "account", "settings": {"dashboard": {"display_name": "Parley Tea"}}}

    def _book(self, kind: str, source: Json, amount: int) -> None:
        row = {"id": f"txn_{next(self._ids)}", "type": kind, "created": int(self.now), "amount": amount}
        self.booked.append(row | {"source": source})

    def _known(self, id_: str) -> Json:
        return self.sessions.get(id_) or refuse("resource_missing", "No such checkout.session", 404)

    def _assure(self, call: Call) -> None:
        if call.headers.get("Authorization") != f"Bearer {KEY}":
            refuse("", "Invalid API Key provided", 401)
        if call.headers.get("Stripe-Version") != VERSION:
            refuse("", "Invalid Stripe API version", 400)

    def _form(self, call: Call) -> dict[str, str]:
        self._assure(call)
        return dict(parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body)))

    def _again(self, call: Call, form: dict[str, str]) -> Json | None:
        """What the same idempotency key was answered with; other words under the same key are refused."""
        key = call.headers.get("Idempotency-Key") or refuse("", "we want a key for what moves money")
        if key not in self._answers:
            return None
        first, answer = self._answers[key]
        if first != form:
            words = "Keys for idempotent requests can only be used with the same parameters"
            refuse("", words, kind="idempotency_error")
        return answer

    def _remember(self, call: Call, form: dict[str, str], answer: Json) -> Json:
        self._answers[call.headers["Idempotency-Key"]] = (form, dict(answer))
        return answer
