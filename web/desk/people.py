"""The desk's people: the list, one person, their export, and forgetting them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import orjson
from aiohttp import web

from bot.core.errors import ParleyError
from bot.core.events import ContactErased
from bot.services import audit, people, privacy, search
from models.database import transaction
from web.auth import me, needs
from web.desk.conversations import shapes
from web.files import STORAGE, disposition
from web.http import Problem, answer, path_id, query_int, read_object, text_of
from web.keys import CLOCK, RUNTIME

log = logging.getLogger(__name__)
_LIMITS = {"name": 200, "phone": 64, "email": 254, "locale": 16}


@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/contacts."""
    query = request.query.get("q", "").strip()
    ids = await search.contacts(query) if query else None
    found = await people.listed(query_int(request, "before"), ids)
    page, shape = found[: people.PAGE], shapes(request)
    following = str(page[-1].id) if len(found) > people.PAGE else None
    return answer({"items": [shape.contact(row) for row in page], "next": following})


@needs("agent")
async def opened(request: web.Request) -> web.Response:
    """GET /api/desk/contacts/{id}."""
    return answer(shapes(request).person(await people.person(path_id(request))))


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


@needs("manager")
async def export(request: web.Request) -> web.Response:
    """GET /api/desk/contacts/{id}/export: everything about one person as a JSON file."""
    contact_id = path_id(request)
    await people.person(contact_id)
    async with transaction():
        data = await privacy.export(contact_id)
        await audit.record(me(request).id, "contact.export", f"contact:{contact_id}", request.app[CLOCK]())
    headers = {"Content-Disposition": disposition(f"contact-{contact_id}.json"), "Cache-Control": "no-store"}
    body = orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str)
    return web.Response(body=body, content_type="application/json", headers=headers)


@needs("manager")
async def erase(request: web.Request) -> web.Response:
    """POST /api/desk/contacts/{id}/erase with the name typed again."""
    contact_id, now = path_id(request), request.app[CLOCK]()
    shown = shapes(request).person(await people.person(contact_id))
    if text_of(await read_object(request), "confirm", 200).strip() != str(shown["name"]).strip():
        raise Problem(422, "bad_confirmation")
    async with transaction():
        keys = await privacy.erase(contact_id, now)
        await audit.record(me(request).id, "contact.erase", f"contact:{contact_id}", now)
    request.app[RUNTIME].bus.publish(ContactErased(contact_id))
    await asyncio.gather(*(_delete(request, key) for key in keys))
    await search.forget()
    return answer({})


async def _delete(request: web.Request, key: str) -> None:
    with suppress(ParleyError):
        await request.app[STORAGE].delete(key)
        return
    # The row is gone already, so nobody can open the file; the operator must remove its bytes.
    log.error("an erased file could not be deleted", extra={"action": "erase.file", "key": key})
