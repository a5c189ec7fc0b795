"""Who a stranger is: asked of the platform once, where it does not say with the message."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bot.core.events import RowChanged
from bot.core.ports import Channel
from bot.runtime.attempts import Done
from bot.runtime.state import ConversationState
from bot.runtime.writes import NewEffect
from models.database import Statement

_IDENTITY = "UPDATE identity SET name = ?, locale = ? WHERE account = ? AND external_id = ?"
_CONTACT = (
    "UPDATE contact SET name = ? WHERE name = '' AND id = "
    "(SELECT contact_id FROM identity WHERE account = ? AND external_id = ?)"
)


class ProfilePayload(msgspec.Struct, frozen=True):
    """Whom to ask about, and where."""

    account: str
    recipient: str


def asks(state: ConversationState) -> NewEffect:
    """The effect that asks about the person of this conversation, on a lane of its own: no answer waits for it."""
    payload = msgspec.json.encode(ProfilePayload(state.account, state.external_id)).decode()
    return NewEffect(f"profile:{state.identity_id}", "profile", f"profile:{state.identity_id}", payload, state.id)


class AskProfile:
    """The executor of `profile`."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    async def run(self, effect: NewEffect) -> Done:
        """What the platform says is written to the identity, and names a contact that has no name."""
        asked = msgspec.json.decode(effect.payload, type=ProfilePayload)
        channel = self._channels.get(asked.account)
        if channel is None:
            return Done()
        found = await channel.profile(asked.recipient)
        name, address = found.name[:200], (asked.account, asked.recipient)
        statements: tuple[Statement, ...] = (
            (_IDENTITY, [(name, found.locale[:16], *address)]),
            (_CONTACT, [(name, *address)]),
        )
        return Done(statements, (RowChanged(effect.conversation_id or 0),)) if name or found.locale else Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """They stay without a name: no reason to trouble staff."""
        return Done()
