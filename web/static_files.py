"""The built browser side: the widget for any site, the desk's page, and assets that browsers keep for ever."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web

from web.http import Problem
from web.keys import SETTINGS
from web.page_texts import PAGE_TEXTS
from web.pages import PUBLIC, page_language

FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")
_SMALL = 1024  # bytes that are not worth compressing


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in memory, with its compressed copy and its ETag."""

    body: bytes
    packed: bytes
    etag: str
    media_type: str


@lru_cache(maxsize=256)
def _load(path: Path, _modified: int) -> Asset:
    body = path.read_bytes()
    media_type = guess_type(path.name)[0] or "application/octet-stream"
    text = media_type.startswith(_TEXT) and len(body) > _SMALL
    packed = gzip.compress(body, 9, mtime=0) if text else b""
    return Asset(body, packed, sha256(body).hexdigest()[:20], media_type)


def send(request: web.Request, path: Path, cache: str) -> web.Response:
    """A small file of ours: compressed where it helps, 304 where the browser has it. Raises 404."""
    try:
        asset = _load(path, path.stat().st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise Problem(404, "not_found") from error
    headers = {"Cache-Control": cache, "ETag": f'"{asset.etag}"', "Vary": "Accept-Encoding"}
    known = request.if_none_match or ()
    if any(tag.value in (asset.etag, "*") for tag in known):
        return web.Response(status=304, headers=headers)
    body = asset.body
    if asset.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
        body, headers["Content-Encoding"] = asset.packed, "gzip"
    charset = "; charset=utf-8" if asset.media_type.startswith(_TEXT) else ""
    return web.Response(body=body, headers=headers | {"Content-Type": asset.media_type + charset})


async def widget(request: web.Request) -> web.Response:
    """GET /widget.js: checked again every five minutes, so that a new version spreads."""
    return send(request, request.app[SETTINGS].static / "widget.js", "public, max-age=300")


async def built(request: web.Request) -> web.Response:
    """GET /static/{path}: names with a hash never change."""
    path = _inside(request.app[SETTINGS].static, request.match_info["path"])
    return send(request, path, FOREVER if _HASHED.search(path.name) else "no-cache")


async def public(request: web.Request) -> web.Response:
    """GET /public/{path}: the server-rendered pages' own files, asked for by their checksum."""
    path = _inside(PUBLIC, request.match_info["path"])
    return send(request, path, FOREVER if request.query.get("v") else "no-cache")


async def desk(request: web.Request) -> web.Response:
    """GET /desk and everything below: one page that finds its own way."""
    index = request.app[SETTINGS].static / "desk" / "index.html"
    if not index.exists():
        sentence = PAGE_TEXTS["desk_missing"][page_language(request)]
        return web.Response(status=503, text=sentence + "\n", headers={"Cache-Control": "no-store"})
    return send(request, index, "no-cache")


async def theme(request: web.Request) -> web.Response:
    """GET /theme.css: the shop's colour, in a file because no page may carry styles of its own."""
    color = request.app[SETTINGS].shop_color
    css = f":root {{ --brand: {color}; }}\n" if _COLOR.fullmatch(color) else ""
    return web.Response(text=css, content_type="text/css", headers={"Cache-Control": "public, max-age=300"})


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or path.name.startswith("."):
        raise Problem(404, "not_found")
    return path
