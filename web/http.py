"""Requests read within limits, and answers in one shape: JSON, with errors that a person can read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

import msgspec
import orjson
from aiohttp import web

from bot.core.errors import BadInput, ParleyError, Refused, Retryable, TooLarge, Unauthorised
from bot.services.sessions import Locked
from web.keys import LOCALE, SETTINGS
from web.said import taken
from web.settings import WebSettings
from web.texts import bytes_text, choose_language, say

JSON_LIMIT = 64 * 1024
SLOWEST = 1024  # bytes a second, on average, after the grace
_MISSING = {
    "no_staff",
    "no_order",
    "no_review",
    "no_conversation",
    "no_contact",
    "no_payment",
    "no_product",
    "no_place",
    "no_run",
    "no_failure",
    "no_key",
    "no_difference",
    "no_webhook",
    "no_store",
    "no_problem",
    "no_conflict",
    "not_found",
}
_UNPROCESSABLE = {"same_password", "weak_password"}


class Problem(ParleyError):
    """An answer that is an error: its status, its code, and what fills its sentence."""

    def __init__(
        self, status: int, code: str, facts: Mapping[str, object] | None = None, *, retry: int | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry = retry
        self.facts = dict(facts or {})


def problem(error: ParleyError) -> Problem:
    """What to answer for an error of the core."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Locked):
        return Problem(429, "locked", retry=error.seconds)
    if isinstance(error, TooLarge):
        return Problem(413, "too_large", {"limit": bytes_text(error.limit)})
    if isinstance(error, Refused):
        return Problem(_status(error.code), error.code, error.facts)
    if isinstance(error, Unauthorised):
        return Problem(401, "unauthorised")
    if isinstance(error, BadInput):
        return Problem(400, "bad_request")
    if isinstance(error, Retryable):
        return Problem(503, "busy", retry=max(1, round(error.after or 2)))
    return Problem(409, "refused")


def _status(code: str) -> int:
    if code in _MISSING:
        return 404
    return 422 if code in _UNPROCESSABLE or code.startswith("bad_") else 409


def answer(body: object, status: int = 200) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def refusal(found: Problem, locale: str) -> web.Response:
    """The JSON shape of an error."""
    response = answer({"error": error_body(found, locale)}, found.status)
    if found.retry is not None:
        response.headers["Retry-After"] = str(found.retry)
    return response


def api_refusal(found: Problem, locale: str) -> web.Response:
    """The shape of an error in the API for other programs: RFC 9457, with our code and what goes with it."""
    body = error_body(found, locale)
    facts = {name: value for name, value in body.items() if name != "text"}
    title = HTTPStatus(found.status).phrase
    told = facts | {"type": "about:blank", "title": title, "status": found.status, "detail": body["text"]}
    response = answer(told, found.status)
    response.content_type = "application/problem+json"
    if found.retry is not None:
        response.headers["Retry-After"] = str(found.retry)
    if found.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def error_body(found: Problem, locale: str) -> dict[str, object]:
    """`{code, text, retry?}` and the plain facts, such as the owner's name, or sentences by the fields of a form."""
    plain = (str, int, dict)
    body: dict[str, object] = {name: value for name, value in found.facts.items() if isinstance(value, plain)}
    if found.retry is not None:
        body["retry"] = found.retry
    return body | {"code": found.code, "text": say(found.code, locale, body)}


def language(request: web.Request) -> str:
    """The language of the answer: the logged-in person's, else the browser's."""
    chosen: str | None = request.get(LOCALE)
    if chosen:
        return chosen
    return choose_language(request.headers.get("Accept-Language", ""), request.app[SETTINGS].languages)


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body. Raises `TooLarge` before more than `limit` bytes are held."""
    if (request.content_length or 0) > limit:
        raise TooLarge(limit)
    if request.content.is_eof():  # a small one came with its head: nothing to wait for
        body = request.content.read_nowait()
        if len(body) > limit:
            raise TooLarge(limit)
        return body
    return b"".join([chunk async for chunk in body_chunks(request, limit)])


async def body_chunks(request: web.Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces. Raises `TooLarge` past `limit` bytes, also when no length was announced.

    Raises `Problem` 408 for a body that hardly comes: nobody holds a connection with a byte now and then.
    """
    seen, pieces = 0, request.content.iter_chunked(64 * 1024)
    begun, grace = asyncio.get_running_loop().time(), request.app[SETTINGS].body_grace
    while True:
        try:
            async with asyncio.timeout_at(begun + grace + seen / SLOWEST):
                chunk = await anext(pieces, b"")
        except TimeoutError as error:
            raise Problem(408, "slow") from error
        if not chunk:
            return
        seen += len(chunk)
        if seen > limit:
            raise TooLarge(limit)
        yield chunk


