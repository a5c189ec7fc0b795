"""The journal: what is written is read back equal, and a dialog that changed is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Refused
from bot.core.journal import (
    Entry,
    Journal,
    JournalMismatch,
    dump,
    load,
    name_of,
    plain,
    refusal,
    refused,
    returns,
    revive,
)
from bot.core.money import Money

STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.builds(
    Entry, st.sampled_from(["ask", "do", "call"]), STRINGS, JSON, st.none() | st.just({"code": "x"}), st.booleans()
)


@given(st.lists(ENTRIES, max_size=6))
def test_a_stored_journal_is_read_back_equal_and_replays_from_its_start(entries: list[Entry]) -> None:
    journal = load(dump(Journal(entries, cursor=len(entries))))
    assert (journal.entries, journal.cursor) == (entries, 0)
    assert [journal.next(entry.k, entry.n) for entry in entries] == entries
    assert not journal.replaying
    assert journal.next("ask", "anything") is None


def test_another_verb_or_name_than_before_is_a_mismatch() -> None:
    for kind, name in (("do", "Which?"), ("ask", "What?")):
        with pytest.raises(JournalMismatch, match=r"journal has ask 'Which\?'"):
            Journal([Entry("ask", "Which?", 1)]).next(kind, name)  # type: ignore[arg-type]


ASK, READ, WRITE, CALL = Entry("ask", "?"), Entry("do", "r", r=True), Entry("do", "w"), Entry("call", "c")


@pytest.mark.parametrize(
    ("before", "possible", "after"),
    [
        ([], False, []),
        ([READ], False, [READ]),
        ([ASK], True, []),
        ([READ, ASK], True, [READ]),
        ([ASK, READ, ASK, READ], True, [ASK, READ]),
        ([ASK, WRITE], False, [ASK, WRITE]),
        ([ASK, CALL], False, [ASK, CALL]),
        ([ASK, WRITE, ASK], True, [ASK, WRITE]),
        ([ASK, WRITE, READ], False, [ASK, WRITE, READ]),
    ],
)
def test_a_step_back_forgets_one_answer_and_never_crosses_what_was_done(
    before: list[Entry], possible: bool, after: list[Entry]
) -> None:
    journal = Journal(list(before))
    assert (journal.step_back(), journal.entries) == (possible, after)


@dataclass(frozen=True, slots=True)
class View:
    """What a service returns."""

    price: Money
    at: datetime
    tags: tuple[str, ...] = ()
    parent: View | None = None


async def find(scope: Any, sku: str) -> View | None:
    """A service."""
    raise NotImplementedError


async def forgets(scope: Any):  # type: ignore[no-untyped-def]
    """A service without a return type."""


def test_a_value_comes_back_as_its_service_declares_it() -> None:
    inner = View(Money(1, "JPY"), datetime(2026, 11, 22, 9, 0, 0, 5, tzinfo=UTC))
    view = View(Money(6800, "CNY"), datetime(2026, 11, 22, 9, tzinfo=UTC), ("a", "b"), inner)
    stored = load(dump(Journal([Entry("do", "find", plain(view))]))).entries[0].v
    assert revive(stored, returns(find)) == view
    assert revive(None, returns(find)) is None


def test_a_value_that_no_longer_fits_its_type_is_a_mismatch_not_a_crash() -> None:
    with pytest.raises(JournalMismatch, match="price"):
        revive({"at": "2026-11-22T09:00:00Z"}, View)


def test_a_service_without_a_type_gives_back_what_was_stored() -> None:
    assert revive({"a": [1]}, returns(forgets)) == {"a": [1]}


def test_a_service_is_named_by_module_and_function() -> None:
    assert name_of(find) == "test_journal.find"


def test_a_refusal_keeps_its_code_and_its_money() -> None:
    stored = load(
        dump(Journal([Entry("do", "x", x=refusal(Refused("price", now=Money(5, "CNY"), sku="tea", left=2)))]))
    )
    again = refused(stored.entries[0].x or {})
    assert (again.code, again.facts) == ("price", {"now": Money(5, "CNY"), "sku": "tea", "left": 2})
