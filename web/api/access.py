"""Who may call the API: a key in `Authorization: Bearer`, good for the scope of the route, and not too often."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps

from aiohttp import web

from bot.services import api_keys
from bot.services.api_keys import KeyView
from web.http import Problem, address_of
from web.keys import CLOCK
from web.limits import Limiter
from web.said import Handler
from web.settings import WebSettings

KEY = web.RequestKey("api_key", KeyView)
#: The scope of every route of the API, so that tests and its document can tell.
NEEDED: dict[Handler, str] = {}


class Gauges:
    """How often each key calls this node, and each address without a good one; `now` is a monotonic clock."""

    def __init__(self, settings: WebSettings, now: Callable[[], float] = time.monotonic) -> None:
        self.keys = Limiter(*settings.api_rate, now)
        self.strangers = Limiter(*settings.api_strangers, now)
        self._good = set[int]()

    def spares(self, token: str, address: str) -> float:
        """Seconds in which nobody is asked who has the key: too many were wrong, and this one was never good here.

        One that was good is still asked for: whoever shares an address with strangers is not shut out by them.
        """
        return 0.0 if hash(token) in self._good else self.strangers.look(address)

    def turned_out(self, token: str, *, good: bool) -> None:
        """What became of the key; there are as many good ones as staff made."""
        if good:
            self._good.add(hash(token))
        else:
            self._good.discard(hash(token))


GAUGES = web.AppKey("api_gauges", Gauges)


def needs_key(scope: str) -> Callable[[Handler], Handler]:
    """Only with a key that has `scope`."""

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            request[KEY] = await _let_in(request, scope)
            return await handler(request)

        NEEDED[guarded] = scope
        return guarded

    return guard


async def _let_in(request: web.Request, scope: str) -> KeyView:
    gauges, token, address = request.app[GAUGES], _token(request), address_of(request)
    if wait := gauges.spares(token, address):
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    found = await api_keys.find(token, request.app[CLOCK]()) if token else None
    gauges.turned_out(token, good=found is not None)
    wait = gauges.keys.wait(str(found.id)) if found else gauges.strangers.wait(address)
    if wait:
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    if found is None:
        raise Problem(401, "no_api_key")
    if scope not in found.scopes:
        raise Problem(403, "no_scope", {"scope": scope})
    return found


def _token(request: web.Request) -> str:
    """What may be a key; "" for what is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    looks = token.startswith(api_keys.PREFIX) and token.isascii() and len(token) < 200
    return token if scheme.lower() == "bearer" and looks else ""
