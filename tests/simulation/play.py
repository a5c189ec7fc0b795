"""One play: a seed draws the weather, the people and every accident, and the real runtime goes through it all."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from bot.core.events import MessageSaid
from bot.core.router import Routes
from bot.runtime import dialogs, effect_turns, effects
from bot.runtime.languages import Languages
from bot.runtime.node import Membership
from bot.runtime.parts import Parts
from bot.runtime.runtime import Runtime
from bot.runtime.schedule import Schedule
from bot.runtime.shop import Shop
from bot.services import webhooks
from bot.services.filing import Filing, Limits
from bot.storage import media
from bot.storage.keys import new_key
from bot.storage.local import LocalStorage
from tests.kit.profiles import TELEGRAM, WEBCHAT
from tests.kit.simulator import LOCALES
from tests.simulation.checks import at_any_time, at_rest
from tests.simulation.database import Disk, Faulty, disk, reading
from tests.simulation.loop import Crashed, Halted, SimulatedLoop
from tests.simulation.people import Customer, Desk
from tests.simulation.platform import Bank, Line, Post
from tests.simulation.shop import Stall
from tests.simulation.variants import VARIANTS
from tests.simulation.world import Weather, World

#: How many steps into a life a crash comes, at most: about as many as a life has.
LIFE_STEPS = 1_200
#: An hour and a half: the longest wait of a retry, and then some.
MOST_SECONDS = 5_400.0
LIMIT = 20 * 1024 * 1024
#: A platform that lets us say two things, soon after somebody wrote, and has to be asked who that is.
NARROW = replace(
    TELEGRAM, channel="narrow", reply_window=timedelta(minutes=1), reply_quota=2, proactive="no", profiles=True
)
TOWN = (("telegram", "ann"), ("narrow", "bob"), ("webchat", "eve"))
#: Who else is there where few may be answered at once.
CROWD = (("telegram", "cat"), ("telegram", "dan"))


@dataclass(frozen=True, slots=True)
class Played:
    """How a play ended. `digest` is the same whenever the same seed is played."""

    seed: int
    problem: str
    digest: str
    steps: int
    happened: Counter[str] = field(default_factory=Counter)
    story: tuple[str, ...] = ()

    def without_story(self) -> Played:
        """To be kept."""
        return replace(self, story=())


class Ticking(Schedule):
    """The regular jobs, on the simulated clock instead of the machine's."""

    def __init__(self) -> None:
        self._jobs: list[tuple[float, Any]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, name: str, job: Any) -> None:
        self._jobs.append((seconds, job))

    def start(self) -> None:
        self._tasks = [asyncio.get_running_loop().create_task(self._tick(*job)) for job in self._jobs]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tick(self, seconds: float, job: Any) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await job()
            except Exception:  # as the schedule: the next tick comes
                continue


