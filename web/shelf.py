"""The shop's list: searched, by category, in an order, a page at a time; all of it by links and one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.services import catalogue, categories, listing
from bot.services.catalogue import Shelf
from bot.services.categories import Kind
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
#: For how long the counts of categories are taken for granted: they are made of all products.
SECONDS = 20.0
#: So many categories stand open; more of them fold away.
OPEN = 12


class Kinds:
    """Categories with their counts, by currency: counted anew after some seconds at the soonest."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: dict[str, tuple[float, Sequence[Kind]]] = {}

    async def of(self, currency: str) -> Sequence[Kind]:
        """As they were `SECONDS` ago at the latest; who asks meanwhile does not wait for those who count."""
        now = self._now()
        if currency in self._known:
            at, known = self._known[currency]
            if now - at < SECONDS:
                return known
            self._known[currency] = now, known
        counted = await categories.counted(currency)
        self._known[currency] = now, counted
        return counted


KINDS = web.AppKey("shelf_kinds", Kinds)


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
    if page > PAGES:
        raise Problem(404, "not_found")
    first = (page - 1) * PAGE
    shelf = await catalogue.products(scope, first, PAGE, wanted)
    if not shelf.products and (page > 1 or (wanted.category and not wanted.query)):
        raise Problem(404, "not_found")
    kinds = await request.app[KINDS].of(scope.currency)
    known = await goods.pictures(shelf.products)
    values = {
        "wanted": wanted,
        "heading": _heading(wanted, shelf, lang),
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


def _heading(wanted: Wanted, shelf: Shelf, lang: str) -> str:
    texts = {name: PAGE_TEXTS[name][lang] for name in ("all_products", "found_for")}
    if wanted.query:
        return texts["found_for"].replace("{words}", wanted.query)
    return shelf.products[0].category_name if wanted.category else texts["all_products"]


def _kinds(wanted: Wanted, kinds: Sequence[Kind], lang: str) -> list[Link]:
    if len(kinds) < 2:
        return []  # nothing to choose
    every = Link(PAGE_TEXTS["every_category"][lang], address(_with(wanted, category=""), lang), not wanted.category)
    return [every, *(_kind(wanted, kind, lang) for kind in kinds)]


def _kind(wanted: Wanted, kind: Kind, lang: str) -> Link:
    to = address(_with(wanted, category=kind.code), lang)
    return Link(kind.called(lang), to, kind.code == wanted.category, kind.count)


def _orders(wanted: Wanted, lang: str) -> list[Link]:
    return [
        Link(PAGE_TEXTS[f"sort_{name or 'own'}"][lang], address(_with(wanted, order=name), lang), name == wanted.order)
        for name in ORDERS
    ]


def _with(wanted: Wanted, *, category: str | None = None, order: str | None = None) -> Wanted:
    return Wanted(
        wanted.query, wanted.category if category is None else category, wanted.order if order is None else order
    )
