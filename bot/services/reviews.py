"""Reviews: one for each order of a contact, on the shop page once staff accepted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from bot.core.errors import Refused
from bot.core.message import Attachment
from bot.core.registry import reads
from bot.services import attachments, audit, order_states, same_person, store_reviews, webhooks
from bot.services.scope import Scope, language, words
from models import Attachment as AttachmentRow
from models import Contact, Identity, Order, OrderLine, Review, ReviewPhoto, locks
from models.database import fetch

UNHAPPY = 2  # stars, and fewer
TEXT = 4000  # characters
_RATING = (
    "SELECT COUNT(*) AS count, SUM(r.stars) AS stars FROM review r JOIN product p ON p.id = r.product_id "
    "WHERE p.sku = ? AND r.state = 'accepted'"
)
NOBODY = {"en": "A customer", "zh": "顾客"}


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review as its author and staff see it; `is_unhappy` with two stars or fewer."""

    id: int
    stars: int
    text: str
    state: str  # pending | accepted | rejected
    is_unhappy: bool
    order_number: str | None
    display_name: str


@dataclass(frozen=True, slots=True)
class PublicReview:
    """An accepted review as anybody may see it; `product` is a name in the reader's language."""

    id: int
    stars: int
    text: str
    display_name: str
    product: str | None
    photos: tuple[Attachment, ...]
    locale: str
    created_at: datetime


async def record(
    scope: Scope, order_number: str | None, stars: int, text: str | None, photos: tuple[Attachment, ...]
) -> ReviewView:
    """Keep a review; a second one of the same order (or of none) replaces the first while that is pending.

    Raises `Refused`: "bad_stars", "too_long"(field, most), "no_order", "wrong_state"(number, state),
    "already_reviewed"(number), "no_file".
    """
    if not 1 <= stars <= 5:
        raise Refused("bad_stars", stars=stars)
    if len(text or "") > TEXT:
        raise Refused("too_long", field="text", most=TEXT)
    await attachments.mine(scope, tuple(photo.id for photo in photos))
    order = await _reviewed_order(scope, order_number)
    review = await _replaceable(scope, order) or await _new(scope, order)
    review.stars, review.text, review.updated_at = stars, (text or "").strip(), scope.now
    review.display_name = public_name(await _name(scope), scope.locale)
    await review.save()
    await _set_photos(review, photos)
    await webhooks.of_review(review, "received", scope.now)
    return _view(review, order.number if order else None)


async def accept(review_id: int, staff_id: int, now: datetime) -> ReviewView:
    """Show it on the shop page, with its photos. Raises `Refused("no_review")`."""
    return await _decide(review_id, staff_id, now, "accepted")


async def reject(review_id: int, staff_id: int, now: datetime) -> ReviewView:
    """Do not, or no longer, show it and its photos. Raises `Refused("no_review")`."""
    return await _decide(review_id, staff_id, now, "rejected")


@dataclass(frozen=True, slots=True)
class Rating:
    """What accepted reviews of a product come to: how many there are, and their stars together."""

    count: int
    stars: int

    @property
    def average(self) -> float:
        """1 to 5, with one decimal; 0 where there are none."""
        return round(self.stars / self.count, 1) if self.count else 0.0


@reads
async def rating(sku: str) -> Rating:
    """Of the product with this sku."""
    (row,) = await fetch(_RATING, (sku,))
    return Rating(int(row["count"]), int(row["stars"] or 0))


@reads
async def public(locale: str, before: int | None, limit: int, sku: str = "") -> tuple[PublicReview, ...]:
    """Accepted reviews, newest first, older than the review `before`; with `sku` those of that product alone."""
    rows = Review.filter(state="accepted", **({"product__sku": sku} if sku else {}))
    last = await Review.get_or_none(id=before) if before is not None else None
    if last is not None:
        rows = rows.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    page = await rows.order_by("-created_at", "-id").limit(limit).select_related("product")
    photos = await _photos([row.id for row in page])
    return tuple(_public(row, photos.get(row.id, ()), locale) for row in page)


def public_name(name: str, locale: str) -> str:
    """What strangers may read of a name: "Ann L.", "王**"; nothing of what looks like an address or a number."""
    parts = name.split()
    if not parts or any(letter.isdigit() or letter == "@" for letter in name):
        return words(NOBODY, locale)
    if "\u3400" <= parts[0][0] <= "\u9fff":
        return f"{parts[0][0]}**"
    first = parts[0][:40]
    return f"{first} {parts[-1][0].upper()}." if len(parts) > 1 else first


