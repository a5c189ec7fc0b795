"""What the shop tells many at once: the words, who is still to be told, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.message import Attachment
from bot.core.registry import reads
from bot.services import attachments, audit, tallies
from bot.services.audiences import Audience, Chosen
from bot.services.rows import moment
from bot.services.scope import Scope
from bot.services.tallies import CLIENT_ID, Counts
from models import Broadcast, BroadcastCopy
from models.database import as_time, execute, fetch, marks, transaction

PAGE = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said; a button has a label and the command that it starts, or there is none and both are ""."""

    text: str
    audience: Audience
    picture_id: int | None = None
    label: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a recipient gets."""

    text: str
    files: tuple[Attachment, ...]
    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One who is to be told now, and where."""

    id: int
    conversation_id: int
    account: str
    external_id: str


@dataclass(frozen=True, slots=True)
class View:
    """One broadcast with its counts; times are aware UTC."""

    id: int
    draft: Draft
    state: str  # scheduled | running | stopped | done
    send_at: datetime
    created_at: datetime
    ended_at: datetime | None
    staff_name: str
    counts: Counts


async def create(
    draft: Draft, send_at: datetime | None, staff_id: int, now: datetime, client_id: str | None = None
) -> int:
    """Have it sent at this time, None: at once; inside the caller's transaction.

    With the same `client_id` it is the same broadcast. Raises `Refused`: "empty" without words; "sent_before" where
    that one says something else or at another time; "no_file".
    """
    if not draft.text.strip():
        raise Refused("empty")
    try:
        async with transaction():  # a savepoint
            row = await _insert(draft, _due(send_at, now), staff_id, now, client_id)
    except IntegrityError:
        row = await Broadcast.get(staff_id=staff_id, client_id=client_id)
        if _draft_of(row) != draft or row.send_at != _due(send_at, row.created_at):
            raise Refused("sent_before") from None
        return int(row.id)
    if draft.picture_id is not None:
        await attachments.used(draft.picture_id)
    await audit.record(staff_id, "broadcast.create", f"broadcast:{row.id}", now)
    return int(row.id)


def _due(send_at: datetime | None, created_at: datetime) -> datetime:
    return max(send_at or created_at, created_at)


async def _insert(draft: Draft, send_at: datetime, staff_id: int, now: datetime, client_id: str | None) -> Broadcast:
    return await Broadcast.create(
        text=draft.text,
        picture_id=draft.picture_id,
        label=draft.label,
        command=draft.command,
        accounts=msgspec.json.encode(draft.audience.accounts).decode(),
        language=draft.audience.language,
        bought=draft.audience.bought,
        staff_id=staff_id,
        client_id=client_id,
        send_at=send_at,
        created_at=now,
    )


async def stop(broadcast_id: int, staff_id: int, now: datetime) -> None:
    """Whoever has not got it does not; inside the caller's transaction. Raises `Refused("not_found")`."""
    open_ = Broadcast.filter(id=broadcast_id, state__in=["scheduled", "running", "done"])
    if not await open_.update(state="stopped", ended_at=now):
        raise Refused("not_found")
    await audit.record(staff_id, "broadcast.stop", f"broadcast:{broadcast_id}", now)


async def listed(now: datetime) -> tuple[View, ...]:
    """The newest ones, with what became of them a moment ago."""
    found = await fetch(f"{_SELECT} ORDER BY b.id DESC LIMIT ?", (PAGE,))
    return tuple([_view(row, await tallies.recent(row, now)) for row in found])


async def view(broadcast_id: int) -> View:
    """One of them. Raises `Refused("not_found")`."""
    found = await fetch(f"{_SELECT} WHERE b.id = ?", (broadcast_id,))
    if not found:
        raise Refused("not_found")
    return _view(found[0], await tallies.counted(broadcast_id, is_running=found[0]["state"] == "running"))


@reads
async def letter(scope: Scope, broadcast_id: int) -> Letter | None:  # noqa: ARG001 - the same for everybody
    """What is said; None once it was stopped."""
    row = await Broadcast.get_or_none(id=broadcast_id, state__in=["running", "done"])
    if row is None:
        return None
    files = (await attachments.view(row.picture_id),) if row.picture_id else ()
    return Letter(row.text, files, row.label, row.command)


async def is_stopped(conversation_id: int, seq: int) -> bool:
    """Whether this message is of a broadcast that was stopped."""
    found = await fetch("SELECT client_id FROM message WHERE conversation_id = ? AND seq = ?", (conversation_id, seq))
    name = found[0]["client_id"] if found else None
    id_ = (name or "").removeprefix(CLIENT_ID)
    return id_.isdigit() and await Broadcast.filter(id=int(id_), state="stopped").exists()


async def running(now: datetime) -> list[Broadcast]:
    """Those that are under way, the one first whose last turn is the longest ago; those whose time has come begin.

    One whose copies wait is not done, although a node of the release before, which knows of none that wait, may say so.
    """
    for row in await fetch(_UNFINISHED, (now - _NIGHT,)):
        await Broadcast.filter(id=row["id"], state="done").update(state="running", ended_at=None)
    if await Broadcast.filter(state="scheduled", send_at__lte=now).exists():
        await Broadcast.filter(state="scheduled", send_at__lte=now).update(state="running")
    rows = await Broadcast.filter(state="running")
    return sorted(rows, key=lambda row: (row.stepped_at or row.created_at, row.id))


