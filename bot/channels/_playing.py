"""How long a recording plays, by its own bytes: platforms ask for it, or take short ones only.

They are read once, from the front to where that is told, and no more than a block of them is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

#: AMR, narrow band: bytes of a frame of 20 ms by its type, with the byte that tells the type.
_AMR = {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1}
_AMR_MARK = b"#!AMR\n"
#: MPEG layer III: kilobits a second by the four bits of a frame's head, of version 1 and of the later ones.
_RATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_SAMPLES = (44100, 48000, 32000, 0)
#: By what the samples of a version are fewer; 1 is no version.
_SLOWER = {0: 4, 2: 2, 3: 1}


class _Bytes:
    """A stream of `size` bytes that is read forwards."""

    def __init__(self, chunks: AsyncIterator[bytes], size: int) -> None:
        self.size = size
        self._chunks = chunks
        self._kept, self._from = b"", 0

    async def at(self, place: int, many: int) -> bytes:
        """So many from `place` on, fewer at the end. What lies before it is not there any more."""
        while self._from + len(self._kept) < place + many:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                break
            behind = min(place - self._from, len(self._kept))
            self._kept, self._from = self._kept[behind:] + chunk, self._from + behind
        start = place - self._from
        return self._kept[start : start + many]


async def seconds(chunks: AsyncIterator[bytes], size: int) -> float | None:
    """Of AMR, MP3 and MP4 of `size` bytes; None for what is none of these, or damaged at its start.

    Raises what reading them raises.
    """
    content = _Bytes(chunks, size)
    head = await content.at(0, 10)
    if head.startswith(_AMR_MARK):
        return await _amr(content) or None
    if head[4:8] == b"ftyp":
        return await _mp4(content)
    return round(await _mp3(content, _behind_tag(head)), 3) or None


async def _amr(content: _Bytes) -> float:
    at, frames = len(_AMR_MARK), 0
    while (kind := await content.at(at, 1)) and (size := _AMR.get(kind[0] >> 3 & 15)):
        at, frames = at + size, frames + 1
    return frames * 0.02


async def _mp3(content: _Bytes, at: int) -> float:
    """Frame by frame, since their rate may vary; what follows them is a tag."""
    found = 0.0
    while (frame := _frame(await content.at(at, 4))) and at + frame[0] <= content.size:
        at, found = at + frame[0], found + frame[1]
    return found


def _behind_tag(head: bytes) -> int:
    """Where sound begins behind an ID3 tag, whose length is four times seven bits."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return 0
    size = sum((byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if head[5] & 16 else 0)


def _frame(head: bytes) -> tuple[int, float] | None:
    """Bytes and seconds of the frame that begins so; None where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or (slower := _SLOWER.get(head[1] >> 3 & 3)) is None:
        return None
    rate = _RATES[slower == 1][head[2] >> 4]
    samples = _SAMPLES[head[2] >> 2 & 3] // slower
    if not rate or not samples:
        return None
    of_frame = 1152 if slower == 1 else 576
    return of_frame * rate * 125 // samples + (head[2] >> 1 & 1), of_frame / samples


async def _mp4(content: _Bytes) -> float | None:
    """The movie's head tells its length in units of its own."""
    async for kind, start, end in _boxes(content, 0, content.size):
        if kind != b"moov":
            continue
        async for inner, at, _ in _boxes(content, start, end):
            if inner == b"mvhd":
                return _of_head(await content.at(at, 32))
        return None
    return None


def _of_head(head: bytes) -> float | None:
    if len(head) < 32:
        return None
    wide = head[0] == 1
    units = int.from_bytes(head[20:24] if wide else head[12:16])
    length = int.from_bytes(head[24:32] if wide else head[16:20])
    return length / units if units and length else None


async def _boxes(content: _Bytes, at: int, end: int) -> AsyncIterator[tuple[bytes, int, int]]:
    """The kind of each box, and where its content begins and ends."""
    while at + 8 <= end:
        head = await content.at(at, 16)
        size, begins = int.from_bytes(head[:4]), at + 8
        if size == 1:
            size, begins = int.from_bytes(head[8:16]), at + 16
        ends = at + size if size else end
        if ends < begins or ends > end:
            return
        yield head[4:8], begins, ends
        at = ends
