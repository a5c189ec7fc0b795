"""Who may call the API: a key in `Authorization: Bearer`, good for the scope of the route, and not too often."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from bot.services import api_keys
from bot.services.api_keys import KeyView
from web.http import Problem, address_of
from web.keys import CLOCK
from web.limits import Limiter
from web.settings import WebSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = web.RequestKey("api_key", KeyView)
#: The scope of every route of the API, so that tests and its document can tell.
NEEDED: dict[Handler, str] = {}


class Gauges:
    """How often each key calls this node, and each address without a good one; `now` is a monotonic clock."""

    def __init__(self, settings: WebSettings, now: Callable[[], float] = time.monotonic) -> None:
        self.keys = Limiter(*settings.api_rate, now)
        self.strangers = Limiter(*settings.api_strangers, now)


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
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = None
    if scheme.lower() == "bearer" and token.startswith(api_keys.PREFIX) and token.isascii() and len(token) < 200:
        found = await api_keys.find(token, request.app[CLOCK]())
    gauges = request.app[GAUGES]
    wait = gauges.keys.wait(str(found.id)) if found else gauges.strangers.wait(address_of(request))
    if wait:
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    if found is None:
        raise Problem(401, "no_api_key")
    if scope not in found.scopes:
        raise Problem(403, "no_scope", {"scope": scope})
    return found