async def read_object(request: web.Request, limit: int = JSON_LIMIT) -> dict[str, Any]:
    """A JSON object of the shape that is said of the route; an empty body is an empty one. Raises `Problem`."""
    raw = await read_body(request, limit)
    value = decode(raw) if raw.strip() else {}
    if not isinstance(value, dict):
        raise Problem(400, "bad_json")
    try:
        msgspec.convert(value, taken(request))
    except msgspec.ValidationError as error:
        raise Problem(400, "bad_request", {"why": str(error)}) from error
    except UnicodeEncodeError as error:  # the name of a field, or of a place, is no text
        raise Problem(400, "bad_text") from error
    return value


def decode(raw: bytes | str) -> Any:
    """JSON, or a `Problem`; lone surrogates are let through to be refused as text, with a better sentence."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "bad_json") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def text_of(body: Mapping[str, Any], name: str, limit: int, *, default: str | None = None) -> str:
    """A string field without NULs. Raises `Problem` for another type, a lone surrogate, or too many characters."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise Problem(400, "bad_request")
    return clean(value, limit)


def text_or_none(body: Mapping[str, Any], name: str, limit: int) -> str | None:
    """See `text_of`; None when the field is absent or null."""
    return None if body.get(name) is None else text_of(body, name, limit)


def clean(value: str, limit: int) -> str:
    """Text as it can be stored. Raises `Problem` for lone surrogates and for more than `limit` characters."""
    value = value.replace("\0", "")
    if len(value) > limit:
        raise Problem(413, "too_long", {"limit": limit})
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Problem(400, "bad_text") from error
    return value


def moment_of(body: Mapping[str, Any], name: str) -> datetime:
    """A time with its zone, as UTC. Raises `Problem` for what is no time, and for one whose zone nobody knows."""
    try:
        at = datetime.fromisoformat(text_of(body, name, 40))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # in the year 1 it may be before all time elsewhere
        raise Problem(400, "bad_time") from error
    raise Problem(400, "bad_time")


def moment_or_none(body: Mapping[str, Any], name: str) -> datetime | None:
    """See `moment_of`; None when the field is absent or null."""
    return None if body.get(name) is None else moment_of(body, name)


def ids_of(body: Mapping[str, Any], name: str, limit: int) -> tuple[int, ...]:
    """A list of distinct ids. Raises `Problem`."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(_is_id(item) for item in value):
        raise Problem(400, "bad_request")
    if len(value) > limit:
        raise Problem(413, "too_many_files", {"limit": limit})
    return tuple(dict.fromkeys(value))


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def path_id(request: web.Request, name: str = "id") -> int:
    """An id in the path; what no row can have is not found."""
    value = request.match_info[name]
    if not (value.isascii() and value.isdigit() and len(value) < 20) or not _is_id(int(value)):
        raise Problem(404, "not_found")
    return int(value)


def query_int(request: web.Request, name: str) -> int | None:
    """A number of the query, None when it is absent. Raises `Problem`."""
    value = request.query.get(name)
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Problem(400, "bad_request")
    return int(value)


def address_of(request: web.Request) -> str:
    """The client's address: what the nearest proxy that we do not trust said, else the peer itself."""
    return client_address(request, request.app[SETTINGS])


def client_address(request: web.Request, settings: WebSettings) -> str:
    """See `address_of`."""
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    address = request.remote or ""
    while hops and _is_trusted(address, settings):
        address = hops.pop()
    return address[:64]


def _is_trusted(address: str, settings: WebSettings) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.proxies)
