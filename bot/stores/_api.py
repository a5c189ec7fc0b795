"""Calls to a shop: whatever is no clear answer is `StoreUnavailable`, and is asked again later."""

from __future__ import annotations

from typing import Any

import orjson

from bot import http
from bot.core.errors import StoreUnavailable
from bot.http import Answer


class Api(http.Api):
    """One shop's server, see `bot.http.Api`. `timeout` is seconds for a call."""

    def __init__(self, name: str, base: str, timeout: float) -> None:
        super().__init__(base, fails=StoreUnavailable, timeout=timeout, name=name)


def listed(answer: Answer) -> list[dict[str, Any]]:
    """The answer as a list of objects. Raises `StoreUnavailable` for a page of a proxy, or half an answer."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise StoreUnavailable(f"HTTP {answer.status} with what is no list in JSON")
    return found