async def last_step() -> datetime | None:
    """When any of them had a turn."""
    return as_time((await fetch("SELECT max(stepped_at) AS at FROM broadcast"))[0]["at"])


async def plan(broadcast_id: int, chosen: Sequence[Chosen], now: datetime) -> None:
    """A row for each who talks to nobody: they are told once, whoever asks again, and at whichever address.

    Who is one person is looked at now, inside the caller's transaction: whoever joined others since an earlier page has
    their row there.
    """
    contacts = await _contacts([one.at.conversation_id for one in chosen if not one.staffed])
    told = await _told(broadcast_id, [person for _contact, person in contacts.values()])
    copies = []
    for one in chosen:
        contact, person = contacts.get(one.at.conversation_id, (0, 0))
        if not person or person in told:
            continue
        told.add(person)
        copies.append(
            BroadcastCopy(
                broadcast_id=broadcast_id,
                conversation_id=one.at.conversation_id,
                person=contact,
                account=one.at.account,
                due_at=one.due(now),
            )
        )
    await BroadcastCopy.bulk_create(copies, ignore_conflicts=True)


async def _contacts(talks: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The contact of each of these conversations, and the person that it is of: the lowest id of their contacts."""
    if not talks:
        return {}
    found = await fetch(f"{_PERSONS} WHERE c.id IN ({marks(len(talks))})", talks)
    return {row["id"]: (row["contact_id"], row["person"]) for row in found}


async def _told(broadcast_id: int, people: Sequence[int]) -> set[int]:
    """Those of these people who have a row already, at any of their conversations."""
    if not people:
        return set()
    asked = marks(len(people))
    where = f"k.id IN ({asked}) OR k.person_id IN ({asked})"
    talks = {row["id"]: row["person"] for row in await fetch(f"{_PERSONS} WHERE {where}", [*people, *people])}
    rows = BroadcastCopy.filter(broadcast_id=broadcast_id, conversation_id__in=list(talks))
    return {talks[id_] for id_ in await rows.values_list("conversation_id", flat=True)}


async def due(broadcast_id: int, crowded: Sequence[str], now: datetime, limit: int) -> list[Copy]:
    """Whom to tell now, the longest due first; nobody of the accounts in `crowded`, which have enough to send."""
    besides = f" AND y.account NOT IN ({marks(len(crowded))})" if crowded else ""
    sql = f"{_DUE}{besides} ORDER BY y.due_at, y.account LIMIT ?"
    return [Copy(**row) for row in await fetch(sql, (broadcast_id, now, *crowded, limit))]


async def settle(connection: BaseDBAsyncClient, copies: Mapping[int, datetime | None]) -> None:
    """These copies, by id, are told now or left out (None), or wait until later."""
    await execute(connection, [(_SETTLE, [(until, id_) for id_, until in copies.items()])])


async def is_waited_for(broadcast_id: int) -> bool:
    """Whether anybody is still to be told, now or later."""
    return await BroadcastCopy.filter(broadcast_id=broadcast_id, due_at__isnull=False).exists()


def _draft_of(row: Broadcast) -> Draft:
    return Draft(row.text, audience_of(row), row.picture_id, row.label, row.command)


def audience_of(row: Broadcast) -> Audience:
    """Whom a broadcast is for."""
    return Audience(msgspec.json.decode(row.accounts, type=tuple[str, ...]), row.language, row.bought)  # type: ignore[arg-type]


#: So long after its end one may be found unfinished: no night is longer.
_NIGHT = timedelta(days=2)
_UNFINISHED = (
    "SELECT b.id FROM broadcast b WHERE b.state = 'done' AND b.ended_at > ? AND EXISTS "
    "(SELECT 1 FROM broadcast_copy y WHERE y.broadcast_id = b.id AND y.due_at IS NOT NULL)"
)
_PERSONS = (
    "SELECT c.id, c.contact_id, COALESCE(k.person_id, k.id) AS person FROM conversation c "
    "JOIN contact k ON k.id = c.contact_id"
)
_DUE = (
    "SELECT y.id, y.conversation_id, c.account, i.external_id FROM broadcast_copy y "
    "JOIN conversation c ON c.id = y.conversation_id JOIN identity i ON i.id = c.identity_id "
    "WHERE y.broadcast_id = ? AND y.due_at <= ?"
)
_SETTLE = "UPDATE broadcast_copy SET due_at = ? WHERE id = ?"
_SELECT = (
    "SELECT b.id, b.text, b.picture_id, b.label, b.command, b.accounts, b.language, b.bought, b.state, b.send_at, "
    "b.created_at, b.ended_at, b.counts, b.counted_at, s.name AS staff_name "
    "FROM broadcast b LEFT JOIN staff s ON s.id = b.staff_id"
)


def _view(row: Mapping[str, Any], counts: Counts) -> View:
    accounts = msgspec.json.decode(row["accounts"], type=tuple[str, ...])
    audience = Audience(accounts, row["language"], row["bought"])
    return View(
        id=row["id"],
        draft=Draft(row["text"], audience, row["picture_id"], row["label"], row["command"]),
        state=row["state"],
        send_at=moment(row["send_at"]),
        created_at=moment(row["created_at"]),
        ended_at=as_time(row["ended_at"]),
        staff_name=row["staff_name"] or "",
        counts=counts,
    )
