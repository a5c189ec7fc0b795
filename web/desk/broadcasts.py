"""The desk's news: written, looked at before, sent or timed, stopped."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.runtime.broadcasting import Preview
from bot.services import broadcasts, threads
from bot.services.audiences import Audience
from bot.services.broadcasts import Draft, View
from models.database import transaction
from web import views
from web.auth import me, needs
from web.desk import pictures
from web.desk.conversations import shapes
from web.desk.values import news
from web.files import LINKS
from web.http import Problem, answer, language, moment_or_none, path_id, read_object, text_of
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.said import FILE, says
from web.texts import say
from web.values import Attachment, FileName
from web.views import time, time_or_none

_USE = "news"


@says(news.Broadcasts)
@needs("manager")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/broadcasts: the newest, and what one may choose from."""
    found = await broadcasts.listed(request.app[CLOCK]())
    runtime, settings = request.app[RUNTIME], request.app[SETTINGS]
    accounts = [{"account": account, "channel": shapes(request).channel(account)} for account in runtime.channels]
    commands = [{"name": name, "title": title} for name, title in runtime.commands(language(request))]
    choices = {"accounts": accounts, "languages": list(settings.languages), "commands": commands}
    return answer({"items": [await _shape(request, one) for one in found], "choices": choices})


@says(news.Preview, takes=news.Audience)
@needs("manager")
async def previewed(request: web.Request) -> web.Response:
    """POST …/preview: how many would get it now."""
    found = await request.app[RUNTIME].preview_broadcast(_audience(request, await read_object(request)))
    return answer(_preview(found, language(request)))


@says(
    news.OneBroadcast,
    status=201,
    takes=news.WrittenNews,
    refuses={400: "bad_time", 409: "empty no_file sent_before"},
)
@needs("manager")
async def made(request: web.Request) -> web.Response:
    """POST /api/desk/broadcasts: with the same `id` it is the same broadcast, however often it is sent."""
    body, now = await read_object(request), request.app[CLOCK]()
    client_id, send_at = text_of(body, "id", 64), moment_or_none(body, "send_at")
    if not client_id:
        raise Problem(400, "bad_request")
    async with transaction():
        draft = await _draft(request, body)
        id_ = await broadcasts.create(draft, send_at, me(request).id, now, client_id)
    return answer({"broadcast": await _shape(request, await broadcasts.view(id_))}, 201)


@says(news.OneBroadcast)
@needs("manager")
async def stopped(request: web.Request) -> web.Response:
    """POST …/{id}/stop."""
    id_ = path_id(request)
    async with transaction():
        await broadcasts.stop(id_, me(request).id, request.app[CLOCK]())
    return answer({"broadcast": await _shape(request, await broadcasts.view(id_))})


@says(Attachment, status=201, takes=FILE, query=FileName)
@needs("manager")
async def upload(request: web.Request) -> web.Response:
    """POST …/picture?name=…"""
    return await pictures.upload(request, _USE)


async def _draft(request: web.Request, body: dict[str, Any]) -> Draft:
    text = text_of(body, "text", request.app[SETTINGS].text_limit)
    label, command = text_of(body, "label", 64, default="").strip(), text_of(body, "command", 64, default="")
    if command and command not in dict(request.app[RUNTIME].commands("en")):
        raise Problem(400, "bad_request")
    picture = body.get("picture")
    if picture is not None and not await pictures.is_of(picture, _USE):
        raise Problem(409, "no_file")
    button = (label, command) if label and command else ("", "")
    return Draft(text, _audience(request, body), picture, *button)


def _audience(request: web.Request, body: dict[str, Any]) -> Audience:
    accounts, known = body.get("accounts") or [], request.app[RUNTIME].channels
    spoken, bought = text_of(body, "language", 16, default=""), body.get("bought", "")
    if any(one not in known for one in accounts) or (spoken and spoken not in request.app[SETTINGS].languages):
        raise Problem(400, "bad_request")
    return Audience(tuple(accounts), spoken, bought)


def _preview(found: Preview, locale: str) -> news.Preview:
    why: list[news.NotReached] = [
        {"code": code, "text": say(code, locale), "count": count} for code, count in sorted(found.why.items())
    ]
    return {
        "all": found.all,
        "now": found.now,
        "template": found.template,
        "later": found.later,
        "not": why,
        "more": found.more,
    }


async def _shape(request: web.Request, one: View) -> news.Broadcast:
    draft, counts = one.draft, one.counts
    picture = (await threads.files([draft.picture_id])).get(draft.picture_id) if draft.picture_id else None
    return {
        "id": one.id,
        "text": draft.text,
        "picture": views.file(picture, request.app[LINKS]) if picture else None,
        "label": draft.label,
        "command": draft.command,
        "accounts": list(draft.audience.accounts),
        "language": draft.audience.language,
        "bought": draft.audience.bought,
        "state": one.state,
        "send_at": time(one.send_at),
        "created_at": time(one.created_at),
        "ended_at": time_or_none(one.ended_at),
        "staff": one.staff_name,
        "counts": {
            "planned": counts.planned,
            "waiting": counts.waiting,
            "sent": counts.sent,
            "delivered": counts.delivered,
            "read": counts.read,
            "failed": counts.failed,
            "unsubscribed": counts.unsubscribed,
        },
    }
