"""What became of somebody's wish to be forgotten, for whoever has the code that their platform shows them."""

from __future__ import annotations

from aiohttp import web

from bot.services import deletions
from web.pages import day, page_language, render


async def show(request: web.Request) -> web.Response:
    """GET /deletion/{code}."""
    code, lang = request.match_info["code"], page_language(request)
    fate = await deletions.fate(code)
    state = "unknown" if fate is None else "done" if fate.done_at else "waiting"
    values = {
        "state": state,
        "code": code if fate else "",
        "asked": day(fate.asked_at, lang) if fate else "",
        "done": day(fate.done_at, lang) if fate and fate.done_at else "",
        "extent": fate.extent if fate and fate.done_at else None,
    }
    return render(request, "deletion.html", values, status=200 if fate else 404)
