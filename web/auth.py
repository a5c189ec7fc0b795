"""Staff log in, and every route of the desk says which role it needs."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps

from aiohttp import web

from bot.core.errors import Unauthorised
from bot.services import sessions, staff
from bot.services.sessions import Session
from bot.services.staff import StaffView
from web.desk.values import team
from web.http import Problem, address_of, answer, read_object, text_of, text_or_none
from web.keys import CLOCK, LOCALE, SETTINGS
from web.live_keys import LIVE
from web.origin import require_ours
from web.said import Handler, says
from web.settings import WebSettings
from web.values import Nothing

SESSION = web.RequestKey("session", Session)
_SAFE = ("GET", "HEAD")
#: What somebody with a one-time password may do until they have chosen their own.
_BEFORE_CHANGE = ("/api/desk/me", "/api/desk/password", "/api/desk/logout")


#: The role of every guarded handler, so that a test can compare every route with its table.
ROLES: dict[Handler, str] = {}


def needs(role: str) -> Callable[[Handler], Handler]:
    """Only for staff of `role` or above."""

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            await _let_in(request, role)
            return await handler(request)

        ROLES[guarded] = role
        return guarded

    return guard


async def _let_in(request: web.Request, role: str) -> None:
    session = await current(request)
    if session is None:
        raise Problem(401, "unauthorised")
    request[SESSION], request[LOCALE] = session, session.staff.locale
    if request.method not in _SAFE:
        _require_csrf(request, session)
    if session.staff.must_change_password and request.path not in _BEFORE_CHANGE:
        raise Problem(403, "must_change_password")
    if not session.staff.may(role):
        raise Problem(403, "forbidden")


async def current(request: web.Request) -> Session | None:
    """The session of the request's cookie."""
    settings = request.app[SETTINGS]
    token = request.cookies.get(settings.cookie, "")
    return await sessions.find(token, request.app[CLOCK](), settings.lifetime) if token else None


def me(request: web.Request) -> StaffView:
    """Whoever asks, inside a guarded handler."""
    return request[SESSION].staff


def _require_csrf(request: web.Request, session: Session) -> None:
    require_ours(request, request.app[SETTINGS])
    given = request.headers.get("X-CSRF-Token", "").encode("utf-8", "replace")
    if not hmac.compare_digest(given, session.csrf.encode()):
        raise Problem(403, "csrf")


def staff_json(view: StaffView) -> team.Staff:
    """A `Staff`."""
    return {
        "id": view.id,
        "login": view.login,
        "name": view.name,
        "role": view.role,
        "locale": view.locale,
        "timezone": view.timezone,
        "must_change_password": view.must_change_password,
        "active": view.active,
    }


@says(team.LoggedIn, takes=team.Login, refuses={401: "bad_login", 403: "csrf", 429: "locked"})
async def log_in(request: web.Request) -> web.Response:
    """POST /api/desk/login."""
    settings = request.app[SETTINGS]
    require_ours(request, settings)
    body = await read_object(request)
    login, password = text_of(body, "login", 200), text_of(body, "password", 1000)
    try:
        session, token = await sessions.log_in(
            login,
            password,
            address_of(request),
            request.headers.get("User-Agent", ""),
            request.app[CLOCK](),
            settings.lifetime,
        )
    except Unauthorised as error:
        raise Problem(401, "bad_login") from error
    response = answer({"staff": staff_json(session.staff), "csrf": session.csrf})
    _set_cookie(response, settings, token)
    return response


def _set_cookie(response: web.Response, settings: WebSettings, token: str) -> None:
    response.set_cookie(
        settings.cookie,
        token,
        max_age=int(settings.session_absolute.total_seconds()),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )


@says(Nothing)
@needs("agent")
async def log_out(request: web.Request) -> web.Response:
    """POST /api/desk/logout."""
    settings, session = request.app[SETTINGS], request[SESSION]
    await sessions.log_out(session.id)
    await request.app[LIVE].end_sessions()
    response = answer({})
    response.del_cookie(settings.cookie, path="/", secure=settings.secure, httponly=True, samesite="Lax")
    return response


@says(Nothing, takes=team.PasswordChange, refuses={409: "bad_password", 422: "same_password weak_password"})
@needs("agent")
async def change_password(request: web.Request) -> web.Response:
    """POST /api/desk/password."""
    body = await read_object(request)
    old, new = text_of(body, "old", 1000), text_of(body, "new", 1000)
    await sessions.change_password(request[SESSION], old, new, request.app[CLOCK]())
    await request.app[LIVE].end_sessions()
    return answer({})


@says(team.Me)
@needs("agent")
async def show_me(request: web.Request) -> web.Response:
    """GET /api/desk/me."""
    settings = request.app[SETTINGS]
    colleagues = await staff.everyone(active_only=True)
    limits = {
        "text": settings.text_limit,
        "files": settings.files_per_message,
        "file_bytes": settings.file_bytes,
        "image_bytes": settings.image_bytes,
    }
    return answer(
        {
            "staff": staff_json(me(request)),
            "csrf": request[SESSION].csrf,
            "colleagues": [staff_json(view) for view in colleagues],
            "shop": {"name": settings.shop_name, "color": settings.shop_color},
            "limits": limits,
        }
    )


@says(team.OneStaff, takes=team.MeChange, refuses={422: "bad_name bad_request bad_timezone"})
@needs("agent")
async def change_me(request: web.Request) -> web.Response:
    """PUT /api/desk/me."""
    body = await read_object(request)
    name, locale, timezone = [text_or_none(body, field, 120) for field in ("name", "locale", "timezone")]
    if locale is not None and locale not in request.app[SETTINGS].languages:
        raise Problem(422, "bad_request")
    who = me(request).id
    changed = await staff.change(who, request.app[CLOCK](), by=who, name=name, locale=locale, timezone=timezone)
    return answer({"staff": staff_json(changed)})
