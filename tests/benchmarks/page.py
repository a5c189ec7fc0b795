"""Writes docs/performance.md from the newest result of each benchmark: goal, figure, reached or not, and why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import ROOT

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "performance.md"

Figures = Mapping[str, Any]

HEAD = """\
# Performance

Written by `scripts/bench` from the newest file of each benchmark in `tests/benchmarks/results/`; the figures are as
they were measured. `scripts/bench NAME` measures one again, `scripts/bench --quick` shows that all work. Figures
drift with the machine, so what has a peer is measured beside it in the same round, and the ratio is what travels.
"""


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table."""

    what: str
    goal: str
    figure: str
    reached: bool
    key: str  # of `IN_THE_WAY`


#: What stands in the way of a goal, told in the table as long as the goal is not reached.
IN_THE_WAY = {
    "telegram_ratio": "Processor time: stages and wire explain three fifths of it, the rest is not taken apart yet.",
    "telegram_p99": "The cause is not established; see the load average below, and measure on an idle machine.",
    "telegram_faults": "A defect: nothing may be lost, doubled or reordered.",
    "chat_p99": "The cause is not established; see the load average below, and measure on an idle machine.",
    "chat_ratio": "See the stages of a message below.",
    "chat_idle": "Not established.",
    "chat_deaf": "Not established; the caches of the database grow under load, too.",
    "chat_faults": "A defect: nothing may be lost, doubled or reordered.",
    "desk": "See the table of screens below.",
    "report_seconds": "See the stages below, the rounds, and what others took of the machine meanwhile.",
    "report_memory": "Not established.",
    "report_again": "Not established.",
    "start_seconds": "Not established; `python -X importtime -m bot run` tells which imports cost most.",
    "nodes_ratio": "Both nodes, PostgreSQL, nginx and the load share the cores of one machine; see the costs below.",
    "nodes_faults": "A defect: nothing may be lost, doubled or reordered.",
    "after_kill": "Not established; see the load average below.",
    "after_kill_faults": "A defect: nothing may be lost or doubled.",
    "start_memory": "Not established; `python -X importtime -m bot run` tells which imports cost most.",
}


def newest(folder: Path = RESULTS) -> dict[str, Figures]:
    """The newest result of each benchmark, by name."""
    found: dict[str, Figures] = {}
    for file in sorted(folder.glob("*.json")):
        result = json.loads(file.read_text("utf-8"))
        if result["at"] >= found.get(result["benchmark"], {"at": ""})["at"]:
            found[result["benchmark"]] = result
    return found


def _telegram(figures: Figures) -> Iterator[Goal]:
    ours, bare = figures["contenders"]["parley"], figures["contenders"]["bare_aiogram"]
    each = ", ".join(f"{ratio:.2f}" for ratio in ours["ratios"])
    pair = f"{ours['replies_per_s']:.0f} to {bare['replies_per_s']:.0f} a second"
    cost = f"{bare['processor_us'] / ours['processor_us']:.2f} × less"
    yield Goal(
        "Telegram: replies a second, each kept on disk, beside bare aiogram that keeps nothing",
        "≥ 2 ×", f"{ours['ratio']:.2f} × ({pair}; rounds {each}; processor time a message {cost})", ours["ratio"] >= 2,
        "telegram_ratio",
    )  # fmt: skip
    p99 = ours["reply_p99_ms"]
    figure = f"{p99:.0f} ms (bare aiogram {bare['reply_p99_ms']:.0f} ms)"
    yield Goal("Telegram: update to reply, 99th percentile", "≤ 60 ms", figure, p99 <= 60, "telegram_p99")
    yield _faultless("Telegram", ours, "telegram_faults")


def _faultless(where: str, figures: Figures, key: str) -> Goal:
    names = ("lost", "doubled", "reordered")
    figure = " / ".join(str(figures[name]) for name in names)
    return Goal(f"{where}: lost / doubled / reordered", "0 / 0 / 0", figure, not any(figures[n] for n in names), key)


def _chat(figures: Figures) -> Iterator[Goal]:
    ours, bare = figures["paced"]["parley"], figures["paced"]["bare_socketio"]
    each = ", ".join(f"{one:.0f}" for one in ours["ack_p99_ms_each"])
    yield from _chat_ratios(figures)
    yield Goal(
        f"Web chat: send to acknowledgement at {figures['rate']} messages a second, 99th percentile",
        "≤ 20 ms",
        f"{ours['ack_p99_ms']:.1f} ms (rounds {each}; median {ours['ack_p50_ms']:.1f}; an echo that keeps nothing: "
        f"{bare['ack_p99_ms']:.1f})",
        ours["ack_p99_ms"] <= 20,
        "chat_p99",
    )
    yield _faultless("Web chat", ours, "chat_faults")


