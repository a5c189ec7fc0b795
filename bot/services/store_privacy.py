"""What a connected shop's system asks of everybody who has data of it: a customer's, or all of the shop's.

Nothing of a customer comes from there: what is known here under an order that was made there is the person who placed
it here. Whom no order names, nobody here can tell: staff are asked to look.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.core.events import ContactErased
from bot.core.ports import Storage
from bot.core.store import Hint
from bot.services import audit, privacy, store_grants, store_orders
from models import (
    Order,
    Place,
    Product,
    StoreConflict,
    StoreHint,
    StoreOrder,
    StoreProblem,
    StoreReview,
    StoreSeen,
    StoreSync,
    Variant,
)
from models.database import transaction

FORGET, EXPORT, UNTIE = "customers/redact", "customers/data_request", "shop/redact"


async def take(
    store: str, asked: Hint, storage: Storage, now: datetime, published: Callable[[ContactErased], None]
) -> None:
    """Do what was asked, or ask staff to; asked again, it is done again. Raises `DatabaseBusy`."""
    if asked.topic == UNTIE:
        await untie(store, now)
        return
    people = await _people(store, asked)
    async with transaction():
        await audit.record(None, "store." + asked.topic.replace("/", "."), f"store:{store}:{asked.id}", now)
        if not people:
            code = "forget_whom" if asked.topic == FORGET else "export_whom"
            await _tell(store, f"customer:{asked.id}", code, {"customer": asked.id}, now)
        for contact in people if asked.topic == EXPORT else ():
            await _tell(store, f"person:{contact}", "data_request", {"contact": str(contact)}, now)
    for contact in people if asked.topic == FORGET else ():
        await privacy.forget(contact, None, storage, now, published)
        await exported(contact)


async def exported(contact_id: int) -> None:
    """Their data was given out, or is no more: nobody has to do that any more."""
    await StoreProblem.filter(external_id=f"person:{contact_id}", code="data_request").delete()


async def untie(store: str, now: datetime) -> None:
    """The shop is none of ours any more: what it said goes, and what is sold here is ours from here on."""
    async with transaction():
        for table in (Product, Variant, Place):
            await table.filter(store=store).update(store=None, external_id=None)
        for rows in (StoreSeen, StoreConflict, StoreProblem, StoreHint, StoreOrder, StoreReview, StoreSync):
            await rows.filter(store=store).delete()
        await store_grants.gone(store, None, now)
        await audit.record(None, "store.shop.redact", f"store:{store}", now)
        await _tell(store, "shop", "shop_left", {}, now)


async def _people(store: str, asked: Hint) -> list[int]:
    """The contacts who placed the orders that it names."""
    ids = [id_ for id_ in asked.facts.get("orders", "").split(",") if id_]
    orders = [await store_orders.of(store, id_) for id_ in ids]
    found = await Order.filter(id__in=[one for one in orders if one is not None])
    return sorted({one.contact_id for one in found})


async def _tell(store: str, subject: str, code: str, facts: dict[str, str], now: datetime) -> None:
    told = {"facts": facts, "at": now, "done_at": None, "done_by": None}
    await StoreProblem.update_or_create(told, store=store, external_id=subject, code=code)
