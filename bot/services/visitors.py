"""Visitors of the web chat: whoever holds the token is this visitor, and a row exists once they did something."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.core.errors import BadInput, Refused
from bot.core.message import FileRef
from bot.core.period import zone
from bot.services.filing import Filed
from models import Attachment, Contact, Conversation, Identity, Visitor
from models.database import as_time, fetch, marks

ACCOUNT = "webchat"
_RANDOM, _TAG = 64, 16  # hex digits
_LANES = 1024  # of one query
_SEEN_STEP = timedelta(minutes=1)
#: When what waits to be handled came, and what was said in the newest lines of the thread.
_RECENT = (
    "SELECT at FROM (SELECT received_at AS at FROM inbound WHERE lane = ? AND state = 'pending' AND received_at > ? "
    "UNION ALL SELECT at FROM (SELECT author, at FROM message WHERE conversation_id = "
    "(SELECT id FROM conversation WHERE lane = ?) ORDER BY seq DESC LIMIT 200) AS newest "
    "WHERE author = 'customer' AND at > ?) AS recent ORDER BY at"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who a token stands for. Only hashes of the token are kept or travel."""

    external_id: str
    token_hash: str

    @property
    def lane(self) -> str:
        """The lane of this visitor's conversation."""
        return f"{ACCOUNT}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """A visitor's conversation as it stands; `owner` is the name of the person who took over."""

    conversation_id: int
    contact_id: int
    last_seq: int
    owner: str | None
    locale: str
    continues_in: int | None = None  # the conversation in another app where they went on
    zone: str = ""  # where their clock is, as far as we know


