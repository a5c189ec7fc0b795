"""Shapes of the desk: connected shops, what is to be looked at there, and the keys of the API."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from bot.services import api_keys, store_lists
from web.values import Cursor, Number, Time, most, one_of

Scope = Annotated[str, one_of(api_keys.SCOPES)]


class Store(TypedDict):
    """A connected shop. `done` of `total` products of this round; null where the shop does not tell.

    `next_at` is when it is asked again, `asked_at` when staff wanted it compared; `differed` and `gone` are products
    that were otherwise there, or there no more, when it was compared last.
    """

    name: str
    title: str
    state: Annotated[str, one_of(("new", "running", "idle", "waiting", "stopped"))]
    done: int
    total: int | None
    began_at: Time | None
    caught_up_at: Time | None
    next_at: Time | None
    error: str
    compared_at: Time | None
    asked_at: Time | None
    differed: int | None
    gone: int | None


class Waiting(TypedDict):
    """How much is open in all shops."""

    tasks: int
    problems: int
    conflicts: int


class Stores(TypedDict):
    """All connected shops."""

    items: list[Store]
    counts: Waiting


class OneStore(TypedDict):
    """A shop, as it is now."""

    store: Store


class Problem(TypedDict):
    """What cannot be taken of a shop, or is to be done about it; `facts` fill the sentence of its `code`."""

    id: int
    store: str
    code: str
    title: str
    facts: dict[str, str]
    at: Time
    task: bool
    order_id: int | None
    contact_id: int | None
    product_id: int | None
    done_at: Time | None
    done_by: str


class Problems(TypedDict):
    """A page of problems, the newest first."""

    items: list[Problem]
    next: Cursor


class OneProblem(TypedDict):
    """A problem, as it is now."""

    problem: Problem


class Conflict(TypedDict):
    """A field of a product that was changed on both sides: `theirs` is sold, `ours` was lost."""

    id: int
    store: str
    product_id: int
    names: dict[str, str]
    sku: str
    field: Annotated[str, one_of(("name", "description", "active", "price"))]
    ours: str
    theirs: str
    at: Time


class Conflicts(TypedDict):
    """A page of conflicts, the newest first."""

    items: list[Conflict]
    next: Cursor


class ProblemQuery(TypedDict, total=False):
    """Tasks of staff, what goes by itself, or tasks that are done."""

    kind: Annotated[str, one_of(store_lists.KINDS)]
    before: Number


class Key(TypedDict):
    """A key of the API; `by` is the name of who made it, "" for the command line."""

    id: int
    name: str
    scopes: list[Scope]
    by: str
    created_at: Time
    used_at: Time | None
    revoked_at: Time | None


class Keys(TypedDict):
    """All keys, the newest first, and what one may be good for."""

    items: list[Key]
    scopes: list[Scope]


class OneKey(TypedDict):
    """A key, as it is now."""

    key: Key


class SecretKey(OneKey):
    """A key with its secret, told this once."""

    secret: str


class WrittenKey(TypedDict):
    """Which site or program has it, and what it is good for."""

    name: Annotated[str, most(120, 1)]
    scopes: Annotated[list[str], Meta(max_length=10)]
