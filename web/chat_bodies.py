"""What a chat box says of itself when it connects, and what its events carry; all of it may be anything."""

from __future__ import annotations

import secrets
from typing import Any

from web.http import Problem, clean
from web.sockets import refused
from web.views import Json


def read_auth(auth: Any) -> tuple[str | None, int, str]:
    """Token, last seq and language; each may be missing. Raises `refused("unauthorised")`."""
    fields = auth if isinstance(auth, dict) else {}
    token, after, lang = fields.get("token"), fields.get("after"), fields.get("lang")
    if token is not None and not isinstance(token, str):
        raise refused("unauthorised")
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < 2**31:
        after = 0
    return token or None, after, lang if isinstance(lang, str) else ""


def read_zone(auth: Any) -> str:
    """The browser's time zone; "" for none."""
    zone = auth.get("zone") if isinstance(auth, dict) else None
    return zone if isinstance(zone, str) and len(zone) <= 64 else ""


def fields_of(body: Any) -> Json:
    """The body of an event. Raises `Problem`."""
    if not isinstance(body, dict):
        raise Problem(400, "bad_request")
    return body


def number_of(body: Json, name: str) -> int | None:
    """A whole number; None where there is none. Raises `Problem`."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Problem(400, "bad_request")
    return value


def client_id_of(body: Json) -> str:
    """The sender's own id; a new one where it has none. Raises `Problem`."""
    value = body.get("id")
    if value is None or value == "":
        return secrets.token_hex(8)
    if not isinstance(value, str) or not value.isprintable():
        raise Problem(400, "bad_request")
    return clean(value, 64)
