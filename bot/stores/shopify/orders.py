"""An order in Shopify's words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.errors import StoreUnavailable
from bot.core.money import Money
from bot.core.postal import BY_CODE, US_COUNTRIES
from bot.core.pricing import WHOLE, Charge
from bot.core.store import Made, OutOrder, Sent, ThereOrder
from bot.stores.shopify.products import gid, number


def tag(ours: str) -> str:
    """By what an order there is found."""
    return f"parley-{ours}"


def read(row: Mapping[str, Any]) -> ThereOrder:
    """An order of the API; what was called off is not sent. Raises `StoreUnavailable` for what is none."""
    try:
        sent = [one for one in row["fulfillments"] if one["status"] == "SUCCESS"]
        money = row["totalRefundedSet"]["shopMoney"]
        back = str(money["amount"])
        return ThereOrder(
            id=number(row["id"]),
            is_sent=row["displayFulfillmentStatus"] == "FULFILLED",
            parcels=tuple(_sent(told) for one in sent for told in one["trackingInfo"]),
            refunded=back if Decimal(back) > 0 else "",
            currency=str(money["currencyCode"]),
            is_cancelled=row["cancelledAt"] is not None,
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise StoreUnavailable(f"Shopify answered with what is no order ({type(error).__name__})") from None


def is_unpaid(row: Mapping[str, Any]) -> bool:
    """Whether it waits for its money."""
    return row.get("displayFinancialStatus") in ("PENDING", "EXPIRED", "PARTIALLY_PAID")


def made(row: Mapping[str, Any]) -> Made:
    """An order that is there. Raises `StoreUnavailable` for what is none."""
    try:
        return Made(number(row["id"]), str(row["totalPriceSet"]["shopMoney"]["amount"]))
    except (KeyError, TypeError) as error:
        raise StoreUnavailable(f"Shopify answered with what is no order ({type(error).__name__})") from None


def _sent(row: Mapping[str, Any]) -> Sent:
    return Sent(str(row.get("company") or ""), str(row.get("number") or ""), str(row.get("url") or ""))


def content(order: OutOrder) -> dict[str, Any]:
    """What makes it: what was sold here is sold, whatever the shop counts by now."""
    lines = [
        {"variantId": gid("ProductVariant", line.variant), "quantity": line.quantity, "priceSet": _set(line.price)}
        for line in order.lines
    ]
    return {
        "order": {
            "currency": order.lines[0].price.currency,
            "lineItems": lines,
            "shippingLines": [
                {"title": one.title or one.name, "code": one.name, "priceSet": _set(one.amount)}
                for one in order.of("shipping")
            ],
            "taxLines": [_tax(one) for one in order.of("tax")],
            "taxesIncluded": any(one.included for one in order.of("tax")),
            "financialStatus": "PAID" if order.is_paid else "PENDING",
            "tags": [tag(order.number)],
            "sourceIdentifier": order.number,
            "note": note(order),
            "shippingAddress": person(order),
        } | _discount(order),
        "options": {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY", "sendReceipt": False},
    }  # fmt: skip


def person(order: OutOrder) -> dict[str, Any]:
    """Where it goes to."""
    first, _, last = order.name.strip().rpartition(" ")
    known = {"firstName": first, "lastName": last, "phone": order.phone or None}
    return known | _where(order) | _country(order.country)


def _country(code: str) -> dict[str, Any]:
    """What is a country of its own elsewhere may be a province of the US there."""
    if code in US_COUNTRIES:
        return {"countryCode": "US", "provinceCode": code}
    return {"countryCode": code} if code else {}


def _where(order: OutOrder) -> dict[str, Any]:
    """In parts, as far as it was told so; a region goes by its code where the shop has the same ones."""
    to = order.postal
    if not to.street:
        return {"address1": order.address.replace("\n", ", ")[:255]}
    by_code = order.country in BY_CODE
    told = {
        "address1": to.street,
        "address2": to.district,
        "city": to.city if by_code else ", ".join(one for one in (to.city, to.region) if one),
        "provinceCode": to.region if by_code else "",
        "zip": to.postcode,
    }
    return {name: value[:255] for name, value in told.items() if value}


def note(order: OutOrder) -> str:
    """Our number, and what the customer wants to be known."""
    return f"{order.number}\n{order.note}".strip()


def _tax(charge: Charge) -> dict[str, Any]:
    return {"title": charge.title or f"Tax {charge.name}", "rate": str(Decimal(charge.rate) / WHOLE), "priceSet": _set(
        charge.amount
    )}  # fmt: skip


def _discount(order: OutOrder) -> dict[str, Any]:
    """An order there has one code at most; so has one of ours."""
    for one in order.of("discount"):
        off = {"code": one.name, "amountSet": _set(one.amount * -1)}
        return {"discountCode": {"itemFixedDiscountCode": off}}
    return {}


def _set(money: Money) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(money.decimal), "currencyCode": money.currency}}
