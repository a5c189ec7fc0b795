"""What is true outside of the process: what was acknowledged, what left, what was paid; it notices what must not be.

The world outlives every crash. It looks at the database with a connection of its own, at the very moment at which
something leaves, so that a promise that is broken for one step is seen.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bot.core.events import Event, MessageSaid
from bot.core.message import Inbound, Wire
from tests.simulation.loop import SimulatedLoop

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
#: What leaves has asked the database a few things first: so many seconds it may be on its way before it is seen.
ASKING = 1.0
_EFFECT = (
    "SELECT e.state, e.author, e.lane, e.message_seq, c.owner_id FROM effect e "
    "LEFT JOIN conversation c ON c.id = e.conversation_id WHERE e.key = ?"
)
_CANCELLED = "SELECT key FROM effect WHERE conversation_id = ? AND message_seq < ? AND state = 'cancelled'"
_CROSSED = (
    "SELECT 1 FROM effect e JOIN message m ON m.conversation_id = e.conversation_id AND m.seq > e.message_seq "
    "WHERE e.key = ? AND e.state = 'cancelled' AND m.author = 'event' AND m.text = 'elsewhere'"
)
_IN_DOUBT = "SELECT key, lane FROM effect WHERE state = 'pending' AND key IN ({marks})"


@dataclass(frozen=True, slots=True)
class Weather:
    """How unkind one play is, drawn from its seed. Shares are between 0 and 1."""

    disorder: float
    crashes: int
    stops: int
    busy: float  # of the beginnings and commits of transactions
    refused: float  # of the sends: they never left
    cut: float  # of the sends: they left, and the answer was lost
    slow: float  # of the sends and calls
    stumbles: float  # of the services that write
    copies: float  # of the inbounds: they come again
    hangs: float  # of the readings: longer than a turn may take
    staff: int  # things that staff do in a life
    memory: int  # effects that a process holds at once
    slots: int  # effects of an account that are under way at once
    elsewhere: float  # of the bursts: a person answers in the platform's own client
    patience: bool  # whether reminders and expiries have their time

    @classmethod
    def drawn(cls, chance: Random) -> Weather:
        """Every play has some of it, few have all."""
        return cls(
            disorder=chance.choice((0.0, 0.1, 0.5)),
            crashes=chance.choice((0, 1, 1, 2, 3)),
            stops=chance.choice((0, 0, 0, 1)),
            busy=chance.choice((0.0, 0.0, 0.05)),
            refused=chance.choice((0.0, 0.1, 0.3)),
            cut=chance.choice((0.0, 0.0, 0.1)),
            slow=chance.choice((0.0, 0.05, 0.2)),
            stumbles=chance.choice((0.0, 0.3)),
            copies=chance.choice((0.0, 0.3, 0.8)),
            hangs=chance.choice((0.0, 0.0, 0.1)),
            staff=chance.choice((0, 3, 6)),
            memory=chance.choice((5_000, 5_000, 4)),
            patience=chance.random() < 0.15,
            slots=chance.choice((64, 64, 1)),
            elsewhere=chance.choice((0.0, 0.5)),
        )


@dataclass
class Sends:
    """Of one effect: the text that left, how often, and how many repeats an accident excuses."""

    text: str
    times: int = 0
    excused: int = 0
    refused: int = 0


@dataclass
class World:
    """The facts of one play."""

    chance: Random
    weather: Weather
    loop: SimulatedLoop
    observer: sqlite3.Connection
    trace: Callable[[str], None] = lambda _: None
    written: dict[str, Inbound] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)  # key: how often it was called new
    after: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what was acknowledged before, in its lane
    sends: dict[str, Sends] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)  # left in this life, perhaps not recorded
    last_sent: dict[str, tuple[int, int]] = field(default_factory=dict)  # by lane: (seq, index)
    void: dict[str, float] = field(default_factory=dict)  # effects that were cancelled, and when screens were told
    hopeless: set[str] = field(default_factory=set)  # effects that failed for good
    payments: dict[int, str] = field(default_factory=dict)  # order: the key that it was charged under
    screens: dict[str, list[Wire]] = field(default_factory=lambda: defaultdict(list))
    refusals: Counter[str] = field(default_factory=Counter)  # by effect
    happened: Counter[str] = field(default_factory=Counter)

    # what the process is told of the world

    def clock(self) -> datetime:
        """The simulated time."""
        return START + timedelta(seconds=self.loop.time())

    def number(self) -> int:
        """Another one each time."""
        self.happened["numbers"] += 1
        return self.happened["numbers"]

    def stumbles(self) -> bool:
        """Whether a service fails at this moment."""
        return self.chance.random() < self.weather.stumbles

    async def thinks(self) -> None:
        """A moment, sometimes longer than a turn may take."""
        hangs = self.chance.random() < self.weather.hangs
        await asyncio.sleep(11.0 if hangs else self.chance.choice((0.0, 0.01, 0.1, 0.5)))

    def is_busy(self) -> bool:
        """Whether the database refuses at this moment."""
        return self.weather.busy > 0 and self.chance.random() < self.weather.busy

    # what the world sees

    def note(self, what: str) -> None:
        """One line of the play's story."""
        self.trace(f"{self.loop.time():9.3f} {self.loop.steps:6d}  {what}")

    def red(self, what: str) -> None:
        """A promise is broken."""
        self.note(f"RED {what}")
        self.loop.halt(what)

    def delivers(self, inbound: Inbound) -> None:
        """The platform begins to deliver."""
        if inbound.key not in self.after:
            lane = inbound.lane
            self.after[inbound.key] = tuple(key for key in self.acknowledged if self.written[key].lane == lane)

    def was_acknowledged(self, inbound: Inbound, new: int) -> None:
        """`accept` has returned."""
        self.note(f"acknowledged {inbound.key} ({'new' if new else 'known'})")
        self.happened["inbound" if new else "duplicate"] += 1
        where = (inbound.account, inbound.key)
        if not self.observer.execute("SELECT 1 FROM inbound WHERE account = ? AND key = ?", where).fetchone():
            self.red(f"{inbound.key} was acknowledged before it was on disk")
        self.acknowledged[inbound.key] = self.acknowledged.get(inbound.key, 0) + new
        if self.acknowledged[inbound.key] > 1:
            self.red(f"{inbound.key} was new twice")

    async def hears(self, events: Sequence[Event]) -> None:
        """What screens are told: where somebody has answered elsewhere, what the bot had still to say is void."""
        for event in events:
            if isinstance(event, MessageSaid) and (event.author, event.text) == ("event", "elsewhere"):
                where = (event.conversation_id, event.seq)
                for row in self.observer.execute(_CANCELLED, where).fetchall():
                    self.void.setdefault(row["key"], self.loop.time())

    @contextmanager
    def leaving(self, key: str, sender: int) -> Iterator[int]:
        """A message or a charge is on its way out; yields who sends it."""
        if self.loop.time() > self.void.get(key, math.inf) + ASKING:
            self.red(f"{key} began to leave after screens were told that a person has the word")
        yield sender

    def leaves(self, recipient: str, wire: Wire, key: str, sender: int) -> None:
        """A message has left: from here on the customer sees it."""
        self.note(f"leaves {key} to {recipient}: {wire.text!r}")
        row = self.observer.execute(_EFFECT, (key,)).fetchone()
        if row is None:
            self.red(f"{key} left before its transaction was committed")
            return
        if row["author"] == "bot" and row["owner_id"] is not None:
            self.red(f"{key} of the bot left after the takeover had committed")
        if row["state"] != "pending" and not self.was_crossed(key):
            self.red(f"{key} left although it was {row['state']} already")
        self._count(row["lane"], wire.text, key)
        self.under_way.add(key)
        self.screens[recipient].append(wire)

    def _count(self, lane: str, text: str, key: str) -> None:
        sends = self.sends.setdefault(key, Sends(text))
        sends.times += 1
        if sends.text != text:
            self.red(f"{key} said {text!r}, and {sends.text!r} before")
        if sends.times == 1:
            place = _place(key)
            last = self.last_sent.get(lane, (0, 0))
            if place <= last and key not in self.hopeless:
                self.red(f"{key} left after {last} of the same lane")
            self.last_sent[lane] = max(place, last)
        elif sends.excused:
            sends.excused -= 1
        else:
            self.red(f"{key} left {sends.times} times, and no accident excuses it")

    def may_have_left(self, key: str) -> bool:
        """Whether an accident excuses that a message was seen which was cancelled afterwards."""
        return bool(self.sends[key].excused) or self.was_crossed(key)

    def was_crossed(self, key: str) -> bool:
        """Whether somebody answered elsewhere while it was on its way: nobody can be asked to wait for it."""
        return self.observer.execute(_CROSSED, (key,)).fetchone() is not None

    def was_cut(self, key: str) -> None:
        """The platform has it, and we do not know."""
        self.note(f"the answer to {key} is lost")
        self.sends[key].excused += 1

    def pays(self, key: str, number: int, sender: int) -> None:
        """A provider charges; the same key is the same charge."""
        self.note(f"charged {number} under {key}")
        row = self.observer.execute(_EFFECT, (key,)).fetchone()
        if row is None or row["state"] != "pending":
            self.red(f"{key} charged while it was {row['state'] if row else 'not committed'}")
        if self.payments.setdefault(number, key) != key:
            self.red(f"order {number} was charged under {key} and {self.payments[number]}")

    def ended(self, how: str) -> None:
        """The process is gone; at most one message of each lane may have left without a record."""
        self.note(f"the process ends: {how}")
        self.happened[how] += 1
        keys = sorted(self.under_way)
        self.under_way.clear()
        lanes: Counter[str] = Counter()
        for row in self.observer.execute(_IN_DOUBT.format(marks=",".join("?" * len(keys))), keys).fetchall():
            sends = self.sends[row["key"]]
            if not sends.excused:
                lanes[row["lane"]] += 1
                sends.excused += 1
        for lane, count in lanes.items():
            if count > 1:
                self.red(f"{count} messages of {lane} had left and were not recorded")


def _place(key: str) -> tuple[int, int]:
    *_, seq, index = key.split(":")
    return int(seq), int(index)
