"""Statements for many rows: their texts, which of them may stand together, and that the rows come out as one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tortoise.exceptions import IntegrityError

from models.database import close_database, commit, execute, fetch, marks, migrate, open_database, transaction
from models.engines.postgres_bulk import combined, gathered, groups, listed, many, shape

INSERT = "INSERT INTO a (x, y) VALUES (?, ?) ON CONFLICT (x) DO NOTHING"
UPDATE = "UPDATE b SET x = ?, n = n + 1 WHERE id = ? AND state = 'new'"


def test_rows_travel_as_one_array_for_each_column() -> None:
    found = list(groups([(INSERT, [(1, "p"), (2, "q")]), (UPDATE, [("z", 7)])]))
    assert len(found) == 1
    assert isinstance(found[0], list)
    text, values = combined(found[0], {INSERT: ["int8", "text"], UPDATE: ["text", "int8"]})
    assert text == (
        "WITH w0 AS (INSERT INTO a (x, y) SELECT * FROM unnest($1::int8[], $2::text[]) AS v(v0, v1)"
        " ON CONFLICT (x) DO NOTHING), w1 AS (UPDATE b SET x = v.v0, n = n + 1 FROM unnest($3::text[], $4::int8[])"
        " AS v(v0, v1) WHERE id = v.v1 AND state = 'new') SELECT 1"
    )
    assert values == [[1, 2], ["p", "q"], ["z"], [7]]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((INSERT, INSERT.replace("x, y", "x, z")), [2]),
        ((INSERT, "UPDATE a SET x = ? WHERE id = ?"), [1, 1]),
        ((UPDATE, UPDATE), [1, 1]),
        ((UPDATE, "DELETE FROM c WHERE id = ?", INSERT), [1, 0, 1]),
    ],
)
def test_what_could_meet_in_a_row_stays_one_after_the_other(statements: tuple[str, ...], expected: list[int]) -> None:
    found = groups([(sql, [(1, 2)]) for sql in statements])
    assert [len(one) if isinstance(one, list) else 0 for one in found] == expected


@pytest.mark.parametrize(
    "sql", ["DELETE FROM a WHERE id = ?", "INSERT INTO a (x) VALUES (?) ON CONFLICT (x) DO UPDATE SET x = excluded.x"]
)
def test_what_cannot_take_many_rows_is_known(sql: str) -> None:
    assert shape(sql) is None


def test_a_list_of_any_length_is_one_text() -> None:
    text, sizes = listed("SELECT 1 FROM a WHERE p = ? AND x IN (?,?,?) AND y NOT IN (?) LIMIT ?")
    assert text == "SELECT 1 FROM a WHERE p = ? AND x = ANY (?) AND y <> ALL (?) LIMIT ?"
    assert gathered([1, 2, 3, 4, 5, 6], sizes) == [1, [2, 3, 4], [5], 6]
    assert listed("SELECT 1 FROM a WHERE x IN (?,?) LIMIT ?")[0] == listed("SELECT 1 FROM a WHERE x IN (?) LIMIT ?")[0]


def test_an_insert_of_several_rows_is_one_of_a_single_row() -> None:
    assert many("INSERT INTO a (x, y) VALUES (?,?),(?,?) RETURNING id") == (
        "INSERT INTO a (x, y) VALUES (?,?) RETURNING id",
        2,
    )


async def test_the_rows_are_those_of_single_statements(postgres_url: str) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    await open_database(postgres_url)
    try:
        await migrate()
        keep = "INSERT INTO audit (staff_id, action, object, at) VALUES (?, ?, ?, ?)"
        async with transaction() as connection:
            await execute(connection, [(keep, [(None if n else 7, f"a{n}", "ü\U0001f375", now) for n in range(3)])])
        rows = await fetch("SELECT id, staff_id, action, object, at FROM audit ORDER BY id")
        assert [(row["staff_id"], row["action"], row["object"], row["at"]) for row in rows] == [
            (None if n else 7, f"a{n}", "ü\U0001f375", now) for n in range(3)
        ]
        first, second, third = (row["id"] for row in rows)
        change = "UPDATE audit SET object = ? WHERE id = ? AND action <> 'a2'"
        several = "INSERT INTO audit (action, at) VALUES (?,?),(?,?) RETURNING id, action"
        found = await commit([(several, ["b", now, "c", now])], [(change, [("one", first), ("two", third)])])
        assert [row["action"] for row in found[0]] == ["b", "c"]
        marked = f"SELECT object FROM audit WHERE id IN ({marks(3)}) ORDER BY id"
        assert [row["object"] for row in await fetch(marked, (first, second, third))] == ["one", *["ü\U0001f375"] * 2]
        with pytest.raises(IntegrityError):
            await commit([], [(keep, [(1, None, "", now)])])
    finally:
        await close_database()
