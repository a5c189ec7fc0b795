"""What the relay needs of a server: a way to tell every other node something, and to hear what they tell."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Line(Protocol):
    """An open way to the other nodes. Both verbs raise OSError once it is lost."""

    async def send(self, packet: bytes) -> None:
        """Tell everybody, ourselves included."""

    async def receive(self) -> bytes:
        """The next packet of anybody; waits for it."""


class Carrier(Protocol):
    """A server that passes packets on. `largest` is what it takes at once, in bytes."""

    largest: int

    def open(self) -> AbstractAsyncContextManager[Line]:
        """Connect and listen. Raises OSError with a sentence that holds no secret."""
