"""The connected shops of a runtime: each is read, and what one tells is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.ports import HookAnswer, HookRequest
from bot.runtime import store_access
from bot.runtime.lease import Lease
from bot.runtime.store_sending import Steps
from bot.runtime.store_syncing import Clock, Connected, Syncing
from bot.services import store_hints, store_privacy, store_states
from bot.services.filing import Filing, Limits


@dataclass(frozen=True, slots=True)
class Known:
    """A connected shop: its name in the configuration, that of its system, and after how many seconds it is asked."""

    name: str
    title: str
    every: float


class Stores:
    """All connected shops."""

    def __init__(
        self, connected: Sequence[Connected], lease: Lease, filing: Filing, limits: Limits, clock: Clock, steps: Steps
    ) -> None:
        self._clock, self._storage, self._published = clock, steps.storage, steps.published
        self._known = tuple(Known(one.store.name, one.store.title, one.every) for one in connected)
        self._connected = {one.store.name: one.store for one in connected}
        self._syncing = {one.store.name: Syncing(one, lease, filing, limits, clock, steps) for one in connected}

    @property
    def known(self) -> tuple[Known, ...]:
        """Those of the configuration."""
        return self._known

    async def compare(self, name: str, staff_id: int) -> None:
        """Staff want it compared now. Raises as `store_states.ask`."""
        await store_states.ask(name, staff_id, self._clock())
        if name in self._syncing:
            self._syncing[name].hint()

    async def hear(self, name: str, call: HookRequest) -> HookAnswer | None:
        """Keep what a shop tells; what it wants to hear. None for no shop of ours.

        Raises `Unauthorised`, `BadInput`, `DatabaseBusy`.
        """
        store = self._connected.get(name)
        if store is None:
            return None
        store.verify(call)
        said = store.parse(call)
        for asked in (one for one in said if one.about == "privacy"):
            # At once: a shop that left answers no question any more.
            await store_privacy.take(name, asked, self._storage, self._clock(), self._published)
        for left in (one for one in said if one.about == "access"):
            await store_access.left(store, left, self._clock())
        if hints := [one for one in said if one.about not in ("privacy", "access")]:
            await store_hints.keep(name, hints, self._clock())
            self._syncing[name].hint()
        return store.answer()

    def install_at(self, name: str, back: str, state: str) -> str | None:
        """Where staff allow our app what it needs, to come back with `state`; None for no shop to install in."""
        store = store_access.installable(self._connected.get(name))
        return store.install_at(back, state) if store else None

    async def installed(self, name: str, query: Mapping[str, str], staff_id: int) -> None:
        """Staff came back from there: whoever reads the shop begins soon. Raises as `Installable.install`."""
        await store_access.take(self._connected[name], query, staff_id, self._clock())

    def start(self) -> None:
        """Read them from here on."""
        for one in self._syncing.values():
            one.start()

    async def stop(self) -> None:
        """Leave them."""
        await asyncio.gather(*(one.stop() for one in self._syncing.values()))

    async def close(self) -> None:
        """Close their connections."""
        await asyncio.gather(*(one.close() for one in self._connected.values()))
