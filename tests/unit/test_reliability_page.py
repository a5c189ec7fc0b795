"""The reliability page: written from the results alone, so that it claims nothing that was not run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults import page
from tests.faults.programme import NOT_YET, PARTS
from tests.faults.run import held
from tests.faults.variants import VARIANTS
from tests.simulation.cast import CASTS


def result(*, wrong: list[str], caught: list[str], quick: bool = False) -> dict[str, Any]:
    """A result of the part `ack`."""
    return {
        "part": "ack", "at": "2026-01-02T00:00:00+00:00", "machine": "m", "load_average_before": 1.0, "seed": 7,
        "quick": quick, "counts": {"requests": 10}, "seconds": 3,
        "whole": {"sqlite": {"figures": {"kept": 10}, "wrong": wrong}},
        "armed": {"acknowledges-late": {"figures": {}, "wrong": caught}},
    }  # fmt: skip


def verdict(found: dict[str, Any]) -> str:
    """What the table of the page says of `ack`."""
    [line] = [line for line in page.text({"ack": found}).splitlines() if "(`ack`)" in line]
    return line.split(" | ")[-1].removesuffix(" |")


@pytest.mark.parametrize(
    ("wrong", "caught", "says"),
    [
        ([], ["late"], "held; every broken variant was caught"),
        (["9 lost"], ["late"], "**did not hold**: sqlite: 9 lost"),
        ([], [], "**did not hold**: the broken variant acknowledges-late was not caught"),
    ],
)
def test_a_promise_holds_only_if_its_broken_variants_are_caught(wrong: list[str], caught: list[str], says: str) -> None:
    found = result(wrong=wrong, caught=caught)
    assert (held(found), verdict(found)) == (says.startswith("held"), says)


def test_a_quick_run_says_how_many_broken_variants_it_tried() -> None:
    [known, *_] = PARTS["mailbox"].armed
    armed = {known: {"figures": {}, "wrong": ["late"]}}
    found = result(wrong=[], caught=[]) | {"part": "mailbox", "quick": True, "armed": armed}
    assert page._verdict(found) == "held; tried and caught: 1 of 4 broken variants"


def test_a_full_run_counts_before_a_quick_one(tmp_path: Path) -> None:
    for quick in (True, False):
        name = f"ack-{'quick' if quick else 'full'}.json"
        (tmp_path / name).write_text(json.dumps(result(wrong=[], caught=["late"], quick=quick)))
    assert page.kept(tmp_path)["ack"]["quick"] is False


def test_every_part_has_broken_variants_that_exist() -> None:
    assert all(part.armed for part in PARTS.values())
    simulated = {variant for cast in CASTS.values() for variant in cast.variants}
    assert {variant for part in PARTS.values() for variant in part.armed} <= set(VARIANTS) | simulated


def test_every_promise_of_the_programme_has_a_part_or_a_reason() -> None:
    has_part, has_none = {part.number for part in PARTS.values()}, [number for number, _, _ in NOT_YET]
    assert sorted([*has_part, *has_none]) == list(range(1, 30))


def test_the_page_is_what_the_results_say() -> None:
    assert page.PAGE.read_text("utf-8") == page.text(dict(sorted(page.kept().items()))), "scripts/faults --page"
