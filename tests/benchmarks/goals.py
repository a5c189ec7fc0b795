"""What each benchmark must reach, what it has reached, and what stands in the way of a goal that was missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]


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
    "parley_ratio": "Processor time; see the stages of a message below.",
    "parley_postgres_ratio": "Processor time of the server beside it; see one node and two below.",
    "telegram_p99": "Load, database and both processes share two cores; what a reply waits for is not taken apart yet.",
    "telegram_faults": "A defect: nothing may be lost, doubled or reordered.",
    "chat_p99": "The cause is not established; see the load average below, and measure on an idle machine.",
    "chat_ratio": "See the stages of a message below.",
    "chat_idle": "Not established.",
    "chat_deaf": "Not established; the caches of the database grow under load, too.",
    "chat_faults": "A defect: nothing may be lost, doubled or reordered.",
    "grammy_parley": "Processor time: a message costs our two processes more than grammY; see its stages below.",
    "grammy_parley_postgres": "Processor time: the server's comes on top of ours; see one node and two below.",
    "growth": "Not established; see the wire on a database that has grown below.",
    "scattered_postgres": "Not established; see the wire on a database that has grown below.",
    "scattered_sqlite": "Each message changes two pages that no other one does, its conversation's and its thread's "
    "in the index of messages; both go through the log and into the file. A larger cache, fewer checkpoints and "
    "checkpoints in a thread of their own were tried: no clear gain.",
    "desk": "See the table of screens below.",
    "catalogue_search": "Not established; see the load average below.",
    "store_memory": "Not established.",
    "store_faults": "A defect: a page that was taken is not read again, and nothing is left out.",
    "checkout": "Processor time, shared with the database; see the load average below.",
    "paid_per_second": "Processor time: some forty statements an order, on the cores of the database.",
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

#: As the table calls them, by the contender and by the kind of database.
PRODUCTS = {"parley": "SQLite", "parley_postgres": "PostgreSQL"}
ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
#: Times the speed of bare aiogram.
WIRE_GOALS = {"parley": 3, "parley_postgres": 2}


def _telegram(figures: Figures) -> Iterator[Goal]:
    bare = figures["contenders"]["bare_aiogram"]
    for name, engine in PRODUCTS.items():
        ours = figures["contenders"][name]
        cost = f"; processor time a message {bare['processor_us'] / ours['processor_us']:.2f} × less"
        words = f"Telegram: replies a second, each kept on disk, {engine}, beside bare aiogram that keeps nothing"
        figure = _beside(ours, bare, cost)
        yield Goal(words, f"≥ {WIRE_GOALS[name]} ×", figure, ours["ratio"] >= WIRE_GOALS[name], f"{name}_ratio")
    for name, half in figures["half"].items():
        each = ", ".join(f"{one:.0f}" for one in half["reply_p99_ms_each"])
        yield Goal(
            f"Telegram: update to reply at half of that speed, {PRODUCTS[name]}, 99th percentile",
            "≤ 50 ms",
            f"{half['reply_p99_ms']:.0f} ms at {half['rate']} a second (rounds {each}; p50 {half['reply_p50_ms']:.1f})",
            half["reply_p99_ms"] <= 50,
            "telegram_p99",
        )
    runs = [figures["contenders"][name] for name in PRODUCTS]
    yield _faultless("Telegram", _sums([*runs, *figures["half"].values()]), "telegram_faults")


def _beside(ours: Figures, other: Figures, more: str = "") -> str:
    each = ", ".join(f"{ratio:.2f}" for ratio in ours["ratios"])
    pair = f"{ours['replies_per_s']:.0f} to {other['replies_per_s']:.0f} a second"
    return f"{ours['ratio']:.2f} × ({pair}; rounds {each}{more})"


def _sums(runs: Sequence[Figures]) -> Figures:
    return {name: sum(run[name] for run in runs) for name in ("lost", "doubled", "reordered")}


def _grammy(figures: Figures) -> Iterator[Goal]:
    theirs = figures["contenders"]["grammy"]
    for name, engine in PRODUCTS.items():
        ours = figures["contenders"][name]
        words = f"Telegram: the same, {engine}, beside grammY on Node that keeps nothing"
        yield Goal(words, "≥ 1 ×", _beside(ours, theirs), ours["ratio"] >= 1, f"grammy_{name}")
    runs = [figures["contenders"][name] for name in PRODUCTS]
    yield _faultless("Telegram beside grammY", _sums(runs), "telegram_faults")


def _grown(figures: Figures) -> Iterator[Goal]:
    for name, one in figures["databases"].items():
        stored = f"{figures['conversations']:,} conversations and {figures['messages']:,} messages stored"
        words = f"Telegram: replies a second with {stored}, {ENGINES[name]}, beside an empty database"
        yield _growth(words, one["wire"]["grown"], one["wire"]["empty"], "growth")
        words = f"Telegram: the same for {figures['chats']:,} people whose rows lie scattered, {ENGINES[name]}"
        yield _growth(words, one["wire"]["scattered"], one["wire"]["empty"], f"scattered_{name}")
    runs = [one["wire"][name] for one in figures["databases"].values() for name in one["wire"]]
    yield _faultless("Telegram on those", _sums(runs), "telegram_faults")


def _grown_desk(figures: Figures) -> Iterator[Goal]:
    for name, one in figures["databases"].items():
        screens = one["milliseconds"]
        worst = max(screens, key=lambda screen: screens[screen]["p95"])
        figure = f"{screens[worst]['p95']:.1f} ms for the slowest ({worst})"
        reached = screens[worst]["p95"] <= figures["goal_p95_ms"]
        words = f"Desk: any screen at {figures['messages']:,} messages, {ENGINES[name]}, 95th percentile"
        yield Goal(words, f"≤ {figures['goal_p95_ms']:.0f} ms", figure, reached, "desk")


def _growth(words: str, ours: Figures, empty: Figures, key: str) -> Goal:
    return Goal(words, "≥ 0.9 ×", _beside(ours, empty), ours["ratio"] >= 0.9, key)


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
    yield _faultless("The same", _sums(runs), "nodes_faults")


def _after_kill(figures: Figures) -> Iterator[Goal]:
    for database, one in figures["databases"].items():
        words = f"Start after kill -9 with {figures['waiting']:,} waiting messages, {database}"
        figure = f"{one['ready_s']:.2f} s (the last of them answered after {one['all_answered_s']:.1f} s)"
        yield Goal(words, "≤ 3 s", figure, one["ready_s"] <= 3, "after_kill")
    lost, doubled = (sum(one[name] for one in figures["databases"].values()) for name in ("lost", "doubled"))
    yield Goal("The same: lost / doubled", "0 / 0", f"{lost} / {doubled}", not lost + doubled, "after_kill_faults")


def _catalogue_search(figures: Figures) -> Iterator[Goal]:
    for name, words in ENGINES.items():
        slowest = max(one["p95"] for one in figures["databases"][name]["milliseconds"].values())
        what = f"Search in chat at {figures['variants']:,} variants, Chinese and English, p95, {words}"
        yield Goal(what, "≤ 50 ms", f"{slowest:.0f} ms", slowest <= 50, "catalogue_search")


def _store_sync(figures: Figures) -> Iterator[Goal]:
    for name, words in ENGINES.items():
        whole, killed = (figures["databases"][name][way] for way in ("at_once", "killed"))
        early, late = whole["resident_mb"]["at a tenth"], whole["resident_mb"]["at the end"]
        what = f"A connected shop of {figures['variants']:,} variants read in one go, memory from a tenth on, {words}"
        figure = f"{early:.0f} to {late:.0f} MB, in {whole['seconds']:.0f} s ({whole['variants_a_second']} variants/s)"
        cache = figures["cache_mb"][name]
        goal = f"grows by ≤ 15 %{f' and its cache of {cache:.0f} MB' if cache else ''}"
        is_flat = late - early <= early * figures["goal_growth"] + cache
        yield Goal(what, goal, figure, is_flat, "store_memory")
        again = killed["read"] - whole["read"]
        is_so = figures["is_whole"] and again <= 0
        seconds = killed["seconds_before"] + killed["seconds_after"]
        figure = f"{killed['products'] - whole['products']} / {again} (in {seconds:.0f} s)"
        yield Goal(f"The same, killed on the way: products missing / read again, {words}", "0 / 0", figure, is_so,
                   "store_faults")  # fmt: skip


def _checkout(figures: Figures) -> Iterator[Goal]:
    for name, words in ENGINES.items():
        slow = figures["databases"][name]["milliseconds"]["p95"]
        what = f"From “Place the order” to the link to pay, in our own time, p95, {words}"
        yield Goal(what, "≤ 150 ms", f"{slow:.0f} ms", slow <= 150, "checkout")
    rates = figures["databases"]["postgres"]
    by = {"one process": rates["paid_per_second"]} | {f"{n} processes": at for n, at in rates.get("beside", {}).items()}
    for where, rate in by.items():
        what = f"Orders paid in a second with ledger and audit, from the cart on, {where} and PostgreSQL"
        yield Goal(what, "≥ 300", f"{rate:.0f}", rate >= 300, "paid_per_second")


GOALS: dict[str, Callable[[Figures], Iterator[Goal]]] = {
    "telegram_wire": _telegram,
    "telegram_grammy": _grammy,
    "web_chat": _chat,
    "chat_sockets": _sockets,
    "desk_queries": _desk,
    "grown": _grown,
    "grown_desk": _grown_desk,
    "catalogue_search": _catalogue_search,
    "store_sync": _store_sync,
    "checkout": _checkout,
    "report_10m": _report,
    "nodes": _nodes,
    "start_up": _start,
    "after_kill": _after_kill,
}


def goals(results: Mapping[str, Figures]) -> list[Goal]:
    """Every line of the table, as far as there are results."""
    return [goal for name, lines in GOALS.items() if name in results for goal in lines(results[name]["figures"])]
