"""Who a stranger is: asked of the platform before the first answer, where it does not say with the message.

Whoever is told in time is met with their name and language. The others are met with an effect, which asks until
somebody answers, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import defaultdict
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from bot.core.errors import AccountWaits
from bot.core.events import RowChanged
from bot.core.faults import fault
from bot.core.message import Inbound
from bot.core.ports import Channel, Profile
from bot.runtime.attempts import Done
from bot.runtime.state import ConversationState
from bot.runtime.writes import NewEffect
from models.database import Statement

log = logging.getLogger(__name__)

#: How long a first answer waits for it, seconds. Where the answer has to be in the platform's own call, at most half of
#: the time for which that call is held open.
PATIENCE = 1.5
#: Calls of one account under way at once. One that hangs keeps its place until the channel gives it up, so that of a
#: platform that hangs only so many people wait.
MOST_AT_ONCE = 64
#: So many late answers are kept for the effects that ask for them.
MOST_LATE = 1_000
_IDENTITY = "UPDATE identity SET name = ?, locale = ? WHERE account = ? AND external_id = ?"
_CONTACT = (
    "UPDATE contact SET name = ? WHERE name = '' AND id = "
    "(SELECT contact_id FROM identity WHERE account = ? AND external_id = ?)"
)


class Stranger(msgspec.Struct, frozen=True):
    """Who is about to be met: what they did, with what their platform told of them.

    `untold`: it has told nothing yet, and is to be asked later.
    """

    inbound: Inbound
    untold: bool = False


class Introductions:
    """Asks before somebody is met. Nothing of it is stored: a process that ends leaves it to the next one."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._calls: dict[str, set[asyncio.Task[Profile | None]]] = defaultdict(set)  # under way, by account
        self._late: dict[tuple[str, str], asyncio.Task[Profile | None]] = {}  # nobody waited for them, oldest first
        self._rests: dict[str, float] = {}  # accounts that were asked to wait, and until when by the loop's clock

    async def introduce(self, inbound: Inbound) -> Stranger:
        """Its sender, with what the platform tells of them within `PATIENCE`; never raises."""
        account = inbound.account
        channel = self._channels.get(account)
        if channel is None or not channel.capabilities.profiles:
            return Stranger(inbound)
        calls = self._calls[account]
        if len(calls) >= MOST_AT_ONCE or self._rests.get(account, 0.0) > asyncio.get_running_loop().time():
            return Stranger(inbound, untold=True)
        # A task of its own: cut off after `PATIENCE`, a call that also fetches an access token would leave none.
        call = asyncio.create_task(self._ask(channel, inbound), context=contextvars.Context())
        calls.add(call)
        call.add_done_callback(calls.discard)
        await asyncio.wait([call], timeout=min(PATIENCE, channel.holds / 2 or PATIENCE))
        told = call.result() if call.done() else None
        if not call.done():
            self._keep(call, account, inbound.sender)
        if told is None:
            return Stranger(inbound, untold=True)
        return Stranger(replace(inbound, name=told.name or inbound.name, locale=told.locale or inbound.locale))

    def _keep(self, call: asyncio.Task[Profile | None], account: str, sender: str) -> None:
        self._late[account, sender] = call
        if len(self._late) > MOST_LATE:
            del self._late[next(iter(self._late))]

    async def late(self, account: str, sender: str) -> Profile | None:
        """What was told too late to greet them by, once it is; None where it was not asked here, or not told."""
        call = self._late.pop((account, sender), None)
        if call is None:
            return None
        await asyncio.wait([call])
        return None if call.cancelled() else call.result()

    async def _ask(self, channel: Channel, inbound: Inbound) -> Profile | None:
        try:
            return await _told(channel, inbound.sender)
        except AccountWaits as wait:
            self._rests[inbound.account] = asyncio.get_running_loop().time() + (wait.after or 0.0)
        except Exception as error:  # whatever it is, somebody waits for an answer
            facts = {"action": "profile.untold", "account": inbound.account}
            log.info("who a stranger is was not told", extra=facts | fault(error))
        return None

    async def close(self) -> None:
        """Cut off what is under way."""
        under_way = [call for calls in self._calls.values() for call in calls]
        for call in under_way:
            call.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _told(channel: Channel, person: str) -> Profile:
    """As the tables can hold it. Raises as `Channel.profile`."""
    found = await channel.profile(person)
    return Profile(found.name.replace("\0", "")[:200], found.locale.replace("\0", "")[:16])


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

    def __init__(self, channels: Mapping[str, Channel], introductions: Introductions) -> None:
        self._channels = channels
        self._introductions = introductions

    async def run(self, effect: NewEffect) -> Done:
        """What the platform says is written to the identity, and names a contact that has no name.

        It is asked once: a call that is under way since they were met tells it, too.
        """
        asked = msgspec.json.decode(effect.payload, type=ProfilePayload)
        channel = self._channels.get(asked.account)
        if channel is None:
            return Done()
        address = asked.account, asked.recipient
        found = await self._introductions.late(*address) or await _told(channel, asked.recipient)
        statements: tuple[Statement, ...] = (
            (_IDENTITY, [(found.name, found.locale, *address)]),
            (_CONTACT, [(found.name, *address)]),
        )
        told = found.name or found.locale
        return Done(statements, (RowChanged(effect.conversation_id or 0),)) if told else Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """They stay without a name: no reason to trouble staff."""
        return Done()
