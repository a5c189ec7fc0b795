"""PayPal: the customer approves an order on its page; we capture it once they are back, or once a notice says so.

So money moves when we take it: an order that must not be paid any more is changed so that nobody can. Notices are
signed, and only the order settles.

Source: developer.paypal.com/api/orders/v2, /api/payments/v2, /api/webhooks/v1, /api/disputes/v1
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bot.core.errors import ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, Notice, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _
from bot.payments.paypal import books, events, orders
from bot.payments.paypal.calls import Calls, good, issue
from bot.payments.paypal.certificates import Certificates, Roots, system_roots
from bot.payments.paypal.settings import Settings

PAGES = ("payer-action", "approve")
WRONG_AMOUNT = frozenset({"CURRENCY_NOT_SUPPORTED", "DECIMAL_PRECISION", "MAX_VALUE_EXCEEDED", "INVALID_CURRENCY_CODE"})
#: The customer may still pay, by another card or after a question of their bank: PayPal's page leads on.
UNDECIDED = frozenset(
    {
        "ORDER_NOT_APPROVED",
        "INSTRUMENT_DECLINED",
        "PAYER_ACTION_REQUIRED",
        "PAYER_CANNOT_PAY",
        "TRANSACTION_REFUSED",
        "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
        "CARD_EXPIRED",
        "PAYER_ACCOUNT_RESTRICTED",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
        "TRANSACTION_LIMIT_EXCEEDED",
        "TRANSACTION_BLOCKED_BY_PAYEE",
        "COMPLIANCE_VIOLATION",
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    }
)
#: It was captured, or closed, in this very moment.
DECIDED = frozenset({"ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_COMPLETED", "ACTION_DOES_NOT_MATCH_INTENT"})
TOO_MUCH = frozenset({"CAPTURE_FULLY_REFUNDED", "REFUND_AMOUNT_EXCEEDED", "MAX_NUMBER_OF_REFUNDS_EXCEEDED"})
#: They never will.
NO_REFUND = {"REFUND_TIME_LIMIT_EXCEEDED": "too_late", "TRANSACTION_DISPUTED": "charge_disputed"}
#: They do later on.
REFUND_CURES = {
    "REFUND_FAILED_INSUFFICIENT_FUNDS": "the account's balance is too small: fill it up",
    "PENDING_CAPTURE": "the money is still under way",
}
#: Its page is good for three hours, and whoever goes there wants some time.
PAGE_GOOD_FOR = timedelta(hours=2, minutes=30)
#: Seconds after which an order that could not be closed is tried again.
CLOSE_AGAIN = 60.0
DISPUTES = "https://uri.paypal.com/services/disputes/read-seller"
SEARCH = "https://uri.paypal.com/services/reporting/search/read"


class PayPal:
    """One app. `now` gives aware UTC, `roots` what signatures of notices end at."""

    name = "paypal"
    title = _("PayPal")
    terms = Terms(currencies=orders.CURRENCIES, good_for=PAGE_GOOD_FOR, captures=True)

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        roots: Roots = system_roots,
    ) -> None:
        self._settings = settings
        self._now = now
        self._calls = Calls(settings, now)
        self._certificates = Certificates(self._calls.open, settings.domain, now, roots)

    async def create(self, request: PaymentRequest) -> Checkout:
        """Open an order; the same `key` gives the same one for six hours. Its page is good for three.

        Raises `ProviderUnavailable`, `Unauthorised`, `Refused("wrong_amount")`.
        """
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        answer = await self._calls.post("/v2/checkout/orders", orders.content(request), f"open-{request.key}")
        if issue(answer) in WRONG_AMOUNT:
            raise Refused("wrong_amount", amount=request.amount)
        order = good(answer)
        pages = {link.get("rel"): link.get("href") for link in order.get("links") or []}
        page = next((pages[rel] for rel in PAGES if pages.get(rel)), None)
        if page is None or not order.get("id"):
            raise ProviderUnavailable("PayPal answered with no page to pay on")
        return Checkout(str(order["id"]), url=str(page))

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless PayPal signed it for our webhook; `ProviderUnavailable` without a certificate."""
        await self._certificates.check(request.headers, request.body, self._settings.webhook_id)

    async def parse(self, request: HookRequest) -> list[Notice]:
        """Which payment a notice is about; a refund and a dispute may name the capture alone, which is asked for then.

        Raises `BadInput` for what is no notice, `ProviderUnavailable`.
        """
        event = events.read(request.body)
        key = event.key or (await self._key_of(event.capture) if event.capture else "")
        return [Notice(event.id, key)] if key else []

    def answer(self) -> HookAnswer:
        """Anything below 300 will do."""
        return HookAnswer()

    async def fetch(self, reference: str) -> PaymentTruth:
        """What has become of an order; one that its customer has approved is captured, once.

        Raises `ProviderUnavailable`, `Unauthorised`, `Refused("no_payment")`.
        """
        order = await self._order(reference)
        if order.get("status") != "APPROVED" or order.get("intent") != "CAPTURE":
            return await self._told(reference, order)
        # Who was declined approves anew, and that is another try: the order was changed by it.
        approved = hashlib.sha256(str(order.get("update_time", "")).encode()).hexdigest()[:16]
        answer = await self._calls.post(f"{_path(reference)}/capture", {}, f"capture-{reference}-{approved}")
        if issue(answer) in UNDECIDED:
            return PaymentTruth(reference, "open")
        if issue(answer) in DECIDED:
            return await self._told(reference, await self._order(reference))
        return orders.truth(reference, good(answer))

    async def void(self, reference: str) -> PaymentTruth:
        """Have nobody capture the order any more, not even us. What is paid stays so, what is under way stays open.

        One that nobody approved, and that PayPal does not change, is closed by our never capturing it.

        Raises `ProviderUnavailable`, `Unauthorised`.
        """
        answer = await self._calls.patch(_path(reference), orders.VOID)
        try:
            order = await self._order(reference)
        except Refused:  # they forget an order that nobody approves
            return PaymentTruth(reference, "failed")
        truth = await self._told(reference, order)
        if answer.status == 422 and order.get("status") in orders.NOT_AGREED:
            return PaymentTruth(reference, "failed")
        if truth.state == "open" and order.get("status") != "COMPLETED":
            raise ProviderUnavailable(f"PayPal does not close the order yet ({issue(answer)})", after=CLOSE_AGAIN)
        return truth

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """Give money back, once per `key`. Raises as `fetch` does.

        Raises `Refused`: "no_payment", "not_paid", "too_much", "too_late", "charge_disputed".
        """
        order = await self._order(reference)
        truth, capture = orders.truth(reference, order), orders.capture(order)
        if truth.paid is None or capture is None:
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        if (made := orders.refund(order, key)) is not None:
            return made  # PayPal forgets the id of a request after 45 days, and the number of a refund never
        body = {"amount": orders.amount(amount), "custom_id": orders.key_of(order), "invoice_id": key}
        path = f"/v2/payments/captures/{quote(str(capture.get('id')), safe='')}/refund"
        answer = await self._calls.post(path, body, key)
        if issue(answer) in TOO_MUCH:
            left = Money(truth.paid.amount - truth.refunded, amount.currency)
            raise Refused("too_much", reference=reference, left=left)
        if code := NO_REFUND.get(issue(answer)):
            raise Refused(code, reference=reference)
        if cure := REFUND_CURES.get(issue(answer)):
            raise ProviderUnavailable(f"PayPal gives nothing back ({issue(answer)}): {cure}")
        return orders.refund_truth(key, good(answer))

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """What has become of a refund. Raises `ProviderUnavailable`, `Unauthorised`, `Refused("no_payment")`."""
        return orders.refund(await self._order(reference), key)

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """Payments and refunds of that day, UTC. Raises `ProviderUnavailable` until three hours after it."""
        async for booking in books.booked(self._calls, day, self._now):
            yield booking

    async def who(self) -> str:
        """Which app it is, and where its notices go. Raises `ProviderUnavailable`, `Unauthorised`."""
        answer = await self._calls.get(f"/v1/notifications/webhooks/{quote(self._settings.webhook_id, safe='')}")
        if answer.status in (400, 404):
            raise Unauthorised("the app payments.paypal.client_id has no webhook payments.paypal.webhook_id")
        webhook = good(answer)
        names = {str(one.get("name")) for one in webhook.get("event_types") or []}
        if names != {"*"} and (missing := [name for name in events.NEEDED if name not in names]):
            raise Unauthorised(
                f"the webhook payments.paypal.webhook_id does not hear of {', '.join(missing)}: add these"
            )
        grant = await self._calls.grant()
        features = {DISPUTES: "Customer disputes", SEARCH: "Transaction search"}
        off = [name for scope, name in features.items() if scope not in grant.scopes]
        more = f"; switched off for it: {', '.join(off)}" if off else ""
        where = "sandbox" if self._settings.sandbox else "live"
        return f"app {grant.app} ({where}), whose notices go to {webhook.get('url')}{more}"

    async def close(self) -> None:
        """Close connections."""
        await self._calls.close()

    async def _order(self, reference: str) -> dict[str, Any]:
        answer = await self._calls.get(_path(reference))
        if answer.status == 404:
            raise Refused("no_payment", reference=reference)
        return good(answer)

    async def _told(self, reference: str, order: Mapping[str, Any]) -> PaymentTruth:
        """What the order comes to, and whether it is disputed, which stands elsewhere."""
        truth, capture = orders.truth(reference, order), orders.capture(order)
        if truth.paid is None or capture is None or not await self._is_disputed(str(capture.get("id"))):
            return truth
        return replace(truth, disputed=True)

    async def _is_disputed(self, capture: str) -> bool:
        if DISPUTES not in (await self._calls.grant()).scopes:
            return False
        answer = await self._calls.get("/v1/customer/disputes", {"disputed_transaction_id": capture})
        return bool(good(answer).get("items"))

    async def _key_of(self, capture: str) -> str:
        """Our key of the payment that was captured so; "" where it is not one of ours."""
        try:
            answer = await self._calls.get(f"/v2/payments/captures/{quote(capture, safe='')}")
        except Unauthorised as error:  # PayPal has signed the notice: it is our own access that is wrong
            raise ProviderUnavailable(str(error)) from error
        return "" if answer.status == 404 else str(good(answer).get("custom_id") or "")


def _path(reference: str) -> str:
    return f"/v2/checkout/orders/{quote(reference, safe='')}"
