"""Who asks a platform that their data be deleted is forgotten here: the wish is kept first, and carried out after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from bot.core.errors import ParleyError
from bot.core.events import ContactErased
from bot.core.message import Inbound
from bot.core.ports import Channel, Storage
from bot.runtime.attempts import Done
from bot.runtime.writes import NewEffect, Writes
from bot.services import audit, privacy, search
from models import Identity
from models.database import execute, transaction

log = logging.getLogger(__name__)


class ForgetPayload(msgspec.Struct, frozen=True):
    """Whom to forget, as the platform calls them."""

    account: str
    user: str


async def keep(inbounds: Sequence[Inbound], now: datetime) -> bool:
    """Keep these wishes as effects, each once; whether there were any. Raises `DatabaseBusy`."""
    effects = [_effect(inbound) for inbound in inbounds if inbound.kind == "forget"]
    if effects:
        async with transaction() as connection:
            await execute(connection, Writes(effects=effects).statements(now))
    return bool(effects)


def _effect(inbound: Inbound) -> NewEffect:
    key = f"forget:{inbound.account}:{inbound.key}"[:191]
    payload = msgspec.json.encode(ForgetPayload(inbound.account, inbound.sender)).decode()
    return NewEffect(key, "forget", key, payload)


class Forget:
    """The executor of `forget`."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        storage: Storage,
        published: Callable[[ContactErased], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._channels = channels
        self._storage = storage
        self._published = published
        self._clock = clock

    async def run(self, effect: NewEffect) -> Done:
        """Erase every contact that this person is; somebody whom we do not know is forgotten already."""
        asked = msgspec.json.decode(effect.payload, type=ForgetPayload)
        channel = self._channels.get(asked.account)
        people = await channel.people_of(asked.user) if channel else (asked.user,)
        found = await Identity.filter(account=asked.account, external_id__in=list(people)).values_list("contact_id")
        for (contact_id,) in found:
            await self._erase(int(contact_id))
        return Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """It is parked, where staff see it and try again."""
        return Done()

    async def _erase(self, contact_id: int) -> None:
        now = self._clock()
        async with transaction():
            keys = await privacy.erase(contact_id, now)
            await audit.record(None, "contact.erase", f"contact:{contact_id}", now)
        self._published(ContactErased(contact_id))
        for key in keys:
            await self._delete(key)
        await search.forget()

    async def _delete(self, key: str) -> None:
        with suppress(ParleyError):
            await self._storage.delete(key)
            return
        # The row is gone already, so nobody can open the file; the operator must remove its bytes.
        log.error("an erased file could not be deleted", extra={"action": "erase.file", "key": key})
