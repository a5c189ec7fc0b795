"""Server-rendered pages: templates that escape everything, in Chinese and English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode
from zlib import crc32

from aiohttp import web
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from web.http import Problem
from web.keys import SETTINGS
from web.page_texts import PAGE_TEXTS
from web.texts import choose_language, say

_FOLDER = Path(__file__).parent / "pages"
#: Headers of a page that an answer without it has, too.
_KEPT = ("Vary", "Content-Language", "Cache-Control")
PUBLIC = Path(__file__).parent / "public"
_environment = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page_language(request: web.Request) -> str:
    """`?lang=`, else the browser's."""
    asked = request.query.get("lang", "")
    known = request.app[SETTINGS].languages
    return asked if asked in known else choose_language(request.headers.get("Accept-Language", ""), known)


def in_language(path: str, lang: str = "", **query: object) -> str:
    """A page's address, in a language or in the reader's; what is empty is left out of the query."""
    asked = urlencode({name: value for name, value in {**query, "lang": lang}.items() if value})
    return f"{path}?{asked}" if asked else path


def render(
    request: web.Request,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    lang: str = "",
    at: Callable[[str], str] | None = None,
) -> web.Response:
    """A page in `lang`, or in the reader's language. `t` in a template are its texts.

    `at` gives the page's address by language, where search engines shall know it by that.
    """
    settings = request.app[SETTINGS]
    lang = lang or page_language(request)
    html = _environment.get_template(template).render(
        values,
        t=_texts(lang),
        lang=lang,
        html_lang="zh-CN" if lang == "zh" else "en",
        shop=settings.shop_name,
        color=settings.shop_color,
        test_bank=settings.test_bank,
        public=settings.public_url.rstrip("/"),
        at=at,
        codes=settings.languages,
        languages=[(code, request.rel_url.update_query(lang=code).raw_path_qs) for code in settings.languages],
        asset=asset,
        widget=(settings.static / "widget.js").exists(),
    )
    return web.Response(
        text=html,
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={"Vary": "Accept-Language", "Content-Language": lang, "Cache-Control": "no-cache"},
    )


def fragment(template: str, lang: str, values: Mapping[str, object]) -> Markup:
    """What stands within a page whatever the request: for what is worth keeping."""
    return Markup(_environment.get_template(template).render(values, t=_texts(lang), lang=lang))  # noqa: S704


def fresh(request: web.Request, response: web.Response) -> web.Response:
    """The page or document, or a word that the browser has it as it is."""
    etag = sha256(response.body).hexdigest()[:20] if isinstance(response.body, bytes) else ""
    response.headers["ETag"] = f'"{etag}"'
    if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
        return web.Response(
            status=304, headers={name: response.headers[name] for name in ("ETag", *_KEPT) if name in response.headers}
        )
    return response


def _texts(lang: str) -> Mapping[str, str]:
    return {code: by_language[lang] for code, by_language in PAGE_TEXTS.items()}


async def error_page(request: web.Request, found: Problem) -> web.Response:
    """The same style for what went wrong."""
    sentence = say(found.code, page_language(request), found.facts)
    return render(request, "error.html", {"status": found.status, "sentence": sentence}, status=found.status)


def asset(name: str) -> str:
    """The address of one of our own files, which changes with its content, so that browsers may keep it for ever."""
    path = PUBLIC / name
    return f"/public/{name}?v={crc32(path.read_bytes()):08x}"


def day(at: datetime, lang: str) -> str:
    """`22 November 2026`, `2026年11月22日`."""
    return format_date(at, "long", locale="zh_CN" if lang == "zh" else "en_GB")
