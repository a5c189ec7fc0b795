"""What leaves as a webhook: the names of events, who wants which, and the signature of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

PREFIX = "whsec_"
#: Bytes of a secret: the specification wants 24 to 64.
SECRET_BYTES = 32
#: What events are about: the first half of their names.
GROUPS = ("order", "payment", "review", "conversation", "message")
#: Asks whether an endpoint works; it goes to that one alone.
TEST = "webhook.test"
#: Of the payloads; it goes up when a field goes or means something else, and not for one more.
VERSION = 1
_WANTED = re.compile(rf"(?:{'|'.join(GROUPS)})\.(?:\*|[a-z_]{{1,40}})")


def is_wanted(name: str, patterns: Iterable[str]) -> bool:
    """Whether an endpoint with these patterns ("order.paid", "order.*") is told of the event."""
    everything = f"{name.partition('.')[0]}.*"
    return any(pattern in (name, everything) for pattern in patterns)


def is_pattern(text: str) -> bool:
    """Whether this can be wanted. Names that do not happen yet can: states of orders are added now and then."""
    return _WANTED.fullmatch(text) is not None


def new_secret() -> str:
    """`whsec_…`, to be shown once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(keys: Iterable[str], id: str, at: int, body: bytes) -> str:  # noqa: A002 - the specification's word
    """The header `webhook-signature`: one signature for each secret, so that receivers may change theirs in peace.

    `at` is in seconds since 1970, as in the header `webhook-timestamp`.
    """
    signed = b"%s.%d." % (id.encode(), at) + body
    return " ".join(f"v1,{_digest(key, signed)}" for key in keys)


def _digest(key: str, signed: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(secret, signed, sha256)).decode()


@dataclass(frozen=True, slots=True)
class Posted:
    """How one call went. `error` tells why there is no `status`: "timeout", "unreachable", "private"."""

    status: int | None
    error: str = ""
    answer: str = ""  # its first characters
    after: float | None = None  # seconds for which it wants to be left alone

    @property
    def went_well(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


class Post(Protocol):
    """Makes the calls."""

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Posted:
        """One call, to its end within seconds; never raises for what the other side does."""

    async def close(self) -> None:
        """Close connections."""
