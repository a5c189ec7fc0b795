"""The desk's settings: staff accounts, link codes, what failed, and the table of channels."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.core.ports import Channel
from bot.services import audit, linked_chats, queues, staff
from bot.services.passwords import one_time_password
from models.database import transaction
from web.auth import me, needs, staff_json
from web.desk.conversations import shapes
from web.desk.values import team
from web.http import Problem, answer, path_id, read_object, text_of, text_or_none
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.live_keys import LIVE
from web.said import says
from web.values import Nothing
from web.views import Json, time

_WRONG = "bad_name bad_request bad_role bad_timezone"


@says(team.LinkCode, status=201)
@needs("manager")
async def link_code(request: web.Request) -> web.Response:
    """POST /api/desk/link-code."""
    code, expires = await staff.make_link_code(me(request).id, request.app[CLOCK]())
    return answer({"code": code, "expires_at": time(expires)}, 201)


@says(team.LinkedChats)
@needs("manager")
async def linked(request: web.Request) -> web.Response:
    """GET /api/desk/linked-chats: one's own."""
    shape = shapes(request)
    return answer({"items": [shape.linked_chat(chat) for chat in await linked_chats.of(me(request).id)]})


@says(Nothing)
@needs("manager")
async def unlinked(request: web.Request) -> web.Response:
    """DELETE /api/desk/linked-chats/{id}: one of one's own."""
    async with transaction():
        await linked_chats.unlink(me(request).id, path_id(request), request.app[CLOCK]())
    return answer({})


@says(team.Failures)
@needs("agent")
async def failures(request: web.Request) -> web.Response:
    """GET /api/desk/failures."""
    shape = shapes(request)
    return answer({"items": [shape.failure(failure) for failure in await queues.parked()]})


@says(Nothing, refuses={404: "no_failure"})
@needs("agent")
async def retry(request: web.Request) -> web.Response:
    """POST /api/desk/failures/{kind}/{id}/retry."""
    kind, failed = request.match_info["kind"], path_id(request)
    if kind not in ("effect", "inbound"):
        raise Problem(404, "not_found")
    await request.app[RUNTIME].parked.retry(kind, failed)
    async with transaction():
        await audit.record(me(request).id, "failure.retry", f"{kind}:{failed}", request.app[CLOCK]())
    return answer({})


@says(team.Channels)
@needs("agent")
async def channels(request: web.Request) -> web.Response:
    """GET /api/desk/channels."""
    known = request.app[RUNTIME].channels
    return answer({"items": [_channel(channel) for _, channel in sorted(known.items())]})


def _channel(channel: Channel) -> team.Channel:
    capabilities = {name: _plain(value) for name, value in asdict(channel.capabilities).items()}
    return {
        "account": channel.account,
        "channel": channel.capabilities.channel,
        "capabilities": capabilities,
        "state": "on",
    }


def _plain(value: Any) -> Any:
    """Spans of time as seconds."""
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


@says(team.AllStaff)
@needs("admin")
async def listed(_: web.Request) -> web.Response:
    """GET /api/desk/staff."""
    return answer({"items": [staff_json(view) for view in await staff.everyone()]})


@says(team.MadeStaff, status=201, takes=team.NewStaff, refuses={409: "login_taken", 422: f"bad_login {_WRONG}"})
@needs("admin")
async def added(request: web.Request) -> web.Response:
    """POST /api/desk/staff: the answer holds the one-time password, this once."""
    body, password = await read_object(request), one_time_password()
    made = await staff.add(
        text_of(body, "login", 64),
        text_of(body, "name", 120),
        text_of(body, "role", 16),
        password,
        request.app[CLOCK](),
        by=me(request).id,
        locale=_locale(request, body) or me(request).locale,
        timezone=text_or_none(body, "timezone", 64) or me(request).timezone,
    )
    return answer({"staff": staff_json(made), "password": password}, 201)


def _locale(request: web.Request, body: Json) -> str | None:
    locale = text_or_none(body, "locale", 16)
    if locale is not None and locale not in request.app[SETTINGS].languages:
        raise Problem(422, "bad_request")
    return locale


@says(team.OneStaff, takes=team.StaffChange, refuses={404: "no_staff", 409: "last_admin", 422: _WRONG})
@needs("admin")
async def changed(request: web.Request) -> web.Response:
    """PUT /api/desk/staff/{id}."""
    body = await read_object(request)
    view = await staff.change(
        path_id(request),
        request.app[CLOCK](),
        by=me(request).id,
        name=text_or_none(body, "name", 120),
        role=text_or_none(body, "role", 16),
        locale=_locale(request, body),
        timezone=text_or_none(body, "timezone", 64),
        active=body.get("active"),
    )
    await request.app[LIVE].end_sessions()
    return answer({"staff": staff_json(view)})


@says(team.NewPassword, refuses={404: "no_staff"})
@needs("admin")
async def password(request: web.Request) -> web.Response:
    """POST /api/desk/staff/{id}/password: a new one-time password, told this once."""
    fresh = one_time_password()
    await staff.set_password(path_id(request), fresh, request.app[CLOCK](), one_time=True, by=me(request).id)
    await request.app[LIVE].end_sessions()
    return answer({"password": fresh})
