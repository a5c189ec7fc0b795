"""With whom a customer was talking who goes on in another app of theirs.

What they wrote is not said there: words that were read out cannot be given back.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.registry import reads
from bot.services import person_codes, same_person
from bot.services.scope import Scope
from models import Conversation


@dataclass(frozen=True, slots=True)
class LeftOff:
    """With whom the other talk was: the member of staff who had taken it over."""

    owner_id: int | None
    owner: str


NOTHING = LeftOff(None, "")


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
    owner = talk.owner if talk.owner and talk.owner.active else None
    return LeftOff(owner.id, owner.name) if owner else NOTHING
