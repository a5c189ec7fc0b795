"""Recordings as short as they may be, of what platforms play: each true to its format in what tells how long it is."""

from __future__ import annotations

import struct


def amr(seconds: float = 2.0) -> bytes:
    """Frames of 12.2 kbit a second: 32 bytes for 20 ms."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * round(seconds * 50)


def mp3(seconds: float = 2.0, tagged: bytes = b"") -> bytes:
    """Frames of 128 kbit a second at 48 kHz: 384 bytes for 24 ms."""
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, len(tagged) >> 7, len(tagged) & 127]) + tagged if tagged else b""
    return tag + (b"\xff\xfb\x94\x00" + bytes(380)) * round(seconds / 0.024) + b"TAG" + bytes(125)


def mp4(seconds: float = 2.0, brand: bytes = b"isom") -> bytes:
    """A head, and no pictures worth the name; the movie's own head stands behind them, as cameras write it."""
    head = struct.pack(">IIIII", 0, 0, 0, 600, round(seconds * 600)) + bytes(80)
    moov = _box(b"moov", _box(b"mvhd", head))
    return _box(b"ftyp", brand + bytes(4) + brand) + _box(b"mdat", bytes(200)) + moov


def m4a(seconds: float = 2.0) -> bytes:
    """Sound alone."""
    return mp4(seconds, b"M4A ")


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


#: By the media types that files of ours have.
ALL = {"audio/amr": amr, "audio/mpeg": mp3, "audio/mp4": m4a, "video/mp4": mp4}
