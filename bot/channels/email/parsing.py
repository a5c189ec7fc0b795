"""Takes a mail apart, unless it was made to keep whoever does so busy.

The library looks at each line once for each part that is open around it, and at each header for each one that is asked
for. So its looks are counted while it makes them; no mail program comes near these bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email import feedparser
from typing import Any

from bot.channels.email.headers import Mail
from bot.core.errors import BadInput

#: Lines, each counted once for each part that is open around it.
MOST_LOOKS = 6_000_000
#: Parts within parts, and mails within mails; of all parts, and of a report's groups of fields, so many.
MOST_DEPTH, MOST_PARTS = 30, 10_000
MOST_HEADERS = 256 * 1024  # bytes of the mail's own
_BLOCK = 256 * 1024

_END = re.compile(rb"\r?\n\r?\n")
# The library does not say what it reads its lines with, and it is the one place where nothing is only nearly as it is.
_Lines: Any = feedparser.BufferedSubFile  # type: ignore[attr-defined]


def parsed(data: bytes) -> Mail:
    """The mail. Raises `BadInput` for one that nobody should take apart."""
    if len(head(data)) > MOST_HEADERS:
        raise BadInput("a mail with too long a header")
    parser = _Parser()
    for at in range(0, len(data), _BLOCK):
        parser.feed(data[at : at + _BLOCK])
    mail: Mail = parser.close()
    return mail


def head(data: bytes) -> bytes:
    """What stands above the first empty line."""
    found = _END.search(data, 0, MOST_HEADERS + 4)
    return data[: found.start()] if found else data[: MOST_HEADERS + 1]


class _Counted(_Lines):  # type: ignore[misc]
    """The lines of a mail, and how often the library looked at one."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = 0
        self._around = 0

    def push_eof_matcher(self, matcher: Callable[[str], Any]) -> None:
        self._around += 1
        super().push_eof_matcher(matcher)

    def pop_eof_matcher(self) -> Any:
        self._around -= 1
        return super().pop_eof_matcher()

    def readline(self) -> Any:
        self._looks += 1 + self._around
        if self._looks > MOST_LOOKS:
            raise BadInput("a mail of too many lines")
        return super().readline()


class _Parser(feedparser.BytesFeedParser):
    """The library's, which goes no deeper than anybody needs."""

    def __init__(self) -> None:
        super().__init__()
        self._input = _Counted()
        self._parts = 0

    def _new_message(self) -> None:
        super()._new_message()  # type: ignore[misc]
        self._parts += 1
        open_: list[Mail] = self._msgstack  # type: ignore[attr-defined]
        if len(open_) > MOST_DEPTH or self._parts > MOST_PARTS:
            raise BadInput("a mail of too many parts, or of too many parts within parts")
