"""The outside world of one process: a platform that refuses, hangs and loses answers, and a provider that charges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.core.capabilities import Capabilities
from bot.core.errors import ChannelUnavailable, Final, ProviderUnavailable, Unreachable
from bot.core.message import Inbound, Wire
from bot.core.ports import ORDINARY, Channel, HookRequest, Occasion, Profile, Sent
from tests.simulation.database import Dead
from tests.simulation.world import World

#: How often one message is refused: what is never sent would only be tried again for an hour.
MOST_REFUSALS = 2


class Line:
    """What leads from one process to the outside; `is_cut` when the process is gone."""

    def __init__(self, world: World, sender: Callable[[], int] = lambda: 0) -> None:
        self.world = world
        self.sender = sender  # the number of the node that calls; 0 where there is but one process
        self.is_cut = False

    def opened(self) -> int:
        """Who begins to send."""
        if self.is_cut:
            raise Dead
        return self.sender()

    async def takes_time(self) -> None:
        """A moment, sometimes longer than anybody's patience."""
        chance, slow = self.world.chance, self.world.weather.slow
        if self.is_cut:
            raise Dead
        if chance.random() < slow:
            await asyncio.sleep(chance.choice((0.3, 2.0, 9.0)))
        else:
            await asyncio.sleep(chance.choice((0.0, 0.0, 0.001, 0.05)))
        if self.is_cut:
            raise Dead


class Post(Channel):
    """A channel of a platform that we call."""

    def __init__(self, account: str, capabilities: Capabilities, line: Line) -> None:
        self.account = account
        self.capabilities = capabilities
        self._line = line
        self._world = line.world

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """It leaves in the middle: before and after it anything may happen."""
        with self._world.leaving(key, self._line.opened()) as sender:
            await self._line.takes_time()
            self._refuse(key)
            self._world.leaves(recipient, wire, key, sender)
        await self._line.takes_time()
        if self._world.chance.random() < self._world.weather.cut and self._world.sends[key].times < 2:
            self._world.was_cut(key)
            raise ChannelUnavailable("the connection was cut")
        return Sent(key)

    def _refuse(self, key: str) -> None:
        chance, weather = self._world.chance, self._world.weather
        if not weather.refused or chance.random() > weather.refused:
            return
        self._world.happened["refused"] += 1
        if chance.random() < 0.05 and key not in self._world.sends:
            self._world.hopeless.add(key)
            raise Unreachable("blocked")
        if self._refusals(key) < MOST_REFUSALS:
            raise ChannelUnavailable("down", after=chance.choice((None, 3.0)))

    def _refusals(self, key: str) -> int:
        self._world.refusals[key] += 1
        return self._world.refusals[key] - 1

    async def profile(self, recipient: str) -> Profile:
        """Refused once or twice, or later than a first answer waits for it."""
        await self._line.takes_time()
        if self._world.chance.random() < self._world.weather.refused and self._refusals(recipient) < MOST_REFUSALS:
            self._world.happened["untold"] += 1
            raise ChannelUnavailable("down")
        return Profile(f"{recipient} told", "en")

    def verify(self, request: HookRequest) -> None:
        """Everything is genuine here."""

    def parse(self, body: bytes) -> list[Inbound]:
        """People make inbounds themselves."""
        return []

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:
        """Takes as long as anything."""
        await self._line.takes_time()


class Bank:
    """The call that dialogs wait for: the same key is the same charge."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._world = line.world

    async def pay(self, key: str, number: int) -> str:
        """The receipt. Fails before it charges, after it, or for good."""
        chance, weather = self._world.chance, self._world.weather
        with self._world.leaving(key, self._line.opened()) as sender:
            await self._line.takes_time()
            if chance.random() < weather.refused * 0.3 and number not in self._world.payments:
                self._world.hopeless.add(key)
                raise Final("no money")
            self._world.pays(key, number, sender)
        await self._line.takes_time()
        if chance.random() < weather.cut:
            raise ProviderUnavailable("the connection was cut")
        return f"R{number}"
