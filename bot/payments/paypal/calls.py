"""Calls to PayPal's API with the app's token, which all calls share and one of them fetches anew.

Source: developer.paypal.com/api/rest/authentication, /responses, /reference/guidelines/idempotency
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.core.errors import ProviderUnavailable, Unauthorised
from bot.http import Answer
from bot.payments._api import Api
from bot.payments.paypal.settings import Settings

#: A token is fetched anew so long before its end, so that none ends on its way.
EARLY = timedelta(minutes=5)
MOST_REQUEST_ID = 108
#: What may be switched on for an app, by the beginning of what it is needed for.
FEATURES = {"/v1/reporting/": "Transaction search", "/v1/customer/disputes": "Customer disputes"}


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, until when it is used, the app that it was given to and what it may do there."""

    token: str
    until: datetime
    app: str
    scopes: frozenset[str]


class Calls:
    """Of one app. `now` gives aware UTC. Every call raises `ProviderUnavailable` and `Unauthorised`."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._api = Api("PayPal", settings.api, settings.timeout)
        self._turn = asyncio.Lock()
        self._grant: Grant | None = None

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Whatever is answered below 500."""
        return await self._call("GET", path, query=query)

    async def post(self, path: str, body: Mapping[str, Any], key: str) -> Answer:
        """As `get` does; the same `key` with the same words does it once, as long as PayPal remembers it."""
        return await self._call("POST", path, json=body, headers={"PayPal-Request-Id": request_id(key)})

    async def patch(self, path: str, change: Mapping[str, Any]) -> Answer:
        """As `get` does; one change."""
        return await self._call("PATCH", path, json=[change])

    async def open(self, path: str) -> Answer:
        """What anybody may read."""
        return await self._api.call("GET", path)

    async def grant(self, refused: str = "") -> Grant:
        """The token that all calls share, unless it is the `refused` one."""
        async with self._turn:
            known = self._grant
            if known is None or known.token == refused or self._now() >= known.until:
                known = self._grant = await self._fetched()
            return known

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    async def _call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **words: Any) -> Answer:
        grant = await self.grant()
        # The whole of what was made or changed, and not its id alone.
        told = {"Accept": "application/json", "Prefer": "return=representation", **(headers or {})}
        answer = await self._api.call(method, path, headers=told | _bearer(grant), **words)
        if answer.status == 401:
            grant = await self.grant(refused=grant.token)
            answer = await self._api.call(method, path, headers=told | _bearer(grant), **words)
        if answer.status == 401:
            raise Unauthorised("PayPal takes no token of the app payments.paypal.client_id")
        if answer.status == 403:
            self._grant = None  # what is switched on for an app is in its next token
            raise Unauthorised(_forbidden(path, answer))
        return answer

    async def _fetched(self) -> Grant:
        pair = f"{self._settings.client_id}:{self._settings.client_secret.reveal()}".encode()
        headers = {"Authorization": f"Basic {b64encode(pair).decode()}", "Accept": "application/json"}
        form = {"grant_type": "client_credentials"}
        answer = await self._api.call("POST", "/v1/oauth2/token", form=form, headers=headers)
        if answer.status in (400, 401, 403):
            where = "sandbox" if self._settings.sandbox else "live account"
            raise Unauthorised(
                "PayPal does not know payments.paypal.client_id with payments.paypal.client_secret in its "
                f"{where}: payments.paypal.sandbox says whether the app is of the sandbox"
            )
        told = good(answer)
        try:
            until = self._now() + timedelta(seconds=float(told["expires_in"])) - EARLY
            scopes = frozenset(str(told.get("scope", "")).split())
            return Grant(str(told["access_token"]), until, str(told.get("app_id", "")), scopes)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ProviderUnavailable("PayPal answered with no token") from None


def request_id(key: str) -> str:
    """One for each key, as long as they take it."""
    return key if len(key) <= MOST_REQUEST_ID else hashlib.sha256(key.encode()).hexdigest()


def good(answer: Answer) -> dict[str, Any]:
    """What was asked for. Raises `ProviderUnavailable` with PayPal's word for what is wrong."""
    if answer.status >= 400:
        trace = answer.headers.get("Paypal-Debug-Id", "")
        told = f"{issue(answer) or 'no reason'}{f', debug id {trace}' if trace else ''}"
        raise ProviderUnavailable(f"PayPal answered {answer.status} ({told})")
    return answer.json()


def issue(answer: Answer) -> str:
    """PayPal's own word for what is wrong; "" for none."""
    try:
        told = answer.json() if answer.status >= 400 else {}
        details = told.get("details") or [{}]
        return str(details[0].get("issue") or told.get("name") or "")
    except (ProviderUnavailable, AttributeError, LookupError, TypeError):
        return ""


def _bearer(grant: Grant) -> dict[str, str]:
    return {"Authorization": f"Bearer {grant.token}"}


def _forbidden(path: str, answer: Answer) -> str:
    asked = urlsplit(path).path
    feature = next((name for begin, name in FEATURES.items() if asked.startswith(begin)), "")
    cure = f": switch on {feature} for it at developer.paypal.com" if feature else ""
    return f"PayPal does not allow it to the app payments.paypal.client_id ({issue(answer) or 'no reason'}){cure}"
