"""Our statements in the words of MariaDB, before any server has seen them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from models.engines.mysql_text import literal, many, packed, rendered, returning


def test_a_statement_in_the_servers_words() -> None:
    kept = "INSERT INTO effect (key, kind) VALUES (?,?) ON CONFLICT (key) DO NOTHING"
    assert rendered(kept, ("a", "b")) == (
        'INSERT INTO effect ("key", kind) VALUES (\'a\',\'b\') ON DUPLICATE KEY UPDATE "key" = "key"'
    )
    saved = (
        "INSERT INTO dialog (token, trigger) VALUES (?,?) ON CONFLICT (token) DO UPDATE SET trigger = excluded.trigger"
    )
    assert rendered(saved, ("t", None)) == (
        "INSERT INTO dialog (token, \"trigger\") VALUES ('t',NULL) "
        'ON DUPLICATE KEY UPDATE "trigger" = VALUES("trigger")'
    )
    assert rendered("SELECT pay.key, 'key ?' FROM payment pay WHERE pay.key = ? AND n = ?", ("%s", 3)) == (
        "SELECT pay.\"key\", 'key ?' FROM payment pay WHERE pay.\"key\" = '%s' AND n = 3"
    )
    assert rendered("SELECT 1 FROM t WHERE (name ILIKE ? OR t.phone ILIKE ?)", ("%A%", "_")) == (
        "SELECT 1 FROM t WHERE (lower(name) LIKE lower('%A%') OR lower(t.phone) LIKE lower('_'))"
    )
    with pytest.raises(ValueError, match="1 values are wanted and 2 given"):
        rendered("SELECT ?", (1, 2))


def test_rows_of_an_insert_go_together_and_those_of_an_update_one_by_one() -> None:
    insert = "INSERT INTO setting (name, value) VALUES (?, ?)"
    assert many(insert, [("a", 1), ("b", 2), ("c", 3)], 20) == [
        "INSERT INTO setting (name, value) VALUES ('a',1),('b',2)",
        "INSERT INTO setting (name, value) VALUES ('c',3)",
    ]
    assert many("UPDATE setting SET value = ? WHERE name = ?", [(1, "a"), (2, "b")], 9) == [
        "UPDATE setting SET value = 1 WHERE name = 'a'",
        "UPDATE setting SET value = 2 WHERE name = 'b'",
    ]
    assert packed(["aaa", "b", "cc", "dddddd"], 5) == [["aaa", "b"], ["cc"], ["dddddd"]]


def test_values_as_they_stand_in_a_statement() -> None:
    east = datetime(2026, 11, 22, 17, tzinfo=timezone(timedelta(hours=8)))
    assert [literal(value) for value in (None, True, 7, 1.5, "it's \\ \"茶\"\n", east, b"\x00\xff")] == [
        "NULL", "1", "7", "1.5e0", "'it\\'s \\\\ \\\"茶\\\"\\n'", "'2026-11-22 09:00:00.000000'", "x'00ff'",
    ]  # fmt: skip
    with pytest.raises(TypeError, match="a list is no value"):
        literal([])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE setting SET value = ? RETURNING name",
        "INSERT INTO setting (name, value) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = '' RETURNING name",
        "INSERT INTO setting (name) SELECT name FROM contact RETURNING name",
    ],
)
def test_what_it_cannot_return_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="this cannot return rows on MariaDB"):
        returning(sql, ("a", "b"))
