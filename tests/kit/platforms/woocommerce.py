"""WooCommerce's REST API v3 for tests: products, variations, pictures and signed webhooks; strict as the real one is.

https://woocommerce.github.io/woocommerce-rest-api-docs
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result, Routes, response
from tests.kit.platforms.posting import Delivery

KEY, SECRET, HOOK_SECRET = "ck_tea", "cs_tea", "hooktea"
API = "/wp-json/wc/v3"
LISTED = {"page", "per_page", "orderby", "order", "modified_after", "dates_are_gmt", "status", "_fields", "after"}
PRODUCT_STATES = {"draft", "pending", "private", "publish", "trash", "future", "auto-draft"}
ORDER_STATES = {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash"}
HOOK_STATES = {"all", "active", "paused", "disabled"}
ORDERS = {"date", "modified", "id", "title", "slug", "menu_order"}
#: What `is_email` of WordPress takes: any other address is refused, also to search by.
ADDRESS = re.compile(r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+")


def refuse(status: int, code: str, words: str = "no") -> Any:
    """WordPress' form of an error."""
    raise Refusal(status, {"code": code, "message": words, "data": {"status": status}})


def _total(order: Json) -> Decimal:
    lines = [one for name in ("line_items", "shipping_lines", "fee_lines") for one in order.get(name, ())]
    return sum((Decimal(one["total"]) for one in lines), Decimal(0))


