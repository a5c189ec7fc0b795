"""The desk's ready-made replies, which the whole team shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.services import canned
from bot.services.canned import Canned, CannedList
from models.database import transaction
from web.auth import me, needs
from web.desk.values import team
from web.http import Problem, answer, read_object, text_of
from web.keys import CLOCK, SETTINGS
from web.said import says

_NAME, _TEXT = 24, 1000  # characters


def _language(request: web.Request) -> str:
    language = request.match_info["language"]
    if language not in request.app[SETTINGS].languages:
        raise Problem(404, "not_found")
    return language


@says(team.CannedReplies, refuses={404: "not_found"})
@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/canned/{language}."""
    return answer(_json(await canned.read(_language(request))))


@says(
    team.CannedReplies,
    takes=team.WrittenReplies,
    refuses={404: "not_found", 409: "overtaken", 422: "empty"},
)
@needs("agent")
async def changed(request: web.Request) -> web.Response:
    """PUT /api/desk/canned/{language}: the whole list, and the version that it was made from."""
    body = await read_object(request)
    replies = [_reply(item) for item in body["items"]]
    version = text_of(body, "version", 16)
    async with transaction():
        kept = await canned.write(_language(request), replies, version, me(request).id, request.app[CLOCK]())
    return answer(_json(kept))


def _reply(item: Mapping[str, Any]) -> Canned:
    reply = Canned(text_of(item, "name", _NAME).strip(), text_of(item, "text", _TEXT).strip())
    if not (reply.name and reply.text):
        raise Problem(422, "empty")
    return reply


def _json(kept: CannedList) -> team.CannedReplies:
    return {"items": [{"name": one.name, "text": one.text} for one in kept.replies], "version": kept.version}
