"""Writes docs/performance.md from the newest result of each benchmark: goal, figure, reached or not, and why not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.goals import ENGINES, IN_THE_WAY, Figures, Goal, goals
from tests.benchmarks.processes import ROOT

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "performance.md"

HEAD = """\
# Performance

Written by `scripts/bench` from the newest file of each benchmark in `tests/benchmarks/results/`; the figures are as
they were measured. `scripts/bench NAME` measures one again, `scripts/bench --quick` shows that all work but
`telegram_grammy`, which wants the network and runs only when it is named. Figures drift with the machine, so what has a
peer is measured beside it in the same round, and the ratio is what travels.
"""


def newest(folder: Path = RESULTS) -> dict[str, Figures]:
    """The newest result of each benchmark, by name."""
    found: dict[str, Figures] = {}
    for file in sorted(folder.glob("*.json")):
        result = json.loads(file.read_text("utf-8"))
        if result["at"] >= found.get(result["benchmark"], {"at": ""})["at"]:
            found[result["benchmark"]] = result
    return found


def text(results: Mapping[str, Figures]) -> str:
    """The page."""
    parts = [
        HEAD,
        _goals(goals(results)),
        _stages(results),
        _loop(results),
        _chat_stages(results),
        _several(results),
        _growth(results),
        _screens(results),
        _pieces(results),
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
    rows = _costs(results["stages"]["figures"]["stages"])
    wire = results.get("telegram_wire", {}).get("figures", {}).get("contenders", {})
    for name, words in (
        ("channel_in_memory", "for comparison, over the wire: receive, parse, send, nothing kept"),
        ("parley", "for comparison, over the wire: the whole product, both its processes"),
        ("parley_postgres", "for comparison, over the wire: the same on PostgreSQL, without the server's own time"),
        ("bare_aiogram", "for comparison, over the wire: bare aiogram, nothing kept"),
    ):
        if name in wire:
            rows.append((words, f"{1e6 / wire[name]['replies_per_s']:.0f}", str(wire[name]["processor_us"])))
    head = "## One Telegram message, microseconds by stage\n\nIn one process, 32 messages at a time, without HTTP.\n"
    return f"{head}\n{_table(('stage', 'clock', 'processor'), rows)}"


def _costs(stages: Mapping[str, Figures]) -> list[tuple[str, ...]]:
    sums = {figure: sum(one[figure] for one in stages.values()) for figure in ("clock_us", "processor_us")}
    all_of_them = [*stages.items(), ("all of these", sums)]
    return [(name, str(one["clock_us"]), str(one["processor_us"])) for name, one in all_of_them]


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
    rows = _costs(results["chat_stages"]["figures"]["stages"])
    head = "## One message of the web chat, microseconds by stage\n\nIn one process, without the calls of the system.\n"
    return f"{head}\n{_table(('stage', 'clock', 'processor'), rows)}"


def _screens(results: Mapping[str, Figures]) -> str:
    tables: dict[str, Figures] = {}
    if "desk_queries" in results:
        figures = results["desk_queries"]["figures"]
        tables[f"SQLite, {figures['messages']:,} messages"] = figures["milliseconds"]
    grown = results.get("grown_desk", {}).get("figures", {"databases": {}})
    for name, words in ENGINES.items():
        if name in grown["databases"]:
            tables[f"{words}, {grown['messages']:,} messages"] = grown["databases"][name]["milliseconds"]
    parts = []
    for words, screens in tables.items():
        rows = [(name, *(str(one[figure]) for figure in ("p50", "p95", "p99", "max"))) for name, one in screens.items()]
        parts.append(f"## The desk, milliseconds: {words}\n\n{_table(('screen', 'p50', 'p95', 'p99', 'worst'), rows)}")
    return "\n".join(parts)


def _pieces(results: Mapping[str, Figures]) -> str:
    index = (
        results.get("grown_desk", {}).get("figures", {"databases": {}})["databases"].get("postgres", {}).get("index")
    )
    if not index:
        return ""
    columns = ("us_an_id", "processor_us_an_id", "others_late_p50_ms", "others_late_p99_ms")
    rows = [
        (table, *(f"{one[kind] / 2**20:.0f}" for kind in ("rows", "pieces")), *(str(one[figure]) for figure in columns))
        for table, one in index.items()
    ]
    head = """## The index of pieces of words on PostgreSQL

Made beside the way, a part at a time; here without its pauses. A message costs it so many microseconds by the clock and
of our processor time, and a task that wants to run at every millisecond is so many milliseconds late meanwhile.
"""
    names = ("table", "MB with its indexes", "MB of pieces", "clock µs", "processor µs", "late p50 ms", "late p99 ms")
    return f"{head}\n{_table(names, rows)}"


def _growth(results: Mapping[str, Figures]) -> str:
    if "grown" not in results:
        return ""
    figures = results["grown"]["figures"]
    columns = ("replies_per_s", "ack_p99_ms", "reply_p50_ms", "reply_p99_ms", "processor_us", "resident_mb")
    rows = [
        (f"{engine}, {name}", *(f"{one['wire'][name][column]:.0f}" for column in columns), f"{size / 2**30:.1f}")
        for engine, one in figures["databases"].items()
        for name, size in (("empty", 0), ("grown", one["bytes"]), ("scattered", one["bytes"]))
    ]
    head = f"""## The Telegram wire on a database that has grown

{figures["conversations"]:,} conversations of ten messages, and in the queues what a week leaves there. "grown" is
the load of {figures["chats"]:,} people who are new, as it is in an empty database; "scattered" is that of as many whose
rows lie far from each other: the hardest there is, since each message changes pages that no other one does.
"""
    names = ("database", "replies/s", "ack p99 ms", "reply p50 ms", "reply p99 ms", "processor µs", "resident MB", "GB")
    return f"{head}\n{_table(names, rows)}"


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
