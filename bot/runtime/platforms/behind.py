"""What a platform says of a message that is just leaving is heard again once that has left, and we know its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b

import msgspec

from bot.core.message import Inbound
from bot.runtime.attempts import Done
from bot.runtime.state import ConversationState
from bot.runtime.writes import NewEffect

KIND = "status"
_PREFIX = "behind:"
_inbound = msgspec.json.Decoder(Inbound)


def heard_again(state: ConversationState, inbound: Inbound) -> NewEffect:
    """The effect, on the conversation's lane: it is behind all that leaves now, and holds up nothing that comes in."""
    key = _PREFIX + blake2b(f"{inbound.account}:{inbound.key}".encode(), digest_size=20).hexdigest()
    return NewEffect(key, KIND, state.lane, msgspec.json.encode(inbound).decode(), state.id)


def is_again(inbound: Inbound) -> bool:
    """Whether it was heard before: what it names has left by now, or is none of ours."""
    return inbound.key.startswith(_PREFIX)


class HearAgain:
    """The executor of it. It is kept before the effect is done, so a crash between repeats neither."""

    def __init__(self, accept: Callable[[Sequence[Inbound]], Awaitable[int]]) -> None:
        self._accept = accept

    async def run(self, effect: NewEffect) -> Done:
        """Raises `DatabaseBusy`."""
        await self._accept([msgspec.structs.replace(_inbound.decode(effect.payload), key=effect.key)])
        return Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """It is parked, where staff see it and try again."""
        return Done()