def _chat_ratios(figures: Figures) -> Iterator[Goal]:
    closed = figures["closed_loop"]
    bare = closed["bare_socketio"]["acks_per_s"]
    for name, contender, figure, words, goal in (
        ("kept", "parley_unanswered", "acks_per_s", "messages acknowledged a second, each on disk before", 0.4),
        ("answered", "parley", "replies_per_s", "the same with a bot's reply to each, stored and delivered", 0.2),
    ):
        each = ", ".join(f"{one:.2f}" for one in figures[f"ratios_{name}"])
        ratio = figures[f"ratio_{name}"]
        yield Goal(
            f"Web chat: {words}, beside a bare python-socketio echo that keeps nothing",
            f"≥ {goal} ×",
            f"{ratio:.2f} × ({closed[contender][figure]:.0f} to {bare:.0f} a second; rounds {each})",
            ratio >= goal,
            "chat_ratio",
        )


def _sockets(figures: Figures) -> Iterator[Goal]:
    bare, ours, deaf = figures["idle"]["bare_socketio"], figures["idle"]["parley"], figures["deaf"]
    ratio = max(figures["memory_ratios"])
    count = f"{ours['sockets']:,.0f} idle sockets"
    yield Goal(
        f"Web chat: memory with {count}, beside a bare python-socketio",
        "≤ 1.2 ×",
        f"{ratio:.2f} × ({ours['resident_mb']:.0f} MB to {bare['resident_mb']:.0f} MB)",
        ratio <= 1.2 and not ours["lost"],
        "chat_idle",
    )
    figure = f"{ours['connected_s']:.1f} s (bare: {bare['connected_s']:.1f} s)"
    yield Goal(f"Web chat: {count} connected", "≤ 30 s", figure, ours["connected_s"] <= 30, "chat_idle")
    figure = f"{ours['ack_p99_ms']:.1f} ms (bare: {bare['ack_p99_ms']:.1f} ms)"
    yield Goal(
        f"Web chat: acknowledgement beside {count}, p99", "≤ 300 ms", figure, ours["ack_p99_ms"] <= 300, "chat_idle"
    )
    yield Goal(
        f"Web chat: {deaf['sockets']:.0f} sockets that never read, {figures['rate']:,} messages a second",
        "each is cut, memory grows ≤ 64 MB",
        f"{deaf['cut']:.0f} cut within {deaf['all_cut_s']:.1f} s, {deaf['growth_mb']:.0f} MB more",
        deaf["cut"] == deaf["sockets"] and deaf["growth_mb"] <= 64,
        "chat_deaf",
    )


def _desk(figures: Figures) -> Iterator[Goal]:
    screens = figures["milliseconds"]
    worst = max(screens, key=lambda name: screens[name]["p95"])
    yield Goal(
        f"Desk: any screen at {figures['messages']:,} messages in {figures['conversations']:,} conversations, "
        "95th percentile",
        f"≤ {figures['goal_p95_ms']:.0f} ms",
        f"{screens[worst]['p95']:.1f} ms for the slowest ({worst})",
        bool(figures["reached"]),
        "desk",
    )


def _report(figures: Figures) -> Iterator[Goal]:
    cold, again, orders = figures["cold"], figures["second_period"], figures["orders"]
    each = ", ".join(f"{one:.1f}" for one in cold.get("seconds_each", [cold["seconds"]]))
    others = f"; others took {cold['others_seconds']} s meanwhile" if "others_seconds" in cold else ""
    others += f"; the machine stood still for {cold['standstill_seconds']} s" if cold.get("standstill_seconds") else ""
    seconds = f"{cold['seconds']} s (rounds {each}; {cold['processor_seconds']} s of processor time{others})"
    yield Goal(f"Report over {orders:,} orders, cold", "≤ 30 s", seconds, cold["seconds"] <= 30, "report_seconds")
    memory = f"{cold['peak_mb'] / 1024:.1f} GB"
    yield Goal("The same: memory at its peak", "≤ 4 GB", memory, cold["peak_mb"] <= 4096, "report_memory")
    new = orders // 100
    yield Goal(
        f"A second period after {new:,} more orders",
        "reads only what is new",
        f"{again['rows_read']:,} rows read in {again['seconds']} s (cold: {cold['rows_read']:,})",
        again["rows_read"] <= 3 * new,
        "report_again",
    )


