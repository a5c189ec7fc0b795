"""Shopify's draft orders for tests: bills that a customer pays in the shop's own checkout, and what is paid back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.kit.platforms.base import Json

if TYPE_CHECKING:
    from tests.kit.platforms.shopify import ShopifyServer


class Drafts:
    """Those of one shop."""

    def __init__(self, server: ShopifyServer) -> None:
        self._server = server
        self.rows: list[Json] = []
        self.refunded: dict[str, Json] = {}  # by idempotency key

    def pays(self, at: int, *, captured: bool = True) -> Json:
        """A customer pays the invoice, and the shop takes the money; what the webhook of it says."""
        draft, shop = self.rows[at], self._server
        self.lapse()
        assert draft["status"] == "OPEN", "nobody can pay it any more"
        assert draft.get("shippingLine"), "without one the checkout asks for shipping by the shop's own rates"
        id_ = 700 + len(shop.orders)
        sale = {
            "id": f"gid://shopify/OrderTransaction/{id_}", "kind": "SALE", "status": "SUCCESS",
            "gateway": "shopify_payments", "processedAt": f"{shop.now:%Y-%m-%dT%H:%M:%SZ}",
            "amountSet": draft["totalPriceSet"],
        }  # fmt: skip
        made = {
            "id": f"gid://shopify/Order/{id_}", "name": f"#{id_}", "cancelledAt": None, "tags": draft["tags"],
            "lineItems": draft["lineItems"], "transactions": [sale], "refunds": [],
            "displayFinancialStatus": "PAID" if captured else "AUTHORIZED",
            "totalPriceSet": draft["totalPriceSet"], "totalReceivedSet": draft["totalPriceSet"],
        }  # fmt: skip
        shop.orders.append(shop.unsent() | made)
        if not draft["isReserved"]:
            shop.count_pieces(draft, -1)
        draft |= {"status": "COMPLETED", "order": shop.orders[-1], "isReserved": False}
        return {"id": int(draft["id"].rpartition("/")[2]), "status": "completed", "order_id": id_}

    def lapse(self) -> None:
        """What is kept for a bill until a moment that is over is there again."""
        for row in self.rows:
            if row["isReserved"] and row["reserveInventoryUntil"] <= f"{self._server.now:%Y-%m-%dT%H:%M:%SZ}":
                self._let_go(row)

    def _let_go(self, draft: Json) -> None:
        if draft["isReserved"]:
            draft["isReserved"] = False
            self._server.count_pieces(draft, 1)

    def root(self) -> Json:
        """What queries find here."""
        return {
            "draftOrder": lambda _, id: next((row for row in self.rows if row["id"] == id), None),  # noqa: A006
            "draftOrders": self._found,
            "draftOrderCreate": self._create,
            "draftOrderDelete": self._delete,
            "refundCreate": self._refund,
        }

    def _found(self, info: Any, **asked: Any) -> Json:
        found = re.fullmatch(r"tag:'([^']+)'", asked["query"])
        assert found is not None, asked["query"]
        rows = [row for row in self.rows if found[1] in row["tags"]]
        made: Json = self._server.connected(rows)(info, asked["first"])
        return made

    def _create(self, _: Any, **asked: Any) -> Json:
        told = asked["input"]
        if any(one.get("variantId") not in (None, *self._server.levels) for one in told["lineItems"]):
            return {"userErrors": [{"field": ["lineItems"], "message": "Product with ID is no longer available."}]}
        id_ = 500 + len(self.rows)
        total = _total(told) * (1 if told.get("taxExempt") else Decimal("1.19")) + self._server.adds
        self.rows.append(told | {
            "id": f"gid://shopify/DraftOrder/{id_}", "status": "OPEN", "order": None,
            "isReserved": told.get("reserveInventoryUntil") is not None,
            "invoiceUrl": f"https://tea.myshopify.com/1/invoices/{id_}",
            "totalPriceSet": {"shopMoney": {"amount": str(total), "currencyCode": self._server.currency}},
        })  # fmt: skip
        if self.rows[-1]["isReserved"]:
            self._server.count_pieces(self.rows[-1], -1)
        return {"userErrors": [], "draftOrder": self.rows[-1]}

    def _delete(self, _: Any, **asked: Any) -> Json:
        found = [row for row in self.rows if row["id"] == asked["input"]["id"]]
        if not found or found[0]["status"] == "COMPLETED":
            return {"userErrors": [{"field": ["id"], "message": "Draft order cannot be deleted"}], "deletedId": None}
        self._let_go(found[0])
        self.rows.remove(found[0])
        return {"userErrors": [], "deletedId": found[0]["id"]}

    def _refund(self, info: Any, **asked: Any) -> Json:
        told = asked["input"]
        [directive] = [one for one in info.field_nodes[0].directives if one.name.value == "idempotent"]
        key = str(info.variable_values.coerced[directive.arguments[0].value.name.value])
        if key in self.refunded:
            return {"userErrors": [], "refund": self.refunded[key]}
        [order] = [row for row in self._server.orders if row["id"] == told["orderId"]]
        [way] = told["transactions"]
        assert way["parentId"] == order["transactions"][0]["id"]
        assert way["kind"] == "REFUND"
        before = Decimal(order["totalRefundedSet"]["shopMoney"]["amount"])
        left = Decimal(order["totalReceivedSet"]["shopMoney"]["amount"]) - before
        if Decimal(way["amount"]) > left:
            return {"userErrors": [{"field": ["transactions"], "message": "Refund exceeds what was paid"}]}
        bag = self._bag(Decimal(way["amount"]))
        self.refunded[key] = {"id": f"gid://shopify/Refund/{len(self.refunded)}", "note": told["note"]} | {
            "totalRefundedSet": bag
        }
        order["refunds"].append(self.refunded[key])
        at = f"{self._server.now:%Y-%m-%dT%H:%M:%SZ}"
        order["transactions"].append(order["transactions"][0] | {"kind": "REFUND", "amountSet": bag, "processedAt": at})
        order["totalRefundedSet"] = self._bag(before + Decimal(way["amount"]))
        order["displayFinancialStatus"] = "REFUNDED" if Decimal(way["amount"]) == left else "PARTIALLY_REFUNDED"
        return {"userErrors": [], "refund": self.refunded[key]}

    def _bag(self, amount: Decimal) -> Json:
        return {"shopMoney": {"amount": str(amount), "currencyCode": self._server.currency}}


def _total(draft: Mapping[str, Any]) -> Decimal:
    lines = [
        Decimal(str((one.get("priceOverride") or one.get("originalUnitPriceWithCurrency"))["amount"])) * one["quantity"]
        for one in draft["lineItems"]
    ]
    sent, off = draft.get("shippingLine"), draft.get("appliedDiscount")
    shipping = Decimal(str(sent["priceWithCurrency"]["amount"])) if sent else Decimal(0)
    return sum(lines, Decimal(0)) + shipping - (Decimal(str(off["amountWithCurrency"]["amount"])) if off else 0)
