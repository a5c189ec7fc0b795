"""The performance page: written from the results alone, so that no figure in it is older or rounder than measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import goals, page

CHAT: dict[str, Any] = {
    "rate": 400,
    "ratios_kept": [0.4, 0.41],
    "ratio_kept": 0.4,
    "ratios_answered": [0.2],
    "ratio_answered": 0.19,
    "closed_loop": {
        "parley": {"replies_per_s": 1900.0}, "parley_unanswered": {"acks_per_s": 4000.0},
        "bare_socketio": {"acks_per_s": 10_000.0},
    },
    "paced": {
        "parley": {"ack_p99_ms": 20.0, "ack_p50_ms": 4.2, "ack_p99_ms_each": [18.0, 20.0], "lost": 0, "doubled": 0,
                   "reordered": 0},
        "bare_socketio": {"ack_p99_ms": 2.0},
    },
}  # fmt: skip


def keep(folder: Path, at: str, figures: dict[str, Any], name: str = "web_chat") -> None:
    """A result file."""
    text = json.dumps({"benchmark": name, "at": at, "figures": figures})
    (folder / f"{name}-{at.replace(':', '')}.json").write_text(text)


def changed(**parley: object) -> dict[str, Any]:
    """The figures of the chat with others for Parley."""
    paced = CHAT["paced"]
    return CHAT | {"paced": paced | {"parley": paced["parley"] | parley}}


def test_the_newest_result_of_each_benchmark_counts(tmp_path: Path) -> None:
    keep(tmp_path, "2026-01-02T00:00:00+00:00", {"which": "newer"})
    keep(tmp_path, "2026-01-01T00:00:00+00:00", {"which": "older"})
    keep(tmp_path, "2025-01-01T00:00:00+00:00", {"which": "other"}, "start_up")
    found = {name: result["figures"]["which"] for name, result in page.newest(tmp_path).items()}
    assert found == {"web_chat": "newer", "start_up": "other"}


@pytest.mark.parametrize(("p99", "reached"), [(19.99, True), (20.0, True), (20.01, False)])
def test_a_goal_is_reached_at_its_figure_and_not_beyond(p99: float, reached: bool) -> None:
    found = goals.goals({"web_chat": {"figures": changed(ack_p99_ms=p99)}})
    assert [goal.reached for goal in found] == [True, False, reached, True]


def test_one_lost_message_is_a_goal_that_is_not_reached() -> None:
    _, _, latency, faults = goals.goals({"web_chat": {"figures": changed(lost=1)}})
    assert (latency.reached, faults.reached, faults.figure) == (True, False, "1 / 0 / 0")


def test_every_goal_says_what_would_stand_in_its_way() -> None:
    assert {goal.key for goal in goals.goals(page.newest())} <= set(goals.IN_THE_WAY)


@pytest.mark.parametrize(
    ("benchmark", "where"),
    [
        ("telegram_wire", ("contenders", "parley")),
        ("telegram_wire", ("half", "parley_postgres")),
        ("telegram_grammy", ("contenders", "parley")),
        ("grown", ("databases", "sqlite", "wire", "scattered")),
        ("nodes", ("handlers", "echo", "nodes_2")),
    ],
)
def test_one_message_that_is_lost_in_any_run_of_ours_is_told(benchmark: str, where: tuple[str, ...]) -> None:
    result = page.newest()[benchmark]
    run = result["figures"]
    for name in where:
        run = run[name]
    run["lost"] += 1
    [faults] = [goal for goal in goals.goals({benchmark: result}) if "lost / doubled" in goal.what]
    assert (faults.reached, faults.figure) == (False, "1 / 0 / 0")


def test_the_page_is_what_the_results_say() -> None:
    results = dict(sorted(page.newest().items()))
    assert page.PAGE.read_text("utf-8") == page.text(results), "write it again: scripts/bench --page"
    assert set(goals.GOALS) <= set(results)
