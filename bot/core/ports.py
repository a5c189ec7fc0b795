"""The ports: what the runtime asks of channels and file stores. `payment` has that of payment providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, FileMissing, Unauthorised
from bot.core.message import About, Attachment, FileRef, Inbound, Wire


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A webhook call as it arrived: `headers` are found by their lower-case names, `body` is raw."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What to answer a webhook call with, after the inbounds are kept."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a platform made of one wire: its own ids, where it gives any, and what it counts."""

    external_id: str = ""  # of the last message
    messages: int = 1  # of those that an act of the customer allows, so many are used up; 0: none, as in its own call
    earlier: tuple[str, ...] = ()  # ids of those before the last, where the wire is several


@dataclass(frozen=True, slots=True)
class Occasion:
    """On what occasion something is sent: within which of the platform's rules."""

    token: str = ""  # of the customer's act that this answers; "" where there is none, or none that is valid
    in_window: bool = True  # False: only what a channel may send at any time, such as a template
    by_person: bool = False  # a member of staff wrote it
    about: About = ""  # what it is about, where nobody waits for it


ORDINARY = Occasion()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a platform tells of a person; "" for what it does not."""

    name: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class FileStream:
    """The bytes of a platform's file, and what the platform says of it."""

    chunks: AsyncIterator[bytes]
    name: str = ""
    media_type: str = ""
    size: int | None = None


Accept = Callable[[Sequence[Inbound]], Awaitable[int]]
"""Keeps inbounds durably; returns how many were new. After it returns, the platform may be told 200."""

OpenFile = Callable[[Attachment], AsyncIterator[bytes]]
"""Opens the bytes of one of our attachments, for a channel that uploads them."""


Address = Callable[[Attachment], str]
"""A public https address of one of our files. Raises `BadInput` where there is none."""


def no_address(_file: Attachment) -> str:
    """Where nobody can fetch our files. Raises `BadInput`."""
    raise BadInput("our files have no public address; set server.public_url to the https address of this server")


class Channel:
    """One channel account. `verify`, `parse` and `answer` are pure; `send` and `fetch` call the platform.

    Who inherits from it writes what its platform has, and has none of the rest.
    """

    account: str
    capabilities: Capabilities
    way: str = ""  # how its events come here, in a word or two for operators; "" for our own
    holds: float = 0.0  # seconds that a call may be held open for the answer it carries back; 0 where it carries none

    tries: int = 1  # how often a call that was not answered is made; with 1, one without an answer is acknowledged

    async def whoami(self) -> str:
        """What the account is called at its platform, by the cheapest call there is. Raises `ParleyError`.

        "" where the account can call nobody.
        """
        return ""

    def verify(self, request: HookRequest) -> None:  # noqa: ARG002
        """Raise `Unauthorised` unless the request is from the platform."""
        raise Unauthorised(f"{self.account} has no webhook")

    def handshake(self, request: HookRequest) -> HookAnswer | None:  # noqa: ARG002
        """Answer a platform's set-up call (a challenge to echo); None for ordinary calls."""
        return None

    def parse(self, body: bytes) -> list[Inbound]:  # noqa: ARG002
        """Raise `BadInput` for what is not JSON/XML of the platform; unknown kinds become kind `unknown`."""
        raise BadInput(f"{self.account} has no webhook")

    def answer(self, request: HookRequest, said: bytes) -> HookAnswer:  # noqa: ARG002
        """What the platform is told once its events are kept; `said` is what `send` left for this call, or b""."""
        return HookAnswer()

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire. Raises `ChannelUnavailable(after=…)`, `WindowClosed`, `Unreachable` or `BadInput`.

        `Unshown`, which is one of these, asks for the same with the file's address, under the same `key`.

        `key` is unique for ever and the same at each try: where a platform takes an idempotency key, it is made of it.
        """
        raise NotImplementedError

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a file that a customer sent. Raises `ChannelUnavailable` or `FileMissing`."""
        raise FileMissing(file.ref)

    async def profile(self, recipient: str) -> Profile:  # noqa: ARG002
        """Who this is; asked before they are first answered where `capabilities.profiles`. Raises as `send`."""
        return Profile()

    async def people_of(self, user: str) -> tuple[str, ...]:
        """As whom this account knows somebody who asked the platform to be forgotten. Raises `ParleyError`."""
        return (user,)

    async def hand_over(self, recipient: str) -> bool:
        """Have people in the platform's own client go on; called where `capabilities.hands_over`. Raises as `send`.

        Whether somebody has it there, or it waits for one: whoever has it already keeps it.
        """
        raise NotImplementedError

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """An address that opens a conversation with this account in the person's app; "" where there is none.

        It brings `data` (1 to 64 of `A-Z a-z 0-9 _ -`), which comes in as "started"; on a platform that brings none,
        `words` stand ready to be sent. May ask the platform. Raises `ParleyError`.
        """
        return ""

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:
        """Show that an answer `to` this is coming, where it is known; never raises, it is only a courtesy."""

    async def acknowledge(self, inbound: Inbound) -> None:
        """Tell the platform's client that a tap was taken, so that it stops spinning; most have no need."""

    async def admit(self, inbound: Inbound, problem: str) -> None:
        """Answer whether a customer may pay, of kind "may_pay": yes, or the `problem` in their words. Raises as `send`.

        Only of channels whose platform takes payments inside its client.
        """
        raise NotImplementedError

    async def start(self, accept: Accept) -> None:
        """Begin to receive: register the webhook, or pull in a task of its own."""

    async def stop(self) -> None:
        """Stop receiving and close connections."""


class Notes(Protocol):
    """Short texts that all nodes share and that outlive a process: access tokens, cursors."""

    async def get(self, name: str) -> str:
        """The note; "" when there is none, or its time is over."""

    async def put(self, name: str, text: str, seconds: float | None = None) -> None:
        """Keep it for so long; None: until it is replaced. Raises `DatabaseBusy`."""

    async def claim(self, name: str, seconds: float) -> bool:
        """True for one of all who ask within so many seconds: it does what all need done once."""

    async def release(self, name: str) -> None:
        """Let somebody else claim at once what this one claimed, unless the time of that is over."""


class OpenCalls(Protocol):
    """Calls of a platform that are held open for what we have to say."""

    async def give(self, recipient: str, key: str, said: bytes) -> bool:
        """Answer this person's open call with `said`; False when there is none, or it was not collected in time."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a store keeps: `sha256` is hex, `size` bytes."""

    key: str
    size: int
    sha256: str
    media_type: str


class Storage(Protocol):
    """Keeps the bytes of files under generated keys, streamed, in constant memory."""

    name: str

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, media_type: str, limit: int) -> StoredFile:
        """Store a stream. Raises `TooLarge(limit)` past `limit` bytes and leaves nothing behind."""

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to but not including `end`. Raises `FileMissing`."""

    async def size(self, key: str) -> int:
        """Bytes stored under `key`. Raises `FileMissing`."""

    async def delete(self, key: str) -> None:
        """Remove; removing what is not there is fine."""

    async def check(self) -> None:
        """Raise `StorageUnavailable` with a sentence for people when the store cannot be used."""

    async def close(self) -> None:
        """Close connections."""
