"""The desk's webhooks: endpoints made and changed by admins, and the log of what each was told."""

from __future__ import annotations

from aiohttp import web

from bot.services import webhook_endpoints as endpoints
from bot.services.webhook_endpoints import EndpointView, Entry
from models.database import transaction
from web.auth import me, needs
from web.desk.values import hooks
from web.http import Problem, answer, moment_or_none, path_id, query_int, read_object, text_of
from web.keys import CLOCK, SETTINGS
from web.said import says
from web.values import Nothing
from web.views import time, time_or_none

_URL = 500
_NONE = {404: "no_webhook"}
_WRONG = {409: "webhook_tls", 422: "bad_events bad_webhook_url"}


@says(hooks.Webhooks)
@needs("admin")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/webhooks: all of them, and the names of what happens."""
    found = await endpoints.everyone(request.app[CLOCK]())
    return answer({"items": [_endpoint(one) for one in found], "names": list(endpoints.names())})


@says(
    hooks.SecretWebhook, status=201, takes=hooks.WrittenWebhook, refuses=_WRONG | {409: "too_many_webhooks webhook_tls"}
)
@needs("admin")
async def made(request: web.Request) -> web.Response:
    """POST /api/desk/webhooks: the answer holds the secret, this once."""
    url, events = await _wanted(request)
    plain, now = request.app[SETTINGS].plain_webhooks, request.app[CLOCK]()
    async with transaction():
        id_, secret = await endpoints.create(url, events, plain, me(request).id, now)
    return answer({"webhook": _endpoint(await endpoints.view(id_, now)), "secret": secret}, 201)


@says(hooks.OneWebhook, takes=hooks.WrittenWebhook, refuses=_NONE | _WRONG)
@needs("admin")
async def changed(request: web.Request) -> web.Response:
    """PUT /api/desk/webhooks/{id}."""
    url, events = await _wanted(request)
    plain, id_, now = request.app[SETTINGS].plain_webhooks, path_id(request), request.app[CLOCK]()
    async with transaction():
        await endpoints.change(id_, url, events, plain, me(request).id, now)
    return await _shown(request)


@says(Nothing, refuses=_NONE)
@needs("admin")
async def removed(request: web.Request) -> web.Response:
    """DELETE /api/desk/webhooks/{id}: with its log."""
    async with transaction():
        await endpoints.remove(path_id(request), me(request).id, request.app[CLOCK]())
    return answer({})


@says(hooks.OneWebhook, refuses=_NONE)
@needs("admin")
async def paused(request: web.Request) -> web.Response:
    """POST …/{id}/pause."""
    async with transaction():
        await endpoints.pause(path_id(request), me(request).id, request.app[CLOCK]())
    return await _shown(request)


@says(hooks.OneWebhook, refuses=_NONE)
@needs("admin")
async def resumed(request: web.Request) -> web.Response:
    """POST …/{id}/resume."""
    async with transaction():
        await endpoints.resume(path_id(request), me(request).id, request.app[CLOCK]())
    return await _shown(request)


@says(hooks.SecretWebhook, refuses=_NONE)
@needs("admin")
async def rotated(request: web.Request) -> web.Response:
    """POST …/{id}/rotate: the answer holds the new secret, this once."""
    id_, now = path_id(request), request.app[CLOCK]()
    async with transaction():
        secret = await endpoints.rotate(id_, me(request).id, now)
    return answer({"webhook": _endpoint(await endpoints.view(id_, now)), "secret": secret})


@says(hooks.OneWebhook, refuses=_NONE)
@needs("admin")
async def tested(request: web.Request) -> web.Response:
    """POST …/{id}/test."""
    async with transaction():
        await endpoints.test(path_id(request), me(request).id, request.app[CLOCK]())
    return await _shown(request)


@says(hooks.Deliveries, query=hooks.LogQuery, refuses=_NONE)
@needs("admin")
async def log(request: web.Request) -> web.Response:
    """GET …/{id}/log?state=&before=."""
    page = await endpoints.log(path_id(request), request.query.get("state", ""), query_int(request, "before"))
    return answer({"items": [_entry(one) for one in page.items], "next": str(page.next) if page.next else None})


@says(hooks.Count, takes=hooks.Replay, refuses=_NONE | {400: "bad_time"})
@needs("admin")
async def replayed(request: web.Request) -> web.Response:
    """POST …/{id}/replay: `delivery`, or all that were given up of what happened since `since`; answers how many."""
    body, id_, now = await read_object(request), path_id(request), request.app[CLOCK]()
    delivery = body.get("delivery")
    async with transaction():
        if delivery is not None:
            await endpoints.replay(id_, delivery, me(request).id, now)
            return answer({"count": 1})
        if (since := moment_or_none(body, "since")) is None:
            raise Problem(400, "bad_time")
        count = await endpoints.replay_failed(id_, since, me(request).id, now)
    return answer({"count": count})


async def _shown(request: web.Request) -> web.Response:
    return answer({"webhook": _endpoint(await endpoints.view(path_id(request), request.app[CLOCK]()))})


async def _wanted(request: web.Request) -> tuple[str, list[str]]:
    body = await read_object(request)
    return text_of(body, "url", _URL), body["events"]


def _endpoint(one: EndpointView) -> hooks.Webhook:
    return {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "state": one.state,
        "reason": one.reason,
        "failing_since": time_or_none(one.failing_since),
        "both_until": time_or_none(one.both_until),
        "waiting": one.waiting,
        "failed": one.failed,
        "created_at": time(one.created_at),
    }


def _entry(one: Entry) -> hooks.Delivery:
    return {
        "id": one.id,
        "key": one.key,
        "name": one.name,
        "subject": one.subject,
        "state": one.state,
        "attempts": one.attempts,
        "due_at": time(one.due_at),
        "status": one.status,
        "error": one.error,
        "answer": one.answer,
        "took_ms": one.took_ms,
        "tried_at": time_or_none(one.tried_at),
        "at": time(one.at),
        "body": one.body,
    }
