"""Speaks to a person at a terminal: errors in a sentence, one line of progress, tables that line up in Chinese, too."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from typing import TextIO

GREEN, YELLOW, RED, DIM, BOLD = "32", "33", "31", "2", "1"


def complain(words: str) -> None:
    """An error, on standard error."""
    print(words, file=sys.stderr)


def colour(text: str, code: str, stream: TextIO | None = None) -> str:
    """`text` in a colour where the stream is a terminal; else as it is."""
    stream = stream or sys.stdout
    return f"\x1b[{code}m{text}\x1b[0m" if stream.isatty() else text


def width(text: str) -> int:
    """Columns that `text` takes: a Chinese letter takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def pad(text: str, columns: int) -> str:
    """`text` and as many spaces as it lacks."""
    return text + " " * max(0, columns - width(text))


def table(rows: Sequence[Sequence[str]], gap: str = "  ") -> str:
    """Rows as lines; each column as wide as its widest cell."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = (gap.join(pad(cell, columns) for cell, columns in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


class Progress:
    """One line that is written over on a terminal; elsewhere a line for each thing said, without repeating."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last = ""

    def say(self, words: str) -> None:
        """What is going on now."""
        if words == self._last:
            return
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{words} …")
        elif _stage(words) != _stage(self._last):
            self._stream.write(f"{words}\n")
        self._stream.flush()
        self._last = words

    def done(self) -> None:
        """Leave a clean line behind."""
        if self._last and self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._last = ""


def _stage(words: str) -> str:
    """`reading 40%` is the stage "reading": a log file wants each stage once."""
    return words.rstrip("0123456789%/ ")
