"""A place is said in one form, and read back from it."""

from __future__ import annotations

import pytest

from bot.core import place
from bot.core.place import Place

POINT = "31.240000, 121.490000"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ""),
        (("", "20 Nanjing Road"), "20 Nanjing Road"),
        (("Peace Hotel", "20 Nanjing Road, Shanghai"), "Peace Hotel, 20 Nanjing Road, Shanghai"),
        (("Peace Hotel", "Peace Hotel, 20 Nanjing Road"), "Peace Hotel, 20 Nanjing Road"),
        (("Bund", "Bund"), "Bund"),
        (("Two\n lines", "5.5, 6.6"), "Two lines, 5.5, 6.6"),
    ],
)
def test_what_is_said_is_read_back(names: tuple[str, ...], words: str) -> None:
    told = place.at(31.24, 121.49, *names)
    assert told == Place(words, POINT)
    assert place.read(f" {told} ") == told


def test_a_point_of_a_map_of_china_says_so() -> None:
    told = place.at(31.24, 121.49, "Bund", of_china=True)
    assert str(told) == f"📍 Bund, {POINT} GCJ-02"
    assert place.read(str(told)) == told == Place("Bund", f"{POINT} GCJ-02")


def test_a_place_without_degrees_has_words() -> None:
    assert place.read("📍 Hangzhou, Zhejiang") == Place("Hangzhou, Zhejiang")
    assert place.read(str(place.at(-33.86, -0.5))) == Place("", "-33.860000, -0.500000")


@pytest.mark.parametrize("text", ["", "Hangzhou", POINT, f"to 📍 {POINT}", f"📍 {POINT}\nthird floor"])
def test_other_words_are_no_place(text: str) -> None:
    assert place.read(text) is None
