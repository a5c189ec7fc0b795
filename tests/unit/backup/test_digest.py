"""The digest of a table's rows: the same in any order, another one for any other row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.backup.digest import RowSum, differing
from bot.backup.manifest import TableDigest

ROWS = [(1, "茶", None), (2, "tea", 2.5), (3, "", datetime(2026, 11, 22, tzinfo=UTC)), (4, "x", b"\x00")]


def digest(rows: list[tuple[object, ...]]) -> TableDigest:
    total = RowSum()
    total.add(rows)
    return total.digest()


def test_the_order_of_rows_does_not_matter() -> None:
    assert digest(ROWS) == digest(ROWS[::-1])
    assert digest(ROWS).rows == 4


@pytest.mark.parametrize(
    "other",
    [
        ROWS[:-1],
        [*ROWS, ROWS[0]],
        [*ROWS[:-1], (4, "X", b"\x00")],
        [*ROWS[:-1], (4, "x", None)],
        [*ROWS[:-1], ("4", "x")],
    ],
)
def test_any_other_row_does(other: list[tuple[object, ...]]) -> None:
    assert digest(other).sha256 != digest(ROWS).sha256


def test_two_rows_twice_are_not_none() -> None:
    assert digest([ROWS[0], ROWS[0]]).sha256 != digest([]).sha256
    assert digest([ROWS[0], ROWS[0]]) != digest([ROWS[1], ROWS[1]])


def test_tables_that_only_one_side_has_differ() -> None:
    one, other = digest(ROWS), digest(ROWS[:2])
    assert differing({"a": one, "b": one, "c": one}, {"a": one, "b": other, "d": one}) == ["b", "c", "d"]
