"""What staff have to look at in a connected shop: what could not be taken, what is theirs to do, and what was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import Refused
from bot.services import audit
from models import Order, Price, Product, Staff, StoreConflict, StoreProblem
from models.database import transaction

PAGE = 50
#: What only staff know to be done; all else goes from the list by itself.
TASKS = (
    "order_refused",
    "unpaid_there",
    "cancelled_there",
    "cancelled_here",
    "deleted_there",
    "second_there",
    "not_captured",
    "other_total",
    "part_sent",
    "refunded_there",
    "data_request",
    "export_whom",
    "forget_whom",
    "shop_left",
)
KINDS = ("tasks", "problems", "done")
_ORDER, _PERSON, _PRICE = "order:", "person:", "price:"


@dataclass(frozen=True, slots=True)
class ProblemView:
    """What is wrong with a product, an order or a person's data (or the connection, with none); docs/shops.md has the
    cure. `done_by` is the name of who did a task."""

    id: int
    store: str
    code: str
    external_id: str
    title: str
    facts: Mapping[str, Any]
    at: datetime
    order_id: int | None
    contact_id: int | None
    product_id: int | None
    done_at: datetime | None
    done_by: str


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A field of a product that was changed on both sides: `theirs` is sold, `ours` was lost.

    `field` is "name", "description", "active" or "price:" and the shop's id of a variant, then the `sku` is the
    variant's, and both values are in minor units of the `currency`, which is "" where nobody knows it any more.
    """

    id: int
    store: str
    product_id: int
    names: Mapping[str, str]
    sku: str
    field: str
    ours: str
    theirs: str
    at: datetime
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Lists:
    """The newest of each, and how many there are."""

    problems: tuple[ProblemView, ...]
    problems_in_all: int
    conflicts: tuple[ConflictView, ...]
    conflicts_in_all: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is open."""

    tasks: int
    problems: int
    conflicts: int


async def newest(store: str, most: int) -> Lists:
    """So many of each that are open."""
    open_, conflicts = StoreProblem.filter(store=store, done_at=None), StoreConflict.filter(store=store)
    return Lists(
        tuple(await _problems(await open_.order_by("-id").limit(most))),
        await open_.count(),
        tuple(await _conflicts(await conflicts.order_by("-id").limit(most).select_related("product"))),
        await conflicts.count(),
    )


async def counts(store: str | None) -> Counts:
    """Of one shop; of all for None, those that are connected no more as well."""
    whose = {} if store is None else {"store": store}
    open_ = StoreProblem.filter(done_at=None, **whose)
    tasks = await open_.filter(code__in=TASKS).count()
    return Counts(tasks, await open_.count() - tasks, await StoreConflict.filter(**whose).count())


async def problems(kind: str, before: int | None) -> tuple[list[ProblemView], int | None]:
    """Of one kind, the newest first; where the next page begins, None at the end."""
    wanted = StoreProblem.all()
    if kind == "done":
        wanted = wanted.filter(done_at__isnull=False)
    else:
        wanted = wanted.filter(done_at=None)
        wanted = wanted.filter(code__in=TASKS) if kind == "tasks" else wanted.exclude(code__in=TASKS)
    found = await (wanted.filter(id__lt=before) if before else wanted).order_by("-id").limit(PAGE + 1)
    return await _problems(found[:PAGE]), found[PAGE - 1].id if len(found) > PAGE else None


async def conflicts(before: int | None) -> tuple[list[ConflictView], int | None]:
    """The newest first; where the next page begins, None at the end."""
    wanted = StoreConflict.filter(id__lt=before) if before else StoreConflict.all()
    found = await wanted.order_by("-id").limit(PAGE + 1).select_related("product")
    return await _conflicts(found[:PAGE]), found[PAGE - 1].id if len(found) > PAGE else None


async def do(id_: int, staff_id: int, now: datetime) -> ProblemView:
    """Staff did this task; said again, nothing changes. Raises `Refused("no_problem")`, also for what is no task."""
    async with transaction():
        known = StoreProblem.filter(id=id_, code__in=TASKS)
        if await known.filter(done_at=None).update(done_at=now, done_by=staff_id):
            await audit.record(staff_id, "store_problem.done", f"store_problem:{id_}", now)
        row = await known.first()
    if row is None:
        raise Refused("no_problem")
    return (await _problems([row]))[0]


async def forget(id_: int, staff_id: int, now: datetime) -> None:
    """The shop's value stays, and nobody needs the one that was lost. Raises `Refused("no_conflict")`."""
    async with transaction():
        if not await StoreConflict.filter(id=id_).delete():
            raise Refused("no_conflict")
        await audit.record(staff_id, "store_conflict.forget", f"store_conflict:{id_}", now)


async def _problems(rows: Sequence[StoreProblem]) -> list[ProblemView]:
    orders = {row.number: row.id for row in await _orders(rows)}
    products = {(row.store, row.external_id): row.id for row in await _products(rows)}
    staff = await Staff.filter(id__in=[row.done_by for row in rows if row.done_by is not None])
    names = {row.id: row.name for row in staff}
    return [
        ProblemView(
            id=row.id,
            store=row.store,
            code=row.code,
            external_id=row.external_id,
            title=row.title,
            facts=row.facts,
            at=row.at,
            order_id=orders.get(row.external_id.removeprefix(_ORDER)),
            contact_id=int(row.external_id[len(_PERSON) :]) if row.external_id.startswith(_PERSON) else None,
            product_id=products.get((row.store, row.external_id)),
            done_at=row.done_at,
            done_by=names.get(row.done_by, "") if row.done_by is not None else "",
        )
        for row in rows
    ]


async def _products(rows: Sequence[StoreProblem]) -> list[Product]:
    ids = [row.external_id for row in rows if row.external_id]
    return await Product.filter(external_id__in=ids, store__in=[row.store for row in rows]) if ids else []


async def _orders(rows: Sequence[StoreProblem]) -> list[Order]:
    numbers = [row.external_id.removeprefix(_ORDER) for row in rows if row.external_id.startswith(_ORDER)]
    return await Order.filter(number__in=numbers) if numbers else []


async def _conflicts(rows: Sequence[StoreConflict]) -> list[ConflictView]:
    ids = [row.field.removeprefix(_PRICE) for row in rows if row.field.startswith(_PRICE)]
    sold = Price.filter(variant__external_id__in=ids).select_related("variant") if ids else None
    prices = list(await sold) if sold is not None else []
    return [_conflict(row, prices) for row in rows]


def _conflict(row: StoreConflict, prices: Sequence[Price]) -> ConflictView:
    product = row.product
    whose = [
        one
        for one in prices
        if row.field == _PRICE + str(one.variant.external_id) and one.variant.product_id == row.product_id
    ]
    # A shop sells in one currency: it is the one in which what it said is asked for.
    price = next((one for one in whose if str(one.amount) == row.theirs), whose[0] if len(whose) == 1 else None)
    return ConflictView(
        row.id,
        row.store,
        product.id,
        product.name,
        price.variant.sku if price else product.sku,
        row.field,
        row.ours,
        row.theirs,
        row.at,
        price.currency if price else "",
    )
