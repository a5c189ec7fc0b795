"""An order in WooCommerce's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from bot.core.store import OutLine, OutOrder

#: Where an order there has our number.
MARK = "_parley_order"
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


def begun(order: OutOrder) -> str:
    """From when on it may be there."""
    return f"{(order.since - SKEW).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def is_ours(row: Mapping[str, Any], number: str) -> bool:
    """Whether an order of the shop has our number."""
    return any(one.get("key") == MARK and one.get("value") == number for one in row.get("meta_data") or ())
