"""Every text that a customer reads is in every catalogue, with the same facts, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted((ROOT / "handlers" / "locale").glob("*/LC_MESSAGES/parley.po"))
KEYWORDS = {"_": None, "_n": (1, 2)}
FACT = re.compile(r"\{(\w+)\}")


def said() -> set[str]:
    """The messages of the code; a plural is named by its first form."""
    found: set[str] = set()
    for folder in ("handlers", "bot/core", "bot/payments", "bot/runtime"):
        for _file, _line, message, *_ in extract_from_dir(str(ROOT / folder), [("**.py", "python")], keywords=KEYWORDS):
            found.add(message if isinstance(message, str) else message[0])
    return found


def translated(catalogue: Path) -> Iterator[tuple[str, str]]:
    with catalogue.open("rb") as file:
        for message in read_po(file):
            if message.id:
                one = message.id if isinstance(message.id, str) else message.id[0]
                words = message.string if isinstance(message.string, str) else message.string[0]
                yield one, words


def unlike(pairs: list[tuple[str, str]]) -> list[str]:
    """Messages whose translation names a fact that the message does not have, or is empty."""
    return [
        one for one, words in pairs if not words or not set(FACT.findall(words)) <= set(FACT.findall(one)) | {"count"}
    ]


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parts[-3])
def test_a_catalogue_says_everything_once(catalogue: Path) -> None:
    pairs = list(translated(catalogue))
    assert sorted(said() - dict(pairs).keys()) == [], f"say these in {catalogue.relative_to(ROOT)}, too"
    assert sorted(dict(pairs).keys() - said()) == [], f"nobody says these any more: take them out of {catalogue.name}"
    assert unlike(pairs) == []


def test_a_fact_that_nobody_gives_is_found() -> None:
    assert unlike([("Order {number} is paid.", "订单{nummer}已付款。"), ("Yes", "是"), ("No", "")]) == [
        "Order {number} is paid.",
        "No",
    ]
