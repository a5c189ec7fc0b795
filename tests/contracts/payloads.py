"""Recorded bodies of a platform, each beside what it is read as: `text.json`, or `.xml`, and `text.inbound.json`.

The expected file is a list of inbounds with the fields that are not empty. One that says nothing of `native` does not
ask for it; but what is kept as "unknown" must be kept whole, so there `native` may not be empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.core.message import Inbound

PAYLOADS = Path(__file__).parents[1] / "payloads"
EXPECTED = ".inbound.json"

Parse = Callable[[bytes], list[Inbound]]


@dataclass(frozen=True, slots=True)
class Recording:
    """One body, and where what it means is written."""

    path: Path

    def __str__(self) -> str:
        return self.path.stem

    @property
    def body(self) -> bytes:
        return self.path.read_bytes()

    @property
    def expected(self) -> list[Inbound]:
        return msgspec.json.decode(self.path.with_name(self.path.stem + EXPECTED).read_bytes(), type=list[Inbound])

    def check(self, parse: Parse) -> None:
        """Raise `AssertionError` unless the body is read as it is written beside it, and can be kept."""
        found, expected = parse(self.body), self.expected
        msgspec.json.encode(found)
        assert all(inbound.native for inbound in found if inbound.kind == "unknown"), "an unknown event lost its fields"
        assert [_comparable(*pair) for pair in zip(found, expected, strict=True)] == expected


def recordings(channel: str) -> list[Recording]:
    """The bodies in tests/payloads/<channel>."""
    bodies = [path for path in sorted((PAYLOADS / channel).iterdir()) if not path.name.endswith(EXPECTED)]
    assert bodies, f"nothing is recorded of {channel}"
    return [Recording(path) for path in bodies]


def _comparable(found: Inbound, expected: Inbound) -> Inbound:
    return found if expected.native else msgspec.structs.replace(found, native={})
