"""How long a second start takes until the shop answers, and what it keeps in memory, without Telegram and with it.

    python -m tests.benchmarks.start_up [--rounds 7]

The first start, with the demo shop, is told for its own sake; the others change nothing. "Processor seconds" are what
a start costs whatever else the machine does. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.telegram_api import telegram_beside
from tests.benchmarks.processes import ROOT, free_port, processor_seconds, resident_megabytes, running

Found = dict[str, Any]
PATIENCE = 60.0
NEVER_AT_START = ("pyspark", "pyarrow", "pandas", "matplotlib", "aiogram", "aiobotocore")


def serving(url: str) -> None:
    """Returns once the server says that it is ready."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
    raise SystemExit(f"nothing serves at {url}")


def start(folder: Path) -> Found:
    """One start to the first answer, and after the pages that a visitor opens."""
    port = free_port()
    command = [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.toml"), "--port", str(port)]
    began = time.monotonic()
    with running(command, folder / "start_up.log") as process:
        url = f"http://127.0.0.1:{port}"
        serving(url)
        seconds, cost = time.monotonic() - began, processor_seconds(process.pid)
        resident = resident_megabytes(process.pid)
        for path in ("/", "/widget.js", "/desk", "/api/shop/products"):
            with urllib.request.urlopen(url + path, timeout=30) as answer:
                answer.read()
        used = resident_megabytes(process.pid)
    return {"seconds": seconds, "processor_seconds": cost, "resident_mb": resident, "resident_mb_in_use": used}


def imported_at_start() -> list[str]:
    """Which of the heavy packages the composition root imports: none."""
    code = "import sys, bot.app; print(*(set(sys.argv[1:]) & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code, *NEVER_AT_START], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def starts(rounds: int, *more: str) -> Found:
    """The first start, then the others on the same data; `more` are lines of the configuration."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = ["[server]", f'data = "{folder / "data"}"', *more]
        (folder / "config.toml").write_text("\n".join(lines), "utf-8")
        first = start(folder)
        again = [start(folder) for _ in range(rounds)]
    found: Found = {"first_start_s": round(first["seconds"], 2)}
    for figure in again[0]:
        found[figure] = round(statistics.median(one[figure] for one in again), 2)
    return found | {"seconds_each": [round(one["seconds"], 2) for one in again]}


def run(options: argparse.Namespace) -> Found:
    """Without a bot, and with one by long polling."""
    found = {"benchmark": "start_up", "rounds": options.rounds} | starts(options.rounds)
    with telegram_beside() as api:
        bot = starts(options.rounds, "[telegram]", 'token = "42:TEST"', f'api_base = "{api}"')
    return found | {"telegram": bot, "heavy_imports": imported_at_start()}


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
