"""A bill in Shopify's words: a draft order, which becomes an order when its invoice is paid.

Source: shopify.dev/docs/api/admin-graphql/2026-07/objects/DraftOrder
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bot.core.billing import Bill, Billed, Taking
from bot.core.errors import BadInput, StoreUnavailable
from bot.core.money import Money
from bot.stores.shopify.orders import note, person, tag
from bot.stores.shopify.products import gid, number

#: What every draft of ours has, and the order that it becomes.
OURS = "parley-bill"
_KEY = re.compile(r"parley-bill-([0-9a-z]{1,32})")
_PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED"})

_DRAFT = (
    " fragment D on DraftOrder { id status invoiceUrl tags totalPriceSet { shopMoney { amount currencyCode } }"
    " order { id displayFinancialStatus totalReceivedSet { shopMoney { amount } }"
    " totalRefundedSet { shopMoney { amount } } } }"
)
CREATE = (
    "mutation Bill($input: DraftOrderInput!) { draftOrderCreate(input: $input) {"
    " userErrors { field message } draftOrder { ...D } } }" + _DRAFT
)
FIND = "query Bills($by: String!) { draftOrders(first: 10, query: $by) { nodes { ...D } } }" + _DRAFT
READ = "query Bill($id: ID!) { draftOrder(id: $id) { ...D } }" + _DRAFT
DELETE = (
    "mutation Unbill($input: DraftOrderDeleteInput!) { draftOrderDelete(input: $input) {"
    " userErrors { field message } deletedId } }"
)
MONEY = (
    "query Money($id: ID!) { order(id: $id) { id"
    " transactions(first: 50) { id kind status gateway amountSet { shopMoney { amount } } }"
    " refunds(first: 100) { id note totalRefundedSet { shopMoney { amount } } } } }"
)
PAY_BACK = (
    "mutation PayBack($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) {"
    " userErrors { field message } refund { id } } }"
)
TAKINGS = (
    "query Takings($by: String!, $first: Int!, $after: String) {"
    " orders(first: $first, after: $after, query: $by) { pageInfo { hasNextPage endCursor } nodes { id tags"
    " transactions(first: 50) { id kind status processedAt amountSet { shopMoney { amount currencyCode } } } } } }"
)


def key_tag(key: str) -> str:
    """By what a bill is found."""
    return f"{OURS}-{key}"


def content(bill: Bill) -> dict[str, Any]:
    """What makes it: at our prices, with no taxes of the shop's, and its pieces kept as long as ours are."""
    order = bill.order
    goods: list[dict[str, Any]] = [
        {
            "variantId": gid("ProductVariant", line.variant),
            "quantity": line.quantity,
            "priceOverride": _money(line.price),
        }
        for line in order.lines
    ]
    others = [_extra(one.title, one.amount) for one in bill.extras]
    taxes = [_extra(f"Tax {one.name}", one.amount) for one in order.of("tax") if not one.included]
    found: dict[str, Any] = {
        "lineItems": goods + others + taxes,
        "presentmentCurrencyCode": order.goods.currency,
        "taxExempt": True,
        "acceptAutomaticDiscounts": False,
        "allowDiscountCodesInCheckout": False,
        "tags": [OURS, key_tag(bill.key), tag(order.number)],
        "note": note(order),
        "shippingAddress": person(order),
        # Without one, the checkout asks for shipping by the shop's own rates.
        "shippingLine": _shipping("Shipping", Money(0, order.goods.currency)),
    }
    for shipping in order.of("shipping"):
        found["shippingLine"] = _shipping(shipping.title or shipping.name, shipping.amount)
    for off in order.of("discount"):
        amount = off.amount * -1
        found["appliedDiscount"] = {
            "title": off.name,
            "valueType": "FIXED_AMOUNT",
            "value": float(amount.decimal),
            "amountWithCurrency": _money(amount),
        }
    if bill.until is not None:
        found["reserveInventoryUntil"] = f"{bill.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return found


def _shipping(title: str, amount: Money) -> dict[str, Any]:
    return {"title": title, "priceWithCurrency": _money(amount)}


def _extra(title: str, amount: Money) -> dict[str, Any]:
    return {
        "title": title[:255],
        "quantity": 1,
        "originalUnitPriceWithCurrency": _money(amount),
        "taxable": False,
        "requiresShipping": False,
    }


def read(row: Mapping[str, Any]) -> Billed:
    """A draft of the API. One that was completed without money is open: nobody has paid. Raises `StoreUnavailable`."""
    try:
        order, total = row.get("order") or {}, row["totalPriceSet"]["shopMoney"]
        is_paid = row["status"] == "COMPLETED" and order.get("displayFinancialStatus") in _PAID
        back = _amount(order["totalRefundedSet"]) if is_paid else ""
        return Billed(
            id=number(row["id"]),
            url=str(row.get("invoiceUrl") or ""),
            total=str(total["amount"]),
            state="paid" if is_paid else "open",
            currency=str(total["currencyCode"]),
            order=number(order["id"]) if order else "",
            paid=_amount(order["totalReceivedSet"]) if is_paid else "",
            refunded=back if back and Decimal(back) > 0 else "",
            is_reserved=order.get("displayFinancialStatus") == "AUTHORIZED",
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise StoreUnavailable(f"Shopify answered with what is no draft order ({type(error).__name__})") from None


def refund(order: Mapping[str, Any], amount: Money, key: str) -> dict[str, Any]:
    """What gives so much back to where it came from. Raises `BadInput` where no money came."""
    took = [one for one in order["transactions"] if one["kind"] in ("SALE", "CAPTURE") and one["status"] == "SUCCESS"]
    if not took:
        raise BadInput("Shopify has no payment of this order")
    way = {
        "amount": str(amount.decimal),
        "gateway": took[0]["gateway"],
        "kind": "REFUND",
        "orderId": order["id"],
        "parentId": took[0]["id"],
    }
    # Its pieces are counted where the order ends; here is only money.
    told = {"orderId": order["id"], "note": key, "notify": False, "currency": amount.currency, "transactions": [way]}
    return {"input": told, "key": str(uuid5(NAMESPACE_URL, key))}


def given(order: Mapping[str, Any] | None, key: str) -> str | None:
    """The sum of the refund with this key."""
    for one in (order or {}).get("refunds") or ():
        if one.get("note") == key:
            return _amount(one["totalRefundedSet"])
    return None


def of_day(day: date) -> str:
    """Which orders of ours money may have moved for on that day: those that changed since."""
    return f"tag:'{OURS}' AND updated_at:>='{day.isoformat()}T00:00:00Z'"


def takings(order: Mapping[str, Any], day: date) -> Iterator[Taking]:
    """What was booked for an order on that day, UTC."""
    keys = [found[1] for one in order["tags"] if (found := _KEY.fullmatch(one))]
    for one in order["transactions"] if keys else ():
        at = datetime.fromisoformat(str(one["processedAt"])).astimezone(UTC)
        sign = {"SALE": "", "CAPTURE": "", "REFUND": "-"}.get(one["kind"])
        if sign is None or one["status"] != "SUCCESS" or not timedelta() <= at - _begin(day) < timedelta(days=1):
            continue
        money = one["amountSet"]["shopMoney"]
        yield Taking(keys[0], number(one["id"]), f"{sign}{money['amount']}", str(money["currencyCode"]), at)


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _amount(bag: Mapping[str, Any]) -> str:
    return str(bag["shopMoney"]["amount"])


def _money(money: Money) -> dict[str, str]:
    return {"amount": str(money.decimal), "currencyCode": money.currency}
