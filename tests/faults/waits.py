"""How long what was acknowledged takes until people see it, by a clock that stands still where the machine does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from tests.faults.crowd import Json
from tests.faults.nodes import Awake, Balanced
from tests.kit.telegram_user import TelegramUser

Shown = Callable[[int], Sequence[str]]
"""What a screen shows, from its n-th text on."""


@dataclass(frozen=True, slots=True)
class Wait:
    """`text` was acknowledged at the second `at`, and its screen showed it `seconds` later."""

    screen: str
    text: str
    at: float
    seconds: float


class Waits:
    """`took` is what was waited for so far."""

    def __init__(self) -> None:
        self.clock = Awake()
        self.took: list[Wait] = []
        self._screens: dict[str, Shown] = {}
        self._read: dict[str, int] = {}
        self._seen: set[tuple[str, str]] = set()
        self._waiting: dict[tuple[str, str], float] = {}

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """At all screens, twenty times a second."""
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def watch(self, screen: str, shown: Shown) -> None:
        """From now on."""
        self._screens[screen], self._read[screen] = shown, 0

    def told(self, screen: str, text: str) -> None:
        """`text` should show there."""
        if (screen, text) in self._seen:
            self.took.append(Wait(screen, text, self.clock.seconds, 0.0))
        else:
            self._waiting[screen, text] = self.clock.seconds

    @property
    def unseen(self) -> int:
        """What nobody has seen yet."""
        return len(self._waiting)

    async def end(self, patience: float) -> None:
        """Until everything was seen. What does not come waits to the end."""
        began = self.clock.seconds
        while self._waiting and self.clock.seconds - began < patience:
            await asyncio.sleep(0.05)
        self.took += [Wait(*name, at, self.clock.seconds - at) for name, at in self._waiting.items()]

    async def _look(self) -> None:
        while True:
            await self.clock.tick()
            for screen, shown in self._screens.items():
                for text in shown(self._read[screen]):
                    self._read[screen] += 1
                    self._see(screen, text)

    def _see(self, screen: str, text: str) -> None:
        self._seen.add((screen, text))
        at = self._waiting.pop((screen, text), None)
        if at is not None:
            self.took.append(Wait(screen, text, at, self.clock.seconds - at))


class Timed(Balanced):
    """People whose answers are waited for."""

    waits: Waits

    def wait(self, waits: Waits) -> None:
        """Note from now on how long each answer takes."""
        self.waits = waits
        for person in self.people:
            waits.watch(f"telegram {person.id}", partial(_shown, person))

    async def delivers(self, told: Json) -> None:
        await super().delivers(told)
        message = told["message"]
        self.waits.told(f"telegram {message['chat']['id']}", f"echo {message['text']}")


def _shown(person: TelegramUser, at: int) -> list[str]:
    return [one.text for one in person.shown[at:]]
