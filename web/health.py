"""Is the process alive, can it do its work, and what it counts."""

from __future__ import annotations

import asyncio
import hmac
from ipaddress import ip_address

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.core.errors import StorageUnavailable
from bot.services import queues
from web.files import STORAGE
from web.http import Problem, address_of, answer
from web.keys import RELAY, RUNTIME, SETTINGS
from web.middleware import observed
from web.ports import Alone, Relay, Runtime
from web.settings import WebSettings

DEEP = 10_000  # pending inbounds: more means that the workers do not keep up
_PATIENCE = 3.0  # seconds


async def serve(runtime: Runtime, settings: WebSettings, relay: Relay | None = None) -> web.AppRunner:
    """Only this, for a node that serves no visitors. OSError when the port is taken."""
    app = web.Application(middlewares=[observed])
    app[SETTINGS], app[RUNTIME], app[STORAGE] = settings, runtime, runtime.storage
    app[RELAY] = relay or Alone()
    app.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, reuse_address=True).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


async def alive(_: web.Request) -> web.Response:
    """GET /healthz: the event loop turns."""
    return answer({"ok": True})


async def ready(request: web.Request) -> web.Response:
    """GET /readyz: 200, or 503 with the reasons; where several nodes share a database, also what this one does."""
    runtime = request.app[RUNTIME]
    seen = await asyncio.gather(_database(), _storage(request))
    found = [*seen, runtime.trouble(), request.app[RELAY].trouble]
    reasons = [reason for reason in found if reason]
    told: dict[str, object] = {"ok": not reasons, "reasons": reasons, **runtime.standing()}
    return answer(told, 503 if reasons else 200)


async def _database() -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            waiting = await queues.pending(DEEP + 1)
    except TimeoutError:
        return "the database does not answer"
    except Exception as error:
        return f"the database refuses: {type(error).__name__}"
    return f"more than {DEEP} inbounds wait to be handled" if waiting > DEEP else ""


async def _storage(request: web.Request) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await request.app[STORAGE].check()
    except TimeoutError:
        return "the file store does not answer"
    except StorageUnavailable:
        return "the file store cannot be used"
    return ""


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: with the token when there is one, else only from this machine."""
    token = request.app[SETTINGS].metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    allowed = hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()) if token else _is_local(request)
    if not allowed:
        raise Problem(404, "not_found")
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _is_local(request: web.Request) -> bool:
    # A proxy on this machine that does not say for whom it asks would open the numbers to everybody.
    if "X-Forwarded-For" in request.headers and not request.app[SETTINGS].trusted_proxies:
        return False
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
