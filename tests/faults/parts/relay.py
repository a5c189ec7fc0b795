"""What connects two nodes dies, sleeps, or is cut off from one: the work and the screens go on from the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.faults import oracle, transcripts
from tests.faults.crowd import percentile
from tests.faults.nodes import Freezing, fair
from tests.faults.outages import KINDS, Between
from tests.faults.part import WHOLE, Counts, Findings, Part, Trial
from tests.faults.shop import Ends
from tests.faults.visitor import BROKEN, Visitor
from tests.faults.waits import Timed, Waits
from tests.kit.tcp_proxy import proxy
from tests.kit.telegram_server import TelegramServer

#: An outage that may be over before anybody notices, seconds; a long one lasts until a node must have said so.
SHORT, LONG = (0.3, 4.0), (6.2, 7.6)


@dataclass
class Readiness:
    """What /readyz said of the relay: seconds until a node was not ready, and until all were ready again."""

    went: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    """Two nodes, what is between them, and what people wait for."""

    trial: Trial
    nodes: Sequence[Freezing]
    between: Between
    waits: Waits
    said: Readiness
    spans: list[tuple[str, float, float]]  # of the outages: kind, begin and end

    async def outage(self, kind: str, seconds: float) -> None:
        """One, and the return from it."""
        began, clock = time.monotonic(), self.waits.clock
        started = clock.seconds
        async with self.between.out(kind) as hit:
            deaf, ready = await self._watches(seconds)
        lasted, awake = time.monotonic() - began, clock.seconds - started
        self.spans.append((kind, started, clock.seconds))
        if lasted - awake < 0.5:  # else the machine stood still: what a node then says of its line is true
            self._judges(kind, hit, deaf, ready)
        await self._comes_back()

    async def _watches(self, seconds: float) -> tuple[dict[int, float], dict[int, float]]:
        """When each node said first that it does not hear itself, and when it was asked last and did not say so."""
        clock, deaf, ready = self.waits.clock, dict[int, float](), dict[int, float]()
        began = clock.seconds
        while (passed := clock.seconds - began) < seconds:
            for number, node in enumerate(self.nodes):
                told = await node.readiness()
                if _is_deaf(told):
                    deaf.setdefault(number, passed)
                elif told:
                    ready[number] = passed
            await asyncio.sleep(0.1)
        return deaf, ready

    def _judges(self, kind: str, hit: frozenset[int], deaf: dict[int, float], ready: dict[int, float]) -> None:
        limit = self.trial.counts["not_ready_ms"] / 1000
        if late := [after for number, after in ready.items() if number in hit and after > limit]:
            self.said.wrong.append(f"{kind}: a node that did not hear itself was ready after {max(late):.1f} s")
        if kind != "slow" and deaf.keys() - hit:
            self.said.wrong.append(f"{kind}: a node that heard itself said that it does not")
        self.said.went += [deaf[number] for number in hit & deaf.keys()]

    async def _comes_back(self) -> None:
        clock, limit = self.waits.clock, self.trial.counts["ready_again_ms"] / 1000
        began = clock.seconds
        while not all([(await node.readiness()).get("ok") for node in self.nodes]):
            if clock.seconds - began > limit:
                self.said.wrong.append(f"a node was not ready again within {limit:g} s")
                return
            await asyncio.sleep(0.05)
        self.said.came.append(clock.seconds - began)


def _is_deaf(told: dict[str, object]) -> bool:
    reasons = told.get("reasons", ())
    return isinstance(reasons, list) and any(str(reason).startswith("relay:") for reason in reasons)


async def run(trial: Trial) -> Findings:
    """Visitors with a screen at each node, and people on Telegram, while one outage follows the other."""
    valkey, waits = await trial.servers.valkey(), Waits()
    async with AsyncExitStack() as doors:
        server = await doors.enter_async_context(TelegramServer())
        ways = [await doors.enter_async_context(proxy(valkey.port)) for _ in range(2)]
        urls = [f"redis://127.0.0.1:{way.port}/0" for way in ways]
        nodes = [await doors.enter_async_context(_node(trial, server, at, url)) for at, url in enumerate(urls)]
        scene = Scene(trial, nodes, Between(valkey, ways, trial.chance), waits, Readiness(), [])
        await asyncio.gather(*(node.start() for node in nodes))
        await fair(nodes)
        crowd = Timed(server, nodes, trial.count("people"), trial.chance)
        crowd.wait(waits)
        await doors.enter_async_context(crowd)
        screens = {
            number: [await doors.enter_async_context(Visitor(node.url)) for node in trial.chance.sample(nodes, 2)]
            for number in range(trial.count("visitors"))
        }
        told: dict[int, list[str]] = {number: [] for number in screens}
        async with waits.looking():
            async with crowd.writing(trial.counts["rate"]), _talking(scene, screens, told):
                await _outages(scene)
            await waits.end(15.0 if trial.variant == WHOLE else 3.0)
        alive = sum(node.process is not None and node.process.returncode is None for node in nodes)
        ends = Ends()
        for node in nodes:
            ends.add(await node.stop())
        found = await oracle.compare(trial.url, crowd.told, crowd.shown())
        wrong, figures = await transcripts.compare(trial.url, told, screens)
        wrong += found.wrong() + ends.wrong() + crowd.surprised() + _unordered(screens)
        wrong += [f"{len(nodes) - alive} nodes ended by themselves"] if alive < len(nodes) else []
        return _findings(scene, found.figures() | figures, wrong)


@asynccontextmanager
async def _node(trial: Trial, server: TelegramServer, number: int, redis: str) -> AsyncIterator[Freezing]:
    own = trial.folder / f"node{number}"
    own.mkdir()
    telegram, settings = (server.token, server.base), {"redis": {"url": redis}}
    node = Freezing(own, trial.url, telegram, variant=trial.variant, settings=settings)
    async with node:
        yield node


async def _outages(scene: Scene) -> None:
    trial, chance = scene.trial, scene.trial.chance
    kinds = [kind for kind in KINDS for _ in range(trial.count(kind))]
    chance.shuffle(kinds)
    await asyncio.sleep(0.5)
    for kind in kinds:
        is_short = chance.random() < trial.counts["short"]
        await scene.outage(kind, chance.uniform(*SHORT if is_short else LONG))
        await asyncio.sleep(chance.uniform(0.2, 1.0))


@asynccontextmanager
async def _talking(scene: Scene, screens: dict[int, list[Visitor]], told: dict[int, list[str]]) -> AsyncIterator[None]:
    enough = asyncio.Event()
    talks = [asyncio.create_task(_talks(scene, at, some, told[at], enough)) for at, some in screens.items()]
    try:
        yield
    finally:
        enough.set()
        results = await asyncio.gather(*talks, return_exceptions=True)
    for error in results:
        if error is not None:
            raise error


async def _talks(scene: Scene, number: int, screens: Sequence[Visitor], told: list[str], enough: asyncio.Event) -> None:
    """Says something now and then on the one screen; both should show it, and its answer."""
    speaks, looks = screens
    await speaks.opens()
    looks.token = speaks.token
    await looks.opens()
    names = [f"visitor {number} at {at}" for at in range(2)]
    for name, screen in zip(names, screens, strict=True):
        scene.waits.watch(name, partial(_shown, screen))
    while not enough.is_set():
        await asyncio.sleep(scene.trial.chance.uniform(0.5, 1.5))
        text = f"{number}/m{len(told)}"
        await _says(speaks, text)
        told.append(text)
        for name in names:
            scene.waits.told(name, text)
            scene.waits.told(name, f"echo {text}")


def _shown(screen: Visitor, at: int) -> list[str]:
    return [text for _, text in screen.seen[at:]]


async def _says(visitor: Visitor, text: str) -> None:
    """Until it is acknowledged; a line that broke is made anew."""
    while True:
        try:
            if await visitor.says(text, id=text):
                return
            await asyncio.sleep(0.5)
        except BROKEN:
            await visitor.cut()
            await visitor.opens()


def _unordered(screens: dict[int, list[Visitor]]) -> list[str]:
    count = sum(transcripts.falls(screen) for some in screens.values() for screen in some)
    return [f"{count} messages out of order on a screen"] if count else []


def _findings(scene: Scene, figures: dict[str, int], wrong: list[str]) -> Findings:
    counts, said, took = scene.trial.counts, scene.said, scene.waits.took
    during = [one.seconds for one in took if _outage_at(scene, one.at)]
    longest = max(took, key=lambda one: one.seconds)
    times = {
        "median_ms": percentile([one.seconds for one in took], 0.5),
        "wait_p99_ms": percentile(during, 0.99),
        "longest_wait_ms": round(longest.seconds * 1000, 1),
        "not_ready_after_ms": percentile(said.went, 1.0),
        "ready_again_after_ms": percentile(said.came, 1.0),
    }
    for name, what in (("wait_p99_ms", "a message waited, p99,"), ("longest_wait_ms", "a message waited")):
        if times[name] > counts[name]:
            wrong.append(f"{what} for {times[name]:.0f} ms")
    wrong += list(dict.fromkeys(said.wrong))
    when = {"longest_wait_when": _outage_at(scene, longest.at) or "all was well"}
    return Findings({"outages": len(scene.spans)} | figures | times | when, tuple(wrong))


def _outage_at(scene: Scene, at: float) -> str:
    """Its kind; "" when there was none. What was said just before one is part of it."""
    return next((kind for kind, began, ended in scene.spans if began - 1.0 <= at <= ended), "")


NONE: Counts = dict.fromkeys(KINDS, 0)
COMMON: Counts = {
    "visitors": 20, "people": 100, "rate": 40,
    "wait_p99_ms": 5_000, "longest_wait_ms": 8_000, "not_ready_ms": 6_000, "ready_again_ms": 8_000,
}  # fmt: skip

PART = Part(
    number=28,
    name="relay",
    promise="What connects two nodes dies, hangs, or is cut off from one of them: the work goes on by polling, screens "
    "catch up from the database, and a node is not ready until it hears itself",
    passes="0 lost, 0 doubled, 0 reordered, every transcript equals the database; a message waits ≤ 5 s, p99, while "
    "the nodes are deaf; not ready ≤ 6 s after, ready again ≤ 8 s",
    run=run,
    full={**dict.fromkeys(KINDS, 6), "short": 0.33, **COMMON},
    quick={**NONE, "stopped": 1, "deaf": 1, "slow": 1, "short": 0, **COMMON},
    small={**NONE, "visitors": 10, "people": 50, "rate": 20},
    armed={"hints-only": {"stopped": 1}, "trusts-its-line": {"deaf": 1}, "minds-its-own-line": {"deaf": 1}},
    databases=("postgres",),
    notes="`wait` is from the acknowledgement of a message until both screens of its visitor, one at each node, show "
    "it and its answer, and until somebody on Telegram has theirs.",
)