class Play:
    """One seed on one disk."""

    membership = Membership()
    town = TOWN

    def __init__(self, seed: int, loop: SimulatedLoop, disk: Disk, folder: LocalStorage) -> None:
        chance = Random(seed)
        self._loop, self._disk, self._storage = loop, disk, folder
        self._weather = Weather.drawn(chance)
        loop.begin(chance, self._weather.disorder)
        disk.clear()
        self._hash = hashlib.sha256()
        self.story: list[str] = []
        self.world = self._made(chance, reading(disk.path))
        town = (*self.town, *CROWD) if self._weather.slots == 1 else self.town
        self._customers = [Customer.drawn(self.world, account, name) for account, name in town]
        self._desk = Desk(self.world)
        self._languages = Languages(LOCALES, ("en",))

    def _made(self, chance: Random, observer: sqlite3.Connection) -> World:
        return World(chance, self._weather, self._loop, observer, self._tell)

    def _tell(self, line: str) -> None:
        self.story.append(line)
        self._hash.update(line.encode())

    def run(self, seed: int) -> Played:
        """All lives, and the reckoning."""
        try:
            self._lives()
        except Halted as halted:
            problem = str(halted)
        else:
            problem = self._loop.halted
        self.world.observer.close()
        self.world.happened["reordered"] = self._loop.reordered
        digest = self._hash.hexdigest()[:16]
        return Played(seed, problem, digest, self._loop.steps, self.world.happened, tuple(self.story))

    def _lives(self) -> None:
        ends = ["crash"] * self._weather.crashes + ["stop"] * self._weather.stops
        self.world.chance.shuffle(ends)
        for end in (*ends, "rest"):
            if end == "crash":
                self._loop.crash_at = self._loop.steps + self.world.chance.randrange(30, LIFE_STEPS)
            if self._live(end) == "rest":
                break
        at_rest(self.world)

    def _live(self, end: str) -> str:
        """How it ended: a process may be at rest before it crashes."""
        line = Line(self.world)

        def dies() -> None:
            line.is_cut = True
            self._disk.die()

        try:
            self._loop.live(self._life(line, end), dies)
            end = "stop" if end == "stop" else "rest"
        except Crashed:
            end = "crash"
        except Exception as error:  # somebody outside was told what no program may say
            self.world.red(f"somebody got {error!r}")
        finally:
            self._loop.crash_at = None
        if not self._loop.halted:
            self.world.ended(end)
            at_any_time(self.world, self._languages)
        if self._loop.halted:
            raise Halted(self._loop.halted)
        return end

    async def _life(self, line: Line, end: str) -> None:
        await self._disk.connect()
        self.world.happened["lives"] += 1
        Faulty.fails = self.world.is_busy
        self._set_bounds()
        runtime = self.runtime(line)
        await runtime.start()
        people = [asyncio.create_task(one.live(runtime)) for one in (*self._customers, self._desk)]
        if end == "stop":
            await asyncio.sleep(self.world.chance.uniform(0.0, 6.0))
        else:
            await asyncio.gather(*people)
            await self._rest(runtime)
            await self._desk.goes_home(runtime)
            await self._rest(runtime)
        for one in people:
            one.cancel()
        await runtime.stop()

    def _set_bounds(self) -> None:
        effects.MOST_IN_MEMORY, effect_turns.CONCURRENCY = self._weather.memory, self._weather.slots

    async def _rest(self, runtime: Runtime) -> None:
        """Nothing waits, and nothing more was found when the table was looked at again."""
        quiet = 0.0
        while quiet <= effects.POLL_SECONDS:
            await asyncio.sleep(0.25)
            waits = runtime.waiting or runtime.effects.size
            quiet = 0.0 if waits else quiet + 0.25
            if self._loop.time() > MOST_SECONDS:
                self._loop.halt(f"{runtime.waiting} inbounds and {runtime.effects.size} effects never come to an end")

    def runtime(self, line: Line) -> Runtime:
        """The program's own, with a world around it that is not."""
        capabilities = {"telegram": TELEGRAM, "narrow": NARROW, "webchat": WEBCHAT}
        stall, bank = Stall(self.world), Bank(line)
        parts = Parts(
            shop=Shop(Routes([stall.router]), self._languages, dict(capabilities), "CNY"),
            channels={account: Post(account, able, line) for account, able in capabilities.items()},
            providers={},
            storage=self._storage,
            filing=Filing(self._storage, media, new_key),
            limits=Limits(LIMIT, LIMIT),
            callees={"pay": bank.pay},
            clock=self.world.clock,
            membership=self.membership,
        )
        runtime = Runtime(parts)
        runtime.schedule = Ticking()
        runtime.bus.subscribe(MessageSaid.topic, self.world.hears)
        return runtime


Make = Callable[[int, SimulatedLoop, Disk, LocalStorage], Play]


@contextmanager
def stage(
    make: Make = Play, variants: Mapping[str, Callable[[], AbstractContextManager[None]]] = VARIANTS
) -> Iterator[Callable[..., Played]]:
    """`play(seed, variant)`, as often as wanted; nothing else may use a database inside the block."""
    loop = SimulatedLoop()
    token, level = dialogs.new_token, logging.root.manager.disable
    bounds = effects.MOST_IN_MEMORY, effect_turns.CONCURRENCY
    logging.disable(logging.CRITICAL)
    try:
        with disk(loop) as made:
            storage = LocalStorage(made.path.parent / "files", low_space=0)

            def play(seed: int, variant: str = "whole") -> Played:
                numbers = itertools.count(1)
                webhooks.forget()
                dialogs.new_token = lambda: f"t{next(numbers)}"
                Faulty.fails = staticmethod(lambda: False)
                with variants[variant]():
                    return make(seed, loop, made, storage).run(seed)

            yield play
    finally:
        dialogs.new_token, Faulty.fails = token, staticmethod(lambda: False)
        effects.MOST_IN_MEMORY, effect_turns.CONCURRENCY = bounds
        logging.disable(level)
        loop.close()
