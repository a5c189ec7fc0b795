"""Statements for many rows: their texts, which of them may stand together, and that the rows come out as one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from tortoise.exceptions import IntegrityError

from models import Contact, Conversation, Identity
from models.database import (
    Overtaken,
    close_database,
    commit,
    execute,
    fetch,
    marks,
    migrate,
    open_database,
    transaction,
    unchanged,
)
from models.engines.postgres_bulk import combined, gathered, groups, listed, many, shape, whole

NOW = datetime(2026, 1, 2, tzinfo=UTC)
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


def test_single_rows_travel_as_they_are() -> None:
    (found,) = groups([(INSERT, [(1, "p")]), (UPDATE, [("z", 7)])])
    assert isinstance(found, list)
    assert combined(found, {}) == (
        (
            "WITH w0 AS (INSERT INTO a (x, y) VALUES ($1, $2) ON CONFLICT (x) DO NOTHING), "
            "w1 AS (UPDATE b SET x = $3, n = n + 1 WHERE id = $4 AND state = 'new') SELECT 1"
        ),
        [1, "p", "z", 7],
    )


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


@pytest.mark.parametrize("sql", ["SELECT 1", "INSERT INTO a (x) SELECT 1", "UPDATE a SET x = 1"])
def test_what_cannot_take_many_rows_is_known(sql: str) -> None:
    assert shape(sql) is None


UPSERT = "INSERT INTO a (x, y) VALUES (?, ?) ON CONFLICT (x) DO UPDATE SET y = excluded.y"
DELETE = "DELETE FROM a WHERE x = ?"


def test_an_upsert_takes_rows_that_do_not_meet() -> None:
    found = shape(UPSERT)
    assert found
    assert found.takes([(1, "a"), (2, "a")])
    assert not found.takes([(1, "a"), (1, "b")])


@pytest.mark.parametrize(
    ("queries", "statements", "is_one"),
    [
        ([], [INSERT, UPDATE], True),
        ([], [INSERT, "UPDATE a SET y = ? WHERE x = ?"], True),  # never the row that is inserted: a commit promises it
        ([], [UPSERT, DELETE], True),
        ([], [UPDATE, UPDATE.replace("n = n + 1", "n = 0")], False),
        ([], [UPDATE, "DELETE FROM b WHERE id = ?"], False),
        (["INSERT INTO a (x, y) VALUES (?,?),(?,?) RETURNING x"], [UPDATE], True),
        (["SELECT x FROM a WHERE x = ?"], [UPDATE], False),
        ([], [], False),
    ],
)
def test_a_commit_is_one_statement_if_no_row_is_in_two(queries: list[str], statements: list[str], is_one: bool) -> None:
    made = whole(None, [(sql, [1] * sql.count("?")) for sql in queries], [(sql, [(1, 2)]) for sql in statements])
    assert (made is not None) is is_one


def test_a_list_of_any_length_is_one_text() -> None:
    text, sizes = listed("SELECT 1 FROM a WHERE p = ? AND x IN (?,?,?) AND y NOT IN (?,?) LIMIT ?")
    assert text == "SELECT 1 FROM a WHERE p = ? AND x = ANY (?) AND y <> ALL (?) LIMIT ?"
    assert gathered([1, 2, 3, 4, 5, 6, 7], sizes) == [1, [2, 3, 4], [5, 6], 7]
    assert listed("SELECT 1 FROM a WHERE x IN (?,?)")[0] == listed("SELECT 1 FROM a WHERE x IN (?,?,?)")[0]


def test_a_list_of_one_is_an_equals_sign() -> None:
    text, sizes = listed("SELECT 1 FROM a WHERE x IN (?) AND y NOT IN (?)")
    assert (text, gathered([1, 2], sizes)) == ("SELECT 1 FROM a WHERE x = ? AND y <> ?", [1, 2])


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


@pytest.fixture
async def talks(postgres_url: str) -> AsyncIterator[list[int]]:
    """The ids of two conversations on PostgreSQL, both of version 1."""
    await open_database(postgres_url)
    await migrate()
    contact = await Contact.create(name="Ann", created_at=NOW, updated_at=NOW)
    ids = []
    for name in ("a", "b"):
        identity = await Identity.create(contact=contact, account="t", external_id=name, created_at=NOW)
        fields = {"identity": identity, "contact": contact, "account": "t", "last_at": NOW}
        ids.append((await Conversation.create(lane=f"t:{name}", created_at=NOW, updated_at=NOW, **fields)).id)
    yield ids
    await close_database()


SAVE = (
    "INSERT INTO dialog (conversation_id, token, handler, state, background, trigger, journal, question, created_at, "
    "updated_at) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (token) DO UPDATE SET state = excluded.state"
)
CHANGE = "UPDATE conversation SET last_text = ?, version = version + 1 WHERE id = ?"
KEEP = "INSERT INTO audit (action, at) VALUES (?,?) RETURNING id, action"


def dialog(conversation_id: int, token: str, state: str) -> tuple[object, ...]:
    return (conversation_id, token, "h", state, False, "{}", "[]", "", NOW, NOW)


async def test_a_guarded_commit_of_everything_at_once(talks: list[int]) -> None:
    first, second = talks
    await commit([], [(SAVE, [dialog(first, "old", "asking")])])
    guard = unchanged("conversation", {first: 1, second: 1})
    found = await commit(
        [(KEEP, ["one", NOW])],
        [
            (CHANGE, [("x", first), ("y", second)]),
            (SAVE, [dialog(first, "new", "asking")]),
            ("DELETE FROM dialog WHERE token = ?", [("old",)]),
        ],
        guard,
    )
    assert [row["action"] for row in found[0]] == ["one"]
    rows = await fetch("SELECT last_text, version FROM conversation ORDER BY id")
    assert [(row["last_text"], row["version"]) for row in rows] == [("x", 2), ("y", 2)]
    assert [row["token"] for row in await fetch("SELECT token FROM dialog")] == ["new"]
    # Two of one row come one after the other.
    await commit([], [(SAVE, [dialog(first, "new", "paused"), dialog(first, "new", "calling")])])
    assert [row["state"] for row in await fetch("SELECT state FROM dialog")] == ["calling"]


async def test_a_guard_that_refuses_tells_whose_and_leaves_nothing(talks: list[int]) -> None:
    first, second = talks
    await commit([], [(CHANGE, [("x", second)])])
    guard = unchanged("conversation", {first: 1, second: 1})
    with pytest.raises(Overtaken) as refused:
        await commit([(KEEP, ["one", NOW])], [(CHANGE, [("late", first), ("late", second)])], guard)
    assert refused.value.ids == {second}
    assert [row["last_text"] for row in await fetch("SELECT last_text FROM conversation ORDER BY id")] == ["", "x"]
    assert await fetch("SELECT 1 FROM audit") == []


async def test_of_two_commits_that_read_the_same_one_is_refused(talks: list[int]) -> None:
    guard = unchanged("conversation", {talks[0]: 1})
    tries = [commit([], [(CHANGE, [(f"{n}", talks[0])])], guard) for n in range(6)]
    told = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Overtaken"] * 5 + ["list"]
    assert [row["version"] for row in await fetch("SELECT version FROM conversation ORDER BY id")] == [2, 1]
