"""Many statements with many rows each as few statements of PostgreSQL, since each round trip waits for the event loop.

The rows of a statement travel as one array for each column. Statements that cannot meet in a row stand in one WITH,
where each sees the tables as they were before all of them. A commit is mostly one such statement, with its guard.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from models.engines.engine import Guard, Query, Statement

_INSERT = re.compile(r"(INSERT INTO \"?(\w+)\"? \(([^()]+)\)) VALUES \([?, ]+\)([^?]*)", re.DOTALL)
_MANY = re.compile(r"(INSERT INTO \w+ \([^()]+\) VALUES )(\([?,]+\))(?:,\2)*( [^?]*)", re.DOTALL)
_LIST = re.compile(r"(NOT )?\bIN \((\?(?:, ?\?)*)\)|\?")
_UPDATE = re.compile(r"(UPDATE \"?(\w+)\"? SET .+?) (WHERE [^?]*\?.*)", re.DOTALL)
_DELETE = re.compile(r"(DELETE FROM (\w+)) (WHERE [^?]*\?.*)", re.DOTALL)
_UPSERT = re.compile(r"ON CONFLICT \(([^()]+)\) DO UPDATE")


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement that can take many rows; `head` and `tail` have `?` for values, `columns` is how many there are.

    An upsert cannot take two rows that meet in the values at `unique`.
    """

    verb: str
    table: str
    head: str
    tail: str
    columns: int
    unique: tuple[int, ...] = ()

    def text(self, types: Sequence[str], first: int) -> str:
        """The statement for arrays of these types, numbered from `first` on.

        The rows of an UPDATE must be about different rows of the table: of two, PostgreSQL may choose either.
        """
        arrays = ", ".join(f"${first + at}::{type_}[]" for at, type_ in enumerate(types))
        names = ", ".join(f"v{at}" for at in range(self.columns))
        rows = f"unnest({arrays}) AS v({names})"
        if self.verb in ("INSERT", "UPSERT"):
            return f"{self.head} SELECT * FROM {rows}{self.tail}"  # noqa: S608 - our own text
        change, where = _named(self.head, 0), _named(self.tail, self.head.count("?"))
        return f"{change} {'USING' if self.verb == 'DELETE' else 'FROM'} {rows} {where}"

    def takes(self, rows: Sequence[Sequence[Any]]) -> bool:
        """Whether these may stand in one statement."""
        return not self.unique or len({tuple(row[at] for at in self.unique) for row in rows}) == len(rows)


@lru_cache(maxsize=256)
def shape(sql: str) -> Shape | None:
    """None when the statement cannot take its rows together."""
    if insert := _INSERT.fullmatch(sql):
        head, table, columns, tail = insert.groups()
        names = [name.strip() for name in columns.split(",")]
        upsert = _UPSERT.search(tail)
        unique = tuple(names.index(name.strip()) for name in upsert[1].split(",")) if upsert else ()
        return Shape("UPSERT" if upsert else "INSERT", table, head, tail, len(names), unique)
    for verb, pattern in (("UPDATE", _UPDATE), ("DELETE", _DELETE)):
        if change := pattern.fullmatch(sql):
            head, table, tail = change.groups()
            return Shape(verb, table, head, tail, sql.count("?"))
    return None


def _named(part: str, first: int) -> str:
    before, *rest = part.split("?")
    return before + "".join(f"v.v{at}{text}" for at, text in enumerate(rest, start=first))


@lru_cache(maxsize=1024)
def listed(sql: str) -> tuple[str, tuple[int, ...]]:
    """`IN (?,?,?)` as `= ANY (?)`, and how many of the values go into each: a text that can stay prepared.

    Lists of every length would each be a statement of its own, to be read and planned anew. A list of one is an equals
    sign: how long an array is a server does not know before, so it would plan the statement for each one again.
    """
    sizes: list[int] = []

    def replaced(found: re.Match[str]) -> str:
        if found[0] == "?":
            sizes.append(1)
            return "?"
        if found[2] == "?":
            sizes.append(1)
            return "<> ?" if found[1] else "= ?"
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
    return [(found, statement) for statement in statements if (found := _takes(statement))]


def _takes(statement: Statement) -> Shape | None:
    sql, rows = statement
    found = shape(sql)
    return found if found and found.takes(rows) else None


def groups(statements: Sequence[Statement]) -> Iterator[Together | Statement]:
    """In their order: statements that may stand together, and those that stand alone."""
    group: Together = []
    touched: dict[str, str] = {}
    for statement in statements:
        found = _takes(statement)
        if found and found.verb == "DELETE":  # what comes before it may be why it is allowed
            found = None
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


