"""The API's document: OpenAPI 3.1, made of the table of routes and of what is said beside each handler."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import orjson
from aiohttp import web
from msgspec import Meta

from bot.services import order_states
from web import auth
from web.api import access, shapes
from web.pages import fresh
from web.said import FILE, SAID, Said, says
from web.settings import WebSettings
from web.texts import TEXTS
from web.values import Error, Id, one_of

Json = dict[str, Any]
#: What answers carry beside their own fields: plain facts that fill the sentence.
_OPEN = {"ErrorBody", "Problem"}
#: What the names in paths stand for; the others are text.
_PATHS: Mapping[str, Any] = {
    "id": Id,
    "step": Annotated[str, one_of(order_states.BY_STAFF)],
    "kind": Annotated[str, one_of(("effect", "inbound"))],
}
_TEXT = Annotated[str, Meta(min_length=1)]
#: What a route answers when it is asked in the wrong way, whatever it does.
_BODY = {400: "bad_request", 408: "slow", 413: "too_large", 415: "bad_request"}
_JSON = {400: "bad_json bad_text", 413: "too_long"}
_FILE = {400: "bad_text", 413: "too_long", 415: "bad_file"}
_STAFF = {401: "unauthorised", 403: "must_change_password"}
_KEY = {401: "no_api_key", 403: "no_scope", 429: "rate_limited"}
_VISITOR = {401: "unauthorised", 429: "rate_limited"}
_BUSY = {503: "busy"}
_ABOUT = """\
The API of Parley: `/api/v1` is for other programs, with a key; `/api/desk` is the desk's, with the session cookie that
`POST /api/desk/login` sets, and on every change `X-CSRF-Token` and an `Origin` of the shop's own; `/api/shop` and
`/api/chat` are for anybody. Every error has a `code` for programs and a sentence in the language of the reader."""
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of `python -m bot key make`, with its scopes."},
    "visitor": {"type": "http", "scheme": "bearer", "description": "The token that the chat box was given."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "As `POST /api/desk/login` and `GET /api/desk/me` tell it.",
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One route of the API with what is said of it."""

    method: str
    path: str
    handler: Callable[..., Any]
    said: Said

    @property
    def is_v1(self) -> bool:
        """Of the API for other programs, whose errors are RFC 9457's."""
        return self.path.startswith("/api/v1/")

    @property
    def names(self) -> list[str]:
        """What stands in braces in the path."""
        return re.findall(r"{(\w+)}", self.path)

    def refuses(self) -> dict[int, list[str]]:
        """Every code that it may answer, by status."""
        found: dict[int, set[str]] = {}
        for codes in (self.said.refuses, *self._of_its_kind()):
            for status, named in codes.items():
                found.setdefault(status, set()).update(named.split())
        return {status: sorted(codes) for status, codes in sorted(found.items())}

    def _of_its_kind(self) -> Iterable[Mapping[int, str]]:
        role, takes = auth.ROLES.get(self.handler), self.said.takes
        yield _BUSY
        if takes is not None:
            yield from (_BODY, _FILE if takes is FILE else _JSON)
        if self.said.query is not None:
            yield {400: "bad_request"}
        if "id" in self.names:
            yield {404: "not_found"}
        if self.handler in access.NEEDED:
            yield _KEY
        if self.said.visitor:
            yield _VISITOR
        if role:
            yield _STAFF
            yield {403: ("" if role == "agent" else "forbidden ") + ("" if self.method == "GET" else "csrf")}


def operations(routes: Iterable[web.RouteDef]) -> list[Operation]:
    """The routes of which something is said."""
    return [
        Operation(route.method, re.sub(r":[^}]*", "", route.path), route.handler, SAID[route.handler])
        for route in routes
        if route.handler in SAID
    ]


def document(routes: Iterable[web.RouteDef], settings: WebSettings) -> Json:
    """The whole document as JSON."""
    found, paths = operations(routes), dict[str, Json]()
    values = Values(found)
    for one in found:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, values)
    session = {"type": "apiKey", "in": "cookie", "name": settings.cookie, "description": "Staff that are logged in."}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parley", "version": settings.version, "description": _ABOUT},
        "servers": [{"url": settings.public_url.rstrip("/")}],
        "paths": paths,
        "components": {
            "schemas": values.schemas,
            "responses": values.responses,
            "securitySchemes": _SCHEMES | {"session": session},
        },
    }


