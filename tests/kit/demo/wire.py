"""The wire as a developer reads it: each call and its answer, newest last, indented, in plain, secrets shortened.

An entry as the page gets it:

    {"n": 7, "account": "wechat", "towards": "parley", "at": 1760000000.1, "ms": 12, "verb": "POST",
     "target": "/hooks/wechat?signature=…", "headers": [["Content-Type", "text/xml"]], "body": BODY,
     "status": 200, "answer_headers": [], "answer": BODY}

`status` is null while the call is open, 0 where it ended without an answer. A BODY is `{"text": "…", "plain": "…"}`:
as it was on the wire, and what was sealed in it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl
from xml.dom.minidom import parseString
from xml.parsers.expat import ExpatError

from tests.kit.platforms.base import Json
from tests.kit.platforms.exchange import Exchange, Observer

#: Entries that are kept for a page that is opened later.
KEPT = 400
#: Characters of one value, such as a file in base64.
LONGEST = 240
#: Characters of one body.
MOST_BODY = 20_000
#: Headers that every call has, and that say nothing about a platform.
DULL = frozenset(
    {
        "host", "accept", "accept-encoding", "connection", "content-length", "date", "server", "user-agent",
        "transfer-encoding", "keep-alive", "vary", "referrer-policy", "x-content-type-options", "x-frame-options",
        "content-security-policy", "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy",
        "strict-transport-security", "cache-control", "origin-agent-cluster",
    }
)  # fmt: skip
_VISIBLE = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*")

Secrets = Callable[[], Iterable[str]]
InPlain = Callable[[bytes], bytes]


class Wire:
    """All that went over the wires of all platforms; `told` hears of an entry when it begins and when it ends.

    `clock` is seconds since 1970 as the play has it.
    """

    def __init__(self, told: Callable[[Json], None], clock: Callable[[], float]) -> None:
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self._told = told
        self._clock = clock
        self._count = 0
        self._open: dict[Exchange, tuple[Json, float]] = {}

    def observer(self, account: str, in_plain: InPlain, secrets: Secrets) -> Observer:
        """Who watches the platform of one account."""

        def observe(exchange: Exchange) -> None:
            if exchange in self._open:
                entry, began = self._open.pop(exchange)
                entry["ms"] = round((monotonic() - began) * 1000)
                entry |= _answer(exchange, in_plain, secrets())
            else:
                self._count += 1
                entry = {"n": self._count, "account": account, "at": self._clock(), "ms": None}
                entry |= _question(exchange, in_plain, secrets()) | {"status": None, "answer_headers": [], "answer": {}}
                self.entries.append(entry)
                self._open[exchange] = entry, monotonic()
            self._told(entry)

        return observe


def _question(exchange: Exchange, in_plain: InPlain, secrets: Iterable[str]) -> Json:
    hidden = _Hiding(secrets)
    body = hidden.body(exchange.body, in_plain)
    if exchange.form or exchange.files:
        body = {"text": hidden.text(_parts(exchange)), "plain": ""}
    return {
        "towards": exchange.towards,
        "verb": exchange.verb,
        "target": hidden.text(exchange.target),
        "headers": hidden.headers(exchange.headers),
        "body": body,
    }


def _answer(exchange: Exchange, in_plain: InPlain, secrets: Iterable[str]) -> Json:
    hidden = _Hiding(secrets)
    headers, body = hidden.headers(exchange.answer_headers), hidden.body(exchange.answer, in_plain)
    return {"status": exchange.status, "answer_headers": headers, "answer": body}


class _Hiding:
    """Writes things down without the secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({one for one in secrets if len(one) > 3}, key=len, reverse=True)

    def text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, f"{secret[: min(4, len(secret) // 2)]}…")
        return text

    def headers(self, headers: Mapping[str, str]) -> list[list[str]]:
        return [[name, self.text(value)] for name, value in headers.items() if name.lower() not in DULL]

    def body(self, body: bytes, in_plain: InPlain) -> Json:
        return {"text": self.text(readable(body)), "plain": self.text(readable(in_plain(body)))}


def _parts(exchange: Exchange) -> str:
    """A form, one part a line."""
    lines = [f"{name} = {_shortened(value)}" for name, value in exchange.form.items()]
    lines += [
        f"{name} = {file.name}{f', {file.media_type}' if file.media_type else ''}, {len(file.content):,} bytes"
        for name, file in exchange.files.items()
    ]
    return "\n".join(lines)


def readable(body: bytes) -> str:
    """A body as a person reads it: JSON and XML indented, forms a line for each field, files by their length."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _length(body)
    if not _VISIBLE.fullmatch(text):
        return _length(body)
    if text[:1] in ("{", "["):
        return _json(text)
    if text[:1] == "<":
        return _xml(text)
    # What is a form has no space in it; a mail has, and signs of equality, too.
    if "=" in text and not re.search(r"\s", text) and (fields := parse_qsl(text, keep_blank_values=True)):
        return "\n".join(f"{name} = {_shortened(value)}" for name, value in fields)
    return text[:MOST_BODY]


def _length(body: bytes) -> str:
    return f"({len(body):,} bytes)"


def _json(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return text[:MOST_BODY]
    return json.dumps(_shortened(found), ensure_ascii=False, indent=2)[:MOST_BODY]


def _shortened(value: Any) -> Any:
    """The same with long texts cut."""
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    if isinstance(value, str) and len(value) > 2 * LONGEST and not re.search(r"\s", value):
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    return value


def _xml(text: str) -> str:
    try:
        root = parseString(text.encode()).documentElement
    except ExpatError:
        return text[:MOST_BODY]
    assert root is not None, "a document has a root"
    return re.sub(r"\n\s*\n", "\n", root.toprettyxml(indent="  ")).strip()[:MOST_BODY]
