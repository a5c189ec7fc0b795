"""What a word in a text is, the line that shows it, and that groups of letters lose no word."""

from __future__ import annotations

import random

import pytest

from bot.services.search import postings
from bot.services.search.words import Line, fold, word

SIGNS = "aAbBzZ09 .%_'\\!茶龙井铁観안녕ßẞÖöİıΣσςМм😀👩\u200déK\n"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("TEA", "some tea"),
        ("ölberg", "Am ÖLBERG"),
        ("ΟΔΟΣ", "οδος"),
        ("straße", "STRAẞE"),
        ("москва", "МОСКВА"),
        ("%", "9%"),
    ],
)
def test_any_case_is_the_same_word(query: str, text: str) -> None:
    assert word(query).stands_in(text)


@pytest.mark.parametrize(("query", "text"), [("a_b", "axb"), ("50%", "500"), ("e", "é"), ("", "")])
def test_no_letter_stands_for_another_one(query: str, text: str) -> None:
    assert word(query).stands_in(text) == (query == "")


def test_folding_keeps_every_letter_in_its_place() -> None:
    pick = random.Random(3)
    for _ in range(500):
        text = "".join(pick.choices(SIGNS, k=pick.randint(0, 12)))
        assert len(fold(text)) == len(text)
        assert fold(fold(text)) == fold(text)
        assert "".join(map(fold, text)) == fold(text)


def test_a_query_is_one_line_of_at_most_a_hundred_letters() -> None:
    assert word("  Ann \n\t\0 Lee ").plain == "Ann Lee"
    assert word(" \0 ").plain == ""
    assert len(word("x" * 300).plain) == 100


@pytest.mark.parametrize(
    ("query", "text", "line"),
    [
        ("tea", "Tea, please", Line("", "Tea", ", please")),
        ("tea", "I would like to have some\nTEA\nplease", Line("…have some ", "TEA", " please")),
        ("龙井", "请问 50 克的龙井还有货吗", Line("请问 50 克的", "龙井", "还有货吗")),
        ("<b>", "a <b>bold</b> one", Line("a ", "<b>", "bold</b> one")),
        ("nowhere", "a text", Line("", "", "a text")),
    ],
)
def test_a_line_shows_where_the_word_stands(query: str, text: str, line: Line) -> None:
    assert word(query).line(text) == line


def test_a_line_of_a_long_text_ends_where_the_eye_does() -> None:
    line = word("tea").line("x" * 5000 + "tea" + "y" * 5000)
    assert (len(line.before), line.found, len(line.after)) == (13, "tea", 106)
    assert (line.before[0], line.after[-1]) == ("…", "…")


def test_every_piece_of_a_text_asks_for_groups_that_the_text_has() -> None:
    pick = random.Random(5)
    for _ in range(500):
        text = "".join(pick.choices(SIGNS, k=pick.randint(1, 30)))
        begins = pick.randrange(len(text))
        piece = text[begins : begins + pick.randint(1, 12)]
        groups = postings.asked(fold(piece))
        assert groups
        assert set(groups) <= postings.groups([text])


@pytest.mark.parametrize("size", [64, 2048, 8192])
def test_places_are_packed_without_loss_and_never_longer_than_their_bits(size: int) -> None:
    pick = random.Random(size)
    for count in (0, 1, 3, size // 20, size // 15, size // 3, size):
        places = sorted(pick.sample(range(size), count))
        posting = postings.packed(places, size)
        assert len(posting) <= size // 8
        assert postings.unpacked(posting, size) == places


def test_common_places_are_those_of_all() -> None:
    pick = random.Random(9)
    for _ in range(200):
        lists = [sorted(pick.sample(range(2048), pick.choice((5, 90, 600, 2000)))) for _ in range(pick.randint(1, 5))]
        expected = sorted(set.intersection(*map(set, lists)))
        assert postings.common([postings.packed(places, 2048) for places in lists], 2048) == expected


def test_keys_fit_into_four_bytes() -> None:
    assert all(-(2**31) <= postings.key(group) < 2**31 for group in postings.groups([SIGNS]))
