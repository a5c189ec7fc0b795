"""Runs one benchmark or all, keeps each result as a JSON file, and writes docs/performance.md from the newest ones.

    python -m tests.benchmarks [NAME ...] [--quick] [--page] [--options WORDS]

`--quick` is a small run that shows that a benchmark works: its figures mean little and are not kept. `--page` only
writes the page again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import page
from tests.benchmarks.processes import ROOT

#: The options of a full run and of a quick one.
BENCHMARKS = {
    "telegram_wire": ("", "--rounds 1 --total 1000"),
    "telegram_grammy": ("", "--rounds 1 --total 1000"),
    "web_chat": ("", "--rounds 1 --total 1000"),
    "stages": ("", "--rounds 1 --total 500"),
    "chat_stages": ("", "--rounds 1 --total 500"),
    "chat_sockets": ("", "--sockets 500 --deaf 10 --rate 200 --seconds 3"),
    "desk_queries": ("", "--conversations 2000 --rounds 20"),
    "grown": ("", "--conversations 20000 --rounds 1 --total 1000"),
    "grown_desk": ("", "--conversations 20000 --rounds 20"),
    "catalogue_search": ("", "--variants 2000 --rounds 5"),
    "store_sync": ("", "--products 100"),
    "checkout": ("", "--people 5 --orders 20"),
    "report_10m": ("", "--orders 100000 --rounds 1"),
    "start_up": ("", "--rounds 2"),
    "nodes": ("", "--rounds 1 --total 500 --thinking 100"),
    "after_kill": ("", "--waiting 200"),
}
#: Wants the network, so it runs only when it is named.
ONLY_NAMED = {"telegram_grammy"}


def machine() -> str:
    """What kind of machine this is, in plain words."""
    words = f"{os.cpu_count()} cores"
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        words += f", {memory:.0f} GB"
    return f"{words}, {platform.system()}, Python {platform.python_version()}"


def load_average() -> float:
    """How many processes wanted a core in the last minute; -1 where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0


def measure(name: str, words: list[str]) -> dict[str, Any]:
    """One benchmark in a process of its own. Raises SystemExit when it fails."""
    began, busy = datetime.now(UTC), load_average()
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *words]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{name} failed: see above")
    facts = {"benchmark": name, "at": began.isoformat(timespec="seconds"), "machine": machine()}
    return facts | {"load_average_before": busy, "figures": json.loads(run.stdout)}


def keep(result: dict[str, Any], folder: Path) -> Path:
    """One file for one run, by name and time."""
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromisoformat(result["at"]).strftime("%Y-%m-%dT%H%M%S")
    file = folder / f"{result['benchmark']}-{moment}.json"
    file.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return file


def main() -> None:
    """Measure what was named, or all; keep it; write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small runs, not kept")
    parser.add_argument(
        "--options", metavar="WORDS", help="of the benchmark itself, as one argument; kept all the same"
    )
    parser.add_argument("--page", action="store_true", help="only write docs/performance.md again")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; choose from {', '.join(BENCHMARKS)}")
    everything = [name for name in BENCHMARKS if name not in ONLY_NAMED]
    for name in [] if options.page else options.names or everything:
        print(f"{name} …", file=sys.stderr, flush=True)
        words = BENCHMARKS[name][1 if options.quick else 0] if options.options is None else options.options
        result = measure(name, words.split())
        print(json.dumps(result, indent=2), flush=True)
        if not options.quick:
            print(f"kept in {keep(result, page.RESULTS).relative_to(ROOT)}", file=sys.stderr)
    if not options.quick:
        page.write()


if __name__ == "__main__":
    main()
