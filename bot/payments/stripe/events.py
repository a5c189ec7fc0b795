"""Stripe's events: signed with the endpoint's secret, by the very bytes.

Source: docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import BadInput, Unauthorised
from bot.settings.secret import Secret

#: Seconds that a signed event stays good.
TOLERANCE = 300


@dataclass(frozen=True, slots=True)
class Event:
    """A snapshot event and the object that it is about."""

    id: str
    kind: str
    is_live: bool
    about: Mapping[str, Any]


def assure_signed(signature: str, body: bytes, secrets: Sequence[Secret], now: datetime) -> None:
    """Raise `Unauthorised` unless one of the secrets signed it, not more than five minutes ago."""
    parts = [part.partition("=") for part in signature.split(",")]
    stamp = next((value for name, _, value in parts if name.strip() == "t"), "")
    given = [value.encode("utf-8", "surrogateescape") for name, _, value in parts if name.strip() == "v1"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 15):
        raise Unauthorised("the event is not signed by Stripe")
    signed = stamp.encode() + b"." + body
    known = [secret.reveal().encode() for secret in secrets if secret]
    right = [hmac.new(secret, signed, hashlib.sha256).hexdigest().encode() for secret in known]
    if not any(hmac.compare_digest(one, other) for one in given for other in right):
        raise Unauthorised("the event is not signed by Stripe")
    if now.timestamp() - int(stamp) > TOLERANCE:
        raise Unauthorised("the event is too old")


def read(body: bytes) -> Event:
    """Raises `BadInput` for a thin event and for what is none."""
    try:
        event = json.loads(body)
        if isinstance(event, dict) and event.get("object") == "v2.core.event":
            raise BadInput("a thin event has no data: choose snapshot events for this endpoint at Stripe")
        about = dict(event["data"]["object"])
        return Event(str(event["id"]), str(event["type"]), bool(event.get("livemode")), about)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput("not an event of Stripe") from error
