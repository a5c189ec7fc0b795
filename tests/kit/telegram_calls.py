"""A Bot API call as bots make it: query, form, multipart or JSON, all the same once read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.kit.platforms.base import Upload
from tests.kit.platforms.exchange import Exchange
from tests.kit.telegram_limits import MOST_UPLOAD, Refusal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived; `files` maps a part's name to its file name and bytes."""

    method: str
    fields: Json
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    content_type: str = ""


async def read_call(request: web.Request, method: str) -> Call:
    """The call in a request. Raises `Refusal`."""
    kind = request.content_type
    if kind == "multipart/form-data":
        return await _read_form(request, method)
    fields: Json = dict(request.query)
    if kind == "application/json":
        try:
            fields |= json.loads(await request.read() or b"{}")
        except ValueError:
            raise Refusal(400, "Bad Request: can't parse JSON object") from None
    elif request.method == "POST":
        fields |= _decode(dict(await request.post()))
    return Call(method, fields, content_type=kind)


async def exchange_of(request: web.Request, call: Call) -> Exchange:
    """A call as it arrived; a form in its parts."""
    exchange = Exchange("platform", request.method, request.path_qs, request.headers)
    if call.content_type == "multipart/form-data":
        exchange.form = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in call.fields.items()
        }
        exchange.files = {part: Upload(name, "", content) for part, (name, content) in call.files.items()}
    else:
        exchange.body = await request.read()
    return exchange


async def _read_form(request: web.Request, method: str) -> Call:
    fields: Json = {}
    files: dict[str, tuple[str, bytes]] = {}
    total = 0
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "the Bot API has no nested multipart"
        content = bytes(await part.read())
        total += len(content)
        if total > MOST_UPLOAD:
            raise Refusal(413, "Request Entity Too Large")
        if part.filename is not None:
            files[part.name or ""] = (part.filename, content)
        else:
            fields[part.name or ""] = content.decode()
    return Call(method, _decode(fields), files, request.content_type)


def _decode(fields: Json) -> Json:
    """A form's structured fields are JSON texts."""
    nested = ("reply_markup", "media", "allowed_updates")
    return {k: json.loads(v) if k in nested and v else v for k, v in fields.items()}
