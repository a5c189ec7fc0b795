"""The world of several nodes: what a sleeper may say, what a buried one must not, and who may repeat a message."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from bot.core.message import Wire
from tests.simulation.world import _EFFECT, Sends, World, _place

#: The author of what turns write.
TURNS = (
    "CREATE TEMP TRIGGER sim_turns AFTER INSERT ON main.message WHEN NEW.author IN ('bot', 'customer') "
    "BEGIN SELECT sim_turn(NEW.conversation_id, NEW.seq); END"
)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What happens to the nodes of one play, drawn from its seed."""

    deaf: float  # share of the hints that are lost
    neighbours: bool  # on one machine, where who is dead can be seen
    crashes: int
    sleeps: int
    away: int  # times that one of them does not reach the database
    stops: int

    @classmethod
    def drawn(cls, chance: Random) -> Troubles:
        """Every play has some of it."""
        return cls(
            deaf=chance.choice((0.0, 0.3, 1.0)),
            neighbours=chance.random() < 0.3,
            crashes=chance.choice((0, 1, 1, 2)),
            sleeps=chance.choice((0, 1, 1, 2)),
            away=chance.choice((0, 0, 1)),
            stops=chance.choice((0, 0, 1, 2)),
        )


@dataclass
class SharedWorld(World):
    """The same facts; who sends is known by the number that the node has at that moment."""

    deaf: float = 0.0  # share of the hints between nodes that are lost
    troubled: set[int] = field(default_factory=set)  # nodes that died, slept, or were cut off from the database
    on_the_way: set[tuple[int, str]] = field(default_factory=set)  # begun, and not seen yet
    afloat: set[tuple[int, str]] = field(default_factory=set)  # of these, those whose node fell asleep
    senders: dict[str, int] = field(default_factory=dict)  # of a message, the last one
    repeats: dict[tuple[int, str], str] = field(default_factory=dict)  # by dead node and lane: what was seen twice

    def arrives(self) -> bool:
        """Whether a hint does."""
        return self.chance.random() >= self.deaf

    def is_there(self, node: int) -> bool:
        """Whether nobody has buried it."""
        return self.observer.execute("SELECT 1 FROM node WHERE id = ?", (node,)).fetchone() is not None

    @contextmanager
    def leaving(self, key: str, sender: int) -> Iterator[int]:
        """From here on it cannot be called back by a process that sleeps."""
        if not self.is_there(sender):
            self.red(f"node {sender} began to send {key} after it was buried")
        self.on_the_way.add((sender, key))
        try:
            with super().leaving(key, sender):
                yield sender
        finally:
            self.on_the_way.discard((sender, key))

    def falls_asleep(self, node: int) -> None:
        """What was on its way is seen whenever the node wakes up."""
        self.afloat |= {one for one in self.on_the_way if one[0] == node}
        self.troubled.add(node)

    def leaves(self, recipient: str, wire: Wire, key: str, sender: int) -> None:
        """A message has left: from here on the customer sees it."""
        self.note(f"leaves {key} to {recipient}: {wire.text!r} from node {sender}")
        row = self.observer.execute(_EFFECT, (key,)).fetchone()
        if row is None:
            self.red(f"{key} left before its transaction was committed")
            return
        is_afloat = (sender, key) in self.afloat and not self.is_there(sender)
        if not is_afloat and row["author"] == "bot" and row["owner_id"] is not None:
            self.red(f"{key} of the bot left after the takeover had committed")
        if not is_afloat and row["state"] != "pending" and not self.was_crossed(key):
            self.red(f"{key} left although it was {row['state']} already")
        self._seen(row["lane"], wire.text, key, is_afloat)
        self.senders[key] = sender
        self.screens[recipient].append(wire)

    def _seen(self, lane: str, text: str, key: str, is_afloat: bool) -> None:
        sends = self.sends.setdefault(key, Sends(text))
        sends.times += 1
        if sends.text != text:
            self.red(f"{key} said {text!r}, and {sends.text!r} before")
        if is_afloat:
            self.happened["a sleeper's message"] += 1
        elif sends.times == 1:
            self._in_order(lane, key)
        elif sends.excused:
            sends.excused -= 1
        elif not self._may_repeat(lane, key):
            self.red(f"{key} left {sends.times} times, and no accident excuses it")

    def _in_order(self, lane: str, key: str) -> None:
        place, last = _place(key), self.last_sent.get(lane, (0, 0))
        if place <= last and key not in self.hopeless:
            self.red(f"{key} left after {last} of the same lane")
        self.last_sent[lane] = max(place, last)

    def _may_repeat(self, lane: str, key: str) -> bool:
        """One message of each lane, if the node that sent it before is gone."""
        before = self.senders[key]
        self.happened["repeat"] += 1
        return not self.is_there(before) and self.repeats.setdefault((before, lane), key) == key

    def may_have_left(self, key: str) -> bool:
        """Of a node that ended before it could write that down, too."""
        return super().may_have_left(key) or self.senders[key] in self.troubled

    def pays(self, key: str, number: int, sender: int) -> None:
        """A provider charges; the same key is the same charge, whoever asks for it."""
        self.note(f"charged {number} under {key} for node {sender}")
        row = self.observer.execute(_EFFECT, (key,)).fetchone()
        is_afloat = (sender, key) in self.afloat and not self.is_there(sender)
        if row is None or (row["state"] != "pending" and not is_afloat):
            self.red(f"{key} charged while it was {row['state'] if row else 'not committed'}")
        if self.payments.setdefault(number, key) != key:
            self.red(f"order {number} was charged under {key} and {self.payments[number]}")

    def ended(self, how: str) -> None:
        """A process is gone; what it had sent and not written down may be seen once more."""
        self.note(f"a process ends: {how}")
        self.happened[how] += 1

    def watches(self, connection: sqlite3.Connection, writer: Callable[[], int]) -> None:
        """Whoever writes a turn on this connection must be there."""

        def turn(conversation: int, seq: int) -> None:
            if not self.is_there(writer()):
                self.red(f"node {writer()} wrote message {seq} of conversation {conversation} after it was buried")

        connection.create_function("sim_turn", 2, turn)
        connection.execute(TURNS)
