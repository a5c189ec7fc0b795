"""The desk's inbox: the list, a thread, and what staff do in it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from aiohttp import web

from bot.core.events import RowChanged, Typing
from bot.services import conversations, people, search, threads
from bot.services import reach as reaching
from bot.services.conversations import FILTERS, Row
from bot.services.reach import Reach
from bot.services.visitors import ACCOUNT, file_row
from models.database import transaction
from web import uploads, views
from web.auth import me, needs
from web.desk.counts import counts
from web.desk.shapes import Shapes
from web.desk.values import inbox, persons
from web.files import FILING, LINKS
from web.http import Problem, answer, ids_of, language, path_id, query_int, read_object, text_of
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.said import FILE, says
from web.values import Attachment, FileName, Nothing

PAGE = 50
_AFTER = 200
_NONE = {404: "no_conversation"}
_NOT_NOW = "no_channel quiet_hours quota_used unreachable unwanted window_closed"


def shapes(request: web.Request) -> Shapes:
    """JSON in the language of whoever asks."""
    return Shapes(language(request), request.app[LINKS], request.app[RUNTIME].channels)


@says(inbox.Conversations, query=inbox.ListQuery)
@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/conversations."""
    chosen, query, who = request.query.get("filter", "all"), request.query.get("q", "").strip(), me(request)
    if chosen not in FILTERS:
        raise Problem(400, "bad_request")
    shape, following = shapes(request), ""
    items: Sequence[inbox.Row | inbox.FoundRow]
    if query:
        items = [shape.found(one) for one in await search.conversations(query)]
    else:
        page = await conversations.listed(chosen, who.id, request.query.get("before", ""))
        items, following = [shape.row(row) for row in page.items], page.next
    counted = await counts(who, request.app[CLOCK]())
    return answer({"items": items, "next": following or None, "counts": counted})


@says(persons.Conversation, refuses=_NONE)
@needs("agent")
async def opened(request: web.Request) -> web.Response:
    """GET /api/desk/conversations/{id}."""
    row = await conversations.row(path_id(request))
    page = await threads.newest(row.id, PAGE, staff=True)
    reach, shape = await _or_instead(request, row, await _reach(request, row)), shapes(request)
    return answer(
        {
            "row": shape.row(row),
            "messages": views.messages(page.messages, request.app[LINKS], staff=True),
            "more": page.more,
            "dialog": await _dialog(row.id),
            "can_send": shape.can_send(reach),
            "contact": shape.person(await people.person(row.contact_id)),
        }
    )


async def _reach(request: web.Request, row: Row) -> Reach:
    runtime = request.app[RUNTIME]
    known = row.account in runtime.channels or row.account == ACCOUNT
    able = runtime.capabilities(row.account) if known else None
    now = request.app[CLOCK]()
    return await reaching.of(row.id, able, reachable=row.reachable, now=now, kind="staff")


async def _or_instead(request: web.Request, row: Row, reach: Reach) -> Reach:
    runtime = request.app[RUNTIME]
    able = {account: channel.capabilities for account, channel in runtime.channels.items()}
    able[ACCOUNT] = runtime.capabilities(ACCOUNT)
    return await reaching.instead(row.id, reach, able, request.app[CLOCK](), "staff")


async def _dialog(conversation_id: int) -> inbox.Question | None:
    running = await conversations.running(conversation_id)
    if running is None:
        return None
    question = orjson.loads(running.question) if running.question else {}
    asked = question.get("text", "") if isinstance(question, dict) else ""
    return {"title": running.handler.rpartition(".")[2].replace("_", " "), "question": asked}


@says(inbox.Messages, query=inbox.MessagesQuery, refuses=_NONE)
@needs("agent")
async def messages(request: web.Request) -> web.Response:
    """GET /api/desk/conversations/{id}/messages."""
    row = await conversations.row(path_id(request))
    before, after = query_int(request, "before"), query_int(request, "after")
    if (before is None) == (after is None):
        raise Problem(400, "bad_request")
    if after is not None:
        page = await threads.later(row.id, after, _AFTER, staff=True)
    else:
        page = await threads.newest(row.id, PAGE, staff=True, before=before)
    shown = views.messages(page.messages, request.app[LINKS], staff=True)
    return answer({"messages": shown, "more": page.more})


@says(inbox.OneRow, takes=inbox.Taking, refuses=_NONE | {403: "forbidden", 409: "taken"})
@needs("agent")
async def take(request: web.Request) -> web.Response:
    """POST …/take; `force` is for managers."""
    row, body, who = await conversations.row(path_id(request)), await read_object(request), me(request)
    force = body.get("force") is True
    if force and not who.may("manager"):
        raise Problem(403, "forbidden")
    await request.app[RUNTIME].desk.take_over(row.id, who.id, force=force)
    return await _row_answer(request, row.id)


