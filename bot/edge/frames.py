"""What the two processes say to each other: lists of small records over a local stream, one list for each write."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from bot.edge.calls import Answered, Raw, Setup
from bot.edge.passing import Passed

IN = TypeVar("IN")
#: Before each list: how many bytes it has, the highest first.
PREFIX = 4


class Call(msgspec.Struct, frozen=True, array_like=True, tag="call"):
    """A call to a hook came in."""

    id: int
    account: str
    raw: Raw


class Answer(msgspec.Struct, frozen=True, array_like=True, tag="answer"):
    """What to answer it with."""

    id: int
    answered: Answered


class Post(msgspec.Struct, frozen=True, array_like=True, tag="post"):
    """Post `body` to `path` of the server `base`, within so many seconds; it leaves before `until` or not at all."""

    id: int
    base: str
    path: bytes
    body: bytes
    seconds: float
    until: float = math.inf


class Posted(msgspec.Struct, frozen=True, array_like=True, tag="posted"):
    """The answer, or what went wrong on the way: `late` for a time-out, else the name of the error.

    `unsent`: it was too late to begin.
    """

    id: int
    status: int = 0
    body: bytes = b""
    error: str = ""
    late: bool = False
    unsent: bool = False


class Close(msgspec.Struct, frozen=True, array_like=True, tag="close"):
    """Take no more calls, answer those under way within so many seconds."""

    grace: float


class Closed(msgspec.Struct, frozen=True, array_like=True, tag="closed"):
    """No call is under way any more."""


ToEdge = Setup | Passed | Answer | Post | Close
FromEdge = Passed | Call | Posted | Closed


class Frames(asyncio.Protocol, Generic[IN]):
    """One end: `heard` gets each record in order, `ended` is called when the other end is gone."""

    def __init__(self, kind: object, heard: Callable[[IN], None], ended: Callable[[], None]) -> None:
        self._decoder: msgspec.msgpack.Decoder[list[IN]] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._encode = msgspec.msgpack.Encoder().encode
        self._heard = heard
        self._ended = ended
        self._received = bytearray()
        self._said: list[object] = []
        self._transport: asyncio.Transport | None = None

    def say(self, record: object) -> None:
        """Send, with all else that is said in this round of the loop. Raises `ConnectionResetError`."""
        if self._transport is None:
            raise ConnectionResetError("the other process is gone")
        if not self._said:
            asyncio.get_running_loop().call_soon(self._flush)
        self._said.append(record)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        said, self._said = self._said, []
        if self._transport is not None:
            packed = self._encode(said)
            self._transport.write(len(packed).to_bytes(PREFIX, "big") + packed)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # asyncio gives a Transport to a Protocol

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport = None
        self._ended()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        at, size = 0, len(received)
        while size - at >= PREFIX:
            end = at + PREFIX + int.from_bytes(received[at : at + PREFIX], "big")
            if size < end:
                break
            records = self._decoder.decode(received[at + PREFIX : end])
            at = end
            for record in records:
                self._heard(record)
        del received[:at]
