"""The shop's pages: what is for sale, and accepted reviews, complete without a script; and the same as JSON."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from bot.services import catalogue, reviews
from bot.services.attachments import FileView
from bot.services.catalogue import ProductView
from bot.services.reviews import PublicReview
from web import values, views
from web.files import LINKS, FileLinks
from web.goods import address, anybody, card, pictures, review_card
from web.http import answer, language, query_int
from web.keys import SETTINGS
from web.pages import fresh, in_language, page_language, render
from web.said import says

#: Of one page: reviews, products of the first page of all, and products as JSON.
REVIEWS, FIRST, ITEMS = 12, 12, 100


async def home(request: web.Request) -> web.Response:
    """GET /."""
    lang = page_language(request)
    shelf = await catalogue.products(anybody(request, lang), 0, FIRST)
    said = await reviews.public(lang, query_int(request, "before"), REVIEWS + 1)
    known = await pictures(shelf.products, said)
    values = {
        "products": [card(product, lang, known) for product in shelf.products],
        "more": shelf.more,
        "reviews": [review_card(review, lang, known) for review in said[:REVIEWS]],
        "older": said[REVIEWS - 1].id if len(said) > REVIEWS else None,
        "first_page": "before" not in request.query,
    }
    at = partial(in_language, "/", before=request.query.get("before", ""))
    return fresh(request, render(request, "home.html", values, at=at))


async def privacy(request: web.Request) -> web.Response:
    """GET /privacy."""
    return render(request, "privacy.html", {})


@says(values.ShopProducts, query=values.First)
async def products_json(request: web.Request) -> web.Response:
    """GET /api/shop/products?first=: what is for sale, a hundred at a time, in the shop's order."""
    lang, links, first = language(request), request.app[LINKS], query_int(request, "first") or 0
    shelf = await catalogue.products(anybody(request, lang), first, ITEMS)
    known = await pictures(shelf.products)
    public = request.app[SETTINGS].public_url.rstrip("/")
    items = [_product_json(product, lang, known, links, public) for product in shelf.products]
    return answer({"items": items, "next": first + ITEMS if shelf.more else None})


@says(values.ShopReviews, query=values.After)
async def reviews_json(request: web.Request) -> web.Response:
    """GET /api/shop/reviews?after=<id of the last one that is known>: newest first, older than that."""
    lang, links = language(request), request.app[LINKS]
    said = await reviews.public(lang, query_int(request, "after"), REVIEWS + 1)
    known = await pictures((), said)
    items = [_review_json(review, known, links) for review in said[:REVIEWS]]
    return answer({"items": items, "more": len(said) > REVIEWS})


def _product_json(
    product: ProductView, lang: str, known: dict[int, FileView], links: FileLinks, public: str
) -> values.ShopProduct:
    picture = known.get(product.picture.id) if product.picture else None
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "category_name": product.category_name,
        "url": public + address(product.sku),
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
