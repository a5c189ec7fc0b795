"""PayPal's notices: which payment they are about, in the several forms of what they carry.

Source: developer.paypal.com/api/rest/webhooks/event-names
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.errors import BadInput
from bot.payments.paypal.orders import key_of

#: What the webhook must hear of.
NEEDED = (
    "CHECKOUT.ORDER.APPROVED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "CUSTOMER.DISPUTE.CREATED",
)
CAPTURE = re.compile(r"/v2/payments/captures/([0-9A-Z]{8,32})")


@dataclass(frozen=True, slots=True)
class Event:
    """`key` is ours, where the event has it; else `capture` is the payment whose key must be asked for, if any."""

    id: str
    kind: str
    key: str = ""
    capture: str = ""


def read(body: bytes) -> Event:
    """Raises `BadInput` for what is no event."""
    try:
        event = json.loads(body)
        id_, kind, about = event["id"], event["event_type"], event["resource"]
        if not (isinstance(id_, str) and id_ and isinstance(kind, str) and isinstance(about, dict)):
            raise TypeError("not an event")
        key, capture = _named(kind, about)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput("not a notice of PayPal") from error
    return Event(id_, kind, key, capture)


def _named(kind: str, about: Mapping[str, Any]) -> tuple[str, str]:
    if kind.startswith("CHECKOUT.ORDER."):
        return key_of(about), ""
    if kind.startswith("CUSTOMER.DISPUTE."):
        disputed = (about.get("disputed_transactions") or [{}])[0]
        return str(disputed.get("custom") or ""), str(disputed.get("seller_transaction_id") or "")
    if kind.startswith(("PAYMENT.CAPTURE.", "PAYMENT.REFUND.")):
        ups = [CAPTURE.search(str(link.get("href"))) for link in about.get("links") or [] if link.get("rel") == "up"]
        return str(about.get("custom_id") or ""), next((found[1] for found in ups if found), "")
    return "", ""
