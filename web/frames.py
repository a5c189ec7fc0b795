"""WebSocket frames as a server reads and writes them (RFC 6455): no extensions, so nothing is kept for a quiet one."""

from __future__ import annotations

import base64
import hashlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
#: Why we close (section 7.4.1): a broken protocol, words that are no UTF-8, too large a message, we go away.
PROTOCOL, NOT_TEXT, TOO_LARGE, AWAY = 1002, 1007, 1009, 1001

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTROL = 125  # bytes at most
_SHORT, _LONG = 126, 127
_CONTINUATION = 0

Message = tuple[int, bytes]
"""Opcode and payload."""


class BadFrame(Exception):
    """The other side does not speak the protocol; `code` is what to close with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"WebSocket close code {code}")
        self.code = code


class FrameReader:
    """Takes bytes as they come; messages of at most `limit` bytes come out whole."""

    __slots__ = ("_held", "_kind", "_limit", "_parts")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = b""  # the beginning of a frame
        self._kind = TEXT
        self._parts: list[bytes] | None = None  # of a message in several frames

    def feed(self, data: bytes) -> list[Message]:
        """What became complete, in order. Raises `BadFrame`."""
        if self._held:
            data = self._held + data
        found: list[Message] = []
        at = 0
        while (end := self._frame(data, at, found)) > at:
            at = end
        self._held = data[at:] if at < len(data) else b""
        return found

    def _frame(self, data: bytes, at: int, found: list[Message]) -> int:
        """Read the frame that begins at `at`; returns where it ends, or `at` while it is not whole."""
        if len(data) - at < 2:
            return at
        first, size = data[at], data[at + 1] & 0x7F
        if first & 0x70 or not data[at + 1] & 0x80:  # a reserved bit; or not masked, as a browser's always are
            raise BadFrame(PROTOCOL)
        if first & 8 and (size > _CONTROL or not first & 0x80):
            raise BadFrame(PROTOCOL)
        start = at + 2
        if size >= _SHORT:
            start += 2 if size == _SHORT else 8
            size = int.from_bytes(data[at + 2 : start], "big")
            if len(data) < start:
                return at
        if size > self._limit:
            raise BadFrame(TOO_LARGE)
        end = start + 4 + size
        if len(data) < end:
            return at
        self._take(first & 15, bool(first & 0x80), _unmasked(data[start : start + 4], data[start + 4 : end]), found)
        return end

    def _take(self, kind: int, is_last: bool, payload: bytes, found: list[Message]) -> None:
        if kind in (TEXT, BINARY) and self._parts is None:
            if is_last:
                found.append((kind, payload))
            else:
                self._kind, self._parts = kind, [payload]
        elif kind == _CONTINUATION and self._parts is not None:
            self._go_on(payload, is_last, found)
        elif kind in (CLOSE, PING, PONG):
            found.append((kind, payload))
        else:
            raise BadFrame(PROTOCOL)

    def _go_on(self, payload: bytes, is_last: bool, found: list[Message]) -> None:
        parts = self._parts or []
        parts.append(payload or b"")
        # Each frame counts, so that a message of a million empty ones ends, too.
        if sum(map(len, parts)) + len(parts) > self._limit + 1:
            raise BadFrame(TOO_LARGE)
        if is_last:
            found.append((self._kind, b"".join(parts)))
            self._parts = None


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    if mask == b"\0\0\0\0":
        return payload
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def frame(kind: int, payload: bytes) -> bytes:
    """One whole message."""
    size = len(payload)
    if size <= _CONTROL:
        return bytes((0x80 | kind, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | kind, _SHORT)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | kind, _LONG)) + size.to_bytes(8, "big") + payload


def closing(code: int) -> bytes:
    """A close frame."""
    return frame(CLOSE, code.to_bytes(2, "big"))


def accept_key(key: str) -> str:
    """What proves to a browser that its hand-shake was understood."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC, usedforsecurity=False).digest()).decode()
