"""The desk's people: the list, one person, their export, and forgetting them."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from bot.services import audit, consents, histories, people, privacy, search, store_privacy
from models.database import transaction
from web.auth import me, needs
from web.desk.conversations import shapes
from web.desk.values import persons
from web.files import STORAGE, disposition
from web.http import Problem, answer, path_id, query_int, read_object, text_of
from web.keys import CLOCK, RUNTIME
from web.said import says
from web.values import Nothing

_NONE = {404: "no_contact"}
_LIMITS = {"name": 200, "phone": 64, "email": 254, "locale": 16, "timezone": 64}


@says(persons.Contacts, query=persons.ListQuery)
@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/contacts."""
    query = request.query.get("q", "").strip()
    ids = await search.contacts(query) if query else None
    found = await people.listed(query_int(request, "before"), ids)
    page, shape = found[: people.PAGE], shapes(request)
    following = str(page[-1].id) if len(found) > people.PAGE else None
    return answer({"items": [shape.contact(row) for row in page], "next": following})


@says(persons.Person, refuses=_NONE)
@needs("agent")
async def opened(request: web.Request) -> web.Response:
    """GET /api/desk/contacts/{id}."""
    return answer(shapes(request).person(await people.person(path_id(request))))


@says(persons.Person, takes=persons.PersonChange, refuses=_NONE | {422: "bad_timezone"})
@needs("agent")
async def changed(request: web.Request) -> web.Response:
    """PUT /api/desk/contacts/{id}."""
    body, contact_id = await read_object(request), path_id(request)
    values = {name: text_of(body, name, limit).strip() for name, limit in _LIMITS.items() if name in body}
    if not values:
        raise Problem(400, "bad_request")
    async with transaction():
        await people.change(contact_id, values, me(request).id, request.app[CLOCK]())
    return answer(shapes(request).person(await people.person(contact_id)))


@says(persons.Person, takes=persons.ConsentChange, refuses=_NONE | {409: "blank", 422: "bad_kind"})
@needs("agent")
async def consent(request: web.Request) -> web.Response:
    """PUT /api/desk/identities/{id}/consents: what somebody told staff, with how they told it."""
    body = await read_object(request)
    kind, why = text_of(body, "kind", 16), text_of(body, "why", 500, default="")
    given = body["given"]
    async with transaction():
        contact_id = await consents.change(path_id(request), kind, given, why, me(request).id, request.app[CLOCK]())
    return answer(shapes(request).person(await people.person(contact_id)))


@says(persons.History, query=persons.HistoryQuery)
@needs("agent")
async def history(request: web.Request) -> web.Response:
    """GET /api/desk/contacts/{id}/history?before=…: all that was said, in whichever app."""
    page = await histories.page(path_id(request), request.query.get("before", ""))
    return answer(shapes(request).history(page))


@says(Nothing, refuses={409: "no_link"})
@needs("manager")
async def part(request: web.Request) -> web.Response:
    """DELETE /api/desk/proofs/{id}: these are two people."""
    await request.app[RUNTIME].persons.part(path_id(request), me(request).id)
    return answer({})


@says(dict[str, Any], refuses=_NONE)
@needs("manager")
async def export(request: web.Request) -> web.Response:
    """GET /api/desk/contacts/{id}/export: everything about one person as a JSON file."""
    contact_id = path_id(request)
    await people.person(contact_id)
    async with transaction():
        data = await privacy.export(contact_id)
        await store_privacy.exported(contact_id)
        await audit.record(me(request).id, "contact.export", f"contact:{contact_id}", request.app[CLOCK]())
    headers = {"Content-Disposition": disposition(f"contact-{contact_id}.json"), "Cache-Control": "no-store"}
    body = orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str)
    return web.Response(body=body, content_type="application/json", headers=headers)


@says(Nothing, takes=persons.Confirmation, refuses=_NONE | {422: "bad_confirmation"})
@needs("manager")
async def erase(request: web.Request) -> web.Response:
    """POST /api/desk/contacts/{id}/erase with the name typed again."""
    contact_id, now = path_id(request), request.app[CLOCK]()
    shown = shapes(request).person(await people.person(contact_id))
    if text_of(await read_object(request), "confirm", 200).strip() != str(shown["name"]).strip():
        raise Problem(422, "bad_confirmation")
    app = request.app
    await privacy.forget(contact_id, me(request).id, app[STORAGE], now, app[RUNTIME].bus.publish)
    return answer({})
