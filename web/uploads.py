"""What the chat box asks over plain HTTP: its configuration, and uploads under the visitor's token."""

from __future__ import annotations

from time import monotonic

from aiohttp import web

from bot.core.errors import BadInput, TooLarge
from bot.services import threads, visitors
from bot.services.filing import Filed
from bot.services.visitors import Visit
from models.database import transaction
from web import values, views
from web.files import FILING, LINKS
from web.http import Problem, address_of, answer, body_chunks, clean
from web.keys import CLOCK, RUNTIME, SETTINGS
from web.limits import VisitorLimiter
from web.said import FILE, says

SECRET = web.AppKey("secret", bytes)
UPLOADS = web.AppKey("uploads", VisitorLimiter)
CHAT_CORS = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Max-Age": "600",
}


def limiter(app: web.Application) -> VisitorLimiter:
    """Uploads by visitor and by address."""
    return VisitorLimiter(*app[SETTINGS].upload_rate, monotonic, visitors.recent_uploads, app[CLOCK])


@says(values.Config)
async def config(request: web.Request) -> web.Response:
    """GET /api/chat/config."""
    settings = request.app[SETTINGS]
    limits = {
        "text": settings.text_limit,
        "files": settings.files_per_message,
        "file_bytes": settings.file_bytes,
        "image_bytes": settings.image_bytes,
    }
    shop = {"name": settings.shop_name, "color": settings.shop_color}
    return answer({"shop": shop, "languages": list(settings.languages), "limits": limits})


async def preflight(_: web.Request) -> web.Response:
    """OPTIONS for everything that the chat box calls."""
    return web.Response(status=204, headers=CHAT_CORS)


@says(values.Attachment, status=201, takes=FILE, query=values.FileName, visitor=True)
async def upload(request: web.Request) -> web.Response:
    """POST /api/chat/files?name=…: the bytes are the body."""
    visit = _visitor(request)
    limiter, nodes = request.app[UPLOADS], request.app[RUNTIME].nodes
    wait = await limiter.wait_among(nodes, visit) or limiter.wait(f"address {address_of(request)}")
    if wait:
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    filed = await take(request)
    now = request.app[CLOCK]()
    try:
        async with transaction():
            await visitors.remember([(visit, "")], now)
            row = await visitors.attach(filed, now, visit=visit, where=await visitors.place(visit))
    except BaseException:
        await request.app[FILING].discard(filed)
        raise
    return await stored_answer(request, row.id)


def _visitor(request: web.Request) -> Visit:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    visit = visitors.read(request.app[SECRET], token.strip()) if scheme.lower() == "bearer" else None
    if visit is None:
        raise Problem(401, "unauthorised")
    return visit


async def take(request: web.Request) -> Filed:
    """Stream the body into the store. Raises `Problem` with the limit for what is too large."""
    settings = request.app[SETTINGS]
    most = max(settings.image_bytes, settings.file_bytes)
    if (request.content_length or 0) > most:
        raise TooLarge(most)
    name = clean(request.query.get("name", ""), 500)
    now = request.app[CLOCK]()
    try:
        return await request.app[FILING].keep(body_chunks(request, most), name=name, limits=settings.limits, now=now)
    except TooLarge:
        raise
    except BadInput as error:
        raise Problem(415, "bad_file") from error


async def stored_answer(request: web.Request, file_id: int) -> web.Response:
    """The `Attachment` of a fresh upload."""
    view = (await threads.files([file_id]))[file_id]
    return answer(views.file(view, request.app[LINKS]), 201)
