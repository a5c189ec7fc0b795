"""Shopify's Admin API for tests: a schema that queries must fit, a bucket of points, and signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web
from graphql import graphql_sync

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result, Routes, response
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.shopify_costs import objects, query_cost
from tests.kit.platforms.shopify_drafts import Drafts
from tests.kit.platforms.shopify_schema import SCHEMA

SHOP, TOKEN, SECRET, VERSION = "tea.myshopify.com", "shpat_tea", "shpss_tea", "2026-07"
CLIENT = "0a1b2c3d"
MOST_COST, BUCKET, RATE = 1000, 2000.0, 100.0


class ShopifyServer(FakePlatform):
    """`now` is the shop's clock, which a test moves: every change takes a second, and the bucket refills."""

    def __init__(self, now: datetime, currency: str = "EUR") -> None:
        super().__init__()
        self.now, self.currency, self.available = now, currency, BUCKET
        self.products: dict[int, Json] = {}
        self.locations: dict[int, Json] = {1: _location(1, "Berlin")}
        self.levels: dict[str, tuple[int, dict[int, int]]] = {}  # of each variant: its product, and its pieces
        self.pictures: dict[str, bytes] = {}
        self.orders: list[Json] = []
        self.webhooks: list[Json] = []
        self.drafts = Drafts(self)
        self.codes: dict[str, str] = {}  # that were not used yet, and what each is for
        self.adds = Decimal(0)  # what the shop adds to an order by rules of its own
        self.costs: list[int] = []
        self.spent = 0
        self.late: dict[int, float] = {}  # products that its index finds only so many seconds after their change
        self._filled_at = now
        self._deliveries = 0

    def routes(self) -> Routes:
        return {
            "graphql": ("POST", "/admin/api/{version}/graphql.json", self._graphql),
            "picture": ("GET", "/cdn/{name}", self._picture),
            "token": ("POST", "/admin/oauth/access_token", self._token),
        }

    # the merchant's side

    def opens(self, id_: int, name: str, *, active: bool = True) -> None:
        """A location."""
        self.locations[id_] = _location(id_, name) | {"isActive": active}

    def sells(self, id_: int, title: str = "", variants: Sequence[Json] = (), **more: Any) -> Json:
        """A product, or a change of it; each variant has `id`, `price`, `pieces` by location and `chosen`."""
        rows = [*variants] or [{"id": id_ * 10}]
        names = list(dict.fromkeys(name for row in rows for name in row.get("chosen", {})))
        self.products[id_] = {
            "id": f"gid://shopify/Product/{id_}", "title": title or f"Tea {id_}", "handle": f"tea-{id_}",
            "descriptionHtml": f"<p>About {id_}</p>", "productType": "", "status": "ACTIVE", "featuredMedia": None,
            "media": self.connected([]),
            "hasOnlyDefaultVariant": not names, "options": [{"id": "1", "name": name} for name in names or ["Title"]],
            "variants": self.connected([self._variant(id_, row) for row in rows]),
        } | more  # fmt: skip
        return self.touch(id_)

    def unsent(self) -> Json:
        """What is so of a new order."""
        back = {"shopMoney": {"amount": "0.0", "currencyCode": self.currency}}
        return {"displayFulfillmentStatus": "UNFULFILLED", "fulfillments": [], "totalRefundedSet": back}

    def sends(self, at: int, *, number: str, back: str = "", pieces: Mapping[str, int] | None = None) -> Json:
        """Pieces of an order, by variant, were fulfilled there as this parcel, or all of it; `back` was paid back."""
        row = self.orders[at]
        whole = {line["variantId"]: line["quantity"] for line in row["lineItems"]}
        lines = [
            {"id": variant, "quantity": count, "lineItem": {"id": variant, "variant": {"id": variant}}}
            for variant, count in (whole if pieces is None else pieces).items()
        ]
        id_ = 800 + 10 * at + len(row["fulfillments"])
        off: Json = {
            "id": f"gid://shopify/Fulfillment/{id_}", "status": "CANCELLED",
            "trackingInfo": [{"company": "DHL", "number": "0", "url": None}],
            "fulfillmentLineItems": self.connected(lines),
        }  # fmt: skip
        sent = {"company": "SF Express", "number": number, "url": None}
        more = {"id": f"gid://shopify/Fulfillment/{id_ + 1}", "status": "SUCCESS", "trackingInfo": [sent]}
        row["fulfillments"] = [*row["fulfillments"], off, off | more]
        row["displayFulfillmentStatus"] = "FULFILLED" if pieces is None else "PARTIALLY_FULFILLED"
        row["totalRefundedSet"] = {"shopMoney": {"amount": back or "0.0", "currencyCode": self.currency}}
        return {"id": 700 + at, "order_id": 700 + at}

    def touch(self, id_: int) -> Json:
        """It was changed now."""
        self.now += timedelta(seconds=1)
        self.products[id_]["updatedAt"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        return self.products[id_]

    def _variant(self, product: int, row: Json) -> Json:
        pieces = dict(row.get("pieces", {1: 5}))
        self.levels[f"gid://shopify/ProductVariant/{row['id']}"] = product, pieces
        levels = [
            {
                "id": f"gid://shopify/InventoryLevel/{place}", "location": self.locations[place],
                "quantities": lambda _, place=place, **asked: [
                    {"name": name, "quantity": pieces[place]} for name in asked["names"]
                ],
            }
            for place in pieces
        ]  # fmt: skip
        chosen = row.get("chosen") or {"Title": "Default Title"}
        return {
            "id": f"gid://shopify/ProductVariant/{row['id']}", "sku": row.get("sku", f"SKU-{row['id']}"),
            "barcode": None, "title": " / ".join(chosen.values()), "price": row.get("price", "6.80"),
            "compareAtPrice": row.get("compare_at"), "inventoryPolicy": row.get("policy", "DENY"),
            "selectedOptions": [{"name": name, "value": value} for name, value in chosen.items()],
            "inventoryItem": {
                "id": "1", "tracked": row.get("tracked", True), "inventoryLevels": self.connected(levels),
            },
        }  # fmt: skip

    def approves(self, address: str, at: datetime, **other: str) -> str:
        """The merchant allows what an app asked for at `address`, all of it; where it is sent back to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert urlsplit(address).netloc == SHOP
        assert asked["client_id"] == CLIENT
        code = f"code-{len(self.codes)}-{self._deliveries}"
        self.codes[code] = asked["scope"]
        told = {"code": code, "shop": SHOP, "state": asked["state"], "timestamp": str(int(at.timestamp()))} | other
        pairs = "&".join(f"{name}={value}" for name, value in sorted(told.items()))
        made = hmac.new(SECRET.encode(), pairs.encode(), hashlib.sha256).hexdigest()
        return f"{asked['redirect_uri']}?{urlencode(told | {'hmac': made})}"

    async def _token(self, call: Call) -> Result:
        asked = call.json()
        if (asked["client_id"], asked["client_secret"]) != (CLIENT, SECRET) or asked["code"] not in self.codes:
            raise Refusal(400, {"error": "invalid_request"})
        return {"access_token": TOKEN, "scope": self.codes.pop(asked["code"]).replace("read_orders,", "")}

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return self.tells("products/update", body)

    def delivery(self, body: bytes) -> Delivery:
        return self.tells("products/update", body)

    def tells(
        self, topic: str, row: Mapping[str, Any] | bytes, *, secret: str = SECRET, prefix: str = "X-"
    ) -> Delivery:
        """A webhook of this topic; `prefix` "" is how newer ones name their headers."""
        self._deliveries += 1
        body = row if isinstance(row, bytes) else json.dumps(row).encode()
        made = b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        told = {
            "Hmac-Sha256": made, "Topic": topic, "Shop-Domain": SHOP, "API-Version": VERSION,
            "Webhook-Id": f"b54557e4-{self._deliveries}", "Event-Id": f"98880550-{self._deliveries}",
        }  # fmt: skip
        return Delivery(body, {f"{prefix}Shopify-{name}": value for name, value in told.items()})

    # the API

    async def _picture(self, call: Call) -> Result:
        found = self.pictures.get(call.at["name"])
        if found is None:
            raise Refusal(404, "no such file")
        return found

    async def _graphql(self, call: Call) -> Result:
        if call.headers.get("X-Shopify-Access-Token") != TOKEN:
            raise Refusal(401, {"errors": "[API] Invalid API key or access token"})
        asked = call.json()
        cost = query_cost(asked["query"], asked.get("variables") or {})
        self.costs.append(cost)
        self._refill()
        self.drafts.lapse()
        if cost > MOST_COST:
            return self._said({"errors": [_error("MAX_COST_EXCEEDED")]}, cost)
        if cost > self.available:
            self.refusals.append("throttled")
            return self._said({"errors": [_error("THROTTLED")]}, cost)
        done = graphql_sync(SCHEMA, asked["query"], self._root(), variable_values=asked.get("variables"))
        actual = min(cost, objects(done.data))
        self.available -= actual
        self.spent += actual
        if done.errors:
            self.refusals.append(str(done.errors[0]))
            return self._said({"errors": [_described(str(one)) for one in done.errors]}, cost)
        return self._said({"data": done.data}, cost)

    def _refill(self) -> None:
        passed, self._filled_at = (self.now - self._filled_at).total_seconds(), self.now
        self.available = min(BUCKET, self.available + passed * RATE)

    def _said(self, said: Json, cost: int) -> web.Response:
        status = {"maximumAvailable": BUCKET, "currentlyAvailable": self.available, "restoreRate": RATE}
        told = {"requestedQueryCost": cost, "actualQueryCost": cost, "throttleStatus": status}
        made = response(said | {"extensions": {"cost": told}})
        made.headers["X-Shopify-API-Version"] = VERSION
        made.headers["Date"] = f"{self.now.astimezone(UTC):%a, %d %b %Y %H:%M:%S GMT}"
        return made

    def _root(self) -> Json:
        return {
            "shop": {"id": "1", "name": "Tea", "myshopifyDomain": SHOP, "currencyCode": self.currency},
            "locations": self.connected([*self.locations.values()]),
            "product": lambda _, **asked: self.products.get(int(asked["id"].rpartition("/")[2])),
            "products": self._products,
            "productVariant": self._one_variant,
            "webhookSubscriptions": self.connected(self.webhooks),
            "orders": self._orders,
            "order": self._one_order,
            "fulfillment": self._fulfilment,
            "orderCreate": self._order,
            "orderCancel": self._cancel,
            "orderMarkAsPaid": self._pay,
            "webhookSubscriptionCreate": self._subscribe,
            **self.drafts.root(),
        }

    def _one_variant(self, info: Any, **asked: Any) -> Json | None:
        found = [one for row in self.products.values() for one in row["variants"](info, 250)["nodes"]]
        return next((one for one in found if one["id"] == asked["id"]), None)

    def _orders(self, info: Any, **asked: Any) -> Json:
        found = re.fullmatch(r"tag:'([^']+)'( AND updated_at:>='[^']+')?", asked["query"])
        assert found is not None, asked["query"]
        rows = [row for row in self.orders if found[1] in row["tags"]]
        made: Json = self.connected(rows)(info, asked["first"], asked.get("after"))
        return made

    def _one_order(self, _: Any, **asked: Any) -> Json | None:
        row = next((row for row in self.orders if row["id"] == asked["id"]), None)
        return row and row | {"fulfillments": lambda _, first=None: row["fulfillments"][:first]}

    def _fulfilment(self, _: Any, **asked: Any) -> Json | None:
        rows = [one for row in self.orders for one in row["fulfillments"]]
        return next((one for one in rows if one["id"] == asked["id"]), None)

    def _order(self, _: Any, **asked: Any) -> Json:
        told = asked["order"]
        levels = [self.levels.get(line["variantId"]) for line in told["lineItems"]]
        if None in levels:
            return {"userErrors": [{"field": ["order"], "message": "Variant is invalid"}], "order": None}
        id_ = 700 + len(self.orders)
        made = {"id": f"gid://shopify/Order/{id_}", "name": f"#{id_}", "cancelledAt": None}
        cost = {"shopMoney": {"amount": str(_total(told) + self.adds), "currencyCode": self.currency}}
        self.orders.append(
            told | made | self.unsent() | {"totalPriceSet": cost, "displayFinancialStatus": told["financialStatus"]}
        )
        self.count_pieces(told, -1)
        return {"userErrors": [], "order": self.orders[-1]}

    def _pay(self, _: Any, **asked: Any) -> Json:
        found = [row for row in self.orders if row["id"] == asked["input"]["id"]]
        if not found or found[0]["displayFinancialStatus"] == "PAID":
            return {"userErrors": [{"field": ["id"], "message": "Order cannot be marked as paid."}]}
        found[0]["displayFinancialStatus"] = "PAID"
        return {"userErrors": []}

    def _cancel(self, _: Any, **asked: Any) -> Json:
        found = [row for row in self.orders if row["id"] == asked["orderId"] and row["cancelledAt"] is None]
        if not found:
            return {"orderCancelUserErrors": [{"field": ["orderId"], "message": "Order does not exist"}]}
        found[0]["cancelledAt"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        self.count_pieces(found[0], 1)
        return {"orderCancelUserErrors": []}

    def count_pieces(self, order: Json, sign: int) -> None:
        for line in order["lineItems"]:
            if line.get("variantId") is None:
                continue
            product, pieces = self.levels[line["variantId"]]
            first = min(pieces)
            pieces[first] += sign * line["quantity"]
            self.touch(product)

    def _subscribe(self, _: Any, **asked: Any) -> Json:
        uri = asked["webhookSubscription"]["uri"]
        if not uri.startswith("https://"):
            return {"userErrors": [{"field": ["uri"], "message": "Address protocol http:// is not supported"}]}
        id_ = f"gid://shopify/WebhookSubscription/{len(self.webhooks) + 1}"
        self.webhooks.append({"id": id_, "topic": asked["topic"], "uri": uri})
        return {"userErrors": [], "webhookSubscription": self.webhooks[-1]}

    def _is_found(self, row: Json) -> bool:
        at = datetime.fromisoformat(row["updatedAt"])
        return at + timedelta(seconds=self.late.get(int(row["id"].rpartition("/")[2]), 0)) <= self.now

    def _products(self, info: Any, **asked: Any) -> Json:
        rows = [*self.products.values()]
        if asked.get("query"):
            found = re.fullmatch(r"updated_at:>='([^']+)'", asked["query"])
            assert found is not None, asked["query"]
            rows = [row for row in rows if row["updatedAt"] >= found[1] and self._is_found(row)]
        by = {"UPDATED_AT": "updatedAt"}.get(asked["sortKey"], "id")
        rows.sort(key=lambda row: (row[by], int(row["id"].rpartition("/")[2])))
        made: Json = self.connected(rows)(info, asked["first"], asked.get("after"))
        return made

    def connected(self, rows: Sequence[Json]) -> Any:
        def connection(_: Any, first: int, after: str | None = None, **_sorted_or_all: Any) -> Json:
            if not 1 <= first <= 250:
                raise ValueError("first must be within 1 and 250")
            begins = next((at + 1 for at, row in enumerate(rows) if row["id"] == after), 0)
            page = rows[begins : begins + first]
            ends = page[-1]["id"] if page else None
            return {"nodes": page, "pageInfo": {"hasNextPage": begins + first < len(rows), "endCursor": ends}}

        return connection


def _location(id_: int, name: str) -> Json:
    return {"id": f"gid://shopify/Location/{id_}", "name": name, "isActive": True}


def _total(order: Mapping[str, Any]) -> Decimal:
    """As the shop reckons it: taxes that are in the prices are not added."""
    tax = () if order.get("taxesIncluded") else order.get("taxLines") or ()
    lines = sum((_amount(one["priceSet"]) * one["quantity"] for one in order["lineItems"]), Decimal(0))
    above = sum((_amount(one["priceSet"]) for one in (*(order.get("shippingLines") or ()), *tax)), Decimal(0))
    code = order.get("discountCode")
    return lines + above - (_amount(code["itemFixedDiscountCode"]["amountSet"]) if code else 0)


def _amount(bag: Mapping[str, Any]) -> Decimal:
    return Decimal(str(bag["shopMoney"]["amount"]))


def _described(message: str) -> Json:
    """A variable that does not fit is said with its problems."""
    told = {"value": None, "problems": [{"path": [], "explanation": message}]}
    return {"message": message} | ({"extensions": told} if message.startswith("Variable ") else {})


def _error(code: str) -> Json:
    return {"message": code.capitalize(), "extensions": {"code": code}}
