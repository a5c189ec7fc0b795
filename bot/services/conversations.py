"""Conversations as the desk lists them: newest first by cursor, live counts, read, closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tortoise.expressions import F

from bot.core.errors import BadInput, Refused
from bot.services.rows import moment, stamp
from models import Conversation
from models.database import as_time, fetch, marks

Filter = Literal["all", "mine", "waiting", "bot", "attention"]
PAGE = 50

_SELECT = """
SELECT c.id, c.account, c.contact_id, c.owner_id, c.last_seq, c.last_text, c.last_author, c.last_at, c.unread,
       c.waiting_since, c.elsewhere_until, c.reason, c.priority, c.attention, c.closed_at, c.lane, c.version,
       c.continues_in, k.name AS contact_name, i.name AS identity_name, i.external_id, i.reachable,
       s.name AS owner_name, CASE WHEN k.person_id IS NULL OR k.name <> '' THEN ''
       ELSE (SELECT o.name FROM contact o WHERE o.person_id = k.person_id AND o.name <> '' AND NOT EXISTS
       (SELECT 1 FROM contact n WHERE n.person_id = o.person_id AND n.name <> '' AND (n.updated_at > o.updated_at
       OR (n.updated_at = o.updated_at AND n.id > o.id)))) END AS other_name
FROM conversation c
JOIN contact k ON k.id = c.contact_id
JOIN identity i ON i.id = c.identity_id
LEFT JOIN staff s ON s.id = c.owner_id
"""
#: Each has an index whose order is the list's own.
_WHERE: dict[Filter, str] = {
    "all": "1 = 1",
    "mine": "c.owner_id = ?",
    "waiting": "c.waiting_since IS NOT NULL",
    "bot": "c.owner_id IS NULL AND c.waiting_since IS NULL AND c.closed_at IS NULL",
    "attention": "c.attention <> ''",
}
FILTERS = tuple(_WHERE)


@dataclass(frozen=True, slots=True)
class State:
    """What tells whether a line of the list reads differently now."""

    lane: str
    version: int
    last_seq: int


async def states(also: Sequence[int]) -> dict[int, State]:
    """The newest 200 conversations and these, by id."""
    columns = "SELECT id, lane, version, last_seq FROM conversation"
    rows = await fetch(f"{columns} ORDER BY last_at DESC, id DESC LIMIT 200")
    if also:
        rows += await fetch(f"{columns} WHERE id IN ({marks(len(also))})", list(also))
    return {row["id"]: State(row["lane"], row["version"], row["last_seq"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. `name` is empty while nobody knows it."""

    id: int
    name: str
    account: str
    contact_id: int
    external_id: str
    reachable: bool
    owner_id: int | None
    owner_name: str
    last_seq: int
    last_text: str
    last_author: str
    last_at: datetime
    unread: int
    waiting_since: datetime | None
    elsewhere_until: datetime | None
    reason: str
    priority: int
    attention: str
    closed: bool
    lane: str
    version: int
    continues_in: int | None = None  # where the customer went on


