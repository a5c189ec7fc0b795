"""Reviews: one for each order of a contact, on the shop page once staff accepted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.message import Attachment
from bot.core.registry import reads
from bot.services.scope import Scope


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
    """Keep a review; a second one of the same order replaces the first while that is pending.

    Raises `Refused`: "bad_stars", "no_order", "wrong_state"(number, state), "already_reviewed", "no_file".
    """
    raise NotImplementedError


async def accept(review_id: int, staff_id: int, now: datetime) -> ReviewView:
    """Show it on the shop page, with its photos. Raises `Refused("no_review")`."""
    raise NotImplementedError


async def reject(review_id: int, staff_id: int, now: datetime) -> ReviewView:
    """Do not, or no longer, show it. Raises `Refused("no_review")`."""
    raise NotImplementedError


@reads
async def public(locale: str, before: int | None, limit: int) -> tuple[PublicReview, ...]:
    """Accepted reviews, newest first, older than the review `before`."""
    raise NotImplementedError