def combined(group: Together, types: Mapping[str, Sequence[str]]) -> tuple[str, list[Any]]:
    """One statement and its values; `types` are those of the columns, by the single statement's text."""
    texts, values = _singles(group) if all(len(rows) == 1 for _, (_, rows) in group) else _parts(group, types, 1)
    if len(texts) == 1:
        return texts[0], values
    return f"WITH {_named_parts(texts)} SELECT 1", values


def _parts(group: Together, types: Mapping[str, Sequence[str]], first: int) -> tuple[list[str], list[list[Any]]]:
    texts: list[str] = []
    values: list[list[Any]] = []
    for found, (sql, rows) in group:
        texts.append(found.text(types[sql], first + len(values)))
        values += [list(column) for column in zip(*rows, strict=True)]
    return texts, values


def _singles(group: Together) -> tuple[list[str], list[Any]]:
    """Of one row each: values as they are cost both sides less than arrays of one."""
    texts: list[str] = []
    values: list[Any] = []
    for _, (sql, (row,)) in group:
        texts.append(numbered(sql, len(values) + 1))
        values += row
    return texts, values


def _named_parts(texts: Sequence[str]) -> str:
    return ", ".join(f"w{at} AS ({text})" for at, text in enumerate(texts))


@dataclass(frozen=True, slots=True)
class Whole:
    """A commit that is one statement: its guard, and its statements, of which the first may be one that returns."""

    guard: Guard | None
    group: Together
    returns: bool

    def text(self, types: Mapping[str, Sequence[str]]) -> tuple[str, list[Any]]:
        """The statement and its values. Where the guard finds other rows than it must, a division by zero ends it.

        What follows from the guard is asked first, so rows are locked in its order before any of them is written.
        """
        if self.guard is None:
            return self._unguarded(types)
        sql, values = self.guard.query
        listed_sql, sizes = listed(sql)
        values = gathered(values, sizes)
        ids, versions = zip(*self.guard.rows, strict=True)
        at = len(values)
        texts, more = _parts(self.group, types, at + 4)
        sound = (
            f"SELECT 1 / (count(*) = ${at + 3})::int AS is_sound FROM guard "  # noqa: S608 - our own text
            f"JOIN unnest(${at + 1}::bigint[], ${at + 2}::bigint[]) AS must(id, version) USING (id, version)"
        )
        found = "sound LEFT JOIN w0 ON is_sound = 1" if self.returns else "sound"
        parts = f"guard AS ({numbered(listed_sql)}), sound AS ({sound}), {_named_parts(texts)}"
        text = f"WITH {parts} SELECT * FROM {found}"  # noqa: S608 - our own text
        return text, [*values, list(ids), list(versions), len(ids), *more]

    def _unguarded(self, types: Mapping[str, Sequence[str]]) -> tuple[str, list[Any]]:
        texts, values = _parts(self.group, types, 1)
        if len(texts) == 1:
            return texts[0], values
        return f"WITH {_named_parts(texts)} SELECT * FROM {'w0' if self.returns else '(SELECT 1) AS nothing'}", values  # noqa: S608


def whole(guard: Guard | None, queries: Sequence[Query], statements: Sequence[Statement]) -> Whole | None:
    """Those of a commit as one, if they can be: with one query at most, an INSERT of rows, and no row in common."""
    returning = [found for sql, values in queries if (found := _returning(sql, values))]
    group = together([*returning, *statements])
    if len(returning) != len(queries) or len(queries) > 1 or len(group) != len(queries) + len(statements):
        return None
    if not group or not _apart(group):
        return None
    return Whole(guard, group, bool(queries))


def _apart(group: Together) -> bool:
    """Two UPDATEs of a table may change one row, each its own columns; all else is apart, as a commit promises."""
    changes = defaultdict(list)
    for found, _ in group:
        if found.verb != "INSERT":
            changes[found.table].append(found.verb)
    return not any("UPDATE" in verbs and len(verbs) > 1 for verbs in changes.values())


def _returning(sql: str, values: Sequence[Any]) -> Statement | None:
    found = many(sql)
    if found is None:
        return None
    one, columns = found
    return one, [values[at : at + columns] for at in range(0, len(values), columns)]


@lru_cache(maxsize=512)
def numbered(sql: str, first: int = 1) -> str:
    """`?` to `$1`, `$2`, … for PostgreSQL. Our statements hold no question mark inside a literal."""
    head, *rest = sql.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(rest, start=first))
