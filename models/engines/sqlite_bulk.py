"""One SQLite statement for many rows, which travel as one JSON array.

`executemany` lets go of the interpreter's lock and fights for it again at every row. Under load that costs more than
the writing itself, and it is the other thread, the one that answers, which pays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

_INSERT = re.compile(r"(INSERT INTO \w+ \([^()]+\)) VALUES \([?, ]+\)(.*)", re.DOTALL)
_UPDATE = re.compile(r"(UPDATE \w+ SET .+?) (WHERE .+)", re.DOTALL)


@lru_cache(maxsize=256)
def bulk(sql: str) -> str | None:
    """The statement that does for each element of one JSON array what `sql` does for its values; None when it cannot.

    The rows of an UPDATE must be about different rows of the table: of two, SQLite may choose either.
    """
    count = sql.count("?")
    values = [f"json_extract(value, '$[{at}]')" for at in range(count)]
    if insert := _INSERT.fullmatch(sql):
        head, tail = insert.groups()
        # Without WHERE the parser would take a following ON for that of a join.
        together = f"{head} SELECT {', '.join(values)} FROM json_each(?) WHERE true{tail}"  # noqa: S608 - our own text
        return together if "?" not in tail else None
    if update := _UPDATE.fullmatch(sql):
        named = ", ".join(f"{value} AS v{at}" for at, value in enumerate(values))
        change, where = _numbered(*update.groups())
        return f"{change} FROM (SELECT {named} FROM json_each(?)) AS v {where}"  # noqa: S608 - our own text
    return None


def _numbered(change: str, where: str) -> tuple[str, str]:
    first, second = change.split("?"), where.split("?")
    head = first[0] + "".join(f"v.v{at}{part}" for at, part in enumerate(first[1:]))
    tail = second[0] + "".join(f"v.v{at}{part}" for at, part in enumerate(second[1:], start=len(first) - 1))
    return head, tail


def packed(rows: Sequence[Sequence[Any]]) -> str:
    """The rows as the statement of `bulk` takes them; times as sqlite3 writes them."""
    return orjson.dumps(rows, default=str, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
