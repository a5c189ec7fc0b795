"""What typed numbers stand for while a question is open: what is told meanwhile takes none of them away."""

from __future__ import annotations

import msgspec

from bot.core.message import Choice
from bot.core.question import Question, answer_data
from bot.runtime.state import ConversationState
from models.database import Statement, fetch

_CHANGED = "UPDATE conversation SET choices = ?, version = version + 1 WHERE id = ? AND choices = ?"
_NOW = "SELECT choices FROM conversation WHERE id = ?"
_ASKED = (
    "SELECT token, question FROM dialog WHERE conversation_id = ? AND state = 'asking' AND background = ? "
    "AND moved_to_id IS NULL ORDER BY id LIMIT 1"
)
_choices = msgspec.json.Decoder(tuple[Choice, ...])
_question = msgspec.json.Decoder(Question)


def taken(state: ConversationState) -> tuple[Choice, ...]:
    """What numbers stand for already, where the open question offers choices: numbers of other things go on behind."""
    dialog = state.foreground
    if dialog is None or dialog.state != "asking" or dialog.question is None:
        return ()
    return state.choices if _are_of(state.choices, dialog.token, dialog.question) else ()


async def left(conversation_id: int, choices: tuple[Choice, ...]) -> list[Statement]:
    """What numbers stand for once a message with these `choices` has left, later than it was said.

    Where a question was asked since, its numbers stay, and the message's choices are known by their labels. Where a
    turn changes it at this very moment, that holds.
    """
    rows = await fetch(_NOW, (conversation_id,))
    if not rows:
        return []
    before = _choices.decode(rows[0]["choices"])
    asked = await fetch(_ASKED, (conversation_id, False))
    is_open = bool(asked) and _are_of(before, asked[0]["token"], _question.decode(asked[0]["question"]))
    if is_open and choices[: len(before)] != before:
        choices = (*before, *(one for one in choices if one not in before))
    return [(_CHANGED, [(msgspec.json.encode(choices).decode(), conversation_id, rows[0]["choices"])])]


def _are_of(choices: tuple[Choice, ...], token: str, question: Question) -> bool:
    own = answer_data(token, question.position, "")
    return any(choice.data.startswith(own) for choice in choices)
