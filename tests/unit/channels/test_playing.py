"""How long recordings play: exact for each format, and no answer for what is none or cut off in its head."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels._playing import seconds
from tests.kit import recordings


async def in_blocks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.mark.parametrize(
    ("content", "long"),
    [
        (recordings.amr(61.0), 61.0),
        (recordings.amr(0.02), 0.02),
        (recordings.mp3(60.0), 60.0),
        (recordings.mp3(1.2, b"a title" * 40), 1.2),
        (b"\xff\xf3\x84\xc0" + bytes(188), 0.024),  # version 2, 64 kbit a second at 24 kHz: 192 bytes
        (recordings.mp4(75.5), 75.5),
        (recordings.m4a(3.0), 3.0),
        (b"", None),
        (b"%PDF-1.7 a paper", None),
        (b"\xff\xfb no sound", None),
        (b"#!AMR\n", None),
        (b"#!AMR-WB\n" + bytes(60), None),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", None),
        (recordings.mp4()[:-60], None),
        (b"\x00\x00\x00\x08ftyp\x00\x00\x00\x00moov", None),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
async def test_a_recording_tells_how_long_it_plays(content: bytes, long: float | None, block: int) -> None:
    found = await seconds(in_blocks(content, block), len(content))
    assert found == (None if long is None else pytest.approx(long))


async def test_no_more_is_read_than_tells_it() -> None:
    front, read = recordings.mp4(9.0), list[int]()
    movie = front[front.index(b"moov") - 4 :]

    async def film() -> AsyncIterator[bytes]:
        """As who sends it while it is made writes it: the movie's head first."""
        for block in (front[:20], movie, *[bytes(1 << 20)] * 9):
            read.append(len(block))
            yield block

    assert (await seconds(film(), 9 << 20), read) == (9.0, [20, len(movie)])
