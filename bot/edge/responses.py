"""Answers as they go over the wire, in a few microseconds: what they have in common is written once."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from time import time

from bot.edge.calls import Answered


class Responses:
    """`headers` are those of every answer."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._lines: dict[tuple[int, str], bytes] = {}
        self._date, self._dated = b"", 0

    def of(self, answered: Answered, *, keep: bool) -> bytes:
        """The bytes of an answer; without `keep` the connection ends with it."""
        line = self._lines.get((answered.status, answered.content_type))
        if line is None:
            line = self._lines[answered.status, answered.content_type] = self._line(answered)
        retry = b"Retry-After: %d\r\n" % answered.retry_after if answered.retry_after else b""
        return b"%b%bX-Request-Id: %b\r\nContent-Length: %d\r\n%b%b\r\n%b" % (
            line,
            self._now(),
            answered.request_id.encode(),
            len(answered.body),
            retry,
            b"" if keep else b"Connection: close\r\n",
            answered.body,
        )

    def _line(self, answered: Answered) -> bytes:
        phrase = HTTPStatus(answered.status).phrase
        charset = "; charset=utf-8"
        kind = f"Content-Type: {answered.content_type}{charset}\r\n"
        return f"HTTP/1.1 {answered.status} {phrase}\r\n{kind}{self._headers}".encode()

    def _now(self) -> bytes:
        now = int(time())
        if now != self._dated:
            self._date, self._dated = f"Date: {formatdate(now, usegmt=True)}\r\n".encode(), now
        return self._date
