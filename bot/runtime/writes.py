"""What a batch of turns writes: rows gathered in memory, then a handful of statements in one go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from bot.core.events import Event, MessageSaid, MessageStored, RowChanged
from bot.core.journal import dump
from bot.core.message import Attachment, Reply
from bot.core.shard import shard_of
from bot.runtime.state import ConversationState, DialogState
from bot.services import webhooks
from models.database import Statement

_encode = msgspec.json.Encoder().encode
PREVIEW = 300
IMAGE_MARK, FILE_MARK = "🖼", "📎"


class NewEffect(msgspec.Struct, frozen=True):
    """One thing to do outside, as a row, and as what the effect runner works from without reading it back."""

    key: str
    kind: str
    lane: str
    payload: str  # JSON, for the executor of its kind
    conversation_id: int | None = None
    message_seq: int | None = None
    author: str = "system"
    epoch: int = 0
    attempts: int = 0


INSERT_MESSAGE = (
    "INSERT INTO message (conversation_id, seq, author, staff_id, text, body, client_id, delivery, at, external_id) "
    "VALUES (?,?,?,?,?,?,?,?,?,?)"
)
INSERT_EFFECT = (
    "INSERT INTO effect (key, kind, lane, shard, payload, conversation_id, message_seq, author, epoch, due_at, "
    "created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO NOTHING"
)
UPDATE_CONVERSATION = (
    "UPDATE conversation SET last_seq = ?, last_text = ?, last_author = ?, last_at = ?, unread = ?, waiting_since = ?, "
    "reason = ?, priority = ?, attention = ?, choices = ?, first_response_at = ?, closed_at = ?, updated_at = ?, "
    "epoch = ?, elsewhere_until = ?, continues_in = ?, version = version + 1 WHERE id = ?"
)
ATTENTION = "UPDATE conversation SET attention = ?, updated_at = ?, version = version + 1 WHERE id = ?"
#: What was cancelled while it was tried stays cancelled, and is no work for staff, whatever came of that.
STANDS = "EXISTS (SELECT 1 FROM effect WHERE effect.key = ? AND effect.state <> 'cancelled')"
ATTENTION_TO = f"{ATTENTION} AND {STANDS}"  # an effect that may be cancelled
INSERT_OPENING = "INSERT INTO opening (conversation_id, token, at, until, most) VALUES (?,?,?,?,?)"
# What waited for the customer to write goes its way, ahead of what is said now.
RELEASE = "UPDATE effect SET state = 'pending', due_at = ? WHERE conversation_id = ? AND state = 'held'"
CANCEL = (
    "UPDATE effect SET state = 'cancelled', done_at = ? WHERE conversation_id = ? AND author = 'bot' "
    "AND state IN ('pending', 'held', 'quiet')"
)
# Words whose files are cancelled were said. To be done before the next one.
SAID = (
    "UPDATE message SET delivery = 'sent' WHERE conversation_id = ? AND author = 'bot' AND delivery = 'held' "
    "AND EXISTS (SELECT 1 FROM message_piece p WHERE p.conversation_id = message.conversation_id "
    "AND p.seq = message.seq AND p.is_last AND p.delivery IN ('sent', 'delivered', 'read'))"
)
NOT_SAID = (
    "UPDATE message SET delivery = 'failed', error = 'takeover' WHERE conversation_id = ? AND author = 'bot' "
    "AND delivery IN ('queued', 'held', 'quiet')"
)
SAVE_DIALOG = (
    "INSERT INTO dialog (conversation_id, token, handler, state, background, trigger, journal, question, remind_at, "
    "expire_at, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (token) DO UPDATE SET "
    "state = excluded.state, journal = excluded.journal, question = excluded.question, "
    "remind_at = excluded.remind_at, expire_at = excluded.expire_at, updated_at = excluded.updated_at"
)
DELETE_DIALOG = "DELETE FROM dialog WHERE token = ?"
# What is settled keeps its key alone, so that it is not taken twice: the thread has the words, and an index of lanes
# that holds what waits stays small. What nobody could read is kept as it came.
INBOUND_DONE = (
    "UPDATE inbound SET state = 'done', lane = CASE kind WHEN 'unknown' THEN lane ELSE '' END, "
    "payload = CASE kind WHEN 'unknown' THEN payload ELSE '' END WHERE id = ?"
)
INBOUND_FAILED = "UPDATE inbound SET attempts = ?, error = ?, state = ? WHERE id = ?"
ADOPT_FILE = (
    "UPDATE attachment SET conversation_id = ?, contact_id = ?, message_seq = ?, source = '' WHERE id = ? "
    "AND (conversation_id IS NULL OR conversation_id = ?)"
)


@dataclass(slots=True)
class Writes:
    """The rows of one turn, or of a whole batch. `events` are published after the commit."""

    messages: list[tuple[Any, ...]] = field(default_factory=list)
    effects: list[NewEffect] = field(default_factory=list)
    conversations: list[tuple[Any, ...]] = field(default_factory=list)
    dialogs: list[tuple[Any, ...]] = field(default_factory=list)
    ended: list[tuple[Any, ...]] = field(default_factory=list)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    failed: list[tuple[Any, ...]] = field(default_factory=list)
    files: list[tuple[Any, ...]] = field(default_factory=list)
    openings: list[tuple[Any, ...]] = field(default_factory=list)
    released: list[tuple[Any, ...]] = field(default_factory=list)
    voided: list[tuple[Any, ...]] = field(default_factory=list)
    told: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)  # what a platform says of messages: SQL, row
    webhooks: list[webhooks.Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def add(self, other: Writes) -> None:
        """Take over everything of `other`, behind what is here."""
        for name in Writes.__slots__:
            getattr(self, name).extend(getattr(other, name))

    def statements(self, now: datetime) -> list[Statement]:
        """In an order that satisfies every foreign key; `now` dates the effects."""
        effects = [
            (
                one.key,
                one.kind,
                one.lane,
                shard_of(one.lane),
                one.payload,
                one.conversation_id,
                one.message_seq,
                one.author,
                one.epoch,
                now,
                now,
            )
            for one in self.effects
        ]
        return [
            (INSERT_MESSAGE, self.messages),
            (ADOPT_FILE, self.files),
            (INSERT_EFFECT, effects),
            (UPDATE_CONVERSATION, self.conversations),
            (SAVE_DIALOG, self.dialogs),
            (DELETE_DIALOG, self.ended),
            (INBOUND_DONE, self.done),
            (INBOUND_FAILED, self.failed),
            (INSERT_OPENING, self.openings),
            (webhooks.INSERT, self.webhooks),
            (RELEASE, [(now, id_) for (id_,) in self.released]),
            (CANCEL, [(now, id_) for id_, *_ in self.voided]),
            (SAID, [(id_,) for id_, *_ in self.voided]),
            (NOT_SAID, [(id_,) for id_, *_ in self.voided]),
            *((sql, [row]) for sql, row in self.told),
        ]

    def events_of(self, state: ConversationState) -> None:
        """Tell live screens of every message that is written here for `state`, and of its line in the list."""
        rich = {file[2] for file in self.files} | {one.message_seq for one in self.effects if one.kind == "store"}
        self.events += [_stored(state.lane, row, rich) for row in self.messages if row[0] == state.id]
        self.events.append(RowChanged(state.id))

    def save_dialog(self, state: ConversationState, dialog: DialogState, now: datetime) -> None:
        """Insert or update a dialog's row; of two in one turn the later one counts, for one statement writes all."""
        self.dialogs = [row for row in self.dialogs if row[1] != dialog.token]
        self.dialogs.append(
            (
                state.id, dialog.token, dialog.handler, dialog.state, dialog.background,
                _encode(dialog.trigger).decode(), dump(dialog.journal),
                _encode(dialog.question).decode() if dialog.question else "",
                dialog.remind_at, dialog.expire_at, dialog.created_at or now, now,
            )
        )  # fmt: skip

    def save_conversation(self, state: ConversationState, now: datetime) -> None:
        """Write the turn's end state of a conversation."""
        self.conversations.append(
            (
                state.last_seq, state.last_text, state.last_author, state.last_at or now, state.unread,
                state.waiting_since, state.reason, state.priority, state.attention,
                _encode(state.choices).decode() if state.choices else "[]", state.first_response_at, state.closed_at,
                now, state.epoch, state.elsewhere_until, state.continues_in, state.id,
            )
        )  # fmt: skip


def _stored(lane: str, row: tuple[Any, ...], rich: Collection[int | None]) -> MessageStored:
    """The event of a message's row; `rich` are the messages with files."""
    conversation_id, seq, author, staff_id, text, body, client_id, delivery, at, _ = row
    if body or staff_id is not None or seq in rich:
        return MessageStored(conversation_id, lane, seq)
    return MessageSaid(conversation_id, lane, seq, author, text, client_id or "", delivery, at)


def preview(text: str, reply: Reply | None = None, files: Sequence[Attachment] = ()) -> str:
    """What the desk's list shows of a message; a mark for each file, which the desk reads out in its own language."""
    words = text or (reply and (reply.cards[0].title if reply.cards else reply.summary and reply.summary.title)) or ""
    marks = "".join(IMAGE_MARK if file.kind == "image" else FILE_MARK for file in files[:3])
    return " ".join(f"{words[: PREVIEW - 4]} {marks}".split())[:PREVIEW]


def body_of(reply: Reply) -> str:
    """The JSON of a reply that is more than its text; "" for plain words."""
    rich = reply.buttons or reply.cards or reply.files or reply.summary or reply.input
    return _encode(reply).decode() if rich else ""