@dataclass(frozen=True, slots=True)
class Rows:
    """A page; `next` is the cursor of the page behind it, "" at the end."""

    items: tuple[Row, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a conversation's customer is reached."""

    account: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Running:
    """The dialog in the foreground of a conversation: its handler, and its open question as JSON."""

    handler: str
    question: str


async def listed(chosen: Filter, staff_id: int, before: str = "", limit: int = PAGE) -> Rows:
    """A page of the list, newest first; of those who wait, who has waited longest. `BadInput`: a cursor not of ours."""
    values: list[Any] = [staff_id] if chosen == "mine" else []
    keyset, waits = "", chosen == "waiting"
    if before:
        at, id_ = read_cursor(before)
        keyset = "AND (c.waiting_since, c.id) > (?, ?)" if waits else "AND (c.last_at, c.id) < (?, ?)"
        values += [stamp(at), id_]
    order = "c.waiting_since, c.id" if waits else "c.last_at DESC, c.id DESC"
    sql = f"{_SELECT} WHERE {_WHERE[chosen]} {keyset} ORDER BY {order} LIMIT ?"
    found = page(await fetch(sql, [*values, limit + 1]), limit)
    last = found.items[-1] if found.next else None
    return Rows(found.items, cursor(last.waiting_since, last.id)) if waits and last and last.waiting_since else found


def page(found: Sequence[Any], limit: int) -> Rows:
    """Raw rows, one more than asked for, as a page."""
    items = tuple(_row(row) for row in found[:limit])
    return Rows(items, cursor(items[-1].last_at, items[-1].id) if len(found) > limit else "")


async def rows(ids: Sequence[int]) -> dict[int, Row]:
    """Lines by id; those that are gone are left out."""
    if not ids:
        return {}
    found = await fetch(f"{_SELECT} WHERE c.id IN ({marks(len(ids))})", list(ids))
    return {row["id"]: _row(row) for row in found}


async def row(id_: int) -> Row:
    """One line. Raises `Refused("no_conversation")`."""
    found = await rows([id_])
    if id_ not in found:
        raise Refused("no_conversation")
    return found[id_]


async def of_contacts(contact_ids: Sequence[int], limit: int = 20) -> tuple[Row, ...]:
    """A person's conversations, newest first."""
    found = await fetch(
        f"{_SELECT} WHERE c.contact_id IN ({marks(len(contact_ids))}) ORDER BY c.last_at DESC LIMIT ?",
        (*contact_ids, limit),
    )
    return tuple(_row(row) for row in found)


async def counts(staff_id: int) -> dict[str, int]:
    """How many are mine, wait for a person, and need attention; each from its own small index."""
    counted = (
        "SELECT (SELECT count(*) FROM conversation WHERE owner_id = ?) AS mine, "
        "(SELECT count(*) FROM conversation WHERE waiting_since IS NOT NULL) AS waiting, "
        "(SELECT count(*) FROM conversation WHERE attention <> '') AS attention"
    )
    found = (await fetch(counted, (staff_id,)))[0]
    return {name: int(found[name]) for name in ("mine", "waiting", "attention")}


async def address(id_: int) -> Address | None:
    """Where the customer of a conversation is reached."""
    found = await Conversation.filter(id=id_).limit(1).values_list("account", "identity__external_id")
    return Address(*found[0]) if found else None


async def running(id_: int) -> Running | None:
    """What the bot is asking at this moment."""
    found = await fetch(
        "SELECT handler, question FROM dialog WHERE conversation_id = ? AND state IN ('asking', 'calling', 'paused') "
        "AND background = ? AND moved_to_id IS NULL ORDER BY id DESC LIMIT 1",
        (id_, False),
    )
    return Running(found[0]["handler"], found[0]["question"]) if found else None


async def last_from_customer(id_: int) -> datetime | None:
    """When the customer wrote last: reply windows are counted from there."""
    found = await fetch(
        "SELECT at FROM message WHERE conversation_id = ? AND author = 'customer' ORDER BY seq DESC LIMIT 1", (id_,)
    )
    return moment(found[0]["at"]) if found else None


async def mark_read(id_: int, now: datetime) -> None:
    """Somebody of the staff has seen it; inside the caller's transaction."""
    await Conversation.filter(id=id_, unread__gt=0).update(unread=0, updated_at=now, version=F("version") + 1)


def cursor(at: datetime, id_: int) -> str:
    """Where a page ended: microseconds since 1970, and the id."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{id_}"


def read_cursor(text: str) -> tuple[datetime, int]:
    """What `cursor` wrote. Raises `BadInput` for anything else."""
    micros, _, id_ = text.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 18 for part in (micros, id_)):
        raise BadInput("this cursor is not ours")
    return _EPOCH + timedelta(microseconds=int(micros)), int(id_)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _row(row: Any) -> Row:
    return Row(
        id=row["id"],
        name=row["contact_name"] or row["other_name"] or row["identity_name"],
        account=row["account"],
        contact_id=row["contact_id"],
        external_id=row["external_id"],
        reachable=bool(row["reachable"]),
        owner_id=row["owner_id"],
        owner_name=row["owner_name"] or "",
        last_seq=row["last_seq"],
        last_text=row["last_text"],
        last_author=row["last_author"],
        last_at=moment(row["last_at"]),
        unread=row["unread"],
        waiting_since=as_time(row["waiting_since"]),
        elsewhere_until=as_time(row["elsewhere_until"]),
        reason=row["reason"],
        priority=row["priority"],
        attention=row["attention"],
        closed=row["closed_at"] is not None,
        lane=row["lane"],
        version=row["version"],
        continues_in=row["continues_in"],
    )
