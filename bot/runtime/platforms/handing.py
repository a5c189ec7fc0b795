"""Who wants a person is given to one in the platform's own client, where the account is set so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from bot.core.errors import Final
from bot.core.events import MessageChanged, RowChanged
from bot.core.ports import Channel
from bot.runtime.attempts import Done
from bot.runtime.lease import Lease
from bot.runtime.platforms.told import ELSEWHERE
from bot.runtime.roll import assure_node
from bot.runtime.state import ConversationState
from bot.runtime.void import silence
from bot.runtime.writes import ATTENTION_TO, NewEffect
from models import locks
from models.database import transaction

KIND = "handover"
#: Told the lane, the conversation and its epoch: what the bot said before does not leave.
Voids = Callable[[str, int, int], None]


class HandOverPayload(msgspec.Struct, frozen=True):
    """Whom, and where."""

    account: str
    recipient: str


def gives(state: ConversationState, now: datetime) -> NewEffect:
    """The effect, on the conversation's lane: what was said before leaves first, since the platform then takes no more.

    A member of staff who takes over here before it is done keeps the word: it is cancelled as what the bot says.
    """
    payload = msgspec.json.encode(HandOverPayload(state.account, state.external_id)).decode()
    key = f"{KIND}:{int(now.timestamp() * 1000):x}:{state.id}:{state.last_seq}"
    return NewEffect(key, KIND, state.lane, payload, state.id, None, "bot", state.epoch)


class HandOver:
    """The executor of it. Done twice, it is done once: the platform is asked who has the conversation."""

    def __init__(
        self, channels: Mapping[str, Channel], voids: Voids, clock: Callable[[], datetime], lease: Lease
    ) -> None:
        self._channels = channels
        self._voids = voids
        self._clock = clock
        self._lease = lease

    async def run(self, effect: NewEffect) -> Done:
        """The bot is silent from here on, as after a message of a person there: also where it answered meanwhile.

        Where nobody took it, it waits for a person at the desk here, and the bot goes on.
        """
        asked = msgspec.json.decode(effect.payload, type=HandOverPayload)
        channel, node = self._channels.get(asked.account), self._lease.node
        if channel is None:
            raise Final(f"the channel account {asked.account!r} is not configured any more")
        if not await channel.hand_over(asked.recipient):
            return Done()
        id_ = effect.conversation_id or 0
        async with transaction() as connection:
            row = await locks.conversation(id_)
            await assure_node(node, connection)
            if row is None:
                return Done()
            now = self._clock()
            row.elsewhere_until, row.epoch = now + ELSEWHERE, row.epoch + 1
            await row.save(update_fields=["elsewhere_until", "epoch", "version"])
            cancelled = await silence(connection, id_, now)
        self._voids(effect.lane, id_, row.epoch)
        return Done(events=(*(MessageChanged(id_, effect.lane, seq) for seq in cancelled), RowChanged(id_)))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """It is parked; the conversation waits at the desk here, which is told that something went wrong."""
        note = ("send", self._clock(), effect.conversation_id, effect.key)
        return Done(((ATTENTION_TO, [note]),), (RowChanged(effect.conversation_id or 0),))
