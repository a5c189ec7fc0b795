"""What a tapped button stands for, where the button itself could not carry it, and what it said."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from bot.core.message import Choice, Inbound, Reply
from bot.core.reference import parse_reference, referred
from bot.core.render import choices_of
from bot.runtime.state import ConversationState
from models.database import fetch

#: How many messages with buttons are looked through for what an old button said.
FAR_BACK = 40
_SAID = "SELECT body FROM message WHERE conversation_id = ? AND seq = ? AND author = 'bot' AND body <> ''"
_EARLIER = (
    "SELECT body FROM message WHERE conversation_id = ? AND author = 'bot' AND body <> '' ORDER BY seq DESC LIMIT ?"
)
_reply = msgspec.json.Decoder(Reply)


async def tapped(inbound: Inbound, state: ConversationState) -> tuple[Inbound, Choice | None]:
    """The inbound with its choice's data in place of a reference, and the choice; None where the thread has none."""
    if inbound.kind != "callback":
        return inbound, None
    if reference := parse_reference(inbound.data):
        rows = await fetch(_SAID, (state.id, reference.seq))
        choice = referred(_reply.decode(rows[0]["body"]), reference.place) if rows else None
        return (replace(inbound, data=choice.data) if choice else inbound), choice
    now = next((choice for choice in state.choices if choice.data == inbound.data), None)
    return inbound, now or await _earlier(inbound.data, state)


async def _earlier(data: str, state: ConversationState) -> Choice | None:
    """The latest choice of the thread that carries this; a button of long ago stays without words."""
    for row in await fetch(_EARLIER, (state.id, FAR_BACK)):
        for choice in choices_of(_reply.decode(row["body"])):
            if choice.data == data:
                return choice
    return None
