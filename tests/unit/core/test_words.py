"""Words: the many ways to type a number, and the words that steer, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.words import WORDS, Steering, normalise, number, steering

HAN = "零一二三四五六七八九"


def han(value: int) -> str:
    """A number below 100 as a Chinese reader writes it."""
    tens, ones = divmod(value, 10)
    if not tens:
        return HAN[ones]
    return ("" if tens == 1 else HAN[tens]) + "十" + (HAN[ones] if ones else "")


TWO = (
    "2", "２", "②", "⑵", "2.", "(2)", "（2）", "[2]", "#2", "2、", "2：", " 2 ", "二", "两",
    "第二个", "第2项", "2号", "two", "Two!", "second", "the second", "the second one",
)  # fmt: skip


@pytest.mark.parametrize("typed", TWO)
def test_two_however_it_is_typed(typed: str) -> None:
    assert number(typed) == 2


@pytest.mark.parametrize(
    "typed",
    ["", " ", "2 teas", "two teas", "2nd street", "12345", "十十", "一二", "个", "第", "one two", "-2", "2.5", "½"],
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert number(typed) is None


@given(st.integers(0, 9999))
def test_any_digits_and_widths(value: int) -> None:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in str(value))
    assert number(str(value)) == number(wide) == number(f"({value})") == number(f"第{value}个") == value


@given(st.integers(0, 99))
def test_any_chinese_number_to_ninety_nine(value: int) -> None:
    assert number(han(value)) == number(f"第{han(value)}个") == value


@given(st.text(max_size=60))
def test_no_text_breaks_a_reading(text: str) -> None:
    found = number(text)
    assert found is None or 0 <= found <= 9999
    assert steering(text) in (None, *WORDS)
    assert normalise(normalise(text)) == normalise(text)


@given(st.sampled_from([(word, kind) for kind, words in WORDS.items() for word in sorted(words)]), st.data())
def test_steering_words_in_any_case_width_and_punctuation(pair: tuple[str, Steering], data: st.DataObject) -> None:
    word, kind = pair
    typed = data.draw(st.sampled_from([word, word.upper(), word.title(), f"  {word} "]))
    end = data.draw(st.sampled_from(["", "!", "。", "！", " .", "?"]))
    assert steering(typed + end) == kind


def test_each_word_steers_one_way_and_stands_in_its_comparable_form() -> None:
    words = [word for kind in WORDS.values() for word in kind]
    assert len(words) == len(set(words))
    assert [word for word in words if normalise(word) != word] == []


@pytest.mark.parametrize("text", ["cancel my order", "back pain tea", "done deal", "取消订单", "don't stop", ""])
def test_a_sentence_with_such_a_word_does_not_steer(text: str) -> None:
    assert steering(text) is None