async def _reviewed_order(scope: Scope, number: str | None) -> Order | None:
    """The order, locked: two reviews of it at once wait for each other."""
    if number is None:
        return None
    known = await Order.filter(contact_id__in=await same_person.contacts(scope), number=number).first()
    order = await locks.order(known.id) if known else None
    if order is None:
        raise Refused("no_order", number=number)
    if order.state not in order_states.EARNED or order.paid_at is None:
        raise Refused("wrong_state", number=number, state=order.state)
    return order


async def _replaceable(scope: Scope, order: Order | None) -> Review | None:
    """The pending review that a new one replaces. A decided one of the same order stands."""
    mine = Review.filter(contact_id__in=await same_person.contacts(scope))
    if order is None:
        return await mine.filter(order_id__isnull=True, state="pending").order_by("-id").first()
    review = await mine.filter(order_id=order.id).first()
    if review and review.state != "pending":
        raise Refused("already_reviewed", number=order.number)
    return review


async def _new(scope: Scope, order: Order | None) -> Review:
    """A review that is not saved yet; of an order with one product, it is a review of that product."""
    products = {line.product_id for line in await OrderLine.filter(order_id=order.id)} if order else set()
    return Review(
        contact_id=scope.contact_id,
        conversation_id=scope.conversation_id,
        order_id=order.id if order else None,
        product_id=products.pop() if len(products) == 1 else None,
        account=scope.account,
        locale=language(scope.locale),
        state="pending",
        created_at=scope.now,
    )


async def _name(scope: Scope) -> str:
    """As this address knows the person, else as another one of theirs does."""
    people = await same_person.contacts(scope)
    contacts = {row.id: row.name for row in await Contact.filter(id__in=people)}
    identities = {row.contact_id: row.name for row in await Identity.filter(contact_id__in=people)}
    names = [names.get(id_) for id_ in (scope.contact_id, *people) for names in (contacts, identities)]
    return next((name for name in names if name), "")


async def _set_photos(review: Review, photos: tuple[Attachment, ...]) -> None:
    await ReviewPhoto.filter(review_id=review.id).delete()
    ids = dict.fromkeys(photo.id for photo in photos)
    await ReviewPhoto.bulk_create(
        ReviewPhoto(review_id=review.id, attachment_id=photo, position=position) for position, photo in enumerate(ids)
    )


async def _decide(review_id: int, staff_id: int, now: datetime, state: str) -> ReviewView:
    review = await locks.review(review_id)
    if review is None:
        raise Refused("no_review", id=review_id)
    review.state, review.decided_by, review.decided_at, review.updated_at = state, staff_id, now, now
    await review.save()
    photos = await ReviewPhoto.filter(review_id=review.id).values_list("attachment_id", flat=True)
    await AttachmentRow.filter(id__in=list(photos)).update(public=state == "accepted")
    await audit.record(staff_id, f"review.{state.removesuffix('ed')}", f"review:{review.id}", now)
    await webhooks.of_review(review, state, now)
    if state == "accepted":
        await store_reviews.want(review, now)
    else:
        await store_reviews.take_back([review.id])
    order = await Order.filter(id=review.order_id).first()
    return _view(review, order.number if order else None)


async def _photos(review_ids: list[int]) -> dict[int, tuple[Attachment, ...]]:
    """Stored photos by review, in their order."""
    photos: dict[int, tuple[Attachment, ...]] = {}
    if not review_ids:
        return photos
    rows = ReviewPhoto.filter(review_id__in=review_ids, attachment__state="stored").order_by("position")
    for row in await rows.select_related("attachment"):
        photos[row.review_id] = (*photos.get(row.review_id, ()), attachments.as_core(row.attachment))
    return photos


def _view(review: Review, order_number: str | None) -> ReviewView:
    return ReviewView(
        id=review.id,
        stars=review.stars,
        text=review.text,
        state=review.state,
        is_unhappy=review.stars <= UNHAPPY,
        order_number=order_number,
        display_name=review.display_name,
    )


def _public(review: Review, photos: tuple[Attachment, ...], locale: str) -> PublicReview:
    return PublicReview(
        id=review.id,
        stars=review.stars,
        text=review.text,
        display_name=review.display_name,
        product=words(review.product.name, locale) if review.product else None,
        photos=photos,
        locale=review.locale,
        created_at=review.created_at,
    )
