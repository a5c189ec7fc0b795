"""Reviews shared with a connected shop: ours go there once they are accepted here, and what is written there is shown.

One of ours is in the shop once, by its key. Who is forgotten here is forgotten there: the row stays, with nothing in
it, until the shop has it no more.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.reviewing import OutReview, ShopReview
from bot.services.store_orders import UNKNOWN
from bot.services.store_reading import plain
from models import Contact, Identity, Product, Review, StoreReview
from models.database import transaction

#: So many in one go.
MOST = 50
TEXT, NAME = 4000, 80
_OURS = ("due", "sent", "refused", "ending")


@dataclass(frozen=True, slots=True)
class Due:
    """What the shop is to have, or (with None) not to have any more; `id` is the shop's, "" unknown.

    `is_tried`: it may be there already.
    """

    row: int
    key: str
    id: str
    is_tried: bool
    out: OutReview | None


async def want(review: Review, now: datetime) -> None:
    """It was accepted: the shop that sells the product is to have it. Inside the caller's transaction."""
    product = await Product.get_or_none(id=review.product_id) if review.product_id else None
    if product is None or product.store is None or product.external_id is None:
        return
    known = StoreReview.filter(review_id=review.id)
    if await known.filter(state__in=["due", "sent"]).exists():
        return
    if not await known.filter(state="refused").update(state="due", error="", retry_at=None):
        told = {"store": product.store, "state": "due", "product_id": product.id, "review_id": review.id}
        await StoreReview.create(**told, key=f"review-{secrets.token_hex(12)}", at=now)


async def take_back(reviews: Collection[int]) -> None:
    """They are not to be seen any more: taken away there, too. Inside the caller's transaction."""
    ours = StoreReview.filter(review_id__in=list(reviews), state__in=["due", "sent", "refused"])
    await ours.filter(state="due", tries=0).delete()
    await ours.filter(state="refused", external_id="").delete()
    await ours.update(state="ending", retry_at=None, error="")


async def forget(contacts: Collection[int]) -> None:
    """Their reviews go from the shop, those that were written there as well. Inside the caller's transaction."""
    ids = await Review.filter(contact_id__in=list(contacts)).values_list("id", flat=True)
    await take_back([int(str(id_)) for id_ in ids])
    blank = {"state": "ending", "name": "", "text": "", "contact_id": None, "retry_at": None}
    await StoreReview.filter(contact_id__in=list(contacts)).update(**blank)


async def any_due(store: str, now: datetime) -> bool:
    """Whether something is to be sent."""
    rows = StoreReview.filter(store=store, state__in=["due", "ending"])
    return any(row.retry_at is None or row.retry_at <= now for row in await rows.limit(MOST))


async def due(store: str, now: datetime) -> list[Due]:
    """What is to be done now, the oldest first."""
    rows = StoreReview.filter(store=store, state__in=["due", "ending"]).order_by("id").limit(MOST)
    return [
        Due(row.id, row.key, row.external_id, row.tries > 0, _out(row))
        for row in await rows.select_related("review", "product")
        if row.retry_at is None or row.retry_at <= now
    ]


def _out(row: StoreReview) -> OutReview | None:
    if row.state == "ending" or row.review is None or row.product is None or row.product.external_id is None:
        return None
    return OutReview(row.key, row.product.external_id, row.review.stars, row.review.text, row.review.display_name)


async def trying(row: int, now: datetime) -> None:
    """It is being sent: if nobody says what came of it, it is looked for first, and not before that is over."""
    kept = await StoreReview.get(id=row)
    await StoreReview.filter(id=row).update(tries=kept.tries + 1, retry_at=now + UNKNOWN)


async def sent(row: int, id: str) -> None:  # noqa: A002 - the port's word
    """The shop has it. One that nobody wants there any more meanwhile is still to be taken away."""
    async with transaction():
        await StoreReview.filter(id=row).update(external_id=id, retry_at=None, error="")
        await StoreReview.filter(id=row, state="due").update(state="sent")


async def ended(row: int) -> None:
    """The shop has it no more, or never had."""
    await StoreReview.filter(id=row).delete()


async def later(row: int, error: str, now: datetime) -> None:
    """Nobody knows what came of it."""
    await StoreReview.filter(id=row).update(error=error[:300], retry_at=now + UNKNOWN)


async def refused(row: int, why: str) -> None:
    """The shop does not take it; accepted again here, it is tried again."""
    await StoreReview.filter(id=row).update(state="refused", retry_at=None, error=why[:300])


async def take(store: str, there: Sequence[ShopReview], now: datetime) -> int:
    """Keep what was written there; how much of it was new or changed. Ours, and what is forgotten, is left alone."""
    ids = [one.id for one in there]
    rows = {row.external_id: row for row in await StoreReview.filter(store=store, external_id__in=ids)}
    ours = {row.key for row in await StoreReview.filter(store=store, key__in=[_key_in(one) for one in there])}
    changed = 0
    for one in there:
        row = rows.get(one.id)
        if (row is not None and row.state in _OURS) or (row is None and _key_in(one) in ours):
            continue
        told = {
            "shown": one.shown,
            "stars": one.stars,
            "text": plain(one.text)[:TEXT],
            "name": " ".join(one.name.split())[:NAME],
            "written_at": one.written_at,
        }
        if row is None:
            about = {"state": "theirs", "product_id": await _product(store, one), "contact_id": await _writer(one)}
            kept = {"external_id": one.id, "at": now} | about | told
            await StoreReview.get_or_create(kept, store=store, key=f"there:{one.id}")
            changed += 1
        elif any(getattr(row, name) != value for name, value in told.items()):
            await StoreReview.filter(id=row.id, state="theirs").update(**told)
            changed += 1
    return changed


async def gone(store: str, there: Collection[str]) -> None:
    """These are all that the shop has: others are no more."""
    rows = StoreReview.filter(store=store, state__in=["theirs", "sent"])
    known = [(row.id, row.external_id) for row in await rows.only("id", "external_id")]
    for id_, external_id in known:
        if external_id not in there:
            await StoreReview.filter(id=id_, state__in=["theirs", "sent"]).delete()


def _key_in(review: ShopReview) -> str:
    return review.email.partition("@")[0]


async def _product(store: str, review: ShopReview) -> int | None:
    row = await Product.get_or_none(store=store, external_id=review.product)
    return row.id if row else None


async def _writer(review: ShopReview) -> int | None:
    """Who of ours it is, by their address: who is forgotten here is forgotten there, too."""
    if not review.email:
        return None
    known = await Contact.filter(email__in=[review.email, review.email.lower()]).order_by("id").first()
    if known is not None:
        return int(known.id)
    identity = await Identity.filter(external_id=review.email.lower()).order_by("id").first()
    return int(identity.contact_id) if identity else None
