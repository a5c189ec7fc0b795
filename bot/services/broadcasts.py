"""What the shop tells many at once: the words, who is meant, how it stands, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from bot.core.errors import Refused
from bot.core.message import Attachment
from bot.core.registry import reads
from bot.services import attachments, audit
from bot.services.rows import moment
from bot.services.scope import Scope
from models import Broadcast, BroadcastCopy
from models.database import as_time, fetch, marks

Bought = Literal["", "yes", "no"]
CLIENT_ID = "news:"
PAGE = 50


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant: of these accounts (none: all), of this language ("": any), who bought something or never did."""

    accounts: tuple[str, ...] = ()
    language: str = ""
    bought: Bought = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said; a button has a label and the command that it starts."""

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
class Recipient:
    """One of those who want news; `staffed` while a person has the word there."""

    conversation_id: int
    account: str
    external_id: str
    person_id: int | None
    owner_id: int | None
    elsewhere_until: datetime | None

    def is_with_people(self, now: datetime) -> bool:
        """Whether the bot may not speak there."""
        return self.owner_id is not None or (self.elsewhere_until is not None and self.elsewhere_until > now)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of it so far; who is `planned` and nowhere else was left out, or is about to be told."""

    planned: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    unsubscribed: int = 0


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


async def create(draft: Draft, send_at: datetime, staff_id: int, now: datetime) -> int:
    """Have it sent at this time; inside the caller's transaction. Raises `Refused("blank")` without words."""
    if not draft.text.strip():
        raise Refused("blank", field="text")
    row = await Broadcast.create(
        text=draft.text,
        picture_id=draft.picture_id,
        label=draft.label if draft.command else "",
        command=draft.command if draft.label else "",
        accounts=msgspec.json.encode(draft.audience.accounts).decode(),
        language=draft.audience.language,
        bought=draft.audience.bought,
        staff_id=staff_id,
        send_at=max(send_at, now),
        created_at=now,
    )
    await audit.record(staff_id, "broadcast.create", f"broadcast:{row.id}", now)
    return int(row.id)


async def stop(broadcast_id: int, staff_id: int, now: datetime) -> None:
    """Whoever has not got it does not; inside the caller's transaction. Raises `Refused("not_found")`."""
    open_ = Broadcast.filter(id=broadcast_id, state__in=["scheduled", "running", "done"])
    if not await open_.update(state="stopped", ended_at=now):
        raise Refused("not_found")
    await audit.record(staff_id, "broadcast.stop", f"broadcast:{broadcast_id}", now)


async def listed() -> tuple[View, ...]:
    """The newest ones."""
    found = await fetch(f"{_SELECT} ORDER BY b.id DESC LIMIT ?", (PAGE,))
    return tuple([await _view(row) for row in found])


async def view(broadcast_id: int) -> View:
    """One of them. Raises `Refused("not_found")`."""
    found = await fetch(f"{_SELECT} WHERE b.id = ?", (broadcast_id,))
    if not found:
        raise Refused("not_found")
    return await _view(found[0])


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


async def size(audience: Audience) -> int:
    """Everybody who is meant, whether they want news or not."""
    where, values = _where(audience)
    return int((await fetch(f"SELECT count(*) AS n {_FROM} WHERE {where}", values))[0]["n"])


async def recipients(audience: Audience, after: int, limit: int) -> tuple[Recipient, ...]:
    """Those of them who said yes to news, by conversation, behind conversation `after`."""
    where, values = _where(audience)
    rows = await fetch(
        "SELECT c.id, c.account, c.owner_id, c.elsewhere_until, i.external_id, k.person_id "
        f"{_FROM} WHERE c.id > ? AND {_WANTED} = TRUE AND {where} ORDER BY c.id LIMIT ?",
        (after, *values, limit),
    )
    return tuple(
        Recipient(
            row["id"],
            row["account"],
            row["external_id"],
            row["person_id"],
            row["owner_id"],
            as_time(row["elsewhere_until"]),
        )
        for row in rows
    )


