"""Who looks at a conversation elsewhere: the last word of each process counts, and old words do not."""

from __future__ import annotations

from bot.core.events import ViewersChanged
from web.desk.viewers import OLD, Elsewhere


def says(process: str, *staff: tuple[int, str], conversation: int = 7) -> ViewersChanged:
    return ViewersChanged(conversation, process, staff, asks=False)


def test_the_last_word_of_each_process_counts() -> None:
    elsewhere = Elsewhere()
    elsewhere.note(says("a", (1, "Mei"), (2, "Li")), 0.0)
    elsewhere.note(says("b", (2, "Li"), (3, "Wu")), 1.0)
    elsewhere.note(says("a", (1, "Mei")), 2.0)
    assert elsewhere.of(7) == {1: "Mei", 2: "Li", 3: "Wu"}
    elsewhere.note(says("b"), 3.0)
    assert elsewhere.of(7) == {1: "Mei"}
    assert elsewhere.of(8) == {}


def test_a_process_that_died_is_not_believed_for_ever() -> None:
    elsewhere = Elsewhere()
    elsewhere.note(says("a", (1, "Mei")), 0.0)
    elsewhere.note(says("b", (2, "Li")), 10.0)
    elsewhere.forget_old(OLD + 1)
    assert elsewhere.of(7) == {2: "Li"}
    elsewhere.forget_old(OLD + 11)
    assert elsewhere.of(7) == {}
