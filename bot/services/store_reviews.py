"""Reviews shared with a connected shop: ours go there once they are accepted here, and what is written there is shown.

One of ours is in the shop once, by its key. Who is forgotten here is forgotten there: the row stays, with nothing in
it, until the shop has it no more.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from bot.core.reviewing import OutReview, ShopReview, key_in
from bot.services.store_orders import UNKNOWN
from bot.services.store_reading import plain
from models import Contact, Identity, Product, Review, StoreReview
from models.database import transaction

#: So many in one go.
MOST = 50
TEXT, NAME = 4000, 80
_OURS = ("due", "sent", "refused", "ending")
#: How the key of one begins that the shop has of others; it is by no address there.
_THERE = "there:"


@dataclass(frozen=True, slots=True)
class Due:
    """What the shop is to have, or (with None) not to have any more; `id` is the shop's, "" unknown.

    `key` finds it there, "" for one that was written there. `is_tried`: it may be there already.
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
    return await _ready(store, now).exists()


async def due(store: str, now: datetime) -> list[Due]:
    """What is to be done now, the oldest first."""
    rows = _ready(store, now).order_by("id").limit(MOST)
    return [
        Due(row.id, "" if row.key.startswith(_THERE) else row.key, row.external_id, row.tries > 0, _out(row))
        for row in await rows.select_related("review", "product")
    ]


def _ready(store: str, now: datetime) -> QuerySet[StoreReview]:
    now_or_before = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    return StoreReview.filter(now_or_before, store=store, state__in=["due", "ending"])


def _out(row: StoreReview) -> OutReview | None:
    if row.state == "ending" or row.review is None or row.product is None or row.product.external_id is None:
        return None
    return OutReview(row.key, row.product.external_id, row.review.stars, row.review.text, row.review.display_name)


async def trying(row: int, now: datetime) -> bool:
    """It is being sent: if nobody says what came of it, it is looked for first, and not before that is over.

    False where nobody wants it there any more.
    """
    kept = StoreReview.filter(id=row, state="due")
    return bool(await kept.update(tries=F("tries") + 1, retry_at=now + UNKNOWN))


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
    """Keep what was written there; how much of it was new or changed. What is forgotten is left alone.

    One with an address of ours is ours, whatever was known of it.
    """
    ids = [one.id for one in there]
    rows = {row.external_id: row for row in await StoreReview.filter(store=store, external_id__in=ids)}
    keys = {one.id: key for one in there if (key := key_in(one.email))}
    ours = {row.key: row for row in await StoreReview.filter(store=store, key__in=list(keys.values()))}
    writers = await _writers([one for one in there if one.id not in rows and one.id not in keys])
    changed = 0
    for one in there:
        row = rows.get(one.id)
        if one.id in keys:
            await _link(ours.get(keys[one.id]), row, one.id)
            continue
        if row is not None and row.state in _OURS:
            continue
        told = {
            "shown": one.shown,
            "stars": one.stars,
            "text": plain(one.text)[:TEXT],
            "name": " ".join(one.name.split())[:NAME],
            "written_at": one.written_at,
        }
        if row is None:
            writer = writers.get(one.email.lower())
            about = {"state": "theirs", "product_id": await _product(store, one), "contact_id": writer}
            kept = {"external_id": one.id, "at": now} | about | told
            await StoreReview.get_or_create(kept, store=store, key=f"{_THERE}{one.id}")
            changed += 1
        elif any(getattr(row, name) != value for name, value in told.items()):
            await StoreReview.filter(id=row.id, state="theirs").update(**told)
            changed += 1
    return changed


async def compared(store: str, there: Mapping[str, str]) -> None:
    """All that the shop lists, by id, with the key of ours or "": others of its own are no more.

    One of ours that is there under another id than we know has that from now on; it may also be spam there, or in its
    bin, and not among these.
    """
    rows = StoreReview.filter(store=store, state="theirs")
    known = [(row.id, row.external_id) for row in await rows.only("id", "external_id")]
    for id_, external_id in known:
        if external_id not in there:
            await StoreReview.filter(id=id_, state="theirs").delete()
    ours = {key: id_ for id_, key in there.items() if key}
    for row in await StoreReview.filter(store=store, state__in=_OURS).only("id", "key", "external_id"):
        if row.key in ours and row.external_id not in there:
            await StoreReview.filter(id=row.id).update(external_id=ours[row.key])


async def _link(ours: StoreReview | None, row: StoreReview | None, id_: str) -> None:
    """This one there is ours, and not the shop's own. It may stand there twice: the id that is known stays."""
    if row is not None and row.state == "theirs":
        await StoreReview.filter(id=row.id).delete()
    if ours is not None and not ours.external_id:
        await StoreReview.filter(id=ours.id).update(external_id=id_)


async def _product(store: str, review: ShopReview) -> int | None:
    row = await Product.get_or_none(store=store, external_id=review.product)
    return row.id if row else None


async def _writers(reviews: Sequence[ShopReview]) -> dict[str, int]:
    """Who of ours wrote them, by address in small letters: who is forgotten here is forgotten there, too."""
    told = {one.email for one in reviews if one.email}
    small = {one.lower() for one in told}
    if not told:
        return {}
    known = Identity.filter(external_id__in=list(small)).order_by("-id")
    found = {str(row.external_id): int(row.contact_id) for row in await known}
    contacts = Contact.filter(email__in=list(told | small)).order_by("-id").only("id", "email")
    return found | {row.email.lower(): int(row.id) for row in await contacts}
