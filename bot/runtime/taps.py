"""What a tapped button stands for, where the button itself could not carry it."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bot.core.message import Inbound, Reply
from bot.core.reference import parse_reference, referred
from bot.runtime.state import ConversationState
from models.database import fetch

_SAID = "SELECT body FROM message WHERE conversation_id = ? AND seq = ? AND author = 'bot' AND body <> ''"
_reply = msgspec.json.Decoder(Reply)


async def meant(inbound: Inbound, state: ConversationState) -> Inbound:
    """The inbound with the data of its choice in place of a reference; as it came when there is nothing to find."""
    if not (reference := parse_reference(inbound.data)):
        return inbound
    choice = None
    for row in await fetch(_SAID, (state.id, reference.seq)):
        choice = referred(_reply.decode(row["body"]), reference.place)
    return replace(inbound, data=choice.data) if choice else inbound
