"""Who is outside: customers whose platform delivers late, twice and again, and staff who take over at any moment."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from bot.core.errors import DatabaseBusy, Refused
from bot.core.message import Inbound
from tests.simulation.world import World

#: What people do, in bursts: the words of a burst follow each other, if nothing else comes between.
BURSTS: tuple[tuple[str, ...], ...] = (
    ("*",),
    ("*", "*"),
    ("*", "*", "*"),
    ("album",),
    ("/three",),
    ("/write",),
    ("/poison",),
    ("/order", "2", "*"),
    ("/order", "3", "skip"),
    ("/order", "many", "4", "back", "5", "*"),
    ("/order", "9"),
    ("/order", "later", "*", "tap"),
    ("/order", "cancel"),
    ("/order", "/order", "1", "tap"),
    ("/order", "1", "/three", "tap"),
    ("tap",),
)
STAFF = (1, 2)
_WITH_PEOPLE = "SELECT id FROM conversation WHERE owner_id IS NOT NULL OR elsewhere_until IS NOT NULL"


class DeskFront(Protocol):
    """What staff do to conversations."""

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None: ...
    async def give_back(self, conversation_id: int, staff_id: int) -> None: ...
    async def close(self, conversation_id: int, staff_id: int) -> None: ...
    async def say(
        self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]
    ) -> int: ...
    async def note(
        self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]
    ) -> int: ...


class ParkedFront(Protocol):
    """What failed for good."""

    async def retry(self, kind: str, id: int) -> None: ...  # noqa: A002 - as the runtime's


class Front(Protocol):
    """What people reach: a `Runtime`, or one of several."""

    @property
    def desk(self) -> DeskFront: ...
    @property
    def parked(self) -> ParkedFront: ...
    async def accept(self, inbounds: Sequence[Inbound]) -> int: ...


@dataclass
class Customer:
    """One person; `script` is what they will still do, `open` what the platform has no answer for."""

    world: World
    account: str
    name: str
    script: deque[str]
    open: dict[str, Inbound] = field(default_factory=dict)
    count: int = 0

    @classmethod
    def drawn(cls, world: World, account: str, name: str) -> Customer:
        """Somebody with something to say."""
        chance, share = world.chance, 0.0 if account == "webchat" else world.weather.elsewhere
        bursts = [chance.choice(BURSTS) for _ in range(chance.randint(2, 4))]
        words = [(*burst, "elsewhere") if share and chance.random() < share else burst for burst in bursts]
        return cls(world, account, name, deque(word for burst in words for word in burst))

    async def live(self, runtime: Front) -> None:
        """Go on where the last process left us."""
        chance = self.world.chance
        async with asyncio.TaskGroup() as group:
            for inbound in list(self.open.values()):
                group.create_task(self._deliver(runtime, inbound, chance.random()))
            while self.script:
                await asyncio.sleep(chance.choice((0.0, 0.02, 0.3, 2.0)))
                made = self._inbounds(self.script.popleft())
                deliveries = [group.create_task(self._deliver(runtime, one, wait)) for one, wait in made]
                if chance.random() < 0.7:
                    await asyncio.wait(deliveries)
            if self.world.weather.patience:
                await asyncio.sleep(chance.choice((30.0, 100.0, 250.0)))

    def _inbounds(self, word: str) -> list[tuple[Inbound, float]]:
        """What is delivered for a word, and after how many seconds: once or more, both parts of an album."""
        if word == "album":
            group = f"{self.name}{self.count}"
            made = [self._inbound("*", group=group), self._inbound("", group=group)]
        else:
            made = [self._inbound(word)]
        chance, copies = self.world.chance, self.world.weather.copies
        again = [one for one in made if chance.random() < copies]
        late = [(one, chance.choice((0.0, 0.005, 1.0, 4.0))) for one in again]
        return [*((one, 0.0) for one in made), *late]

    def _inbound(self, word: str, group: str = "") -> Inbound:
        self.count += 1
        key = f"{self.name}{self.count}"
        if word == "elsewhere":
            return self._written(Inbound(self.account, key, self.name, "echo", f"by hand {key}", external_id=key))
        data = self._button() if word == "tap" else ""
        text = f"words {key}" if word == "*" or (word == "tap" and not data) else word
        client_id = "" if group or text.startswith("words") else key
        made = Inbound(
            self.account, key, self.name, "callback" if data else "message", "" if data else text, data,
            group=group, client_id=client_id, name=self.name,
        )  # fmt: skip
        return self._written(made)

    def _written(self, made: Inbound) -> Inbound:
        self.world.note(f"{made.key}: {made.data or made.text!r}")
        self.world.written[made.key] = self.open[made.key] = made
        return made

    def _button(self) -> str:
        shown = [button.data for wire in self.world.screens[self.name] for row in wire.rows for button in row]
        return self.world.chance.choice(shown[-4:]) if shown else ""

    async def _deliver(self, runtime: Front, inbound: Inbound, wait: float) -> None:
        """As a platform does: again and again until it is acknowledged."""
        await asyncio.sleep(wait)
        self.world.delivers(inbound)
        while True:
            try:
                new = await runtime.accept([inbound])
            except DatabaseBusy:
                await asyncio.sleep(0.5)
                continue
            self.world.was_acknowledged(inbound, new)
            self.open.pop(inbound.key, None)
            return


@dataclass
class Desk:
    """Two people who take over, answer, give back and close, without asking each other."""

    world: World
    pauses: tuple[float, ...] = (0.0, 0.01, 0.1, 1.0)  # between two acts, seconds
    said: int = 0

    async def live(self, runtime: Front) -> None:
        """So many acts in this life."""
        for _ in range(self.world.weather.staff):
            await asyncio.sleep(self.world.chance.choice(self.pauses))
            await self._act(runtime)

    async def goes_home(self, runtime: Front) -> None:
        """Everything is given back, so that every dialog can come to its end."""
        for row in self.world.observer.execute(_WITH_PEOPLE).fetchall():
            await self._tried("give back", row["id"], partial(runtime.desk.give_back, row["id"], STAFF[0]))

    async def _act(self, runtime: Front) -> None:
        chance = self.world.chance
        if chance.random() < 0.15:
            await self._retry(runtime)
            return
        rows = self.world.observer.execute("SELECT id, owner_id FROM conversation ORDER BY id").fetchall()
        if not rows:
            return
        row, staff = chance.choice(rows), chance.choice(STAFF)
        id_ = row["id"]
        if row["owner_id"] is None:
            other = chance.random() < 0.3
            both = [
                partial(runtime.desk.take_over, id_, staff),
                *([partial(runtime.desk.take_over, id_, 3 - staff)] if other else []),
            ]
            await asyncio.gather(*(self._tried("take over", id_, one) for one in both))
        else:
            await self._owned(runtime, id_, row["owner_id"], staff)

    async def _retry(self, runtime: Front) -> None:
        for kind in ("effect", "inbound"):
            sql = f"SELECT id FROM {kind} WHERE state = 'parked' ORDER BY id LIMIT 1"
            for row in self.world.observer.execute(sql).fetchall():
                act = partial(runtime.parked.retry, kind, row["id"])
                clicks = self.world.chance.randint(1, 2)
                await asyncio.gather(*(self._tried(f"retry {kind}", row["id"], act) for _ in range(clicks)))

    async def _owned(self, runtime: Front, id_: int, owner: int, staff: int) -> None:
        self.said += 1
        word, client_id = self.world.chance.randrange(6), f"desk{self.said}"
        if word < 2:
            await self._tried("say", id_, partial(runtime.desk.say, id_, owner, client_id, f"staff {client_id}", ()))
        elif word == 2:
            await self._tried("force", id_, partial(runtime.desk.take_over, id_, staff, force=True))
        elif word == 3:
            await self._tried("note", id_, partial(runtime.desk.note, id_, staff, client_id, f"note {client_id}", ()))
        elif word == 4:
            await self._tried("give back", id_, partial(runtime.desk.give_back, id_, owner))
        else:
            await self._tried("close", id_, partial(runtime.desk.close, id_, owner))

    async def _tried(self, what: str, id_: int, act: Callable[[], Awaitable[object]]) -> None:
        try:
            await act()
        except (Refused, DatabaseBusy) as error:
            self.world.note(f"staff: {what} of {id_}: {error!r}")
        else:
            self.world.note(f"staff: {what} of {id_}")
            self.world.happened[what] += 1
