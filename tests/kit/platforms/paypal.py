"""PayPal's API for tests: orders that are approved and captured, refunds, disputes, books, notices that are signed.

https://developer.paypal.com/api/orders/v2
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

from aiohttp import web

from tests.kit.platforms.base import Call, Json, Result, Routes
from tests.kit.platforms.paypal_gate import PayPalGate
from tests.kit.platforms.paypal_rules import check_amount, check_order, refuse

#: Seconds: an order that nobody approves; the id of a request to make an order, and to give money back.
UNAPPROVED, ORDER_ID, REFUND_ID = 3 * 3600, 6 * 3600, 45 * 86400
#: What was done is listed so much later, seconds; and so much a page, so that somebody turns them.
LISTED, PAGE = 3 * 3600, 2


class PayPalServer(PayPalGate):
    """`now` is seconds since 1970, which a test moves."""

    def __init__(self, now: float) -> None:
        super().__init__(now)
        self.orders: dict[str, Json] = {}
        self.disputed: set[str] = set()
        self.rows: list[Json] = []
        self.most_listed = 10_000
        #: What becomes of the next captures: a status, or PayPal's word for why not.
        self.outcomes: list[str] = []
        self.refused_refunds: list[str] = []  # the next refunds, with PayPal's word for why not

    def routes(self) -> Routes:
        return {
            "token": ("POST", "/v1/oauth2/token", self.token),
            "create": ("POST", "/v2/checkout/orders", self._create),
            "order": ("GET", "/v2/checkout/orders/{id}", self._order),
            "change": ("PATCH", "/v2/checkout/orders/{id}", self._change),
            "capture": ("POST", "/v2/checkout/orders/{id}/capture", self._capture),
            "captured": ("GET", "/v2/payments/captures/{id}", self._captured),
            "refund": ("POST", "/v2/payments/captures/{id}/refund", self._refund),
            "disputes": ("GET", "/v1/customer/disputes", self._disputes),
            "books": ("GET", "/v1/reporting/transactions", self._books),
            "webhook": ("GET", "/v1/notifications/webhooks/{id}", self.webhook),
            "certificate": ("GET", "/v1/notifications/certs/{id}", self.certificate),
        }

    # the customer's side, and PayPal's

    def approves(self, id_: str, value: str = "", currency: str = "") -> bytes | None:
        """The customer says yes on the page; None where it is not open any more. `value`: somebody changed the sum."""
        order = self.orders[id_]
        if order["status"] == "COMPLETED":
            return None
        amount = order["purchase_units"][0]["amount"]
        amount |= {"value": value or amount["value"], "currency_code": currency or amount["currency_code"]}
        order |= {"status": "APPROVED", "update_time": self.time()}
        return self.event("CHECKOUT.ORDER.APPROVED", order, f"WH-{id_}-approved")

    def tells(self, id_: str, kind: str = "COMPLETED") -> bytes:
        """The notice of an order's capture, whose state becomes `kind`."""
        taken = self.payment(id_)
        if kind == "DENIED":
            taken["status"] = "DECLINED"
        elif taken["status"] == "PENDING" and kind == "COMPLETED":
            taken["status"] = kind
            self._book("T0006", self.orders[id_], taken, 1)
        return self.event(f"PAYMENT.CAPTURE.{kind}", taken, f"WH-{id_}-{kind}")

    def disputes(self, id_: str) -> bytes:
        """The payer wants the money back."""
        taken = self.payment(id_)
        self.disputed.add(taken["id"])
        about = {"dispute_id": "PP-D-1", "disputed_transactions": [{"seller_transaction_id": taken["id"]}]}
        return self.event("CUSTOMER.DISPUTE.CREATED", about, f"WH-{id_}-disputed")

    def bounces(self, id_: str, key: str) -> bytes:
        """The payer's bank sends a refund back, days later."""
        payments = self.orders[id_]["purchase_units"][0]["payments"]
        [refund] = [one for one in payments["refunds"] if one["invoice_id"] == key]
        refund["status"] = "FAILED"
        left = [one for one in payments["refunds"] if one["status"] == "COMPLETED"]
        payments["captures"][-1]["status"] = "PARTIALLY_REFUNDED" if left else "COMPLETED"
        return self.event("PAYMENT.REFUND.FAILED", refund, f"WH-{refund['id']}-failed")

    def payment(self, id_: str) -> Json:
        """The capture of an order."""
        found: Json = self.orders[id_]["purchase_units"][0]["payments"]["captures"][-1]
        return found

    def event(self, kind: str, about: Json, id_: str) -> bytes:
        told = {"id": id_, "event_type": kind, "event_version": "1.0", "create_time": self.time(), "resource": about}
        return json.dumps(told).encode()

    # the API

    async def _create(self, call: Call) -> Result:
        self.assure(call)
        asked = call.json()
        if "PayPal-Request-Id" not in call.headers:
            refuse("PAYPAL_REQUEST_ID_REQUIRED", 400)
        if known := self.again(call, asked, ORDER_ID):
            return known
        check_order(asked)
        id_ = f"{next(self.ids):017X}"
        page = {
            "href": f"https://www.sandbox.paypal.com/checkoutnow?token={id_}",
            "rel": "payer-action",
            "method": "GET",
        }
        self.orders[id_] = {
            "id": id_, "intent": asked["intent"], "status": "PAYER_ACTION_REQUIRED", "create_time": self.time(),
            "purchase_units": [{"reference_id": "default"} | asked["purchase_units"][0]],
            "payment_source": {"paypal": {}}, "links": [page],
        }  # fmt: skip
        return self.remember(call, asked, self.orders[id_])

    async def _order(self, call: Call) -> Result:
        self.assure(call)
        return self._known(call)

    async def _change(self, call: Call) -> Result:
        self.assure(call)
        order = self._known(call)
        [change] = json.loads(call.body)
        if change.keys() != {"op", "path", "value"} or (change["op"], change["path"]) != ("replace", "/intent"):
            refuse("NOT_PATCHABLE")
        if order["status"] == "COMPLETED":
            refuse("ORDER_ALREADY_COMPLETED")
        if order["status"] not in ("CREATED", "APPROVED"):
            refuse("INVALID_ORDER_STATUS")
        order["intent"] = change["value"]
        return web.Response(status=204)

    async def _capture(self, call: Call) -> Result:
        self.assure(call)
        order = self._known(call)
        if call.headers.get("Content-Type") != "application/json" or (call.body and call.json()):
            refuse("MALFORMED_REQUEST_JSON", 400)
        if known := self.again(call, call.at["id"], ORDER_ID):
            return known
        if order["intent"] != "CAPTURE":
            refuse("ACTION_DOES_NOT_MATCH_INTENT")
        if order["status"] == "COMPLETED":
            refuse("ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            refuse("ORDER_NOT_APPROVED")
        outcome = self.outcomes.pop(0) if self.outcomes else "COMPLETED"
        match outcome:
            case "COMPLETED" | "PENDING" | "DECLINED":
                self._take(order, outcome)
            case "ORDER_ALREADY_CAPTURED":  # by another call, in this very moment
                self._take(order, "COMPLETED")
                refuse(outcome)
            case "ACTION_DOES_NOT_MATCH_INTENT":  # it was closed in this very moment
                order["intent"] = "AUTHORIZE"
                refuse(outcome)
            case _:
                refuse(outcome)
        return self.remember(call, call.at["id"], order)

    def _take(self, order: Json, outcome: str) -> None:
        unit = order["purchase_units"][0]
        if unit["invoice_id"] in [row["transaction_info"]["invoice_id"] for row in self.rows]:
            refuse("DUPLICATE_INVOICE_ID")
        taken = {
            "id": f"{next(self.ids):017X}", "status": outcome, "amount": dict(unit["amount"]), "final_capture": True,
            "custom_id": unit["custom_id"], "invoice_id": unit["invoice_id"], "create_time": self.time(),
        }  # fmt: skip
        if outcome == "PENDING":
            taken["status_details"] = {"reason": "ECHECK"}
        unit["payments"] = {"captures": [taken]}
        order |= {"status": "COMPLETED", "update_time": self.time()}
        if outcome == "COMPLETED":
            self._book("T0006", order, taken, 1)

    async def _captured(self, call: Call) -> Result:
        self.assure(call)
        return self._paid(call.at["id"])[1]

    async def _refund(self, call: Call) -> Result:
        self.assure(call)
        asked = call.json()
        if known := self.again(call, asked, REFUND_ID):
            return known
        order, taken = self._paid(call.at["id"])
        if asked.keys() - {"amount", "custom_id", "invoice_id", "note_to_payer"} or len(asked["invoice_id"]) > 127:
            refuse("UNKNOWN_FIELD", 400)
        check_amount(asked["amount"])
        if self.refused_refunds:
            refuse(self.refused_refunds.pop(0))
        payments = order["purchase_units"][0]["payments"]
        given = sum(Decimal(one["amount"]["value"]) for one in payments.get("refunds", []))
        left = Decimal(taken["amount"]["value"]) - given
        if taken["status"] == "PENDING":
            refuse("PENDING_CAPTURE")
        if not left:
            refuse("CAPTURE_FULLY_REFUNDED")
        if asked["amount"]["currency_code"] != taken["amount"]["currency_code"]:
            refuse("REFUND_CAPTURE_CURRENCY_MISMATCH")
        if Decimal(asked["amount"]["value"]) > left:
            refuse("REFUND_AMOUNT_EXCEEDED")
        up = {"rel": "up", "href": f"{self.base}/v2/payments/captures/{taken['id']}", "method": "GET"}
        refund = {"id": f"{next(self.ids):017X}", "status": "COMPLETED", "create_time": self.time(), "links": [up]}
        refund |= asked
        payments.setdefault("refunds", []).append(refund)
        all_of_it = Decimal(asked["amount"]["value"]) == left
        taken["status"] = "REFUNDED" if all_of_it else "PARTIALLY_REFUNDED"
        self._book("T1107", order, refund, -1)
        return self.remember(call, asked, refund)

    async def _disputes(self, call: Call) -> Result:
        self.assure(call, "disputes/read-seller")
        found = self.disputed & {call.query["disputed_transaction_id"]}
        return {"items": [{"dispute_id": "PP-D-1", "status": "OPEN"} for _ in found], "links": []}

    async def _books(self, call: Call) -> Result:
        self.assure(call, "reporting/search/read")
        first, last = (datetime.fromisoformat(call.query[name]).timestamp() for name in ("start_date", "end_date"))
        if last - first > 31 * 86400 or not 1 <= int(call.query["page_size"]) <= 500:
            refuse("INVALID_REQUEST", 400)
        listed = [row for row in self.rows if row["at"] <= self.now - LISTED and first <= row["at"] <= last]
        if len(listed) > self.most_listed:
            refuse("RESULTSET_TOO_LARGE", 400)
        begin = (int(call.query["page"]) - 1) * PAGE
        rows = [{"transaction_info": row["transaction_info"]} for row in listed[begin : begin + PAGE]]
        return {
            "transaction_details": rows,
            "last_refreshed_datetime": self.time(self.now - LISTED, "+0000"),
            "page": int(call.query["page"]), "total_items": len(listed), "total_pages": -(-len(listed) // PAGE),
        }  # fmt: skip

    def _book(self, code: str, order: Json, source: Json, sign: int) -> None:
        amount = source["amount"] | {"value": f"{'-' if sign < 0 else ''}{source['amount']['value']}"}
        line = {
            "transaction_id": source["id"], "transaction_event_code": code, "transaction_status": "S",
            "transaction_initiation_date": self.time(zone="+0000"), "transaction_amount": amount,
            "invoice_id": source["invoice_id"], "custom_field": source["custom_id"],
        }  # fmt: skip
        self.rows.append({"at": self.now, "transaction_info": line})

    def _paid(self, capture: str) -> tuple[Json, Json]:
        for order in self.orders.values():
            for taken in order["purchase_units"][0].get("payments", {}).get("captures", []):
                if taken["id"] == capture:
                    return order, taken
        found: tuple[Json, Json] = refuse("INVALID_RESOURCE_ID", 404)
        return found

    def _known(self, call: Call) -> Json:
        order = self.orders.get(call.at["id"]) or refuse("INVALID_RESOURCE_ID", 404)
        made = datetime.fromisoformat(order["create_time"]).timestamp()
        if order["status"] == "PAYER_ACTION_REQUIRED" and self.now - made > UNAPPROVED:
            refuse("INVALID_RESOURCE_ID", 404)
        found: Json = order
        return found
