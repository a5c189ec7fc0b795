"""Who asks a platform that their data be deleted is forgotten here: the wish is kept first, and carried out after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from bot.core.events import ContactErased
from bot.core.message import Inbound
from bot.core.ports import Channel, Storage
from bot.runtime.attempts import Done
from bot.runtime.writes import NewEffect, Writes
from bot.services import deletions, privacy
from models import Identity
from models.database import execute, transaction


class ForgetPayload(msgspec.Struct, frozen=True):
    """Whom to forget, as the platform calls them, and the code by which they see what became of it."""

    account: str
    user: str
    code: str = ""


async def keep(inbounds: Sequence[Inbound], now: datetime) -> bool:
    """Keep these wishes as effects, each once; whether there were any. Raises `DatabaseBusy`."""
    wishes = [inbound for inbound in inbounds if inbound.kind == "forget"]
    if wishes:
        rows = [(inbound.account, inbound.data, now) for inbound in wishes]
        effects = [_effect(inbound) for inbound in wishes]
        async with transaction() as connection:
            await execute(connection, [(deletions.ASK, rows), *Writes(effects=effects).statements(now)])
    return bool(wishes)


def _effect(inbound: Inbound) -> NewEffect:
    key = deletions.effect_key(inbound.account, inbound.data)
    payload = msgspec.json.encode(ForgetPayload(inbound.account, inbound.sender, inbound.data)).decode()
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
        contacts = [int(contact_id) for (contact_id,) in found]
        await deletions.look(asked.code, await privacy.extent(contacts))
        for contact_id in contacts:
            await privacy.forget(contact_id, None, self._storage, self._clock(), self._published)
        await deletions.done(asked.code, self._clock())
        return Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """It is parked, where staff see it and try again."""
        return Done()
