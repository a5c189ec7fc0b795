"""What a customer who goes on in another app of theirs is told there, and with whom they were talking."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.registry import reads
from bot.services import person_codes, same_person
from bot.services.scope import Scope
from models import Conversation, Message

WORDS = 80


@dataclass(frozen=True, slots=True)
class LeftOff:
    """Where the other talk stood: the customer's last words there, and who of the staff had taken it over."""

    words: str
    owner_id: int | None
    owner: str


NOTHING = LeftOff("", None, "")


@reads
async def left_off(scope: Scope, code_id: int) -> LeftOff:
    """Of the talk in which that code was shown, which must be the same person's: nothing of anybody else's is told."""
    code = await person_codes.taken(code_id)
    if code is None:
        return NOTHING
    mine = await same_person.contacts(scope)
    found = Conversation.filter(identity_id=code.asked.identity_id, contact_id__in=mine)
    talk = await found.select_related("owner").first()
    if talk is None or talk.id == scope.conversation_id:
        return NOTHING
    said = Message.filter(conversation_id=talk.id, author="customer").exclude(text="").exclude(text__startswith="/")
    # What was said since confirmed the code, and is not what it was about.
    last = await said.filter(at__lte=code.used_at).order_by("-seq").first()
    owner = talk.owner if talk.owner and talk.owner.active else None
    return LeftOff(_short(last.text) if last else "", owner.id if owner else None, owner.name if owner else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WORDS else f"{line[: WORDS - 1].rstrip()}…"
