"""The messages of a conversation with their files, read in as few queries as a screen needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from bot.core.events import MessageSaid
from bot.core.message import Reply
from bot.services import pay_links
from bot.services.attachments import FileView
from bot.services.rows import moment
from models.database import fetch, marks

VISIBLE = ("customer", "bot", "staff")  # a visitor sees no notes and no events
_COLUMNS = (
    "m.conversation_id, m.seq, m.author, m.staff_id, m.text, m.body, m.client_id, m.delivery, m.error, m.at, "
    "m.changed, s.name AS staff_name"
)
_FROM = "FROM message m LEFT JOIN staff s ON s.id = m.staff_id"
FILE_COLUMNS = (
    "id, kind, name, media_type, size, state, error, width, height, storage_key, display_key, thumb_key, public, "
    "conversation_id, contact_id, message_seq"
)
_PAIRS = 40  # conversations in one query
_ROWS = 1000  # of one query
_EMPTY = Reply()


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message; `files` are all that came with it, `pictures` those of its cards, by attachment id.

    `fates` are those of its links that lead to a payment and cannot be used any more, by address. `changed` is what the
    customer did to it since: "edited", or "deleted" with everything that it held.
    """

    conversation_id: int
    seq: int
    author: str
    staff_id: int | None
    staff_name: str
    text: str
    reply: Reply
    client_id: str
    delivery: str
    error: str
    at: datetime
    files: tuple[FileView, ...] = ()
    pictures: Mapping[int, FileView] = field(default_factory=dict)
    fates: Mapping[str, pay_links.Use] = field(default_factory=dict)
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in ascending order; `more` of them lie beyond, in the direction that was asked for."""

    messages: tuple[MessageView, ...]
    more: bool


async def later(conversation_id: int, after: int, limit: int, *, staff: bool, budget: int = 300_000) -> Page:
    """Messages with `seq > after`, oldest first, about `budget` characters of text at most."""
    rows = await fetch(
        f"SELECT {_COLUMNS} {_FROM} WHERE m.conversation_id = ? AND m.seq > ? {_authors(staff)} ORDER BY m.seq LIMIT ?",
        (conversation_id, after, limit + 1),
    )
    kept = _within(rows[:limit], budget)
    return Page(await _views(kept), len(kept) < len(rows))


async def newest(conversation_id: int, limit: int, *, staff: bool, before: int | None = None) -> Page:
    """The newest messages, or the newest with `seq < before`, in ascending order."""
    older, values = ("AND m.seq < ?", (before,)) if before is not None else ("", ())
    rows = await fetch(
        f"SELECT {_COLUMNS} {_FROM} WHERE m.conversation_id = ? {older} {_authors(staff)} ORDER BY m.seq DESC LIMIT ?",
        (conversation_id, *values, limit + 1),
    )
    kept = _within(rows[:limit], 300_000)
    return Page(await _views(kept[::-1]), len(kept) < len(rows))


async def since(wanted: Mapping[int, int], *, staff: bool) -> dict[int, tuple[MessageView, ...]]:
    """What came after a seq in many conversations at once: `{conversation: seq}`."""
    rows: list[Any] = []
    pairs = sorted(wanted.items())
    for at in range(0, len(pairs), _PAIRS):
        batch = dict(pairs[at : at + _PAIRS])
        while batch:
            page = await _after(batch, _authors(staff))
            rows += page
            batch = _unread(batch, page)
    grouped: dict[int, list[MessageView]] = {}
    for message in await _views(rows):
        grouped.setdefault(message.conversation_id, []).append(message)
    return {conversation: tuple(messages) for conversation, messages in grouped.items()}


async def _after(wanted: Mapping[int, int], authors: str) -> list[Any]:
    either = " OR ".join("(m.conversation_id = ? AND m.seq > ?)" for _ in wanted)
    return await fetch(
        f"SELECT {_COLUMNS} {_FROM} WHERE ({either}) {authors} ORDER BY m.conversation_id, m.seq LIMIT {_ROWS}",
        [value for pair in wanted.items() for value in pair],
    )


def _unread(wanted: Mapping[int, int], page: Sequence[Any]) -> dict[int, int]:
    """What a full page left out: the rest of its last conversation, and those behind it."""
    if len(page) < _ROWS:
        return {}
    last, seq = page[-1]["conversation_id"], page[-1]["seq"]
    return {last: seq} | {conversation: after for conversation, after in wanted.items() if conversation > last}


async def some(names: Iterable[tuple[int, int]]) -> tuple[MessageView, ...]:
    """Messages by `(conversation, seq)`; those that are gone are left out."""
    pairs = list(dict.fromkeys(names))
    rows: list[Any] = []
    for at in range(0, len(pairs), _PAIRS):
        batch = pairs[at : at + _PAIRS]
        either = " OR ".join("(m.conversation_id = ? AND m.seq = ?)" for _ in batch)
        rows += await fetch(
            f"SELECT {_COLUMNS} {_FROM} WHERE {either} ORDER BY m.conversation_id, m.seq",
            [value for pair in batch for value in pair],
        )
    return await _views(rows)


async def files(ids: Sequence[int]) -> dict[int, FileView]:
    """Attachments by id."""
    if not ids:
        return {}
    one_of = f"SELECT {FILE_COLUMNS} FROM attachment WHERE id IN ({marks(len(ids))})"  # noqa: S608 - only marks
    rows = await fetch(one_of, list(ids))
    return {row["id"]: file_view(row) for row in rows}


def file_view(row: Any) -> FileView:
    """A raw row of `attachment`."""
    values = {name: row[name] for name in FileView.__dataclass_fields__}
    return FileView(**values | {"public": bool(row["public"])})


def _authors(staff: bool) -> str:
    return "" if staff else "AND m.author IN ('customer', 'bot', 'staff')"


def _within(rows: Sequence[Any], budget: int) -> list[Any]:
    """At least one row, then as many as fit: a slow phone must not be sent megabytes in one piece."""
    kept: list[Any] = []
    for row in rows:
        budget -= len(row["text"]) + len(row["body"]) + 200
        if kept and budget < 0:
            break
        kept.append(row)
    return kept


async def _views(rows: Sequence[Any]) -> tuple[MessageView, ...]:
    replies = [_reply(row["body"]) for row in rows]
    sent = await _sent_with(rows)
    named = {file.id for reply in replies for file in reply.files}
    named |= {card.image.id for reply in replies for card in reply.cards if card.image}
    known = await files(sorted(named))
    fates = await _fates(rows, replies)
    return tuple(_view(row, reply, known, sent, fates) for row, reply in zip(rows, replies, strict=True))


async def _fates(rows: Sequence[Any], replies: Sequence[Reply]) -> dict[str, pay_links.Use]:
    """What has become of the links that these messages offer."""
    offering = [(row, urls) for row, reply in zip(rows, replies, strict=True) if (urls := _urls(reply))]
    conversations = {row["conversation_id"] for row, _ in offering}
    return await pay_links.fates(conversations, {url for _, urls in offering for url in urls})


def _urls(reply: Reply) -> list[str]:
    return [button.url for button in reply.buttons if button.url]


def _view(
    row: Any,
    reply: Reply,
    known: Mapping[int, FileView],
    sent: Mapping[tuple[int, int], Any],
    fates: Mapping[str, pay_links.Use],
) -> MessageView:
    shown = {file.id: known[file.id] for file in reply.files if file.id in known}
    if row["changed"] != "deleted":
        shown |= {file.id: file for file in sent.get((row["conversation_id"], row["seq"]), ())}
    cards = {card.image.id for card in reply.cards if card.image}
    return MessageView(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        author=row["author"],
        staff_id=row["staff_id"],
        staff_name=row["staff_name"] or "",
        text=row["text"],
        reply=reply,
        client_id=row["client_id"] or "",
        delivery=row["delivery"],
        error=row["error"],
        at=moment(row["at"]),
        files=tuple(file for file in shown.values() if file.id not in cards),
        pictures={id_: known[id_] for id_ in cards if id_ in known},
        fates={url: fates[url] for url in _urls(reply) if url in fates},
        changed=row["changed"],
    )


def plain(said: MessageSaid) -> MessageView:
    """A message that is words alone, as it would be read back."""
    return MessageView(
        said.conversation_id, said.seq, said.author, None, "", said.text, _EMPTY, said.client_id, said.delivery, "",
        said.at,
    )  # fmt: skip


def _reply(body: str) -> Reply:
    return msgspec.json.decode(body, type=Reply) if body else _EMPTY


async def _sent_with(rows: Sequence[Any]) -> dict[tuple[int, int], list[FileView]]:
    """Files by the message that they came with."""
    if not rows:
        return {}
    conversations = sorted({row["conversation_id"] for row in rows})
    seqs = sorted({row["seq"] for row in rows})
    found = await fetch(
        f"SELECT {FILE_COLUMNS} FROM attachment WHERE conversation_id IN ({marks(len(conversations))}) "  # noqa: S608
        f"AND message_seq IN ({marks(len(seqs))}) ORDER BY id",
        [*conversations, *seqs],
    )
    grouped: dict[tuple[int, int], list[FileView]] = {}
    for row in found:
        grouped.setdefault((row["conversation_id"], row["message_seq"]), []).append(file_view(row))
    return grouped
