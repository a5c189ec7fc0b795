"""WebSocket frames: whatever the pieces in which they come, and what a browser would never send."""

from __future__ import annotations

import random

import pytest

from web.frames import (
    BINARY,
    CLOSE,
    NOT_TEXT,
    PING,
    PROTOCOL,
    TEXT,
    TOO_LARGE,
    BadFrame,
    FrameReader,
    accept_key,
    closing,
    frame,
)

MASK = b"\x01\x82\x03\xf4"


def masked(kind: int, payload: bytes, *, last: bool = True, mask: bytes = MASK) -> bytes:
    """A frame as browsers send it."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | size])
    elif size < 1 << 16:
        head = b"\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\xff" + size.to_bytes(8, "big")
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([kind | (0x80 if last else 0)]) + head + mask + body


@pytest.mark.parametrize("size", [0, 1, 3, 125, 126, 127, 65_535, 65_536, 100_000])
def test_messages_of_every_size_come_out_whole_from_any_pieces(size: int) -> None:
    chance = random.Random(size)
    payload = chance.randbytes(size)
    sent = masked(TEXT, payload) + masked(PING, b"still there?") + masked(BINARY, payload, mask=b"\0\0\0\0")
    for _ in range(5):
        reader, found, rest = FrameReader(100_000), [], sent
        while rest:
            piece = chance.randint(1, max(1, size // 3))
            found += reader.feed(rest[:piece])
            rest = rest[piece:]
        assert found == [(TEXT, payload), (PING, b"still there?"), (BINARY, payload)]


def test_a_message_in_parts_is_one_and_a_ping_may_come_between() -> None:
    reader = FrameReader(100)
    sent = masked(TEXT, b"a", last=False) + masked(0, b"b", last=False) + masked(PING, b"") + masked(0, b"c")
    assert reader.feed(sent) == [(PING, b""), (TEXT, b"abc")]
    assert reader.feed(masked(TEXT, b"next")) == [(TEXT, b"next")]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x01a", PROTOCOL),  # not masked
        (masked(TEXT | 0x40, b"a"), PROTOCOL),  # compressed, which was not agreed
        (masked(3, b"a"), PROTOCOL),
        (masked(0, b"a"), PROTOCOL),  # a part of nothing
        (masked(TEXT, b"a", last=False) + masked(TEXT, b"b"), PROTOCOL),
        (masked(PING, b"a", last=False), PROTOCOL),
        (masked(CLOSE, b"x" * 126), PROTOCOL),
        (masked(TEXT, b"x" * 1001), TOO_LARGE),
        (b"\x81\xff" + (2**63).to_bytes(8, "big"), TOO_LARGE),  # told before a byte of it came
        (masked(TEXT, b"x" * 600, last=False) + masked(0, b"x" * 600), TOO_LARGE),
        (masked(TEXT, b"", last=False) + masked(0, b"", last=False) * 2000, TOO_LARGE),
    ],
)
def test_what_no_browser_sends_is_refused(sent: bytes, code: int) -> None:
    with pytest.raises(BadFrame) as refused:
        FrameReader(1000).feed(sent)
    assert refused.value.code == code


def test_frames_out_are_read_by_the_rules() -> None:
    for size, head in (
        (5, b"\x81\x05"),
        (126, b"\x81\x7e\x00\x7e"),
        (70_000, b"\x81\x7f" + (70_000).to_bytes(8, "big")),
    ):
        assert frame(TEXT, b"x" * size) == head + b"x" * size
    assert closing(NOT_TEXT) == b"\x88\x02\x03\xef"
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3