class Values:
    """The schemas of all values: what is answered has these fields and no others."""

    def __init__(self, found: Sequence[Operation]) -> None:
        self.responses: dict[str, Json] = {}
        self.schemas: dict[str, Json] = {}
        self._by_type: dict[tuple[bool, bool, int], Json] = {}
        for v1 in (False, True):
            mine = [one.said for one in found if one.is_v1 == v1]
            self._add(v1, False, [one.takes for one in mine])
            self._add(v1, True, [one.answers for one in mine] + [shapes.Problem if v1 else Error])

    def _add(self, v1: bool, given: bool, types: Iterable[Any]) -> None:
        named = {id(one): one for one in types if one is not None and one is not FILE}
        template = "#/components/schemas/v1.{name}" if v1 else "#/components/schemas/{name}"
        made, parts = msgspec.json.schema_components([*named.values()], ref_template=template)
        self._by_type |= {(v1, given, key): schema for key, schema in zip(named, made, strict=True)}
        for name, schema in parts.items():
            if "description" in schema:
                schema["description"] = inspect.cleandoc(schema["description"])
            if given and schema.get("type") == "object" and "properties" in schema:
                facts = {"type": ["string", "integer", "object"], "additionalProperties": {"type": "string"}}
                schema["additionalProperties"] = facts if name in _OPEN else False
            known = self.schemas.setdefault(f"v1.{name}" if v1 else name, schema)
            if known != schema:
                raise ValueError(f"two shapes of the API are called {name}: what is taken, and what is answered")

    def of(self, one: Operation, shape: Any, *, given: bool) -> Json:
        """The schema of what an operation takes, or is `given`."""
        return self._by_type[one.is_v1, given, id(shape)]

    def error(self, one: Operation, status: int, codes: Sequence[str]) -> Json:
        """A reference to an answer that is an error."""
        name = ".".join(("v1" if one.is_v1 else "desk", str(status), *codes))
        self.responses.setdefault(name, self._error(one, status, codes))
        return {"$ref": f"#/components/responses/{name}"}

    def _error(self, one: Operation, status: int, codes: Sequence[str]) -> Json:
        code: Json = {"properties": {"code": {"enum": list(codes)}}}
        shape = self.of(one, shapes.Problem if one.is_v1 else Error, given=True)
        media, inside = ("application/problem+json", code) if one.is_v1 else _in_error(code)
        told = {"description": _said_by(codes), "content": {media: {"schema": shape | inside}}}
        if status in (429, 503):
            told["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
        return told


def _in_error(code: Json) -> tuple[str, Json]:
    return "application/json", {"properties": {"error": code}}


def _said_by(codes: Sequence[str]) -> str:
    return "\n\n".join(f"`{code}`: {TEXTS.get(code, TEXTS['refused'])['en']}" for code in codes)


def _operation(one: Operation, values: Values) -> Json:
    told: Json = {
        "operationId": f"{one.handler.__module__.rpartition('.')[2]}_{one.handler.__name__}",
        "tags": [_tag(one)],
        "summary": _summary(one),
        "parameters": [*_parameters(one)],
        "responses": {str(one.said.status): _answer(one, values)}
        | {str(status): values.error(one, status, codes) for status, codes in one.refuses().items()},
        "security": [*_security(one)],
    }
    return told | ({} if one.said.takes is None else {"requestBody": _body(one, values)})


def _tag(one: Operation) -> str:
    parts = one.path.strip("/").split("/")
    return parts[2] if parts[1] == "desk" else parts[1]


def _summary(one: Operation) -> str:
    """The first line of the handler's words behind the route itself, or of what it answers."""
    words = inspect.getdoc(one.handler) or ""
    told = re.sub(r"^[A-Z]+ \S+?[.:;,]?(\s|$)", "", words.partition("\n")[0])
    told = told or _about(one.said.answers)
    return told[:1].upper() + told[1:]


def _about(shape: Any) -> str:
    """The first line of what a shape of ours says of itself."""
    return (inspect.getdoc(shape) or "").partition("\n")[0] if isinstance(shape, type) else ""


def _parameters(one: Operation) -> Iterable[Json]:
    for name in one.names:
        schema = msgspec.json.schema(_PATHS.get(name, _TEXT))
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if one.said.query is not None:
        asked = msgspec.json.schema_components([one.said.query])[1][one.said.query.__name__]
        for name, schema in asked["properties"].items():
            yield {"name": name, "in": "query", "required": name in asked["required"], "schema": schema}
    for name, pattern in one.said.headers.items():
        yield {"name": name, "in": "header", "required": True, "schema": {"type": "string", "pattern": pattern}}
    yield {"name": "Accept-Language", "in": "header", "schema": {"type": "string"}}


def _body(one: Operation, values: Values) -> Json:
    if one.said.takes is FILE:
        return {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    schema = values.of(one, one.said.takes, given=False)
    required = bool(msgspec.json.schema_components([one.said.takes])[1][one.said.takes.__name__].get("required"))
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _answer(one: Operation, values: Values) -> Json:
    told = {"description": _about(one.said.answers) or HTTPStatus(one.said.status).phrase}
    return told | {"content": {"application/json": {"schema": values.of(one, one.said.answers, given=True)}}}


def _security(one: Operation) -> Iterable[Json]:
    """Roles and scopes stand as OpenAPI 3.1 has them: an agent's route is open for managers, too."""
    role, scope = auth.ROLES.get(one.handler), access.NEEDED.get(one.handler)
    if scope:
        yield {"key": [scope]}
    elif role:
        yield {"session": [role]} | ({} if one.method == "GET" else {"csrf": []})
    elif one.said.visitor:
        yield {"visitor": []}


class Document:
    """The document of one application, made when it is asked for the first time.

    In a thread, since it takes a quarter of a second, in which the loop serves others.
    """

    def __init__(self, routes: Iterable[web.RouteDef], settings: WebSettings) -> None:
        self._routes = list(routes)
        self._settings = settings
        self._making = asyncio.Lock()
        self._made: tuple[Json, bytes] | None = None

    async def told(self) -> Json:
        """The whole of it."""
        return (await self._both())[0]

    async def text(self) -> bytes:
        """As it is served."""
        return (await self._both())[1]

    async def _both(self) -> tuple[Json, bytes]:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def _make(self) -> tuple[Json, bytes]:
        made = document(self._routes, self._settings)
        return made, orjson.dumps(made)


DOCUMENT = web.AppKey("document", Document)


@says(dict[str, Any])
async def show(request: web.Request) -> web.Response:
    """GET /api/openapi.json: this document."""
    text, headers = await request.app[DOCUMENT].text(), {"Cache-Control": "no-cache"}
    return fresh(request, web.Response(body=text, content_type="application/json", headers=headers))