@says(inbox.OneRow, refuses=_NONE | {409: "taken"})
@needs("agent")
async def give(request: web.Request) -> web.Response:
    """POST …/give: only the owner's to give, or a manager's."""
    row, who = await conversations.row(path_id(request)), me(request)
    _require_owner(row, who.id, manager=who.may("manager"))
    await request.app[RUNTIME].desk.give_back(row.id, who.id)
    return await _row_answer(request, row.id)


def _require_owner(row: Row, staff_id: int, *, manager: bool) -> None:
    if row.owner_id is not None and row.owner_id != staff_id and not manager:
        raise Problem(409, "taken", {"owner": row.owner_name})


@says(inbox.OneRow, refuses=_NONE | {409: "taken"})
@needs("agent")
async def close(request: web.Request) -> web.Response:
    """POST …/close."""
    row, who = await conversations.row(path_id(request)), me(request)
    _require_owner(row, who.id, manager=who.may("manager"))
    await request.app[RUNTIME].desk.close(row.id, who.id)
    return await _row_answer(request, row.id)


@says(inbox.OneRow, refuses=_NONE)
@needs("agent")
async def read(request: web.Request) -> web.Response:
    """POST …/read."""
    row = await conversations.row(path_id(request))
    if row.unread:
        async with transaction():
            await conversations.mark_read(row.id, request.app[CLOCK]())
    return await _row_answer(request, row.id, changed=row.unread > 0)


async def _row_answer(request: web.Request, conversation_id: int, *, changed: bool = False) -> web.Response:
    if changed:
        request.app[RUNTIME].bus.publish(RowChanged(conversation_id))
    return answer({"row": shapes(request).row(await conversations.row(conversation_id))})


@says(
    inbox.OneMessage,
    status=201,
    takes=inbox.Saying,
    refuses=_NONE | {400: "empty", 409: f"no_file not_owner sending {_NOT_NOW}", 413: "too_many_files"},
)
@needs("agent")
async def say_something(request: web.Request) -> web.Response:
    """POST …/messages: to the customer, or a note for colleagues.

    With `wait` it leaves once the customer writes, where it may not leave now.
    """
    row, body, who = await conversations.row(path_id(request)), await read_object(request), me(request)
    settings, runtime = request.app[SETTINGS], request.app[RUNTIME]
    text = text_of(body, "text", settings.text_limit, default="")
    client_id = text_of(body, "id", 64)
    files = ids_of(body, "files", settings.files_per_message)
    if not client_id or not (text.strip() or files):
        raise Problem(400, "empty")
    await _require_files(files, row.id)
    if body.get("note") is True:
        seq = await runtime.desk.note(row.id, who.id, client_id, text, files)
    else:
        reach = await _reach(request, row)
        if not reach.ok and not (body.get("wait") is True and reach.may_wait):
            raise Problem(409, reach.why)
        seq = await runtime.desk.say(row.id, who.id, client_id, text, files)
    stored = await threads.some([(row.id, seq)])
    return answer({"message": views.message(stored[0], request.app[LINKS], staff=True)}, 201)


async def _require_files(ids: tuple[int, ...], conversation_id: int) -> None:
    known = await threads.files(ids)
    if any(id_ not in known or known[id_].conversation_id != conversation_id for id_ in ids):
        raise Problem(409, "no_file")


@says(Attachment, status=201, takes=FILE, query=FileName, refuses=_NONE)
@needs("agent")
async def upload(request: web.Request) -> web.Response:
    """POST …/files?name=…"""
    row = await conversations.row(path_id(request))
    filed = await uploads.take(request)
    try:
        async with transaction():
            kept = await file_row(filed, request.app[CLOCK](), conversation_id=row.id, contact_id=row.contact_id)
    except BaseException:
        await request.app[FILING].discard(filed)
        raise
    return await uploads.stored_answer(request, kept.id)


@says(Nothing, refuses=_NONE)
@needs("agent")
async def typing(request: web.Request) -> web.Response:
    """POST …/typing."""
    row, who = await conversations.row(path_id(request)), me(request)
    if row.owner_id == who.id:
        request.app[RUNTIME].bus.publish(Typing(row.id, row.lane, "staff", who.name))
        channel = request.app[RUNTIME].channels.get(row.account)
        if channel is not None and channel.capabilities.typing:
            await channel.typing(row.external_id)
    return answer({})
