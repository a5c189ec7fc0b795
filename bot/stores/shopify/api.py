"""Calls to Shopify's Admin API: a pinned version, no faster than the shop allows, and errors that come with 200."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.core.deadline import elapsed
from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.http import Answer
from bot.stores._api import Api
from bot.stores.shopify.budget import Budget
from bot.stores.shopify.settings import Settings

#: So often a call is made that comes too fast.
TRIES = 3
REFUSED = {
    401: "Shopify does not know stores.shopify.access_token; copy it from the app once more",
    402: "the shop is frozen: its bill at Shopify is not paid",
    403: "Shopify does not allow the app this; give it the scopes that `bot check` names",
    404: "there is no shop at stores.shopify.shop",
}

NOT_INSTALLED = "the app is not installed in the shop: an admin opens /stores/shopify/install in the browser"

Sleep = Callable[[float], Awaitable[None]]


class AdminApi:
    """One shop's. `version` is the one that answered last: a pinned one that is over falls forward."""

    def __init__(self, settings: Settings, sleep: Sleep = asyncio.sleep, clock: Callable[[], float] = elapsed) -> None:
        self._api = Api("Shopify", settings.api_base or f"https://{settings.shop}", settings.timeout)
        self._path = f"/admin/api/{settings.version}/graphql.json"
        self._token = settings.access_token.reveal()
        self._budget, self._sleep = Budget(clock), sleep
        self.version = settings.version
        self.now = datetime.min.replace(tzinfo=UTC)  # by Shopify's clock, as of the last answer

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of a query. Raises `StoreUnavailable`, `Unauthorised`, and `BadInput` for a variable it refuses."""
        for _ in range(TRIES):
            if wait := self._budget.wait(query):
                await self._sleep(wait)
            said = await self._post({"query": query, "variables": dict(variables or {})})
            self._budget.note(query, said)
            codes = _codes(said)
            if not codes and isinstance(said.get("data"), dict):
                return dict(said["data"])
            if codes != {"THROTTLED"}:
                break
        if codes == {"THROTTLED"}:
            raise StoreUnavailable("Shopify asks to wait", after=self._budget.wait(query))
        if "ACCESS_DENIED" in codes:
            raise Unauthorised(REFUSED[403])
        if "INVALID_VARIABLE" in codes:
            raise BadInput(f"Shopify does not take it: {said['errors'][0].get('message', '')}"[:300])
        raise StoreUnavailable(f"Shopify did not understand a query ({', '.join(sorted(codes)) or 'no data'})")

    def use(self, token: str) -> None:
        """Call with this one from now on."""
        self._token = token

    async def buy(self, body: Mapping[str, Any]) -> Answer:
        """What a code is good for."""
        return await self._api.call("POST", "/admin/oauth/access_token", json=body)

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    async def _post(self, json: Mapping[str, Any]) -> dict[str, Any]:
        if not self._token:
            raise Unauthorised(NOT_INSTALLED)
        headers = {"X-Shopify-Access-Token": self._token}
        answer = await self._api.call("POST", self._path, json=json, headers=headers)
        if answer.status in REFUSED:
            raise Unauthorised(REFUSED[answer.status])
        if answer.status >= 400:
            raise StoreUnavailable(f"Shopify answered {answer.status}")
        self.version = answer.headers.get("X-Shopify-API-Version", self.version)
        with suppress(ValueError):
            self.now = parsedate_to_datetime(answer.headers.get("Date", ""))
        return answer.json()


def assure_taken(payload: Mapping[str, Any], name: str = "userErrors") -> None:
    """Raise `BadInput` for what a mutation did not like: that comes with 200, and not among the errors."""
    if errors := payload.get(name):
        raise BadInput(f"Shopify does not take it: {'; '.join(str(one.get('message')) for one in errors)}"[:300])


def _codes(said: Mapping[str, Any]) -> set[str]:
    errors = said.get("errors") or []
    if not isinstance(errors, list):
        return {"ERROR"}
    return {_code((one or {}).get("extensions") or {}) for one in errors}


def _code(told: Mapping[str, Any]) -> str:
    """What was wrong; a variable that does not fit comes with its `problems`, and not always with a code."""
    return str(told.get("code") or ("INVALID_VARIABLE" if told.get("problems") else "ERROR"))
