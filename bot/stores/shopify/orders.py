"""An order in Shopify's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.errors import StoreUnavailable
from bot.core.money import Money
from bot.core.postal import BY_CODE, US_COUNTRIES
from bot.core.pricing import WHOLE, Charge
from bot.core.store import Dispatch, Made, OutOrder, Sent, SentLine, ThereOrder
from bot.stores.shopify.products import gid, number


def tag(ours: str) -> str:
    """By what an order there is found."""
    return f"parley-{ours}"


def parts(row: Mapping[str, Any]) -> list[str]:
    """The parts of an order of the API that were sent: each is to be asked for. What was called off is not sent.

    An order that is fulfilled need not be whole: what was taken out of it there is in none of them. Raises
    `StoreUnavailable` for what is none.
    """
    try:
        return [str(one["id"]) for one in row["fulfillments"] if one["status"] == "SUCCESS"]
    except (KeyError, TypeError) as error:
        raise StoreUnavailable(f"Shopify answered with what is no order ({type(error).__name__})") from None


def dispatch(id_: str, tracking: Iterable[Mapping[str, Any]], lines: Iterable[Mapping[str, Any]]) -> Dispatch:
    """A part with its parcels and lines; what is no variant of the shop's any more is left out.

    Raises `StoreUnavailable` for what is none.
    """
    try:
        known = [(one["lineItem"]["variant"], int(one["quantity"])) for one in lines]
        sent = tuple(SentLine(number(variant["id"]), count) for variant, count in known if variant)
        return Dispatch(number(id_), tuple(_sent(one) for one in tracking), sent)
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreUnavailable(f"Shopify answered with what was not sent ({type(error).__name__})") from None


def read(row: Mapping[str, Any], sent: Mapping[str, Dispatch]) -> ThereOrder:
    """An order of the API, with those of its `parts` that are there yet. Raises `StoreUnavailable` for what is none."""
    try:
        money = row["totalRefundedSet"]["shopMoney"]
        back = str(money["amount"])
        return ThereOrder(
            id=number(row["id"]),
            is_sent=row["displayFulfillmentStatus"] == "FULFILLED",
            dispatches=tuple(sent[id_] for id_ in parts(row) if id_ in sent),
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
