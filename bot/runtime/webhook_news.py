"""What a conversation's turn, or a word of staff, is to those who want to be told: gathered as rows of the same commit.

Where nobody wants anything of conversations and messages, nothing is gathered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.webhooks import is_wanted
from bot.runtime.state import ConversationState
from bot.services import webhooks
from models import Conversation

#: Whose messages are told of, and as what; notes and events are among staff.
_MESSAGES = {"customer": "message.received", "bot": "message.sent", "staff": "message.sent"}
Named = tuple[str, dict[str, Any]]
Message = tuple[Any, ...]  # a row of `Writes.messages`


@dataclass(frozen=True, slots=True)
class Before:
    """A conversation as a turn finds it."""

    is_new: bool
    was_closed: bool
    was_waiting: bool

    @staticmethod
    def of(state: ConversationState) -> Before:
        """Before the turn changes it."""
        return Before(state.last_seq == 0, state.closed_at is not None, state.waiting_since is not None)


async def of_turn(
    before: Before, state: ConversationState, messages: Iterable[Message], now: datetime
) -> list[webhooks.Row]:
    """The rows of what the turn did; `messages` are those of its writes."""
    if not (wanted := await webhooks.wanted()):
        return []
    return _rows([*_changes(before, state), *_said(state, messages)], wanted, state.id, now)


async def of_messages(row: Conversation, messages: Iterable[Message], now: datetime) -> list[webhooks.Row]:
    """The rows of what staff said."""
    wanted = await webhooks.wanted()
    return _rows(_said(row, messages), wanted, row.id, now) if wanted else []


async def of_staff(name: str, row: Conversation, more: dict[str, Any], now: datetime) -> list[webhooks.Row]:
    """The row of what staff did with a conversation."""
    return _rows([(name, _facts(row) | more)], await webhooks.wanted(), row.id, now)


def _facts(one: ConversationState | Conversation) -> dict[str, Any]:
    return {"conversation": one.id, "account": one.account, "contact": one.contact_id}


def _changes(before: Before, state: ConversationState) -> Iterator[Named]:
    if (before.is_new or before.was_closed) and state.last_seq and state.closed_at is None:
        yield "conversation.opened", _facts(state) | {"again": before.was_closed}
    if state.waiting_since is not None and not before.was_waiting:
        yield "conversation.waiting", _facts(state) | {"priority": state.priority}


def _said(one: ConversationState | Conversation, messages: Iterable[Message]) -> Iterator[Named]:
    for id_, seq, author, *_ in messages:
        if id_ == one.id and author in _MESSAGES:
            yield _MESSAGES[author], _facts(one) | {"seq": seq, "author": author}


def _rows(found: Iterable[Named], wanted: Collection[str], conversation_id: int, now: datetime) -> list[webhooks.Row]:
    subject = f"conversation:{conversation_id}"
    return [webhooks.event(name, subject, data, now) for name, data in found if is_wanted(name, wanted)]
