"""Whether a request comes from one of our own pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from web.http import Problem
from web.settings import WebSettings


def is_ours(request: web.Request, settings: WebSettings) -> bool:
    """Judged by `Origin`, which a page cannot forge; the host must be the one that the browser asked."""
    origin = request.headers.get("Origin", "")
    parts = urlsplit(origin)
    if origin == settings.public_url.rstrip("/"):
        return True
    scheme = "https" if settings.secure else "http"
    return parts.scheme == scheme and bool(parts.netloc) and parts.netloc == request.host


def require_ours(request: web.Request, settings: WebSettings) -> None:
    """Raises `Problem` unless a change was asked for by one of our own pages."""
    if not is_ours(request, settings):
        raise Problem(403, "csrf")


def may_open_desk(request: web.Request, settings: WebSettings) -> bool:
    """For the hand-shake of a socket: browsers leave `Origin` out of a same-origin GET, never of a foreign one."""
    if "Origin" in request.headers:
        return is_ours(request, settings)
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