def _start(figures: Figures) -> Iterator[Goal]:
    each = ", ".join(f"{one:.1f}" for one in sorted(figures["seconds_each"]))
    figure = f"{figures['seconds']:.2f} s ({figures['processor_seconds']:.2f} s of processor time; each: {each})"
    yield Goal("Second start until the server answers", "≤ 2 s", figure, figures["seconds"] <= 2, "start_seconds")
    if bot := figures.get("telegram"):
        figure = f"{bot['seconds']:.2f} s ({bot['processor_seconds']:.2f} s of processor time)"
        yield Goal("The same with a Telegram bot", "≤ 2 s", figure, bot["seconds"] <= 2, "start_seconds")
    used = figures["resident_mb_in_use"]
    figure = f"{figures['resident_mb']:.0f} MB at start, {used:.0f} MB after the first pages"
    yield Goal("Resident memory without Telegram", "≤ 150 MB", figure, used <= 150, "start_memory")


def _nodes(figures: Figures) -> Iterator[Goal]:
    work = figures["handlers"]["work"]
    pace = f"{work['nodes_2']['replies_per_s']:.0f} to {work['nodes_1']['replies_per_s']:.0f} a second"
    figure = f"{work['ratio']:.2f} × ({pace}; rounds {', '.join(str(ratio) for ratio in work['ratios'])})"
    words = "Two nodes on one PostgreSQL beside one, with handlers that think for 10 ms"
    yield Goal(words, "≥ 1.7 ×", figure, work["ratio"] >= 1.7, "nodes_ratio")
    runs = [
        one for handler in figures["handlers"].values() for name, one in handler.items() if name.startswith("nodes")
    ]
    lost, doubled, reordered = (sum(one[name] for one in runs) for name in ("lost", "doubled", "reordered"))
    figure = f"{lost} / {doubled} / {reordered}"
    yield Goal("The same: lost / doubled / reordered", "0 / 0 / 0", figure, figure == "0 / 0 / 0", "nodes_faults")


def _after_kill(figures: Figures) -> Iterator[Goal]:
    for database, one in figures["databases"].items():
        words = f"Start after kill -9 with {figures['waiting']:,} waiting messages, {database}"
        figure = f"{one['ready_s']:.2f} s (the last of them answered after {one['all_answered_s']:.1f} s)"
        yield Goal(words, "≤ 3 s", figure, one["ready_s"] <= 3, "after_kill")
    lost, doubled = (sum(one[name] for one in figures["databases"].values()) for name in ("lost", "doubled"))
    yield Goal("The same: lost / doubled", "0 / 0", f"{lost} / {doubled}", not lost + doubled, "after_kill_faults")


GOALS: dict[str, Callable[[Figures], Iterator[Goal]]] = {
    "telegram_wire": _telegram,
    "web_chat": _chat,
    "chat_sockets": _sockets,
    "desk_queries": _desk,
    "report_10m": _report,
    "nodes": _nodes,
    "start_up": _start,
    "after_kill": _after_kill,
}


def goals(results: Mapping[str, Figures]) -> list[Goal]:
    """Every line of the table, as far as there are results."""
    return [goal for name, lines in GOALS.items() if name in results for goal in lines(results[name]["figures"])]


def text(results: Mapping[str, Figures]) -> str:
    """The page."""
    parts = [
        HEAD,
        _goals(goals(results)),
        _stages(results),
        _loop(results),
        _chat_stages(results),
        _several(results),
        _screens(results),
        _spark(results),
    ]
    return "\n".join(part for part in [*parts, _runs(results)] if part)


def _goals(found: list[Goal]) -> str:
    rows = [
        (goal.what, goal.goal, goal.figure, "reached" if goal.reached else f"**not reached**: {IN_THE_WAY[goal.key]}")
        for goal in found
    ]
    return _table(("what", "goal", "figure", ""), rows)


def _stages(results: Mapping[str, Figures]) -> str:
    if "stages" not in results:
        return ""
    stages = results["stages"]["figures"]["stages"]
    rows = [(name, str(one["clock_us"]), str(one["processor_us"])) for name, one in stages.items()]
    total = [str(sum(one[figure] for one in stages.values())) for figure in ("clock_us", "processor_us")]
    rows.append(("all of these", total[0], total[1]))
    wire = results.get("telegram_wire", {}).get("figures", {}).get("contenders", {})
    for name, words in (
        ("channel_in_memory", "for comparison, over the wire: receive, parse, send, nothing kept"),
        ("parley", "for comparison, over the wire: the whole product"),
        ("bare_aiogram", "for comparison, over the wire: bare aiogram, nothing kept"),
    ):
        if name in wire:
            rows.append((words, f"{1e6 / wire[name]['replies_per_s']:.0f}", str(wire[name]["processor_us"])))
    head = "## One Telegram message, microseconds by stage\n\nIn one process, 32 messages at a time, without HTTP.\n"
    return f"{head}\n{_table(('stage', 'clock', 'processor'), rows)}"


