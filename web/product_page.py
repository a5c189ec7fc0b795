"""The page of one product: what there is to choose, what it costs, how to buy it, and what others think of it.

What search engines read of it are blocks of data (JSON-LD). They are no scripts: a browser runs nothing in them, and
the content policy, which forbids scripts in a page, has no say over data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aiohttp import web

from bot.services import catalogue, product_pictures, reviews
from bot.services.attachments import FileView
from bot.services.catalogue import AboutProduct, Add, Range, Tell, VariantView
from bot.services.listing import Wanted
from bot.services.reviews import PublicReview, Rating
from web import goods, shelf
from web.files import picture_url
from web.going_on import NAMES
from web.http import query_int
from web.keys import RUNTIME, SETTINGS
from web.page_texts import PAGE_TEXTS
from web.pages import fresh, in_language, page_language, render
from web.views import Json

REVIEWS = 10
_SCHEMA = "https://schema.org"
_WEB = "webchat"


@dataclass(frozen=True, slots=True)
class Picture:
    """Where it is, large and small, and its pixels."""

    large: str
    small: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant as the page shows it; `says` and `taps` are what a tap on its button says and carries."""

    name: str
    price: str
    was: str
    sold_out: bool
    few_left: bool
    says: str
    taps: str


async def show(request: web.Request) -> web.Response:
    """GET /shop/{sku}."""
    lang, scope = page_language(request), goods.anybody(request, page_language(request))
    found = await catalogue.variants(scope, goods.readable(request.match_info["sku"]))
    product, before = found.product, query_int(request, "before")
    at = partial(goods.address, product.sku)
    if request.match_info["sku"] != product.sku:  # a database that does not tell A from a
        raise web.HTTPMovedPermanently(at(request.query.get("lang", "")))
    said = await reviews.public(lang, before, REVIEWS + 1, product.sku)
    rating = await reviews.rating(product.sku)
    ids = (await product_pictures.of([product.id]))[product.id]
    known = await goods.pictures((product,), said, ids)
    shown = [_shown(known[one]) for one in ids if one in known]
    others = request.app[RUNTIME].persons.others(_WEB)
    values = {
        "product": product,
        "price": product.price.format(lang),
        "pictures": shown,
        "option": " · ".join(found.options),
        "choices": [_choice(found, one, lang) for one in found.variants],
        "ask": AboutProduct(product.sku).pack(),
        "crumbs": crumbs(found, lang),
        "apps": [
            (NAMES.get(one.capabilities.channel, {}).get(lang, one.account), _door(one.account, product.sku, lang))
            for one in others
        ],
        "rating": rating,
        "reviews": [goods.review_card(review, lang, known) for review in said[:REVIEWS]],
        "older": f"{at(lang)}&before={said[REVIEWS - 1].id}#reviews" if len(said) > REVIEWS else "",
        "data": _data(request, found, said[:REVIEWS], rating, lang, shown),
    }
    return fresh(request, render(request, "product.html", values, at=at))


def _shown(picture: FileView) -> Picture:
    small = picture_url(picture.id, "t" if picture.thumb_key else "d")
    return Picture(picture_url(picture.id, "d"), small, picture.width or 800, picture.height or 800)


def _door(account: str, sku: str, lang: str) -> str:
    return in_language(f"/go/{quote(account, safe='')}", lang, product=sku)


def _choice(found: Range, one: VariantView, lang: str) -> Choice:
    chosen = ", ".join(one.values)
    name = f"{found.product.name} ({chosen})" if chosen else found.product.name
    word = PAGE_TEXTS["adds" if one.available else "tells"][lang]
    return Choice(
        name=chosen,
        price=one.price.format(lang),
        was=one.compare_at.format(lang) if one.compare_at and one.compare_at > one.price else "",
        sold_out=one.available == 0,
        few_left=goods.is_few(one.available),
        says=word.replace("{name}", name),
        taps=(Add(one.sku) if one.available else Tell(one.sku)).pack(),
    )


def crumbs(found: Range, lang: str) -> list[tuple[str, str]]:
    """The way to it: names and addresses, the product itself at the end."""
    product = found.product
    way = [(PAGE_TEXTS["all_products"][lang], in_language("/shop", lang))]
    if product.category:
        way.append((product.category_name, shelf.address(Wanted(category=product.category), lang)))
    return [*way, (product.name, goods.address(product.sku, lang))]


def _data(
    request: web.Request,
    found: Range,
    said: Sequence[PublicReview],
    rating: Rating,
    lang: str,
    pictures: Sequence[Picture],
) -> list[Json]:
    """https://developers.google.com/search/docs/appearance/structured-data/product, and the way to it."""
    public, product = request.app[SETTINGS].public_url.rstrip("/"), found.product
    url = public + goods.address(product.sku, lang)
    told: dict[str, object] = {
        "@context": _SCHEMA,
        "@type": "Product",
        "name": product.name,
        "sku": product.sku,
        "url": url,
        "offers": _offers(found, url),
    }
    told |= {
        name: text for name, text in (("description", product.description), ("category", product.category_name)) if text
    }
    if pictures:
        told["image"] = [public + one.large for one in pictures]
    if rating.count:
        told["aggregateRating"] = {
            "@type": "AggregateRating", "ratingValue": rating.average, "reviewCount": rating.count,
            "bestRating": 5, "worstRating": 1,
        }  # fmt: skip
        told["review"] = [_review(one) for one in said]
    way = [
        {"@type": "ListItem", "position": number, "name": name, "item": public + address}
        for number, (name, address) in enumerate(crumbs(found, lang), 1)
    ]
    return [told, {"@context": _SCHEMA, "@type": "BreadcrumbList", "itemListElement": way}]


def _offers(found: Range, url: str) -> Json:
    offers = [
        {
            "@type": "Offer",
            "sku": one.sku,
            "price": str(one.price.decimal),
            "priceCurrency": one.price.currency,
            "availability": f"{_SCHEMA}/{'InStock' if one.available else 'OutOfStock'}",
            "url": url,
        }
        | ({"name": " · ".join(one.values)} if one.values else {})
        for one in found.variants
    ]
    if len(offers) == 1:
        return offers[0]
    prices = [one.price for one in found.variants]
    return {
        "@type": "AggregateOffer",
        "lowPrice": str(min(prices).decimal),
        "highPrice": str(max(prices).decimal),
        "priceCurrency": prices[0].currency,
        "availability": f"{_SCHEMA}/{'InStock' if found.product.available else 'OutOfStock'}",
        "offerCount": len(offers),
        "offers": offers,
    }


def _review(one: PublicReview) -> Json:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": one.display_name},
        "datePublished": one.created_at.date().isoformat(),
        "reviewBody": one.text,
        "reviewRating": {"@type": "Rating", "ratingValue": one.stars, "bestRating": 5, "worstRating": 1},
    }
