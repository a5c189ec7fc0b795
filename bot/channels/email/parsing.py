"""Takes a mail apart, unless it was made to keep whoever does so busy.

The library looks at each line once for each part that is open around it, and at each header for each one that is asked
for. So what is looked at is counted first; no mail program comes near these bounds.
"""

from __future__ import annotations

import re
from email import message_from_bytes

from bot.channels.email.headers import Mail
from bot.core.errors import BadInput

#: Lines, each counted once for each part that is open around it.
MOST_LOOKS = 6_000_000
#: Parts within parts, and mails within mails.
MOST_DEPTH = 30
MOST_HEADERS = 256 * 1024  # bytes of the mail's own

_END = re.compile(rb"\r?\n\r?\n")
_NEST = re.compile(
    rb"\n--([^\r\n]{1,200})|\ncontent-type:\s*message/|"
    rb"boundary[ \t]*=[ \t]*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))",
    re.IGNORECASE,
)


def parsed(data: bytes) -> Mail:
    """The mail. Raises `BadInput` for one that nobody should take apart."""
    if len(head(data)) > MOST_HEADERS:
        raise BadInput("a mail with too long a header")
    depth = _depth(data)
    if depth > MOST_DEPTH or data.count(b"\n") * (depth + 1) > MOST_LOOKS:
        raise BadInput("a mail of too many lines, or of too many parts within parts")
    return message_from_bytes(data)


def head(data: bytes) -> bytes:
    """What stands above the first empty line."""
    found = _END.search(data, 0, MOST_HEADERS + 4)
    return data[: found.start()] if found else data[: MOST_HEADERS + 1]


def _depth(data: bytes) -> int:
    """How many parts are open at once, at most: b"" stands for a mail within the mail."""
    named: set[bytes] = set()
    open_: list[bytes] = []
    deepest = 0
    for found in _NEST.finditer(data):
        if name := found[2] or found[3]:
            named.add(name)
        elif found[1] is None:
            open_.append(b"")
        else:
            line = found[1].rstrip()
            _turn(open_, line, named)
        deepest = max(deepest, len(open_))
        if deepest > MOST_DEPTH:
            break
    return deepest


def _turn(open_: list[bytes], line: bytes, named: set[bytes]) -> None:
    """A line that may be the border of a part, or behind the last one."""
    begins = line in named
    name = line if begins else line.removesuffix(b"--")
    if name in open_:  # what was left open inside of it is over
        del open_[open_.index(name) :]
    if begins:
        open_.append(name)
