"""Our statements in the words of MariaDB and MySQL, with the values written into them.

What we write is what SQLite and PostgreSQL share: `?` for a value, `ON CONFLICT`, `RETURNING`. Three things differ.
`key` and `trigger` are reserved, so they are quoted. A conflict is `ON DUPLICATE KEY UPDATE`. And not every server
returns rows of an INSERT, so one with RETURNING goes row by row: the answers tell which were new, and their ids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_WORDS = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\w+(?:\s*\.\s*\w+)?|\?|\s+|.""", re.DOTALL)
_RESERVED = frozenset({"key", "trigger"})  # of all our columns; in capitals they are words of SQL
_CONFLICT = re.compile(r"ON CONFLICT \(\s*([^),]+?)\s*(?:,[^)]*)?\) DO (NOTHING|UPDATE SET )")
_ILIKE = re.compile(r"([\w.]+) ILIKE \?")
_INSERT = re.compile(r"(INSERT INTO \S+ \(([^()]+)\)) VALUES ((?:\([?, ]+\),? ?)*\([?, ]+\))(.*)", re.DOTALL)
_RETURNING = re.compile(r"(.*?)\s*\bRETURNING ([\w\", ]+)", re.DOTALL)

_ESCAPES = str.maketrans(
    {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", '"': '\\"', "'": "\\'", "\\": "\\\\"}
)  # as the server reads them with backslash escapes on, which `mysql_client.SESSION_SETTINGS` makes sure of


def literal(value: Any) -> str:
    """A value as it stands in a statement; times in UTC."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "1" if value else "0"
        case int():
            return str(int(value))
        case float():
            return repr(value) if "e" in repr(value) else f"{value!r}e0"
        case str():
            return f"'{value.translate(_ESCAPES)}'"
        case datetime():
            return f"'{_in_utc(value):%Y-%m-%d %H:%M:%S.%f}'"
        case bytes():
            return f"x'{value.hex()}'"
    raise TypeError(f"a {type(value).__name__} is no value for a statement")


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value


@lru_cache(maxsize=512)
def pieces(sql: str) -> tuple[str, ...]:
    """The statement in the server's words, cut where its values go."""
    text = _ILIKE.sub(r"lower(\1) LIKE lower(?)", _CONFLICT.sub(_on_duplicate, sql))
    cut, part = [], ""
    for word in _WORDS.findall(text):
        if word == "?":
            cut.append(part)
            part = ""
        else:
            part += _spelled(word)
    return (*cut, part)


def _on_duplicate(match: re.Match[str]) -> str:
    column, what = match.groups()
    return f"ON DUPLICATE KEY UPDATE {column} = {column}" if what == "NOTHING" else "ON DUPLICATE KEY UPDATE "


def _spelled(word: str) -> str:
    if word in _RESERVED:
        return f'"{word}"'
    table, dot, column = word.partition(".")
    if dot and table.lower() == "excluded":
        return f'VALUES("{column}")'
    return f'{table}."{column}"' if dot and column in _RESERVED else word


def rendered(sql: str, values: Sequence[Any]) -> str:
    """One statement with its values."""
    head, *rest = pieces(sql)
    if len(rest) != len(values):
        raise ValueError(f"{len(rest)} values are wanted and {len(values)} given: {sql}")
    return head + "".join([literal(value) + part for value, part in zip(values, rest, strict=True)])


@lru_cache(maxsize=512)
def _insert(sql: str) -> tuple[str, str] | None:
    """What stands before and after the values of an INSERT that can take several rows."""
    found = _INSERT.fullmatch(sql)
    if not found or "?" in found[4]:
        return None
    head, tail = pieces(f"{found[1]} VALUES ?{found[4]}")
    return head, tail


def many(sql: str, rows: Sequence[Sequence[Any]], most: int) -> list[str]:
    """A statement for all its rows: rows of an INSERT together, up to some `most` characters; else one for each row."""
    parts = _insert(sql)
    if parts is None or len(rows) == 1:
        return [rendered(sql, row) for row in rows]
    head, tail = parts
    return [head + ",".join(group) + tail for group in packed([_tuple(row) for row in rows], most)]


def _tuple(row: Sequence[Any]) -> str:
    return f"({','.join(map(literal, row))})"


def packed(texts: Sequence[str], most: int) -> list[list[str]]:
    """The texts in order, in groups of at most `most` characters; a longer one stands alone."""
    groups: list[list[str]] = []
    room = 0
    for text in texts:
        if len(text) > room or not groups:
            groups.append([])
            room = most
        groups[-1].append(text)
        room -= len(text) + 1
    return groups


@dataclass(frozen=True, slots=True)
class Returning:
    """An INSERT with RETURNING, row by row, and what it returns of those rows that are new."""

    statements: list[str]
    rows: list[dict[str, Any]]

    def of(self, ids: Sequence[int | None]) -> list[dict[str, Any]]:
        """The rows that were inserted; an id for each statement, None when there was such a row before."""
        return [
            {name: id_ if name == "id" else value for name, value in row.items()}
            for id_, row in zip(ids, self.rows, strict=True)
            if id_ is not None
        ]


def returning(sql: str, values: Sequence[Any]) -> Returning | None:
    """None when nothing is to be returned. RETURNING of anything but an INSERT of plain rows is a ValueError."""
    if "RETURNING" not in sql:
        return None
    text, names = _columns_returned(sql)
    found = _INSERT.fullmatch(text)
    if not found or (found[4] and "DO UPDATE" in found[4]):
        raise ValueError(f"this cannot return rows on MariaDB: {sql}")
    columns = [column.strip().strip('"') for column in found[2].split(",")]
    width = len(columns)
    marks = ",".join("?" * width)
    one = f"{found[1]} VALUES ({marks}){found[4]}"
    rows = [values[start : start + width] for start in range(0, len(values), width)]
    given = [dict(zip(columns, row, strict=True)) | {"id": None} for row in rows]
    return Returning([rendered(one, row) for row in rows], [{name: row[name] for name in names} for row in given])


def _columns_returned(sql: str) -> tuple[str, list[str]]:
    found = _RETURNING.fullmatch(sql.strip())
    if not found:
        raise ValueError(f"this cannot return rows on MariaDB: {sql}")
    return found[1], [name.strip().strip('"') for name in found[2].split(",")]
