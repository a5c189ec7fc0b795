"""An app of ours is installed in a connected shop: staff go there to allow it, and come back in the same session."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from aiohttp import web

from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.services import settings as kept
from web.auth import SESSION, me, needs
from web.http import Problem
from web.keys import CLOCK, RUNTIME, SETTINGS

#: So long the way there and back may take.
LIFE = timedelta(minutes=10)


@needs("admin")
async def begin(request: web.Request) -> web.Response:
    """GET /stores/{name}/install: to the shop."""
    name, ends = _name(request), int((request.app[CLOCK]() + LIFE).timestamp())
    back = f"{request.app[SETTINGS].public_url.rstrip('/')}/stores/{name}/installed"
    there = request.app[RUNTIME].stores.install_at(name, back, await _state(request, ends))
    if there is None:
        raise Problem(404, "not_found")
    raise web.HTTPSeeOther(there)


@needs("admin")
async def finish(request: web.Request) -> web.Response:
    """GET /stores/{name}/installed: back from there."""
    name, now, runtime = _name(request), request.app[CLOCK](), request.app[RUNTIME]
    if runtime.stores.install_at(name, "", "") is None:
        raise Problem(404, "not_found")
    await _check_state(request, now)
    try:
        await runtime.stores.installed(name, dict(request.query), me(request).id)
    except (Unauthorised, BadInput) as error:
        raise Problem(400, "not_installed", {"why": str(error)}) from error
    except StoreUnavailable as error:
        raise Problem(503, "busy", retry=5) from error
    raise web.HTTPSeeOther("/desk")


def _name(request: web.Request) -> str:
    return request.match_info["name"][:32]


async def _check_state(request: web.Request, now: datetime) -> None:
    """It must be the one that this session was sent there with, and not long ago."""
    given = request.query.get("state", "")
    ends = given.partition(".")[0]
    if not (ends.isascii() and ends.isdigit() and len(ends) <= 12) or int(ends) < now.timestamp():
        raise Problem(403, "forbidden")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), (await _state(request, int(ends))).encode()):
        raise Problem(403, "forbidden")


async def _state(request: web.Request, ends: int) -> str:
    secret, session = await kept.secret("store install"), request[SESSION]
    mark = hmac.new(secret, f"{_name(request)} {session.id} {session.csrf} {ends}".encode(), hashlib.sha256).hexdigest()
    return f"{ends}.{mark}"
