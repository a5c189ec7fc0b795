"""Calls of WooCommerce's REST API v3, with the key of an operator, and what its refusals mean."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.http import Answer
from bot.stores._api import Api, listed
from bot.stores.woocommerce.settings import Settings

ROOT = "/wp-json/wc/v3"
#: With 400, what it would take a while later.
TOO_FAST = ("woocommerce_rest_comment_flood",)
#: With 500, what it or its gateway will not give back.
NO_REFUND = "woocommerce_rest_cannot_create_order_refund"
#: What one call may bring at most.
MOST = 100


class RestApi:
    """One shop's. All calls raise `StoreUnavailable` for no clear answer, and `Unauthorised`."""

    def __init__(self, settings: Settings, title: str) -> None:
        self._api = Api(title, settings.url, settings.timeout)
        pair = f"{settings.consumer_key.reveal()}:{settings.consumer_secret.reveal()}"
        self._headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    async def get(self, path: str, query: Mapping[str, str], *, missing: bool = False) -> Answer:
        """Raises as all calls do; 404 is an answer where something may be `missing`."""
        answer = await self._api.call("GET", ROOT + path, query=query, headers=self._headers)
        is_missing = missing and answer.status == 404 and _is_said(answer)
        return answer if is_missing else _good(answer)

    async def write(self, verb: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises `BadInput`, too, where it is not to its liking."""
        answer = await self._api.call(verb, ROOT + path, json=body, headers=self._headers)
        is_refused = answer.status in (400, 404, 409) or _code(answer) == NO_REFUND
        if is_refused and _is_said(answer) and _code(answer) not in TOO_FAST:
            raise BadInput(f"WooCommerce does not take it: {answer.json().get('message', '')}"[:300])
        return _good(answer).json()

    async def drop(self, path: str) -> None:
        """For good, and not into the bin; what is gone already is gone."""
        answer = await self._api.call("DELETE", ROOT + path, query={"force": "true"}, headers=self._headers)
        if answer.status != 404 or not _is_said(answer):
            _good(answer)

    async def orders(self, which: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """All of them, whatever became of them; those that come meanwhile are the last."""
        number = 1
        while True:
            query = {"dates_are_gmt": "true", "page": str(number), "per_page": str(MOST), "orderby": "id"}
            rows = listed(await self.get("/orders", query | {"order": "asc", "status": "any", **which}))
            for row in rows:
                yield row
            if len(rows) < MOST:
                return
            number += 1

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()


def _good(answer: Answer) -> Answer:
    if answer.status in (401, 403):
        raise Unauthorised("WooCommerce does not know the key of stores.woocommerce, or does not allow it this")
    if answer.status >= 400:
        raise StoreUnavailable(f"WooCommerce answered {answer.status} ({_code(answer) or 'no code'})")
    return answer


def _is_said(answer: Answer) -> bool:
    """Whether WooCommerce itself says that there is none, and not the server before it."""
    return _code(answer).startswith("woocommerce_rest_")


def _code(answer: Answer) -> str:
    try:
        return str(answer.json().get("code") or "")[:60]
    except StoreUnavailable:
        return ""
