"""An order in WooCommerce's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.errors import StoreUnavailable
from bot.core.money import Money
from bot.core.postal import US_COUNTRIES
from bot.core.store import Dispatch, Made, OutLine, OutOrder, Sent, ThereOrder

#: Where an order there has our number.
MARK = "_parley_order"
DISCOUNT, TAX = "_parley_discount", "_parley_tax"
#: With this the shop adds no taxes of its own.
EXEMPT = "is_vat_exempt"
#: Where the extension Shipment Tracking keeps its parcels; WooCommerce itself knows of none.
TRACKING = "_wc_shipment_tracking_items"
#: Its orders leave whole.
SENT = "sent"
#: Clocks may differ by so much.
SKEW = timedelta(minutes=10)


def content(order: OutOrder) -> dict[str, Any]:
    """What makes it; `processing` is how WooCommerce calls what is to be sent, and counts its pieces at once.

    Its total is what its lines say: a shop that reckons taxes would add its own to them, were the order not exempt.
    """
    person = {"first_name": order.name[:100]} | _where(order)
    return {
        "status": "processing",
        "set_paid": order.is_paid,
        "currency": order.lines[0].price.currency,
        "payment_method": "parley",
        "payment_method_title": "Parley",
        "customer_note": order.note,
        "billing": person | {"phone": order.phone[:64]},
        "shipping": person,
        "line_items": [_line(line, off) for line, off in zip(order.lines, _off(order), strict=True)],
        "shipping_lines": [
            {"method_id": one.name, "method_title": one.title or one.name, "total": _text(one.amount)}
            for one in order.of("shipping")
        ],
        "fee_lines": [
            {"name": f"Tax {one.name}", "total": _text(one.amount), "tax_status": "none"}
            for one in order.of("tax")
            if not one.included
        ],
        "meta_data": [{"key": key, "value": value} for key, value in _told(order).items()],
    }


def _where(order: OutOrder) -> dict[str, str]:
    """In parts, as far as it was told so."""
    to = order.postal
    is_country = order.country == "US" and to.region in US_COUNTRIES  # it lists them so, and sends there by its zones
    told = {
        "address_1": to.street or order.address.replace("\n", ", "),
        "address_2": to.district,
        "city": to.city,
        "state": "" if is_country else to.region,
        "postcode": to.postcode,
        "country": to.region if is_country else order.country,
    }
    return {name: value[:255] for name, value in told.items() if value}


def _told(order: OutOrder) -> dict[str, str]:
    """What has no place of its own in an order there: our number, the discount's code, and the tax within prices."""
    found = {MARK: order.number, EXEMPT: "yes"}
    for one in order.charges:
        if one.kind == "discount":
            found[DISCOUNT] = one.name
        elif one.kind == "tax" and one.included:
            found[TAX] = _text(one.amount)
    return found


def _line(line: OutLine, off: Money) -> dict[str, Any]:
    whole = line.price * line.quantity
    chosen = {"variation_id": int(line.variant)} if line.variant != line.product else {}
    return {
        "product_id": int(line.product), "quantity": line.quantity, "subtotal": _text(whole),
        "total": _text(whole + off),
    } | chosen  # fmt: skip


def _off(order: OutOrder) -> list[Money]:
    """The discount's share of each line, negative: they sum to it, whatever is rounded."""
    off = sum([one.amount.amount for one in order.of("discount")])
    goods, passed, shares = order.goods, 0, []
    for line in order.lines:
        before, passed = passed, passed + line.price.amount * line.quantity
        share = off * passed // goods.amount - off * before // goods.amount if goods.amount else 0
        shares.append(Money(share, goods.currency))
    return shares


def _text(money: Money) -> str:
    return str(money.decimal)


def made(row: Mapping[str, Any]) -> Made:
    """An order that is there. Raises `StoreUnavailable` for what is none."""
    try:
        return Made(str(row["id"]), str(row["total"]))
    except KeyError:
        raise StoreUnavailable("WooCommerce answered with what is no order") from None


def read(row: Mapping[str, Any]) -> ThereOrder:
    """An order of the API: `completed` is sent. Raises `StoreUnavailable` for what is none."""
    try:
        back = -sum((Decimal(str(one["total"])) for one in row.get("refunds") or ()), Decimal(0))
        told = [one["value"] for one in row.get("meta_data") or () if one.get("key") == TRACKING]
        parcels = tuple(_sent(one) for items in told if isinstance(items, list) for one in items)
        is_sent = row["status"] == "completed"
        return ThereOrder(
            str(row["id"]),
            is_sent,
            (Dispatch(SENT, parcels),) if is_sent else (),
            str(back) if back > 0 else "",
            str(row.get("currency") or ""),
            row["status"] == "cancelled",
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise StoreUnavailable(f"WooCommerce answered with what is no order ({type(error).__name__})") from None


def _sent(row: Mapping[str, Any]) -> Sent:
    carrier = row.get("custom_tracking_provider") or row.get("tracking_provider") or ""
    return Sent(str(carrier), str(row.get("tracking_number") or ""), str(row.get("custom_tracking_link") or ""))


def begun(order: OutOrder) -> str:
    """From when on it may be there."""
    return f"{(order.since - SKEW).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def is_ours(row: Mapping[str, Any], number: str) -> bool:
    """Whether an order of the shop has our number."""
    return any(one.get("key") == MARK and one.get("value") == number for one in row.get("meta_data") or ())
