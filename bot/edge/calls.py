"""A webhook call and its answer, as they come over the wire and go from one process to the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec

from bot.core.ports import HookRequest


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """What to answer a call; `retry_after` is seconds, 0 for none."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    request_id: str = ""
    retry_after: int = 0


class Raw(msgspec.Struct, frozen=True, array_like=True):
    """A call as it came over the wire; names of headers are in lower case."""

    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def request(self) -> HookRequest:
        """The same for a channel."""
        path, _, query = self.target.decode("latin-1").partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
        return HookRequest("POST", path, asked, Headers(self.headers), self.body)


class Headers(Mapping[str, str]):
    """Found by their lower-case names; of several with one name the first. A channel looks at one or two of them."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        wanted = name.encode("latin-1", "replace")
        for found, value in self._raw:
            if found == wanted:
                return value.decode("utf-8", "surrogateescape")
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.decode("latin-1") for name, _ in self._raw))

    def __len__(self) -> int:
        return len({name for name, _ in self._raw})


class Setup(msgspec.Struct, frozen=True, array_like=True, tag="setup"):
    """Which hooks there are, how long a body may be (bytes), what every answer carries.

    `refusals` are what to say, by status, to what is no proper request.
    """

    accounts: tuple[str, ...]
    limit: int
    headers: dict[str, str]
    refusals: dict[int, Answered]


Receive = Callable[[str, Raw], Awaitable[Answered]]
"""Takes a call to a hook by its account; never raises."""
