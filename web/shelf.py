"""The shop's list: searched, by category, in an order, a page at a time; all of it by links and one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.services import catalogue, listing
from bot.services.listing import ORDERS, Wanted
from web import goods
from web.http import Problem, address_of, clean, query_int
from web.limits import Limiter
from web.page_texts import PAGE_TEXTS
from web.pages import fresh, in_language, page_language, render

SEARCHES = web.AppKey("shelf_searches", Limiter)
#: Of one address, in so many seconds: a search reads what all products say.
OFTEN = (60, 60.0)
#: Products of a page; pages that can be asked for; characters of a search.
PAGE, PAGES, WORDS = 24, 1_000_000, 100
#: So many categories stand open; more of them fold away.
OPEN = 12


@dataclass(frozen=True, slots=True)
class Link:
    """A choice of the list; `chosen` is the one that is shown."""

    name: str
    address: str
    chosen: bool
    count: int = 0


async def show(request: web.Request) -> web.Response:
    """GET /shop?q=&category=&sort=&page=<from 1 on>."""
    lang, page = page_language(request), max(1, query_int(request, "page") or 1)
    scope, wanted = goods.anybody(request, lang), _wanted(request.query)
    if wanted.query and (wait := request.app[SEARCHES].wait(address_of(request))):
        raise Problem(429, "rate_limited", retry=max(1, round(wait)))
    kinds = await listing.categories(scope.currency)
    if page > PAGES or (wanted.category and wanted.category not in {name for name, _ in kinds}):
        raise Problem(404, "not_found")
    first = (page - 1) * PAGE
    shelf = await catalogue.products(scope, first, PAGE, wanted)
    if page > 1 and not shelf.products:
        raise Problem(404, "not_found")
    known = await goods.pictures(shelf.products)
    values = {
        "wanted": wanted,
        "heading": _heading(wanted, lang),
        "kinds": _kinds(wanted, kinds, lang),
        "many": len(kinds) > OPEN,
        "orders": _orders(wanted, lang),
        "products": [goods.card(product, lang, known) for product in shelf.products],
        "all": in_language("/shop", lang),
        "page": page,
        "previous": address(wanted, lang, page - 1) if page > 1 else "",
        "next": address(wanted, lang, page + 1) if shelf.more else "",
        "most": listing.FOUND if wanted.query and first + len(shelf.products) >= listing.FOUND else 0,
    }
    # Search engines know a page by its category alone: what was looked for and in which order is the reader's affair.
    plain = Wanted(category=wanted.category)
    return fresh(request, render(request, "shop.html", values, at=lambda code: address(plain, code, page)))


def address(wanted: Wanted, lang: str, page: int = 1) -> str:
    """Of a page of the list; the first has no number."""
    facts = {"q": wanted.query, "category": wanted.category, "sort": wanted.order}
    return in_language("/shop", lang, **facts, page=page if page > 1 else 0)


def _wanted(query: Mapping[str, str]) -> Wanted:
    words, category = clean(query.get("q", "")[:WORDS], WORDS).strip(), query.get("category", "").replace("\0", "")
    order = query.get("sort", "")
    return Wanted(words, category, order if order in ORDERS else "")


def _heading(wanted: Wanted, lang: str) -> str:
    texts = {name: PAGE_TEXTS[name][lang] for name in ("all_products", "found_for")}
    if wanted.query:
        return texts["found_for"].replace("{words}", wanted.query)
    return wanted.category or texts["all_products"]


def _kinds(wanted: Wanted, kinds: list[tuple[str, int]], lang: str) -> list[Link]:
    if len(kinds) < 2:
        return []  # nothing to choose
    every = Link(PAGE_TEXTS["every_category"][lang], address(_with(wanted, category=""), lang), not wanted.category)
    chosen = wanted.category
    return [
        every,
        *(Link(name, address(_with(wanted, category=name), lang), name == chosen, count) for name, count in kinds),
    ]


def _orders(wanted: Wanted, lang: str) -> list[Link]:
    return [
        Link(PAGE_TEXTS[f"sort_{name or 'own'}"][lang], address(_with(wanted, order=name), lang), name == wanted.order)
        for name in ORDERS
    ]


def _with(wanted: Wanted, *, category: str | None = None, order: str | None = None) -> Wanted:
    return Wanted(
        wanted.query, wanted.category if category is None else category, wanted.order if order is None else order
    )
