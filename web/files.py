"""Files out: each under a signed link that works for one variant and a short while, and never as a page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web

from bot.core.errors import FileMissing, StorageUnavailable
from bot.core.ports import Storage
from bot.services import threads
from bot.services.attachments import FileView
from bot.services.filing import Filing
from web.http import Problem, path_id
from web.ports import Links

#: What a link may open. Only redrawn pictures are shown in the page; everything else is a download.
VARIANTS = {"o": "original", "d": "display", "t": "thumbnail", "p": "plain", "s": "small"}
#: Of these, those that are JPEGs, whatever the picture was.
_JPEGS = frozenset({"p", "s"})
#: Of a public file: what was redrawn, and small.
_SHOWN = frozenset({"d", "t"})
#: What others may keep of it, and for how long: it goes soon where a review or its author does.
SHARED = "public, max-age=300"
_TOKEN = re.compile(r"([1-9][0-9]{0,18})\.([odtps])\.([A-Za-z0-9_.-]{1,80})")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_STEP = 600  # links made within ten minutes are equal, so that browsers can keep what they fetched


class Span(NamedTuple):
    """Bytes from `start` up to but not including `end`."""

    start: int
    end: int


class FileLinks:
    """Makes and opens the links of one process; `now` gives Unix seconds."""

    def __init__(self, links: Links, secret: bytes, life: timedelta, now: Callable[[], float]) -> None:
        self._links = links
        self._secret = secret
        self._life = int(life.total_seconds())
        self._now = now

    def url(self, file_id: int, variant: str) -> str:
        """`/files/<token>` for "o"riginal, "d"isplay, "t"humbnail; "p"lain, "s"mall: these as JPEGs."""
        expires = int(self._now()) // _STEP * _STEP + _STEP + self._life
        token = self._links.sign(self._secret, str(file_id), expires, VARIANTS[variant])
        return f"/files/{file_id}.{variant}.{token}"

    def open(self, token: str) -> tuple[int, str] | None:
        """The file and variant of a link that is ours and still works."""
        found = _TOKEN.fullmatch(token)
        if not found:
            return None
        file_id, variant, signature = found.groups()
        good = self._links.check(self._secret, file_id, signature, self._now(), VARIANTS[variant])
        return (int(file_id), variant) if good else None

    @property
    def life(self) -> int:
        """Seconds for which a link works at least."""
        return self._life


LINKS = web.AppKey("links", FileLinks)
FILING = web.AppKey("filing", Filing)
STORAGE: web.AppKey[Storage] = web.AppKey("storage")


async def serve(request: web.Request) -> web.StreamResponse:
    """GET and HEAD /files/{token}."""
    opened = request.app[LINKS].open(request.match_info["token"])
    if opened is None:
        raise Problem(404, "not_found")
    file_id, variant = opened
    file = (await threads.files([file_id])).get(file_id)
    key = _key(file, variant) if file else ""
    if not file or not key:
        raise Problem(404, "not_found")
    try:
        if variant in _JPEGS and key.endswith(".webp"):
            drawn = await request.app[FILING].as_jpeg(key)
            return web.Response(body=drawn, headers=_headers(file, variant) | {"Content-Type": "image/jpeg"})
        return await _stream(request, file, key, variant)
    except FileMissing as error:
        raise Problem(404, "not_found") from error


async def picture(request: web.Request) -> web.StreamResponse:
    """GET /pictures/{id}/{variant}: what anybody may see, at an address that search engines can keep."""
    file_id, variant = path_id(request), request.match_info["variant"]
    file = (await threads.files([file_id])).get(file_id)
    key = _key(file, variant) if file and file.public and variant in _SHOWN else ""
    if not file or not key:
        raise Problem(404, "not_found")
    try:
        return await _stream(request, file, key, variant, cache=SHARED)
    except FileMissing as error:
        raise Problem(404, "not_found") from error


def picture_url(file_id: int, variant: str) -> str:
    """Of a file that is public: "d"isplay, "t"humbnail."""
    return f"/pictures/{file_id}/{variant}"


async def _stream(
    request: web.Request, file: FileView, key: str, variant: str, *, cache: str = ""
) -> web.StreamResponse:
    storage = request.app[STORAGE]
    size = await storage.size(key)
    span = _span(request.headers.get("Range", ""), size)
    response = web.StreamResponse(status=200 if span is None else 206, headers=_headers(file, variant))
    response.headers["Cache-Control"] = cache or f"private, max-age={request.app[LINKS].life}, immutable"
    response.headers["Accept-Ranges"] = "bytes"
    start, end = span or Span(0, size)
    if span is not None:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    chunks = storage.open(key, start=start, end=end)
    # The first block is read before the headers go out: a store that is down is still a 503 then.
    first = b"" if request.method == "HEAD" or start == end else await anext(chunks)
    await response.prepare(request)
    if request.method != "HEAD":
        await _write(request, response, first, chunks)
    return response


async def _write(
    request: web.Request, response: web.StreamResponse, first: bytes, chunks: AsyncIterator[bytes]
) -> None:
    try:
        await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
    except (FileMissing, StorageUnavailable):
        # The length was promised already: ending the connection is the only honest answer left.
        if request.transport is not None:
            request.transport.abort()
        return
    await response.write_eof()


def _key(file: FileView, variant: str) -> str:
    if file.state != "stored":
        return ""
    small = file.thumb_key
    return {"o": file.storage_key, "t": small, "s": small or file.display_key}.get(variant, file.display_key)


def _headers(file: FileView, variant: str) -> dict[str, str]:
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    if variant == "o":
        return headers | {"Content-Type": _media_type(file), "Content-Disposition": disposition(file.name)}
    key = _key(file, variant)
    kind = "image/webp" if key.endswith(".webp") else "image/png" if key.endswith(".png") else "image/jpeg"
    return headers | {"Content-Type": kind, "Content-Disposition": "inline"}


def _media_type(file: FileView) -> str:
    known = re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", file.media_type)
    return file.media_type if known else "application/octet-stream"


def disposition(name: str) -> str:
    """Content-Disposition of a download, in pure ASCII: RFC 6266 with RFC 8187 for other letters."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name) or "file"
    value = f'attachment; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


def _span(header: str, size: int) -> Span | None:
    """The one range that is asked for; None for the whole file. Raises 416 for one outside of it."""
    found = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        span = Span(max(0, size - int(last)), size)
    else:
        span = Span(int(first), min(size, int(last) + 1) if last else size)
    if span.start >= span.end:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return span
