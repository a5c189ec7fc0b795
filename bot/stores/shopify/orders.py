"""An order in Shopify's words."""

from __future__ import annotations

from typing import Any

from bot.core.money import Money
from bot.core.store import OutOrder
from bot.stores.shopify.products import gid


def tag(number: str) -> str:
    """By what an order there is found."""
    return f"parley-{number}"


def content(order: OutOrder) -> dict[str, Any]:
    """What makes it: what was sold here is sold, whatever the shop counts by now."""
    first, _, last = order.name.strip().rpartition(" ")
    lines = [
        {"variantId": gid("ProductVariant", line.variant), "quantity": line.quantity, "priceSet": _set(line.price)}
        for line in order.lines
    ]
    return {
        "order": {
            "currency": order.lines[0].price.currency,
            "lineItems": lines,
            "financialStatus": "PAID" if order.is_paid else "PENDING",
            "tags": [tag(order.number)],
            "sourceIdentifier": order.number,
            "note": order.number,
            "shippingAddress": {
                "firstName": first, "lastName": last, "address1": order.address[:255], "phone": order.phone or None,
            },
        },
        "options": {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY", "sendReceipt": False},
    }  # fmt: skip


def _set(money: Money) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(money.decimal), "currencyCode": money.currency}}
