"""Webhooks: verified before anything else, kept on disk before they are answered."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from functools import lru_cache
from time import monotonic

import orjson
from aiohttp import web
from prometheus_client import Counter

from bot.core.errors import BadInput, ParleyError, Unauthorised
from bot.core.ports import Channel, HookAnswer, HookRequest
from bot.edge.calls import Answered, Raw, Receive, Setup
from bot.runtime import noticed
from bot.services import payments
from web.forgeries import Forgeries
from web.http import Problem, address_of, error_body, problem, read_body
from web.keys import CLOCK, RUNTIME
from web.middleware import fixed_headers, new_request_id, note
from web.ports import Runtime
from web.settings import WebSettings
from web.sockets import problem_of

log = logging.getLogger(__name__)

LIMIT = 1024 * 1024  # bytes
#: Behind the time for which a call is held, so long is it left unanswered for its platform to give it up, seconds.
LONGER = 1.5
ROUTE = "/hooks/{account}"
#: What may be wrong with a request before it is known what it says.
_IMPROPER = {400: "bad_request", 408: "slow", 413: "too_large", 415: "bad_request", 431: "bad_request"}
FORGERIES = web.AppKey("forgeries", Forgeries)
HOOKS = Counter("parley_hooks_total", "Webhook calls", ("account", "outcome"))


@lru_cache(maxsize=256)
def _count(account: str, outcome: str) -> Counter:
    """Kept, since looking a series up costs more than counting in it."""
    found: Counter = HOOKS.labels(account, outcome)
    return found


async def channel_hook(request: web.Request) -> web.Response:
    """GET and POST /hooks/{account}; most posts come the short way, see `short_way`."""
    runtime = request.app[RUNTIME]
    channel = runtime.channels.get(request.match_info["account"])
    if channel is None:
        raise Problem(404, "not_found")
    answer = await _deliver(runtime, channel, await _call(request))
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


def short_way(runtime: Runtime, settings: WebSettings) -> tuple[Setup, Receive]:
    """The same for posts, without the web application, which costs more than all that is done with a message."""

    async def receive(account: str, call: Raw) -> Answered:
        started, request_id = monotonic(), new_request_id()
        try:
            found = await _deliver(runtime, runtime.channels[account], call.request())
            answered = Answered(found.status, found.body, found.content_type, request_id)
        except Exception as error:
            known = problem(error) if isinstance(error, ParleyError) else problem_of(error, f"POST {ROUTE}")
            answered = _refused(known, request_id)
        note("POST", ROUTE, answered.status, monotonic() - started, request_id)
        return answered

    setup = Setup(
        accounts=tuple(runtime.channels),
        limit=LIMIT,
        headers=fixed_headers(settings) | {"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"},
        refusals={status: _refused(Problem(status, code, {"limit": "1 MB"})) for status, code in _IMPROPER.items()},
    )
    return setup, receive


def _refused(found: Problem, request_id: str = "") -> Answered:
    body = orjson.dumps({"error": error_body(found, "en")})
    return Answered(found.status, body, "application/json", request_id, found.retry or 0)


async def _deliver(runtime: Runtime, channel: Channel, call: HookRequest) -> HookAnswer:
    """Raises `Problem` and what the runtime raises."""
    try:
        return await _receive(runtime, channel, call)
    except Unauthorised as error:
        HOOKS.labels(channel.account, "refused").inc()
        log.warning("a webhook call was refused", extra={"action": "hook.refused", "account": channel.account})
        raise Problem(401, "unauthorised") from error
    except BadInput as error:
        HOOKS.labels(channel.account, "malformed").inc()
        raise Problem(400, "bad_request") from error


async def _receive(runtime: Runtime, channel: Channel, call: HookRequest) -> HookAnswer:
    channel.verify(call)
    shake = channel.handshake(call)
    if shake is not None:
        return shake
    if call.method != "POST":
        raise Problem(405, "method")
    inbounds = channel.parse(call.body)
    said: bytes | None = b""
    if inbounds:
        said = await runtime.receive(channel, inbounds)
    _count(channel.account, "unknown" if any(one.kind == "unknown" for one in inbounds) else "kept").inc()
    if said is None:
        await asyncio.sleep(LONGER)
        raise Problem(503, "busy", retry=1)
    return channel.answer(call, said)


async def payment_hook(request: web.Request) -> web.Response:
    """POST /hooks/pay/{provider}."""
    call, name, now = await _call(request), request.match_info["provider"], request.app[CLOCK]()
    try:
        answer = await deliver_notice(request.app[RUNTIME], name, call, now)
    except Problem as problem:
        if problem.status == 401:
            await request.app[FORGERIES].note(f"pay:{name}", address_of(request), now)
        raise
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


async def store_hook(request: web.Request) -> web.Response:
    """POST /hooks/store/{store}: kept as a hint, and asked for in its time."""
    name, now = request.match_info["store"], request.app[CLOCK]()
    try:
        answer = await request.app[RUNTIME].stores.hear(name, await _call(request))
    except Unauthorised as error:
        HOOKS.labels(f"store:{name}", "refused").inc()
        await request.app[FORGERIES].note(f"store:{name}", address_of(request), now)
        raise Problem(401, "unauthorised") from error
    except BadInput as error:
        HOOKS.labels(f"store:{name}", "malformed").inc()
        raise Problem(400, "bad_request") from error
    if answer is None:
        raise Problem(404, "not_found")
    HOOKS.labels(f"store:{name}", "kept").inc()
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


async def deliver_notice(runtime: Runtime, name: str, call: HookRequest, now: datetime) -> HookAnswer:
    """Keep what a provider says as a hint in the payer's own lane; what to answer. Raises `Problem`."""
    provider = runtime.providers.get(name)
    if provider is None:
        raise Problem(404, "not_found")
    try:
        await provider.verify(call)
        notices = await provider.parse(call)
    except Unauthorised as error:
        HOOKS.labels(f"pay:{name}", "refused").inc()
        raise Problem(401, "unauthorised") from error
    except BadInput as error:
        HOOKS.labels(f"pay:{name}", "malformed").inc()
        raise Problem(400, "bad_request") from error
    for notice in notices:
        payment = await payments.by_key(notice.key)
        if payment is None or payment.provider != name:  # an account of the provider may serve other shops, too
            HOOKS.labels(f"pay:{name}", "foreign").inc()
            continue
        await noticed.keep(runtime.accept, payment, notice.id, now)
        HOOKS.labels(f"pay:{name}", "kept").inc()
    return provider.answer()


async def _call(request: web.Request) -> HookRequest:
    return HookRequest(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=await read_body(request, LIMIT),
    )
