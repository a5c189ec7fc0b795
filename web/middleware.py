"""Around every request: its number, its headers, its line in the log, and errors in the shape that was promised."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache
from random import getrandbits
from time import monotonic

from aiohttp import web
from prometheus_client import Histogram

from bot.core.errors import ParleyError
from web.http import Problem, api_refusal, language, problem, refusal
from web.keys import REQUEST_ID
from web.settings import WebSettings
from web.sockets import PATH, problem_of

log = logging.getLogger("parley.access")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ErrorPage = Callable[[web.Request, Problem], Awaitable[web.Response]]
ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error_page")

SECONDS = Histogram(
    "parley_http_seconds",
    "Time to answer a request",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
CSP = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self' {sockets}",
        "font-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: Twenty to a page, or one for each message of a platform: they would push what matters, such as the first password,
#: off the screen, and the line of a message that went well cost a sixth of the message. /metrics counts them.
_MANY = frozenset(
    {"/theme.css", "/widget.js", "/public/{path}", "/static/{path}", "/files/{token}", "/hooks/{account}"}
    | {"/pictures/{id}/{variant}"}
)
_SHARED = ("/widget.js", "/files/", "/pictures/", "/static/", "/api/chat/", PATH)  # what other sites may embed or call


def fixed_headers(settings: WebSettings) -> dict[str, str]:
    """What every answer carries."""
    host = settings.public_url.partition("://")[2].partition("/")[0]
    fixed = _HEADERS | {"Content-Security-Policy": CSP.format(sockets=f"{'wss' if settings.secure else 'ws'}://{host}")}
    if settings.secure:
        fixed["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return fixed


def security_headers(settings: WebSettings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal that dresses every answer, sockets and errors included."""
    fixed = fixed_headers(settings)

    async def dress(request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 101:
            return  # no browser reads them there, and ten thousand idle sockets would each keep a copy
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        shared = request.path.startswith(_SHARED)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if shared else "same-origin")
        if request.path.startswith(("/api/chat/", "/widget.js")):
            _allow_origin(request, response, settings)
        response.headers.popall("Server", None)
        response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")

    return dress


def _allow_origin(request: web.Request, response: web.StreamResponse, settings: WebSettings) -> None:
    """The widget's tokens travel in headers, not in cookies, so any site on the list may call."""
    origin = request.headers.get("Origin", "")
    if "*" in settings.widget_origins or request.path == "/widget.js":
        response.headers["Access-Control-Allow-Origin"] = "*"
    elif origin in settings.widget_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"


@web.middleware
async def observed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line in the log for each request: the route and not the path, for a path may hold a token.

    Around every webhook, so one middleware for all of it: each further one costs as much as reading a message.
    """
    request[REQUEST_ID] = new_request_id()
    started = monotonic()
    status = 499  # the client went away
    try:
        response = await _answered(request, handler)
        status = response.status
        return response
    except web.HTTPException as answer:  # a redirect
        status = answer.status
        raise
    finally:
        note(request.method, _route(request), status, monotonic() - started, request[REQUEST_ID])


def new_request_id() -> str:
    """What a line of the log and an answer have in common; only that, so it need not be hard to guess."""
    return f"{getrandbits(48):012x}"


def note(method: str, route: str, status: int, seconds: float, request_id: str) -> None:
    """Count a request and write its line."""
    _seconds(method, route, status).observe(seconds)
    level = logging.DEBUG if status < 400 and route in _MANY else logging.INFO
    if log.isEnabledFor(level):
        facts = {"action": "http", "method": method, "route": route, "status": status}
        log.log(level, "request", extra=facts | {"ms": round(seconds * 1000), "request_id": request_id})


@lru_cache(maxsize=1024)
def _seconds(method: str, route: str, status: int) -> Histogram:
    """Kept, since looking a series up costs more than counting in it."""
    found: Histogram = SECONDS.labels(method, route, status)
    return found


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything that goes wrong becomes an answer for people; only the log learns the details."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _refused(request, Problem(415, "bad_request"))
    try:
        return await handler(request)
    except web.HTTPException as error:
        return await _http_error(request, error)
    except ParleyError as error:
        found = problem(error)
    except ConnectionResetError:
        raise  # nobody is left to answer
    except Exception as error:
        found = problem_of(error, f"{request.method} {_route(request)}")
    return await _answer(request, found)


async def _http_error(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400 or error.status == 416:
        raise error
    codes = {404: "not_found", 405: "method", 413: "too_large"}
    response = await _answer(request, Problem(error.status, codes.get(error.status, "bad_request"), {"limit": "1 MB"}))
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


async def _answer(request: web.Request, found: Problem) -> web.Response:
    wants_page = request.method in ("GET", "POST") and "text/html" in request.headers.get("Accept", "")
    if wants_page and not request.path.startswith(("/api/", "/hooks/")):
        response = await request.app[ERROR_PAGE](request, found)
        response.headers["Cache-Control"] = "no-store"
        return response
    return _refused(request, found)


def _refused(request: web.Request, found: Problem) -> web.Response:
    shape = api_refusal if request.path.startswith("/api/v1/") else refusal
    return shape(found, language(request))