def issue(secret: bytes) -> str:
    """A new token: 256 random bits and a mark that it is ours, so that one without a row is known, too."""
    random = secrets.token_hex(_RANDOM // 2)
    return random + _tag(secret, random)


def read(secret: bytes, token: str) -> Visit | None:
    """Who the token stands for; None for one that we did not issue. Costs no query."""
    if len(token) != _RANDOM + _TAG or not token.isascii():
        return None
    random, tag = token[:_RANDOM], token[_RANDOM:]
    if not hmac.compare_digest(_tag(secret, random).encode(), tag.encode()):
        return None
    # The id comes from the token, so two tabs that start at once agree on it before there is a row.
    return Visit(_digest("visitor id", token)[:32], _digest("visitor token", token))


async def remember(met: Sequence[tuple[Visit, str]], now: datetime) -> None:
    """Make the rows of visitors and their languages, unless they are there; inside the caller's transaction."""
    rows = [
        Visitor(token_hash=visit.token_hash, external_id=visit.external_id, locale=locale, created_at=now, seen_at=now)
        for visit, locale in met
    ]
    await Visitor.bulk_create(rows, ignore_conflicts=True)


async def seen(visit: Visit, now: datetime) -> None:
    """This visitor reads at this moment; written at most once a minute."""
    await Visitor.filter(external_id=visit.external_id, seen_at__lt=now - _SEEN_STEP).update(seen_at=now)


async def place(visit: Visit) -> Place | None:
    """The visitor's conversation, or None while there is none."""
    columns = (
        "id", "contact_id", "last_seq", "owner__name", "contact__locale", "continues_in", "identity__timezone",
    )  # fmt: skip
    rows = await Conversation.filter(lane=visit.lane).limit(1).values_list(*columns)
    return Place(*rows[0]) if rows else None


async def learn_zone(visit: Visit, name: str) -> None:
    """Their browser's clock is in this zone; what somebody knew before stays, and what is no zone is left out."""
    with suppress(BadInput):
        found = Identity.filter(account=ACCOUNT, external_id=visit.external_id, timezone="")
        await found.update(timezone=zone(name).key)


async def account_of(conversation_id: int) -> str:
    """The channel account of a conversation; "" for one that is gone."""
    rows = await Conversation.filter(id=conversation_id).limit(1).values_list("account", flat=True)
    return str(rows[0]) if rows else ""


async def recent_messages(visit: Visit, now: datetime, seconds: float) -> tuple[int, float]:
    """How many messages of this visitor were kept in the last `seconds`, and how long ago the first of them was."""
    since = now - timedelta(seconds=seconds)
    rows = await fetch(_RECENT, (visit.lane, since, visit.lane, since))
    return _span([as_time(row["at"]) for row in rows], now)


async def recent_uploads(visit: Visit, now: datetime, seconds: float) -> tuple[int, float]:
    """The same of files; a visitor whom we do not know yet has none."""
    where, since = await place(visit), now - timedelta(seconds=seconds)
    if where is None:
        return 0, 0.0
    times = Attachment.filter(contact_id=where.contact_id, created_at__gt=since)
    return _span(await times.order_by("created_at").values_list("created_at", flat=True), now)


def _span(times: Sequence[Any], now: datetime) -> tuple[int, float]:
    return len(times), (now - times[0]).total_seconds() if times else 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """How far a visitor's conversation has come; `owner` as in `Place`."""

    conversation_id: int
    lane: str
    last_seq: int
    owner: str | None


async def rooms(lanes: Sequence[str]) -> list[Room]:
    """The conversations of these lanes, as far as there are any: a query for a thousand of them."""
    found: list[Room] = []
    for at in range(0, len(lanes), _LANES):
        some = lanes[at : at + _LANES]
        # Filled up, so that there are few different statements: the driver keeps each.
        full = [*some, *[some[-1]] * ((1 << (len(some) - 1).bit_length()) - len(some))]
        rows = await fetch(
            "SELECT c.id, c.lane, c.last_seq, s.name AS owner FROM conversation c "  # noqa: S608 - only marks
            f"LEFT JOIN staff s ON s.id = c.owner_id WHERE c.lane IN ({marks(len(full))})",
            full,
        )
        found += [Room(row["id"], row["lane"], row["last_seq"], row["owner"]) for row in rows]
    return found


async def locale_of(visit: Visit) -> str:
    """The language that this visitor chose, "" if none."""
    rows = await Visitor.filter(external_id=visit.external_id).limit(1).values_list("locale", flat=True)
    return str(rows[0]) if rows else ""


async def choose_locale(visit: Visit, locale: str, now: datetime) -> None:
    """The visitor wants this language from now on; inside the caller's transaction."""
    await Visitor.filter(external_id=visit.external_id).update(locale=locale)
    where = await place(visit)
    if where:
        await Contact.filter(id=where.contact_id).update(locale=locale, updated_at=now)


async def attach(filed: Filed, now: datetime, *, visit: Visit, where: Place | None) -> Attachment:
    """The row of an upload. Before the first message there is no conversation: `source` says whose it is."""
    source = FileRef(filed.kind, visit.lane, filed.name, filed.stored.media_type, filed.stored.size)
    return await file_row(
        filed,
        now,
        conversation_id=where.conversation_id if where else None,
        contact_id=where.contact_id if where else None,
        source=msgspec.json.encode(source).decode(),
    )


async def file_row(
    filed: Filed, now: datetime, *, conversation_id: int | None, contact_id: int | None, source: str = ""
) -> Attachment:
    """The row of a file that is in the store."""
    return await Attachment.create(
        conversation_id=conversation_id,
        contact_id=contact_id,
        kind=filed.kind,
        name=filed.name,
        media_type=filed.stored.media_type,
        size=filed.stored.size,
        sha256=filed.stored.sha256,
        state="stored",
        storage_key=filed.stored.key,
        display_key=filed.display_key,
        thumb_key=filed.thumb_key,
        width=filed.width,
        height=filed.height,
        source=source,
        created_at=now,
    )


async def uploads(visit: Visit, ids: tuple[int, ...]) -> tuple[FileRef, ...]:
    """This visitor's own uploads, in the order asked for. Raises `Refused("no_file")` if one is not theirs."""
    rows = {row.id: row for row in await Attachment.filter(id__in=ids, state="stored")}
    where = await place(visit) if rows else None
    for row in rows.values():
        if not _is_of(row, visit, where):
            raise Refused("no_file")
    if len(rows) < len(ids):
        raise Refused("no_file")
    return tuple(
        FileRef(row.kind, "", row.name, row.media_type, row.size, row.id)  # type: ignore[arg-type]
        for row in (rows[id_] for id_ in ids)
    )


def _is_of(row: Attachment, visit: Visit, where: Place | None) -> bool:
    if row.conversation_id is not None:
        return where is not None and row.conversation_id == where.conversation_id
    return bool(row.source) and msgspec.json.decode(row.source, type=FileRef).ref == visit.lane


def _tag(secret: bytes, random: str) -> str:
    return hmac.new(secret, f"visitor token {random}".encode(), hashlib.sha256).hexdigest()[:_TAG]


def _digest(purpose: str, token: str) -> str:
    return hashlib.sha256(f"{purpose} {token}".encode()).hexdigest()