class WooCommerceServer(FakePlatform):
    """`now` is the shop's clock, which a test moves; every change of a product takes a second."""

    def __init__(self, now: datetime, currency: str = "EUR") -> None:
        super().__init__()
        self.now, self.currency = now, currency
        self.products: dict[int, Json] = {}
        self.variations: dict[int, list[Json]] = {}
        self.pictures: dict[str, bytes] = {}
        self.orders: list[Json] = []
        self.reviews: list[Json] = []
        self.webhooks: list[Json] = []
        self.tax, self.adds = Decimal("0.19"), Decimal(0)  # what it reckons by rules of its own
        self._deliveries = 0

    def routes(self) -> Routes:
        return {
            "products": ("GET", f"{API}/products", self._products),
            "product": ("GET", f"{API}/products/{{id}}", self._product),
            "variations": ("GET", f"{API}/products/{{id}}/variations", self._variations),
            "currency": ("GET", f"{API}/data/currencies/current", self._currency),
            "orders": ("GET", f"{API}/orders", self._orders),
            "order": ("POST", f"{API}/orders", self._order),
            "one_order": ("GET", f"{API}/orders/{{id}}", self._one_order),
            "change": ("PUT", f"{API}/orders/{{id}}", self._change),
            "refunds": ("GET", f"{API}/orders/{{id}}/refunds", self._refunds),
            "refund": ("POST", f"{API}/orders/{{id}}/refunds", self._refund),
            "webhooks": ("GET", f"{API}/webhooks", self._webhooks),
            "subscribe": ("POST", f"{API}/webhooks", self._subscribe),
            "resume": ("PUT", f"{API}/webhooks/{{id}}", self._resume),
            "reviews": ("GET", f"{API}/products/reviews", self._reviews),
            "review": ("POST", f"{API}/products/reviews", self._review),
            "drop_review": ("DELETE", f"{API}/products/reviews/{{id}}", self._drop_review),
            "picture": ("GET", "/wp-content/{name}", self._picture),
        }

    def refuses(self, code: int, text: str) -> web.Response:
        return response({"code": "woocommerce_rest_error", "message": text, "data": {"status": code}}, code)

    # the merchant's side

    def sells(self, id_: int, name: str = "", price: str = "6.80", **more: Any) -> Json:
        """A product without variations, or a change of it."""
        row = self.products.get(id_) or {
            "id": id_, "type": "simple", "status": "publish", "catalog_visibility": "visible", "sku": f"SKU-{id_}",
            "short_description": "", "description": f"<p>About {id_}</p>", "categories": [], "images": [],
            "attributes": [], "manage_stock": True, "stock_quantity": 5, "stock_status": "instock",
            "global_unique_id": "", "name": name or f"Tea {id_}",
        }  # fmt: skip
        self.products[id_] = row | ({"name": name} if name else {}) | {"price": price, "regular_price": price} | more
        return self.touch(id_)

    def varies(self, id_: int, options: Mapping[str, Sequence[str]], rows: Sequence[Json], **more: Any) -> Json:
        """A product with variations: of each its id, price, stock_quantity, and `chosen`, an option for each name."""
        axes = [{"id": 0, "name": name, "variation": True, "options": [*values]} for name, values in options.items()]
        self.variations[id_] = [
            {
                "sku": f"SKU-{row['id']}", "regular_price": row["price"], "status": "publish", "manage_stock": True,
                "stock_status": "instock", "global_unique_id": "",
                "attributes": [{"id": 0, "name": name, "option": value} for name, value in row["chosen"].items()],
            } | {name: value for name, value in row.items() if name != "chosen"}
            for row in rows
        ]  # fmt: skip
        return self.sells(id_, **({"price": ""} | more), type="variable", attributes=axes, manage_stock=False)

    def sends(self, at: int, *, number: str, back: str = "") -> Json:
        """An order was completed there, as this parcel; `back` was paid back."""
        kept = {"tracking_provider": "SF Express", "tracking_number": number, "custom_tracking_link": ""}
        self.orders[at]["meta_data"].append({"key": "_wc_shipment_tracking_items", "value": [kept]})
        self.orders[at]["status"] = "completed"
        if back:
            self.orders[at]["refunds"] = [{"id": 1, "reason": "", "total": f"-{back}"}]
        return self.orders[at]

    def hears(self, product: int, words: str, stars: int, who: str = "Bob", email: str = "bob@example.com") -> Json:
        """Somebody writes a review there."""
        return self._reviewed({
            "product_id": product, "review": words, "rating": stars, "reviewer": who, "reviewer_email": email,
            "status": "approved",
        })  # fmt: skip

    def _reviewed(self, row: Json) -> Json:
        self.now += timedelta(seconds=1)
        made = {"id": 900 + len(self.reviews), "date_created_gmt": f"{self.now:%Y-%m-%dT%H:%M:%S}"}
        self.reviews.append(made | row)
        return self.reviews[-1]

    def pays(self, at: int, *, later: bool = False) -> Json:
        """A customer pays an order by its link, or chooses there to pay it in cash; what the webhook of it says."""
        row = self.orders[at]
        assert row["status"] in ("pending", "failed"), "nobody can pay it any more"
        row["payment_method"] = "cod" if later else "stripe"
        self._becomes(row, "processing")
        return row

    def completes(self, at: int) -> Json:
        """An order was sent there, and what was to be paid on delivery is paid; what the webhook of it says."""
        self._becomes(self.orders[at], "completed")
        return self.orders[at]

    def touch(self, id_: int) -> Json:
        """It was changed now."""
        self.now += timedelta(seconds=1)
        self.products[id_]["date_modified_gmt"] = f"{self.now:%Y-%m-%dT%H:%M:%S}"
        return self.products[id_]

    def variation(self, id_: int) -> Json | None:
        """What its webhooks say of a variation, and what it answers when asked for one as if it were a product."""
        found = [(of, row) for of, rows in self.variations.items() for row in rows if row["id"] == id_]
        return {"type": "variation", "name": "", "parent_id": found[0][0]} | found[0][1] if found else None

    def bins(self, id_: int) -> None:
        """It is deleted for good."""
        del self.products[id_]

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return self.tells("product.updated", json.loads(body))

    def delivery(self, body: bytes) -> Delivery:
        return self._signed(body, "product.updated")

    def tells(self, topic: str, row: Mapping[str, Any], secret: str = HOOK_SECRET) -> Delivery:
        """A webhook of this topic."""
        return self._signed(json.dumps(row).encode(), topic, secret)

    def _signed(self, body: bytes, topic: str, secret: str = HOOK_SECRET) -> Delivery:
        self._deliveries += 1
        signature = b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        resource, _, event = topic.partition(".")
        return Delivery(body, {
            "X-WC-Webhook-Source": f"{self.base}/", "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event, "X-WC-Webhook-Signature": signature, "X-WC-Webhook-ID": "1",
            "X-WC-Webhook-Delivery-ID": f"{self._deliveries:032x}", "Content-Type": "application/json",
        })  # fmt: skip

    # the API

    async def _products(self, call: Call) -> Result:
        self._known(call, LISTED, PRODUCT_STATES)
        found = [row for row in self.products.values() if row["status"] != "trash"]
        if after := call.query.get("modified_after"):
            if call.query.get("dates_are_gmt") != "true":
                refuse(400, "rest_invalid_param", "the test's site is not in UTC")
            found = [row for row in found if (row["date_modified_gmt"] or "") > after]
        by = {"modified": "date_modified_gmt"}.get(call.query.get("orderby", "date"), "id")
        found.sort(key=lambda row: (row[by] or "", row["id"]), reverse=call.query.get("order", "desc") == "desc")
        return self._paged(call, found)

    async def _product(self, call: Call) -> Result:
        self._known(call, set())
        row = self.products.get(int(call.at["id"])) or self.variation(int(call.at["id"]))
        return row or refuse(404, "woocommerce_rest_product_invalid_id")

    async def _variations(self, call: Call) -> Result:
        self._known(call, LISTED)
        return self._paged(call, self.variations.get(int(call.at["id"]), []))

    async def _currency(self, call: Call) -> Result:
        self._known(call, set())
        return {"code": self.currency, "name": self.currency, "symbol": ""}

    async def _orders(self, call: Call) -> Result:
        self._known(call, LISTED, ORDER_STATES)
        after = call.query.get("after") or call.query["modified_after"]
        return self._paged(call, [row for row in self.orders if row["date_created_gmt"] > after])

    async def _one_order(self, call: Call) -> Result:
        self._known(call, set())
        return dict(self._order_of(call))

    def _order_of(self, call: Call) -> Json:
        found = [row for row in self.orders if row["id"] == int(call.at["id"])]
        return found[0] if found else refuse(404, "woocommerce_rest_shop_order_invalid_id")

    async def _order(self, call: Call) -> Result:
        self._known(call, set())
        asked = call.json()
        for line in asked["line_items"]:
            if int(line["product_id"]) not in self.products:
                refuse(400, "woocommerce_rest_invalid_product_id", "Invalid product.")
        id_ = 700 + len(self.orders)
        made = {
            "id": id_, "date_created_gmt": f"{self.now:%Y-%m-%dT%H:%M:%S}", "meta_data": [], "date_paid_gmt": None,
            "date_completed_gmt": None, "payment_method": "",
            "payment_url": f"{self.base}/checkout/order-pay/{id_}/?pay_for_order=true&key=wc_order_{id_}",
        }  # fmt: skip
        total = str(_total(asked) + self._taxes(asked))
        self.orders.append(made | asked | {"total": total, "status": "pending", "refunds": []})
        self._becomes(self.orders[-1], asked["status"])
        return response(self.orders[-1], 201)

    def _becomes(self, order: Json, status: str) -> None:
        """Its pieces are taken with the first of the states that is to be sent, and given back with one that is not.

        As soon as it is to be sent it counts as paid, however it is to be paid (`WC_Order::maybe_set_date_paid`).
        """
        for state, sign in ((status, -1), (order["status"], 1)):
            if status != order["status"] and state in ("processing", "on-hold", "completed"):
                self._count(order["line_items"], sign)
        order["status"] = status
        for date, states in (("paid", ("processing", "completed")), ("completed", ("completed",))):
            if status in states and not order[f"date_{date}_gmt"]:
                order[f"date_{date}_gmt"] = f"{self.now:%Y-%m-%dT%H:%M:%S}"

    def _taxes(self, order: Json) -> Decimal:
        """What the shop reckons on top of all lines, but for an order that is exempt."""
        told = {one["key"]: one["value"] for one in order.get("meta_data", ())}
        return self.adds + (Decimal(0) if told.get("is_vat_exempt") == "yes" else _total(order) * self.tax)

    async def _change(self, call: Call) -> Result:
        self._known(call, set())
        row = self._order_of(call)
        self._becomes(row, call.json().get("status", row["status"]))
        if call.json().get("set_paid") and row["status"] in ("pending", "failed"):  # no other one waits for its money
            self._becomes(row, "processing")
        return dict(row)

    async def _refunds(self, call: Call) -> Result:
        self._known(call, LISTED)
        return self._paged(call, self._order_of(call).get("given", []))

    async def _refund(self, call: Call) -> Result:
        self._known(call, set())
        row, told = self._order_of(call), call.json()
        left = Decimal(row["total"]) + sum((Decimal(one["total"]) for one in row["refunds"]), Decimal(0))
        if not row["date_paid_gmt"] or not 0 < Decimal(told["amount"]) <= left:
            refuse(500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
        made = {"id": 50 + len(row["refunds"]), "reason": told["reason"], "amount": told["amount"]}
        row["refunds"].append({"id": made["id"], "reason": told["reason"], "total": f"-{told['amount']}"})
        made |= {"date_created_gmt": f"{self.now:%Y-%m-%dT%H:%M:%S}", "refunded_payment": told["api_refund"]}
        row.setdefault("given", []).append(made)
        if Decimal(told["amount"]) == left:
            row["status"] = "refunded"
        return response(made, 201)

    def _count(self, lines: Sequence[Json], sign: int) -> None:
        for line in lines:
            product = int(line["product_id"])
            of_product = {row["id"]: row for row in self.variations.get(product, [])}
            row = of_product.get(line.get("variation_id")) or self.products[product]
            row["stock_quantity"] += sign * line["quantity"]
            self.touch(product)

    async def _reviews(self, call: Call) -> Result:
        self._known(call, (LISTED - {"modified_after", "dates_are_gmt"}) | {"reviewer_email"})
        if call.query.get("orderby", "date_gmt") not in ("date", "date_gmt", "id", "include", "product"):
            refuse(400, "rest_invalid_param", "orderby")
        wanted = {"all": ("approved", "hold")}.get(call.query.get("status", "approved"), (call.query.get("status"),))
        found = [row for row in self.reviews if row["status"] in wanted]
        if email := call.query.get("reviewer_email"):
            if not ADDRESS.fullmatch(email):
                refuse(400, "rest_invalid_param", "Invalid parameter(s): reviewer_email")
            found = [row for row in found if row["reviewer_email"] == email]
        found.sort(key=lambda row: row["date_created_gmt"], reverse=call.query.get("order", "desc") == "desc")
        return self._paged(call, [row | {"review": f"<p>{row['review']}</p>\n"} for row in found], ordered=True)

    async def _review(self, call: Call) -> Result:
        self._known(call, set())
        told = call.json()
        if told["product_id"] not in self.products:
            refuse(404, "woocommerce_rest_product_invalid_id", "Invalid product ID.")
        if not told["review"]:
            refuse(400, "woocommerce_rest_review_content_invalid", "Invalid review content.")
        same = ("product_id", "review", "reviewer", "reviewer_email")
        there = [row for row in self.reviews if row["status"] != "trash"]
        if any(all(row[name] == told[name] for name in same) for row in there):
            refuse(409, "woocommerce_rest_comment_duplicate", "Duplicate comment detected")
        return response(self._reviewed({"status": "approved"} | told), 201)

    async def _drop_review(self, call: Call) -> Result:
        self._known(call, {"force"})
        found = [row for row in self.reviews if row["id"] == int(call.at["id"])]
        row = found[0] if found else refuse(404, "woocommerce_rest_review_invalid_id", "Invalid review ID.")
        self.reviews.remove(row)
        return {"deleted": True, "previous": row}

    async def _webhooks(self, call: Call) -> Result:
        self._known(call, LISTED, HOOK_STATES)
        return self._paged(call, [{name: row[name] for name in row if name != "secret"} for row in self.webhooks])

    async def _subscribe(self, call: Call) -> Result:
        self._known(call, set())
        asked = call.json()
        if asked["topic"].partition(".")[0] not in ("product", "order", "customer", "coupon"):
            refuse(400, "woocommerce_rest_shop_webhook_invalid_topic")
        if not asked["delivery_url"].startswith("https://"):
            refuse(400, "woocommerce_rest_shop_webhook_invalid_delivery_url")
        self.webhooks.append({"id": len(self.webhooks) + 1, "status": "active"} | asked)
        return response(self.webhooks[-1], 201)

    async def _resume(self, call: Call) -> Result:
        self._known(call, set())
        row = self.webhooks[int(call.at["id"]) - 1]
        row.update(call.json())
        return row

    async def _picture(self, call: Call) -> Result:
        found = self.pictures.get(call.at["name"])
        return found if found is not None else refuse(404, "not_found")

    def _paged(self, call: Call, rows: Sequence[Json], *, ordered: bool = False) -> web.Response:
        size, number = int(call.query.get("per_page", 10)), int(call.query.get("page", 1))
        if not 1 <= size <= 100 or number < 1:
            refuse(400, "rest_invalid_param", "per_page must be between 1 and 100")
        if not ordered and call.query.get("orderby", "date") not in ORDERS:
            refuse(400, "rest_invalid_param", "orderby")
        said = response([*rows[(number - 1) * size : number * size]])
        said.headers["X-WP-Total"] = str(len(rows))
        said.headers["X-WP-TotalPages"] = str(-(-len(rows) // size))
        said.headers["Date"] = f"{self.now.astimezone(UTC):%a, %d %b %Y %H:%M:%S GMT}"
        return said

    def _known(self, call: Call, known: set[str], states: Collection[str] = ()) -> None:
        pair = b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if call.headers.get("Authorization") != f"Basic {pair}":
            refuse(401, "woocommerce_rest_cannot_view")
        if unknown := call.query.keys() - known:
            refuse(400, "rest_invalid_param", f"{unknown}")
        if states and call.query.get("status", "any") not in {*states, "any"}:
            refuse(400, "rest_invalid_param", "status")
