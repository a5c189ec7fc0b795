"""Ten thousand people who look and say nothing, and a hundred who never read what they are told."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.chat_sockets import allow_files
from tests.benchmarks.processes import listening, running
from tests.benchmarks.web_chat import CONTENDERS, PEER
from tests.faults.part import Findings, Part, Trial
from tests.faults.shop import ROOT, Died, Shop
from tests.kit.telegram_server import TelegramServer
from tests.servers import free_port

Found = dict[str, Any]
MOST_RATIO, MOST_CONNECT_S, MOST_ACK_MS = 1.2, 30.0, 300.0
MOST_GROWTH = 64.0


async def look(trial: Trial) -> Findings:
    """The same load on a bare server and on a shop, one after the other."""
    load = ["idle", "--sockets", str(trial.count("sockets")), "--seconds", "5"]
    allow_files(trial.count("sockets"))
    bare, ours = await _bare(trial, load), await _shop(trial, load)
    ratio = round(ours["resident_mb"] / bare["resident_mb"], 2)
    wrong = [f"{ratio} times the memory of a bare server"] if ratio > MOST_RATIO else []
    if ours["lost"]:
        wrong.append(f"{ours['lost']} sockets were lost")
    if ours["connected_s"] > MOST_CONNECT_S:
        wrong.append(f"all are connected only after {ours['connected_s']} s")
    if not 0 <= ours["ack_p99_ms"] <= MOST_ACK_MS:
        wrong.append(f"a message beside them takes {ours['ack_p99_ms']} ms (99th percentile)")
    return Findings(ours | {"bare_mb": bare["resident_mb"], "ratio": ratio}, tuple(wrong))


async def deafen(trial: Trial) -> Findings:
    """They write, each message is answered, and nothing of it is read."""
    load = ["deaf", "--sockets", str(trial.count("sockets")), "--rate", str(trial.count("rate"))]
    found = await _shop(trial, [*load, "--seconds", str(trial.count("seconds"))])
    wrong = []
    if left := found["sockets"] - found["cut"]:
        wrong.append(f"{left} sockets that never read were not cut")
    if found["growth_mb"] > MOST_GROWTH:
        wrong.append(f"memory grew by {found['growth_mb']} MB")
    return Findings(found, tuple(wrong))


async def _shop(trial: Trial, load: list[str]) -> Found:
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant)
        async with shop:
            await shop.start()
            assert shop.process is not None
            return await _loaded(load, shop.port, shop.process.pid)


async def _bare(trial: Trial, load: list[str]) -> Found:
    port, own = free_port(), trial.folder / "bare"
    own.mkdir()
    with running(CONTENDERS[PEER](port, own), trial.folder / "bare.log") as process:
        await asyncio.to_thread(listening, port)
        return await _loaded(load, port, process.pid)


async def _loaded(load: list[str], port: int, pid: int) -> Found:
    words = [sys.executable, "-m", "tests.benchmarks.load.socket_load", *load]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *words, "--address", f"127.0.0.1:{port}", "--pid", str(pid), cwd=Path(ROOT), stdout=pipe, stderr=pipe
    )
    told, complaint = await process.communicate()
    if process.returncode:
        raise Died(complaint.decode()[-2000:])
    return dict(json.loads(told))


IDLE = Part(
    number=18,
    name="idle",
    promise="Ten thousand quiet sockets cost one process no more than a bare server, and delay nobody",
    passes=f"≤ {MOST_RATIO} × the bare server's memory, connected ≤ {MOST_CONNECT_S:.0f} s, p99 ≤ {MOST_ACK_MS:.0f} ms",
    run=look,
    full={"sockets": 10_000},
    alone="always",
    quick={"sockets": 2_000},
    armed={"keeps-much": {}},
)

DEAF = Part(
    number=19,
    name="readers",
    promise="Sockets that never read, under 1,000 long messages a second, are cut at a byte budget",
    passes=f"all are cut; memory grows by ≤ {MOST_GROWTH:.0f} MB",
    run=deafen,
    full={"sockets": 100, "rate": 1_000, "seconds": 60},
    alone="always",
    quick={"sockets": 100, "rate": 1_000, "seconds": 40},
    small={"seconds": 15},
    armed={"never-cuts": {}},
)
