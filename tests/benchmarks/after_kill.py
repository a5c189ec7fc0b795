"""How long a start takes after kill -9 while ten thousand messages waited, and until the last of them is answered.

    python -m tests.benchmarks.after_kill [--waiting 10000] [--databases sqlite postgres]

People write to a shop whose handlers sleep. It is killed, and started with handlers that answer; Telegram is a stand-in
that takes everything. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.benchmarks.peers.telegram_api import telegram
from tests.benchmarks.processes import free_port, processor_seconds, running
from tests.benchmarks.start_up import serving
from tests.servers import Postgres

Found = dict[str, Any]
SECRET = "bench-secret"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def configure(folder: Path, api: str, url: str, handlers: str, port: int) -> list[str]:
    """The command that starts the shop."""
    sections = {
        "server": {"port": port, "public_url": "https://bench.example", "data": str(folder / "data")},
        "database": {"url": url},
        "telegram": {"token": "42:TEST", "api_base": api, "webhook_secret": SECRET},
        "handlers": {"modules": [handlers]},
        "limits": {"backlog": 20_000, "turn_seconds": 60.0},
        "demo": {"shop": False},
    }
    lines = [
        f"[{name}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in keys.items()) for name, keys in sections.items()
    ]
    (folder / "config.toml").write_text("\n".join(lines), "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.toml")]


async def post(url: str, first: int, count: int) -> None:
    """So many people write one message each. Raises AssertionError when one is not acknowledged."""
    numbers = iter(range(first, first + count))

    async def some(http: aiohttp.ClientSession) -> None:
        for number in numbers:
            who = {"id": number, "first_name": "Ann", "is_bot": False}
            message = {"message_id": 1, "date": 1, "chat": {"id": number, "type": "private"}, "from": who}
            message |= {"text": "/nap 50000", "entities": [{"type": "bot_command", "offset": 0, "length": 4}]}
            told = {"update_id": number, "message": message}
            async with http.post(f"{url}/hooks/telegram", json=told, headers=HEADERS) as kept:
                assert kept.status == 200, await kept.text()

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(some(http) for _ in range(32)))


async def measure(folder: Path, url: str, waiting: int) -> Found:
    """One shop: filled, killed, started."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with telegram() as (platform, api):
        command = configure(folder, api, url, "tests.faults.handlers", port)
        with running(command, folder / "first.log") as process:
            await asyncio.to_thread(serving, address)
            await post(address, 1_000, waiting)
            process.send_signal(signal.SIGKILL)
            process.wait()
        before = len(platform.chats)
        command = configure(folder, api, url, "tests.benchmarks.peers.echo", port)
        began = time.monotonic()
        with running(command, folder / "second.log") as process:
            await asyncio.to_thread(serving, address)
            found = {"ready_s": round(time.monotonic() - began, 2), "processor_s": processor_seconds(process.pid)}
            await post(address, 900_000, 1)
            found["a_new_one_kept_s"] = round(time.monotonic() - began, 2)
            while len(platform.chats) < waiting + 1 and time.monotonic() - began < 120:
                await asyncio.sleep(0.02)
            found["all_answered_s"] = round(time.monotonic() - began, 2)
    lost, twice = waiting + 1 - len(platform.chats), platform.messages - len(platform.chats)
    return found | {"answered_before": before, "lost": lost, "doubled": twice}


async def run(options: argparse.Namespace) -> Found:
    """Every database in turn."""
    found: Found = {"benchmark": "after_kill", "waiting": options.waiting, "databases": {}}
    with tempfile.TemporaryDirectory() as name:
        for database in options.databases:
            folder = Path(name) / database
            folder.mkdir()
            if database == "sqlite":
                found["databases"][database] = await measure(
                    folder, f"sqlite://{folder / 'parley.db'}", options.waiting
                )
                continue
            server = Postgres(folder)
            server.start()
            try:
                found["databases"][database] = await measure(folder, await server.create_database(), options.waiting)
            finally:
                server.stop()
    return found


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--waiting", type=int, default=10_000)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    print(json.dumps(asyncio.run(run(parser.parse_args(arguments))), indent=2))


if __name__ == "__main__":
    main()
