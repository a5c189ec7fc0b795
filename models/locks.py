"""Every row lock, in one order: who is one person, conversations by id, cart, discount code, connected shop, order,
payment, product by id, who waits for one, review, file by id, login attempts by subject, endpoint of webhooks.

Whoever takes two of them takes them in this order, so nobody waits in a circle. PostgreSQL locks rows; SQLite's
transactions exclude each other already and the clause is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from tortoise.queryset import QuerySet

from models import rows
from models.attachment import Attachment
from models.broadcast import Broadcast
from models.catalogue import CartLine, StockAlert, Variant
from models.conversation import Conversation
from models.database import client, engine, execute, fetch, marks
from models.order import Order
from models.payment import Payment
from models.review import Review
from models.setting import Setting
from models.staff import LoginAttempt
from models.store import StoreSync
from models.webhook import WebhookEndpoint

P = ParamSpec("P")
T = TypeVar("T")
_NAMED = "INSERT INTO setting (name, value) VALUES (?,?) ON CONFLICT (name) DO NOTHING"


@dataclass(slots=True)
class Taken:
    """What one transaction has locked: whether anything that other customers want, and how long it waited for that."""

    wanted: bool = False
    _waited: float = 0.0
    _since: float | None = None  # by the loop's clock, while it waits

    def waited(self) -> float:
        """Seconds in which others had what it wanted."""
        now = asyncio.get_running_loop().time()
        return self._waited + (now - self._since if self._since is not None else 0.0)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """It stands in line while the block runs."""
        self._since = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self._waited, self._since = self.waited(), None


_taken: ContextVar[Taken | None] = ContextVar("locks", default=None)


@contextmanager
def counted() -> Iterator[Taken]:
    """What is locked while the block runs."""
    made = Taken()
    before = _taken.set(made)
    try:
        yield made
    finally:
        _taken.reset(before)


def waited() -> float:
    """Seconds that the transaction around us has stood in line; 0 where nobody counts."""
    taken = _taken.get()
    return taken.waited() if taken else 0.0


def _of_all(lock: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Of rows for which customers wait for each other, and not only for themselves or for staff."""

    @wraps(lock)
    async def counts(*args: P.args, **named: P.kwargs) -> T:
        taken = _taken.get()
        if taken is None:
            return await lock(*args, **named)
        taken.wanted = engine().is_shared  # else there is one transaction at a time
        with taken.waiting():
            return await lock(*args, **named)

    return counts


@_of_all
async def persons() -> None:
    """Which contacts are one person stays as it is until this transaction ends: one row for all, for it is rare."""
    await execute(client(), [(_NAMED, [("persons", "")])])
    await Setting.filter(name="persons").select_for_update().first()


async def conversation(id: int) -> Conversation | None:  # noqa: A002
    """The conversation: nothing else happens in it until this transaction ends."""
    return await Conversation.filter(id=id).select_for_update().first()


async def conversations_of(*contact_ids: int) -> list[Conversation]:
    """Every conversation of these contacts, by id."""
    return await Conversation.filter(contact_id__in=list(contact_ids)).order_by("id").select_for_update()


async def running_broadcasts() -> list[Broadcast]:
    """Those that run, by id: nobody else tells any of their recipients until this transaction ends."""
    return await Broadcast.filter(state="running").order_by("id").select_for_update()


async def cart(*contact_ids: int) -> list[CartLine]:
    """The lines of the carts of one person's contacts, oldest first; a second checkout waits here and finds none."""
    return await rows.every(
        CartLine, f"WHERE contact_id IN ({marks(len(contact_ids))}) ORDER BY id{engine().row_lock}", contact_ids
    )


@_of_all
async def discount_code(code: str) -> None:
    """Nobody else counts the uses of the code until this transaction ends."""
    name = f"code:{code}"
    await execute(client(), [(_NAMED, [(name, "")])])
    await Setting.filter(name=name).select_for_update().first()


async def order(id: int) -> Order | None:  # noqa: A002
    """The order: its state stays as read."""
    return await rows.first(Order, f"WHERE id = ?{engine().row_lock}", (id,))


async def order_of(payment_key: str) -> Order | None:
    """The order of the payment with our key."""
    of = "WHERE id = (SELECT order_id FROM payment WHERE key = ?)"
    return await rows.first(Order, f"{of}{engine().row_lock}", (payment_key,))


async def own_order(number: str, contact_ids: Sequence[int]) -> Order | None:
    """The order of that number, if it is of one of these contacts."""
    own = f"WHERE number = ? AND contact_id IN ({marks(len(contact_ids))})"
    return await rows.first(Order, f"{own}{engine().row_lock}", (number, *contact_ids))


async def payment(key: str) -> Payment | None:
    """The payment with our key. Lock its order first."""
    return await rows.first(Payment, f"WHERE key = ?{engine().row_lock}", (key,))


async def payments_of(order_id: int) -> list[Payment]:
    """Every payment of an order, by id. Lock the order first."""
    return await Payment.filter(order_id=order_id).order_by("id").select_for_update()


async def store(name: str) -> StoreSync | None:
    """How far a connected shop was read: nobody else takes anything from there until this transaction ends."""
    return await StoreSync.filter(store=name).select_for_update().first()


@_of_all
async def products(ids: Iterable[int]) -> frozenset[int]:
    """Those of these products that are there: nobody else can hold or sell their stock until this transaction ends.

    Rows that only name them, as a line of a cart does, are written meanwhile, where the engine can tell.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return frozenset()
    sql = f"SELECT id FROM product WHERE id IN ({marks(len(wanted))}) ORDER BY id{engine().value_lock}"  # noqa: S608
    return frozenset([int(row["id"]) for row in await fetch(sql, wanted)])


async def products_of(skus: Iterable[str], ids: Iterable[int] = ()) -> None:
    """The products of these variants, by sku or by id: nobody else holds, sells or changes any of them."""
    found = set[int]()
    for column, wanted in ("sku", sorted(set(skus))), ("id", sorted(set(ids))):
        if wanted:
            of = f"SELECT product_id FROM variant WHERE {column} IN ({marks(len(wanted))})"  # noqa: S608
            found |= {row["product_id"] for row in await fetch(of, wanted)}
    await products(found)


async def stock_alerts(ids: Iterable[int]) -> list[StockAlert]:
    """Those of these that are still there, by id, with their variants."""
    alerts = await StockAlert.filter(id__in=list(ids)).order_by("id").select_for_update()
    variants = {row.id: row for row in await Variant.filter(id__in=[row.variant_id for row in alerts])}
    for row in alerts:
        row.variant = variants[row.variant_id]
    return alerts


async def webhook_endpoint(id: int) -> WebhookEndpoint | None:  # noqa: A002
    """Whom other programs have us call: what becomes of its calls is judged one after the other."""
    return await WebhookEndpoint.filter(id=id).select_for_update().first()


async def review(id: int) -> Review | None:  # noqa: A002
    """The review: two members of staff decide one after the other."""
    return await Review.filter(id=id).select_for_update().first()


async def files(wanted: QuerySet[Attachment]) -> list[Attachment]:
    """These files, by id: what one that is being fetched has in the store is told here before, or not kept at all."""
    return await wanted.order_by("id").select_for_update()


async def login_attempts(subjects: Iterable[str]) -> list[LoginAttempt]:
    """The counts of these logins and addresses, by name: a second guess waits for what the first one counts."""
    return await LoginAttempt.filter(subject__in=sorted(subjects)).order_by("subject").select_for_update()
