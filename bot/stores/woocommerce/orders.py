"""An order in WooCommerce's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.errors import StoreUnavailable
from bot.core.store import OutLine, OutOrder, Sent, ThereOrder

#: Where an order there has our number.
MARK = "_parley_order"
#: Where the extension Shipment Tracking keeps its parcels; WooCommerce itself knows of none.
TRACKING = "_wc_shipment_tracking_items"
#: Clocks may differ by so much.
SKEW = timedelta(minutes=10)


def content(order: OutOrder) -> dict[str, Any]:
    """What makes it; `processing` is how WooCommerce calls what is to be sent, and counts its pieces at once."""
    person = {"first_name": order.name[:100], "address_1": order.address.replace("\n", ", ")[:255]}
    return {
        "status": "processing",
        "set_paid": order.is_paid,
        "currency": order.lines[0].price.currency,
        "payment_method": "parley",
        "payment_method_title": "Parley",
        "billing": person | {"phone": order.phone[:64]},
        "shipping": person,
        "line_items": [_line(line) for line in order.lines],
        "meta_data": [{"key": MARK, "value": order.number}],
    }


def _line(line: OutLine) -> dict[str, Any]:
    total = str((line.price * line.quantity).decimal)
    chosen = {"variation_id": int(line.variant)} if line.variant != line.product else {}
    return {"product_id": int(line.product), "quantity": line.quantity, "total": total, "subtotal": total} | chosen


def read(row: Mapping[str, Any]) -> ThereOrder:
    """An order of the API: `completed` is sent. Raises `StoreUnavailable` for what is none."""
    try:
        back = -sum((Decimal(str(one["total"])) for one in row.get("refunds") or ()), Decimal(0))
        told = [one["value"] for one in row.get("meta_data") or () if one.get("key") == TRACKING]
        parcels = tuple(_sent(one) for items in told if isinstance(items, list) for one in items)
        return ThereOrder(str(row["id"]), row["status"] == "completed", parcels, str(back) if back > 0 else "")
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
