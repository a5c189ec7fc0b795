"""What nodes tell each other, as bytes: numbered packets of events, of which one that is not understood is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

import msgspec

from bot.core.events import Event, Missed

#: Raised when an older node could not make sense of a packet at all; a new kind of event does not need it.
VERSION = 1
#: Seconds without a word after which a node is taken to be gone.
GONE = 10.0

#: Only this process knows what it has missed.
_LOCAL = (Missed,)
_KINDS: dict[str, type[Event]] = {kind.topic: kind for kind in get_args(Event) if kind not in _LOCAL}


class Packet(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `n`-th of what `node` has told since it started; a number that is left out stands for events that are lost.

    Without events it only says that the node is there; `bye`: it is not any more.
    """

    v: int
    node: str
    n: int
    events: Sequence[msgspec.Raw] = ()
    bye: bool = False


_packets = msgspec.json.Decoder(Packet)
_named = msgspec.json.Decoder(tuple[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


def travels(event: Event) -> bool:
    """Whether other nodes want to hear of it."""
    return event.topic in _KINDS


def pieces(events: Sequence[Event], room: int) -> Iterator[list[msgspec.Raw]]:
    """The events in order, written, in groups of `room` bytes at most; two that are alike are one.

    One that is larger than that is left out; no event comes near it.
    """
    group: list[msgspec.Raw] = []
    used = 0
    for event in dict.fromkeys(events):
        written = _encoder.encode((event.topic, event))
        if len(written) > room:
            continue
        if used + len(written) > room:
            yield group
            group, used = [], 0
        group.append(msgspec.Raw(written))
        used += len(written) + 1
    if group:
        yield group


def write(packet: Packet) -> bytes:
    """The packet as it travels: UTF-8 and no line break."""
    return _encoder.encode(packet)


def read(raw: bytes) -> Packet | None:
    """The packet, or None for what is none."""
    try:
        return _packets.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def events(packet: Packet) -> Iterator[Event]:
    """Its events in order, without those that only a newer version knows."""
    for raw in packet.events:
        try:
            topic, body = _named.decode(raw)
            kind = _KINDS.get(topic)
            if kind is not None:
                yield _decoder(kind).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


@lru_cache(maxsize=64)
def _decoder(kind: type[Event]) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(kind)


@dataclass(slots=True)
class _Neighbour:
    n: int
    at: float


class Neighbours:
    """The other nodes by what was heard of them; times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Neighbour] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, node: str) -> bool:
        return node in self._nodes

    def hear(self, packet: Packet, now: float) -> int:
        """Note a packet of another node; returns how many of it are missing before this one, at least.

        Of a node that was not known, nothing is missing only when this is its first packet.
        """
        known = self._nodes.pop(packet.node, None)
        before = known.n if known else 0
        if not packet.bye:
            self._nodes[packet.node] = _Neighbour(max(packet.n, before), now)
        if known is None:
            return int(packet.n > 1 and not packet.bye)
        return max(0, packet.n - before - 1)

    def heard_since(self, at: float) -> int:
        """How many said something then or later."""
        return sum(known.at >= at for known in self._nodes.values())

    def forget_silent(self, now: float) -> None:
        """Drop those that said nothing for `GONE` seconds."""
        for node in [node for node, known in self._nodes.items() if now - known.at > GONE]:
            del self._nodes[node]

    def clear(self) -> None:
        """We were away: whatever they said meanwhile was not heard."""
        self._nodes.clear()
