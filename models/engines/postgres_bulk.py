"""Many statements with many rows each as few statements of PostgreSQL, since each round trip waits for the event loop.

The rows of a statement travel as one array for each column. Statements that cannot meet in a table stand in one WITH,
where each sees the tables as they were before all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from models.engines.engine import Statement

_INSERT = re.compile(r"(INSERT INTO (\w+) \([^()]+\)) VALUES \([?, ]+\)([^?]*)", re.DOTALL)
_MANY = re.compile(r"(INSERT INTO \w+ \([^()]+\) VALUES )(\([?,]+\))(?:,\2)*( [^?]*)", re.DOTALL)
_LIST = re.compile(r"(NOT )?\bIN \((\?(?:, ?\?)*)\)|\?")
_UPDATE = re.compile(r"(UPDATE (\w+) SET .+?) (WHERE [^?]*\?.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement that can take many rows; `head` and `tail` have `?` for values, `columns` is how many there are."""

    verb: str
    table: str
    head: str
    tail: str
    columns: int

    def text(self, types: Sequence[str], first: int) -> str:
        """The statement for arrays of these types, numbered from `first` on.

        The rows of an UPDATE must be about different rows of the table: of two, PostgreSQL may choose either.
        """
        arrays = ", ".join(f"${first + at}::{type_}[]" for at, type_ in enumerate(types))
        names = ", ".join(f"v{at}" for at in range(self.columns))
        rows = f"unnest({arrays}) AS v({names})"
        if self.verb == "INSERT":
            return f"{self.head} SELECT * FROM {rows}{self.tail}"  # noqa: S608 - our own text
        change, where = _named(self.head, 0), _named(self.tail, self.head.count("?"))
        return f"{change} FROM {rows} {where}"


@lru_cache(maxsize=256)
def shape(sql: str) -> Shape | None:
    """None when the statement cannot take its rows together."""
    if insert := _INSERT.fullmatch(sql):
        head, table, tail = insert.groups()
        if "DO UPDATE" in tail:  # two rows of one statement may not meet there, those of two statements may
            return None
        return Shape("INSERT", table, head, tail, sql.count("?"))
    if update := _UPDATE.fullmatch(sql):
        head, table, tail = update.groups()
        return Shape("UPDATE", table, head, tail, sql.count("?"))
    return None


def _named(part: str, first: int) -> str:
    before, *rest = part.split("?")
    return before + "".join(f"v.v{at}{text}" for at, text in enumerate(rest, start=first))


@lru_cache(maxsize=1024)
def listed(sql: str) -> tuple[str, tuple[int, ...]]:
    """`IN (?,?,?)` as `= ANY (?)`, and how many of the values go into each: a text that can stay prepared.

    Lists of every length would each be a statement of its own, to be read and planned anew.
    """
    sizes: list[int] = []

    def replaced(found: re.Match[str]) -> str:
        if found[0] == "?":
            sizes.append(1)
            return "?"
        sizes.append(-found[2].count("?"))
        return "<> ALL (?)" if found[1] else "= ANY (?)"

    return _LIST.sub(replaced, sql), tuple(sizes)


def gathered(values: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
    """The values for a text of `listed`."""
    found, at = [], 0
    for size in sizes:
        found.append(values[at] if size == 1 else list(values[at : at - size]))
        at += abs(size)
    return found


@lru_cache(maxsize=1024)
def many(sql: str) -> tuple[str, int] | None:
    """An INSERT of several rows as the one of a single row, and how many columns it has."""
    found = _MANY.fullmatch(sql)
    return (f"{found[1]}{found[2]}{found[3]}", found[2].count("?")) if found else None


Together = list[tuple[Shape, Statement]]


def together(statements: Sequence[Statement]) -> Together:
    """Those of them that can take many rows."""
    return [(found, statement) for statement in statements if (found := shape(statement[0]))]


def groups(statements: Sequence[Statement]) -> Iterator[Together | Statement]:
    """In their order: statements that may stand together, and those that stand alone."""
    group: Together = []
    touched: dict[str, str] = {}
    for statement in statements:
        found = shape(statement[0])
        if group and (found is None or _meets(found, touched)):
            yield group
            group, touched = [], {}
        if found is None:
            yield statement
        else:
            group.append((found, statement))
            touched[found.table] = found.verb
    if group:
        yield group


def _meets(found: Shape, touched: Mapping[str, str]) -> bool:
    """Whether it could be about a row that another statement of its group is about."""
    before = touched.get(found.table)
    return before is not None and not before == found.verb == "INSERT"


def combined(group: Together, types: Mapping[str, Sequence[str]]) -> tuple[str, list[list[Any]]]:
    """One statement and its values; `types` are those of the columns, by the single statement's text."""
    texts: list[str] = []
    values: list[list[Any]] = []
    for found, (sql, rows) in group:
        texts.append(found.text(types[sql], len(values) + 1))
        values += [list(column) for column in zip(*rows, strict=True)]
    if len(texts) == 1:
        return texts[0], values
    parts = ", ".join(f"w{at} AS ({text})" for at, text in enumerate(texts))
    return f"WITH {parts} SELECT 1", values