async def plan(broadcast: Broadcast, chosen: Sequence[Recipient]) -> None:
    """A row for each: they are told once, whoever asks again."""
    copies = [BroadcastCopy(broadcast_id=broadcast.id, conversation_id=one.conversation_id) for one in chosen]
    await BroadcastCopy.bulk_create(copies, ignore_conflicts=True)


def audience_of(row: Broadcast) -> Audience:
    """Whom a broadcast is for."""
    return Audience(msgspec.json.decode(row.accounts, type=tuple[str, ...]), row.language, row.bought)  # type: ignore[arg-type]


_FROM = "FROM conversation c JOIN identity i ON i.id = c.identity_id JOIN contact k ON k.id = c.contact_id"
_WANTED = "(SELECT n.given FROM consent n WHERE n.identity_id = i.id AND n.kind = 'news' ORDER BY n.id DESC LIMIT 1)"
_PAID = (
    'EXISTS (SELECT 1 FROM "order" o WHERE o.paid_at IS NOT NULL AND o.contact_id IN (SELECT COALESCE(p.id, h.id) '
    "FROM contact h LEFT JOIN contact p ON p.person_id = h.person_id WHERE h.id = c.contact_id))"
)
_CHINESE = "(CASE WHEN k.locale <> '' THEN k.locale ELSE i.locale END) LIKE 'zh%'"
_SELECT = (
    "SELECT b.id, b.text, b.picture_id, b.label, b.command, b.accounts, b.language, b.bought, b.state, b.send_at, "
    "b.created_at, b.ended_at, s.name AS staff_name FROM broadcast b LEFT JOIN staff s ON s.id = b.staff_id"
)


def _where(audience: Audience) -> tuple[str, list[Any]]:
    parts, values = ["i.staff_id IS NULL"], list[Any]()
    if audience.accounts:
        parts.append(f"c.account IN ({marks(len(audience.accounts))})")
        values += audience.accounts
    if audience.language:
        parts.append(_CHINESE if audience.language == "zh" else f"NOT {_CHINESE}")
    if audience.bought:
        parts.append(_PAID if audience.bought == "yes" else f"NOT {_PAID}")
    return " AND ".join(parts), values


async def _view(row: Mapping[str, Any]) -> View:
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
        counts=await _counts(row["id"]),
    )


_DELIVERIES = (
    "SELECT m.delivery, count(*) AS n FROM broadcast_copy y JOIN message m ON m.conversation_id = y.conversation_id "
    "AND m.client_id = ? WHERE y.broadcast_id = ? GROUP BY m.delivery"
)
_LEFT = (
    "SELECT count(DISTINCT y.conversation_id) AS n FROM broadcast_copy y "
    "JOIN conversation c ON c.id = y.conversation_id "
    "JOIN message m ON m.conversation_id = y.conversation_id AND m.client_id = ? "
    "JOIN consent n ON n.identity_id = c.identity_id AND n.kind = 'news' AND n.given = FALSE AND n.at >= m.at "
    "WHERE y.broadcast_id = ?"
)


async def _counts(broadcast_id: int) -> Counts:
    name = f"{CLIENT_ID}{broadcast_id}"
    deliveries = {row["delivery"]: int(row["n"]) for row in await fetch(_DELIVERIES, (name, broadcast_id))}
    return Counts(
        planned=await BroadcastCopy.filter(broadcast_id=broadcast_id).count(),
        waiting=sum(deliveries.get(state, 0) for state in ("queued", "held", "quiet")),
        sent=deliveries.get("sent", 0) + deliveries.get("", 0),  # a web chat has it with the row
        delivered=deliveries.get("delivered", 0),
        read=deliveries.get("read", 0),
        failed=deliveries.get("failed", 0),
        unsubscribed=int((await fetch(_LEFT, (name, broadcast_id)))[0]["n"]),
    )
