"""Questions: what counts as an answer, and what the buttons carry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import ConfigError
from bot.core.message import Inbound
from bot.core.question import AnswerData, Incoming, answer_data, duration, option_index, parse_answer_data
from bot.core.words import normalise

LABELS = ["Longjing", "Pu'er", "2 × Sencha", "第一个"]


def index(text: str = "", key: str | None = None, labels: list[str] = LABELS) -> int | None:
    """Which option it is."""
    return option_index(Incoming(Inbound("test", "1", "ann", text=text), key=key), labels, normalise)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("longjing", 0), ("PU'ER!", 1), ("1", 0), ("②", 1), ("2 × sencha", 2), ("第二个", 1), ("第一个", 3),
        ("0", None), ("5", None), ("green", None), ("", None),
    ],
)  # fmt: skip
def test_an_option_by_label_or_number(typed: str, expected: int | None) -> None:
    assert index(typed) == expected


@pytest.mark.parametrize(
    ("key", "expected"), [("0", 0), ("3", 3), ("4", None), ("-1", None), ("x", None), ("", None), ("9" * 5000, None)]
)
def test_an_option_by_its_key(key: str, expected: int | None) -> None:
    assert index("1", key=key) == expected


def test_a_label_that_two_options_share_is_no_answer_but_a_number_is() -> None:
    assert index("tea", labels=["Tea", "tea"]) is None
    assert index("2", labels=["Tea", "tea"]) == 1


def test_a_label_that_is_a_number_wins_over_the_position() -> None:
    assert index("3", labels=["1", "3", "5"]) == 1


@given(st.text("abcXYZ019-_", min_size=1, max_size=8), st.integers(0, 99), st.text(min_size=1, max_size=9))
def test_button_data_is_read_back(token: str, position: int, key: str) -> None:
    assert parse_answer_data(answer_data(token, position, key)) == AnswerData(token, position, key)


@pytest.mark.parametrize(
    "data", ["", "a", "a:t", "a:t:1", "a:t:1:", "a:t:x:1", "b:t:1:1", "a:t:²:1", f"a:t:{'1' * 5000}:1"]
)
def test_other_data_is_no_answer(data: str) -> None:
    assert parse_answer_data(data) is None


@given(st.text(max_size=40))
def test_no_data_breaks_the_reading(data: str) -> None:
    parse_answer_data(data)
    parse_answer_data(f"a:{data}")


def test_durations() -> None:
    assert [duration(text) for text in ("30m", "3h", "1d", None)] == [
        timedelta(minutes=30), timedelta(hours=3), timedelta(days=1), None,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "1", "d", "1w", "one day", "1.5h"])
def test_what_is_no_duration_says_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match="write 30m, 3h or 1d"):
        duration(text)
