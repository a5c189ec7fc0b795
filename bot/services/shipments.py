"""What orders left as: the carrier, its number, and the link by which the way can be followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from models import Order, Shipment

MOST = {"carrier": 80, "number": 80, "url": 500}  # characters


@dataclass(frozen=True, slots=True)
class Parcel:
    """Each part may be "" where nobody knows it; a url begins with http:// or https://."""

    carrier: str = ""
    number: str = ""
    url: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.carrier or self.number or self.url)


UNKNOWN = Parcel()


async def send(order: Order, parcel: Parcel, now: datetime) -> None:
    """Keep what a locked order leaves as; of nothing known, nothing. Raises `Refused`: "bad_link", "too_long"."""
    for field, most in MOST.items():
        if len(getattr(parcel, field)) > most:
            raise Refused("too_long", field=field, most=most)
    if parcel.url and (not parcel.url.startswith(("https://", "http://")) or " " in parcel.url):
        raise Refused("bad_link")
    if parcel.is_known:
        await Shipment.create(
            order_id=order.id, carrier=parcel.carrier, number=parcel.number, url=parcel.url, created_at=now
        )


async def of_orders(order_ids: Iterable[int]) -> dict[int, tuple[Parcel, ...]]:
    """What each left as, oldest first; those of which nothing is known are left out."""
    found: dict[int, tuple[Parcel, ...]] = {}
    for row in await Shipment.filter(order_id__in=list(order_ids)).order_by("id"):
        found[row.order_id] = (*found.get(row.order_id, ()), Parcel(row.carrier, row.number, row.url))
    return found
