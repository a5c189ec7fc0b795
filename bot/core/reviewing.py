"""The port of shops that have reviews of their own: ours go there, and what was written there comes here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

#: Of the addresses that shops keep with ours; they lead nowhere.
NOWHERE = "@parley.invalid"


def key_in(email: str) -> str:
    """The key of one of ours, by the address that a shop keeps with it; "" for anybody else's."""
    told = email.strip().lower()
    return told.removesuffix(NOWHERE) if told.endswith(NOWHERE) else ""


@dataclass(frozen=True, slots=True)
class OutReview:
    """A review of ours: 1 to 5 stars, words ("" for none) and the name that anybody may read.

    `key` is unique for ever; `product` is the shop's id.
    """

    key: str
    product: str
    stars: int
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class ShopReview:
    """A review that the shop has; `text` is HTML. `email` is for finding who wrote it, and kept nowhere.

    `stars` is 0 where none were given, `shown` whether the shop shows it.
    """

    id: str
    product: str
    stars: int
    text: str
    name: str
    email: str
    shown: bool
    written_at: datetime


@runtime_checkable
class HasReviews(Protocol):
    """A connected shop with reviews; `takes_reviews` where its settings want them shared.

    All calls raise `StoreUnavailable` and `Unauthorised`; those that change something raise `BadInput`.
    """

    name: str
    takes_reviews: bool

    async def find_review(self, key: str) -> str:
        """The shop's id of ours with this key, spam and the bin among it; "" where it has none."""

    async def add_review(self, review: OutReview) -> str:
        """Have it there; its id. Two calls may make two."""

    async def drop_review(self, id: str) -> None:  # noqa: A002 - the port's word
        """It is there no more, for good; one that was gone already is no error."""

    async def reviews(self, page: int) -> Sequence[ShopReview]:
        """A page of all that the shop has, the newest first, from page 1 on; empty behind the last one.

        One that cannot be read is not among them.
        """
