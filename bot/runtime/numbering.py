"""What typed numbers and labels stand for while a question is open: what is told meanwhile takes none of them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from bot.core.message import Choice
from bot.core.question import Question, answer_data
from bot.core.words import normalise
from bot.runtime.state import ConversationState
from models.database import Statement, fetch

_CHANGED = "UPDATE conversation SET choices = ?, version = version + 1 WHERE id = ? AND choices = ?"
_NOW = "SELECT choices FROM conversation WHERE id = ?"
_ASKED = (
    "SELECT token, question FROM dialog WHERE conversation_id = ? AND state = 'asking' AND background = ? "
    "AND moved_to_id IS NULL ORDER BY id LIMIT 1"
)
#: So many other things have numbers behind those of a question; with more the next begin behind the question again.
MOST = 20
_choices = msgspec.json.Decoder(tuple[Choice, ...])
_question = msgspec.json.Decoder(Question)


def behind(state: ConversationState, said: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """What numbers and labels stand for once `said` was told meanwhile: it is the end of them, numbered on.

    It is all of them where no question is open that offers choices.
    """
    dialog = state.foreground
    if dialog is None or dialog.state != "asking" or dialog.question is None:
        return said
    asked = _asked(state.choices, dialog.token, dialog.question)
    return (*_before(state.choices, asked, said), *_after(state.choices[:asked], said)) if asked else said


async def left(conversation_id: int, choices: tuple[Choice, ...]) -> list[Statement]:
    """What numbers stand for once a message with these `choices` has left, later than it was said.

    Where a question was asked since, its numbers stay, and the message's choices are known by their labels. Where a
    turn changes it at this very moment, that holds.
    """
    rows = await fetch(_NOW, (conversation_id,))
    if not rows:
        return []
    before = _choices.decode(rows[0]["choices"])
    open_ = await fetch(_ASKED, (conversation_id, False))
    asked = _asked(before, open_[0]["token"], _question.decode(open_[0]["question"])) if open_ else 0
    if asked and not _go_on_behind(choices, before):
        known = {one.data for one in before}
        said = tuple(one for one in choices if one.data not in known)
        choices = (*_before(before, asked, said), *_after(before[:asked], said))
    return [(_CHANGED, [(msgspec.json.encode(choices).decode(), conversation_id, rows[0]["choices"])])]


def _asked(choices: Sequence[Choice], token: str, question: Question) -> int:
    """How many of them were there once the question was asked: they end with its own. 0 where it offers none."""
    own = answer_data(token, question.position, "")
    return max((number for number, one in enumerate(choices, 1) if one.data.startswith(own)), default=0)


def _go_on_behind(choices: Sequence[Choice], before: Sequence[Choice]) -> bool:
    """Whether these were numbered when there were just those before."""
    return [one.data for one in choices[: len(before)]] == [one.data for one in before]


def _before(before: Sequence[Choice], asked: int, said: Sequence[Choice]) -> list[Choice]:
    """What stays: each under its number, and under its label unless what is said now has the same one."""
    labels = {normalise(one.label) for one in said}
    others = before[asked:] if len(before) - asked + len(said) <= MOST else ()
    return [*before[:asked], *(_unnamed(one) if normalise(one.label) in labels else one for one in others)]


def _after(asked: Sequence[Choice], said: Sequence[Choice]) -> list[Choice]:
    """What is said now: a label of the open question stays the question's."""
    labels = {normalise(one.label) for one in asked}
    return [_unnamed(one) if normalise(one.label) in labels else one for one in said]


def _unnamed(choice: Choice) -> Choice:
    return replace(choice, label="", said=choice.said or choice.label)
