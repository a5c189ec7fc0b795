"""The shop's pages: what is for sale, and accepted reviews, complete without a script; and the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from bot.core.message import Attachment
from bot.services import catalogue, reviews, threads
from bot.services.attachments import FileView
from bot.services.catalogue import AboutProduct, ProductView
from bot.services.reviews import PublicReview
from bot.services.scope import Scope
from web import values, views
from web.files import LINKS, FileLinks
from web.http import Problem, answer, language, query_int
from web.keys import CLOCK, SETTINGS
from web.pages import day, page_language, render
from web.said import says

#: Of one page: reviews, products, products of the first page of all, and products as JSON.
REVIEWS, PAGE, FIRST, ITEMS = 12, 24, 12, 100
PAGES = 1_000_000
_FEW = 5  # pieces


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A product as the page shows it."""

    sku: str
    name: str
    description: str
    price: str
    varies: bool  # others of it cost more
    picture: str
    sold_out: bool
    few_left: bool
    about: str  # what a tap on "Ask about it" carries


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A review as the page shows it."""

    id: int
    stars: int
    text: str
    name: str
    product: str
    day: str
    photos: tuple[tuple[str, str], ...]  # thumbnail and full picture


async def home(request: web.Request) -> web.Response:
    """GET /."""
    lang, links = page_language(request), request.app[LINKS]
    shelf = await catalogue.products(_anybody(request, lang), 0, FIRST)
    said = await reviews.public(lang, query_int(request, "before"), REVIEWS + 1)
    known = await _pictures(shelf.products, said)
    values = {
        "products": [_product_card(product, lang, known, links) for product in shelf.products],
        "more": shelf.more,
        "reviews": [_review_card(review, lang, known, links) for review in said[:REVIEWS]],
        "older": said[REVIEWS - 1].id if len(said) > REVIEWS else None,
        "first_page": "before" not in request.query,
    }
    return render(request, "home.html", values)


async def products(request: web.Request) -> web.Response:
    """GET /shop?page=<from 1 on>: all that is for sale, in the shop's order."""
    lang, page = page_language(request), max(1, query_int(request, "page") or 1)
    if page > PAGES:
        raise Problem(404, "not_found")
    shelf = await catalogue.products(_anybody(request, lang), (page - 1) * PAGE, PAGE)
    if page > 1 and not shelf.products:
        raise Problem(404, "not_found")
    known = await _pictures(shelf.products, ())
    values = {
        "products": [_product_card(product, lang, known, request.app[LINKS]) for product in shelf.products],
        "page": page,
        "previous": _page(lang, page - 1) if page > 1 else "",
        "next": _page(lang, page + 1) if shelf.more else "",
    }
    return render(request, "shop.html", values)


def _page(lang: str, page: int) -> str:
    return "/shop?" + urlencode({"lang": lang} | ({"page": page} if page > 1 else {}))


async def privacy(request: web.Request) -> web.Response:
    """GET /privacy."""
    return render(request, "privacy.html", {})


@says(values.ShopProducts, query=values.First)
async def products_json(request: web.Request) -> web.Response:
    """GET /api/shop/products?first=: what is for sale, a hundred at a time, in the shop's order."""
    lang, links, first = language(request), request.app[LINKS], query_int(request, "first") or 0
    shelf = await catalogue.products(_anybody(request, lang), first, ITEMS)
    known = await _pictures(shelf.products, ())
    items = [_product_json(product, lang, known, links) for product in shelf.products]
    return answer({"items": items, "next": first + ITEMS if shelf.more else None})


@says(values.ShopReviews, query=values.After)
async def reviews_json(request: web.Request) -> web.Response:
    """GET /api/shop/reviews?after=<id of the last one that is known>: newest first, older than that."""
    lang, links = language(request), request.app[LINKS]
    said = await reviews.public(lang, query_int(request, "after"), REVIEWS + 1)
    known = await _pictures((), said)
    items = [_review_json(review, known, links) for review in said[:REVIEWS]]
    return answer({"items": items, "more": len(said) > REVIEWS})


def _anybody(request: web.Request, lang: str) -> Scope:
    """Nobody in particular: the catalogue only looks at language, currency and time."""
    return Scope(0, 0, 0, "shop", lang, request.app[CLOCK](), request.app[SETTINGS].currency)


async def _pictures(sold: tuple[ProductView, ...], said: tuple[PublicReview, ...]) -> dict[int, FileView]:
    ids = {product.picture.id for product in sold if product.picture}
    ids |= {photo.id for review in said for photo in review.photos}
    return {id_: file for id_, file in (await threads.files(sorted(ids))).items() if file.public and file.display_key}


def _product_card(product: ProductView, lang: str, known: dict[int, FileView], links: FileLinks) -> ProductCard:
    return ProductCard(
        sku=product.sku,
        name=product.name,
        description=product.description,
        price=product.price.format(lang),
        varies=product.varies,
        picture=_link(product.picture, known, links, "d"),
        sold_out=product.available == 0,
        few_left=0 < product.available <= _FEW,
        about=AboutProduct(product.sku).pack(),
    )


def _review_card(review: PublicReview, lang: str, known: dict[int, FileView], links: FileLinks) -> ReviewCard:
    photos = [(_link(photo, known, links, "t"), _link(photo, known, links, "d")) for photo in review.photos]
    return ReviewCard(
        id=review.id,
        stars=review.stars,
        text=review.text,
        name=review.display_name,
        product=review.product or "",
        day=day(review.created_at, lang),
        photos=tuple(photo for photo in photos if photo[0]),
    )


def _link(picture: Attachment | None, known: dict[int, FileView], links: FileLinks, variant: str) -> str:
    return links.url(picture.id, variant) if picture and picture.id in known else ""


def _product_json(product: ProductView, lang: str, known: dict[int, FileView], links: FileLinks) -> values.ShopProduct:
    picture = known.get(product.picture.id) if product.picture else None
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "price": views.money(product.price, lang),
        "varies": product.varies,
        "available": product.available,
        "picture": views.file(picture, links) if picture else None,
    }


def _review_json(review: PublicReview, known: dict[int, FileView], links: FileLinks) -> values.ShopReview:
    return {
        "id": review.id,
        "stars": review.stars,
        "text": review.text,
        "name": review.display_name,
        "product": review.product,
        "at": views.time(review.created_at),
        "photos": [views.file(known[photo.id], links) for photo in review.photos if photo.id in known],
    }
