"""Products and reviews as the shop's pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from bot.core.message import Attachment
from bot.services import threads
from bot.services.attachments import FileView
from bot.services.catalogue import AboutProduct, ProductView
from bot.services.products import SKU
from bot.services.reviews import PublicReview
from bot.services.scope import Scope
from web.files import picture_url
from web.http import Problem, clean
from web.keys import RUNTIME
from web.pages import day, in_language

_FEW = 5  # pieces
Pictures = dict[int, FileView]


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A product as the page shows it."""

    name: str
    address: str
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


def anybody(request: web.Request, lang: str) -> Scope:
    """Nobody in particular, who buys as in the web chat: in its currency."""
    return request.app[RUNTIME].counter.scope(lang)


def address(sku: str, lang: str = "") -> str:
    """Of a product's page."""
    return in_language(f"/shop/{quote(sku, safe='')}", lang)


def readable(sku: str) -> str:
    """A sku as an address has it. Raises `Problem` for what none can be."""
    try:
        return clean(sku, SKU)
    except Problem as problem:
        raise Problem(404, "not_found") from problem


async def pictures(
    sold: Iterable[ProductView], said: Iterable[PublicReview] = (), more: Iterable[int] = ()
) -> Pictures:
    """By id those that anybody may see; `more` are ids of others."""
    ids = {product.picture.id for product in sold if product.picture}
    ids |= {photo.id for review in said for photo in review.photos} | set(more)
    return {id_: file for id_, file in (await threads.files(sorted(ids))).items() if file.public and file.display_key}


def card(product: ProductView, lang: str, known: Pictures) -> ProductCard:
    """A product among others."""
    return ProductCard(
        name=product.name,
        address=address(product.sku, lang),
        description=product.description,
        price=product.price.format(lang),
        varies=product.varies,
        picture=link(product.picture, known, "d"),
        sold_out=product.available == 0,
        few_left=is_few(product.available),
        about=AboutProduct(product.sku).pack(),
    )


def is_few(available: int) -> bool:
    """Whether to say that there are not many left."""
    return 0 < available <= _FEW


def review_card(review: PublicReview, lang: str, known: Pictures) -> ReviewCard:
    """A review among others."""
    photos = [(link(photo, known, "t"), link(photo, known, "d")) for photo in review.photos]
    return ReviewCard(
        id=review.id,
        stars=review.stars,
        text=review.text,
        name=review.display_name,
        product=review.product or "",
        day=day(review.created_at, lang),
        photos=tuple(photo for photo in photos if photo[0]),
    )


def link(picture: Attachment | None, known: Pictures, variant: str) -> str:
    """Where a picture is; "" where there is none to see."""
    return picture_url(picture.id, variant) if picture and picture.id in known else ""
