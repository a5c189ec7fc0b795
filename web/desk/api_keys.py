"""The desk's keys of the API: made by admins, shown once, and revoked."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from bot.services import api_keys, staff
from bot.services.api_keys import SCOPES, KeyView
from web.auth import me, needs
from web.desk.values import stores
from web.http import answer, path_id, read_object, text_of
from web.keys import CLOCK
from web.said import says
from web.views import time, time_or_none

_NAME = 120


@says(stores.Keys)
@needs("admin")
async def listed(_: web.Request) -> web.Response:
    """GET /api/desk/keys."""
    names = await _names()
    return answer({"items": [_key(one, names) for one in await api_keys.everything()], "scopes": list(SCOPES)})


@says(stores.SecretKey, status=201, takes=stores.WrittenKey, refuses={422: "bad_name bad_scope"})
@needs("admin")
async def made(request: web.Request) -> web.Response:
    """POST /api/desk/keys: the answer holds the secret, this once."""
    body = await read_object(request)
    key, secret = await api_keys.make(
        text_of(body, "name", _NAME), body["scopes"], request.app[CLOCK](), by=me(request).id
    )
    return answer({"key": _key(key, await _names()), "secret": secret}, 201)


@says(stores.OneKey, refuses={404: "no_key"})
@needs("admin")
async def revoked(request: web.Request) -> web.Response:
    """POST /api/desk/keys/{id}/revoke."""
    key = await api_keys.revoke(path_id(request), request.app[CLOCK](), by=me(request).id)
    return answer({"key": _key(key, await _names())})


async def _names() -> Mapping[int, str]:
    return {one.id: one.name for one in await staff.everyone()}


def _key(one: KeyView, names: Mapping[int, str]) -> stores.Key:
    return {
        "id": one.id,
        "name": one.name,
        "scopes": list(one.scopes),
        "by": names.get(one.staff_id, "") if one.staff_id is not None else "",
        "created_at": time(one.created_at),
        "used_at": time_or_none(one.used_at),
        "revoked_at": time_or_none(one.revoked_at),
    }