def _loop(results: Mapping[str, Figures]) -> str:
    if "web_chat" not in results:
        return ""
    figures = results["web_chat"]["figures"]
    columns = ("acks_per_s", "ack_p50_ms", "ack_p99_ms", "reply_p99_ms", "processor_us", "resident_mb")
    rows = [
        (f"{name}, {load.replace('_', ' ')}", *(f"{one[column]:.1f}" for column in columns))
        for load in ("paced", "closed_loop")
        for name, one in figures[load].items()
    ]
    head = f"""## The web chat beside an echo that keeps nothing

{figures["sockets"]} visitors; in closed loop each as fast as it is acknowledged. The echo is python-socketio on
aiohttp. Each message of Parley is on disk before its acknowledgement, handled, and shown to its visitor; `parley`
answers each besides.
"""
    names = ("", "acks/s", "ack p50 ms", "ack p99 ms", "reply p99 ms", "processor µs a message", "resident MB")
    return f"{head}\n{_table(names, rows)}"


def _several(results: Mapping[str, Figures]) -> str:
    if "nodes" not in results:
        return ""
    columns = (
        "nodes_us",
        "edges_us",
        "postgres_us",
        "nginx_us",
        "commits_a_message",
        "wal_a_message",
        "size_a_message",
    )
    rows = [
        (
            f"{handler}, {name.removeprefix('nodes_')}",
            *(f"{one[column]:.0f}" for column in ("replies_per_s", "reply_p99_ms", *columns[:4])),
            *(f"{one[column]:.{digits}f}" for column, digits in zip(columns[4:], (2, 0, 0), strict=True)),
        )
        for handler, by_count in results["nodes"]["figures"]["handlers"].items()
        for name, one in by_count.items()
        if name.startswith("nodes_")
    ]
    head = """## One node and two on one PostgreSQL behind nginx

All on one machine, so a second node adds only what the cores have left; what travels is the cost of a message, in
microseconds of processor time of each program. "echo" answers at once, "work" thinks for 10 ms of processor time.
"""
    names = ("handler, nodes", "replies/s", "p99 ms", "node µs", "edge µs", "PostgreSQL µs", "nginx µs", "commits")
    return f"{head}\n{_table((*names, 'bytes of WAL', 'bytes on disk'), rows)}"


def _chat_stages(results: Mapping[str, Figures]) -> str:
    if "chat_stages" not in results:
        return ""
    stages = results["chat_stages"]["figures"]["stages"]
    rows = [(name, str(one["clock_us"]), str(one["processor_us"])) for name, one in stages.items()]
    total = [str(sum(one[figure] for one in stages.values())) for figure in ("clock_us", "processor_us")]
    head = "## One message of the web chat, microseconds by stage\n\nIn one process, without the calls of the system.\n"
    return f"{head}\n{_table(('stage', 'clock', 'processor'), [*rows, ('all of these', total[0], total[1])])}"


def _screens(results: Mapping[str, Figures]) -> str:
    if "desk_queries" not in results:
        return ""
    screens = results["desk_queries"]["figures"]["milliseconds"]
    rows = [(name, *(str(one[figure]) for figure in ("p50", "p95", "p99", "max"))) for name, one in screens.items()]
    return "## The desk, milliseconds\n\n" + _table(("screen", "p50", "p95", "p99", "worst"), rows)


def _spark(results: Mapping[str, Figures]) -> str:
    if "report_10m" not in results:
        return ""
    figures = results["report_10m"]["figures"]
    stages = dict.fromkeys([*figures["cold"]["stages"], *figures["second_period"]["stages"]])
    rows = [
        (name, *(str(figures[period]["stages"].get(name, "")) for period in ("cold", "second_period")))
        for name in stages
    ]
    return "## The report, seconds by stage\n\n" + _table(("stage", "cold", "second period"), rows)


def _runs(results: Mapping[str, Figures]) -> str:
    rows = [
        (name, result["at"][:16].replace("T", " "), result["machine"], str(result["load_average_before"]))
        for name, result in results.items()
    ]
    head = "## When and where\n\nA load average above the number of cores means that others were at work.\n\n"
    return head + _table(("benchmark", "UTC", "machine", "load average before"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def write() -> None:
    """Write the page again."""
    PAGE.write_text(text(dict(sorted(newest().items()))), "utf-8")
