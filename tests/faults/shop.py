"""The process under test: `python -m bot run`, whole or broken on purpose, started, stopped and killed from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.faults.part import WHOLE
from tests.servers import dies_with_us, free_port

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-Token_of_the_hook"
START_SECONDS = 60.0
#: A process that is asked to end may take so long.
DRAIN_SECONDS = 10.0

Settings = Mapping[str, Mapping[str, object]]


@dataclass
class Ends:
    """The ends that were asked for: in time, and in good order."""

    seconds: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    def add(self, end: tuple[float, int]) -> None:
        """What `Shop.stop` returned."""
        self.seconds.append(end[0])
        self.codes.append(end[1])

    def wrong(self) -> list[str]:
        """What broke the promise."""
        slow = [f"one end took {max(self.seconds):.1f} s"] if max(self.seconds) > DRAIN_SECONDS else []
        failed = [code for code in self.codes if code]
        return slow + ([f"exit codes {failed}"] if failed else [])

    def figures(self) -> dict[str, float]:
        """For the result."""
        return {"slowest_stop_s": round(max(self.seconds), 2)}


class Died(RuntimeError):
    """The process ended before it served; the message ends with its own words."""


class Shop:
    """One installation: a folder, a port and a database that outlive each of its processes."""

    def __init__(
        self,
        folder: Path,
        url: str,
        telegram: tuple[str, str],  # token, address
        *,
        variant: str = WHOLE,
        modules: Sequence[str] = ("tests.faults.handlers",),
        settings: Settings | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hook = f"{self.url}/hooks/telegram"
        self.variant = variant
        self.program = ROOT  # where its release lies
        self.watcher: Sequence[str] = ()  # words before its own
        self.log = folder / "log"
        self.process: asyncio.subprocess.Process | None = None
        self.config = folder / "config.toml"
        self.config.write_text(_toml(self._settings(folder, url, telegram, modules, settings or {})), "utf-8")

    def _settings(
        self, folder: Path, url: str, telegram: tuple[str, str], modules: Sequence[str], more: Settings
    ) -> Settings:
        token, address = telegram
        own: dict[str, Mapping[str, object]] = {
            "server": {"port": self.port, "data": str(folder / "data"), "public_url": "https://shop.example"},
            "database": {"url": url},
            "telegram": {"token": token, "api_base": address, "webhook": True, "webhook_secret": SECRET},
            "limits": {"messages_per_10s": 1_000_000},
            "handlers": {"modules": list(modules)},
            "demo": {"shop": False},
            "log": {"level": "warning"},
        }
        return own | {name: {**own.get(name, {}), **values} for name, values in more.items()}

    async def __aenter__(self) -> Shop:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def start(self) -> float:
        """Seconds until it serves. Raises `Died`."""
        began = time.monotonic()
        await self.begins()
        assert self.process is not None
        while not await self._serves():
            if self.process.returncode is not None or time.monotonic() - began > START_SECONDS:
                raise Died(f"the shop did not start:\n{self.words()}")
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    async def begins(self) -> None:
        """The process, which need not come so far as to serve."""
        module = ["bot"] if self.variant == WHOLE else ["tests.faults.launch", self.variant]
        words = [*dies_with_us("KILL"), *self.watcher, sys.executable, "-m", *module, "--config", str(self.config)]
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *words, "run", cwd=self.program, env=_as_installed(), stdout=log, stderr=log
            )

    async def _serves(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def kill(self) -> None:
        """SIGKILL, wherever it is."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self, patience: float = 30.0) -> tuple[float, int]:
        """SIGTERM; seconds until it ended, and its exit code. After `patience` it is killed: -9."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience):
                await self.process.wait()
        except TimeoutError:
            await self.kill()
        assert self.process.returncode is not None
        return time.monotonic() - began, self.process.returncode

    async def does(self, *words: str, tells: str = "") -> str:
        """Another command of the command line, such as `staff add`; what it printed. Raises `Died`."""
        command = [sys.executable, "-m", "bot", "--config", str(self.config), *words]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)
        told, complaint = await process.communicate(tells.encode())
        if process.returncode:
            raise Died(complaint.decode())
        return told.decode()

    def words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text("utf-8", "replace")[-3000:] if self.log.exists() else ""

    def megabytes(self) -> float:
        """What it keeps in memory; -1 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status") if self.process else Path("/nowhere")
        if not status.exists():
            return -1.0
        line = next((line for line in status.read_text().splitlines() if line.startswith("VmRSS:")), "VmRSS: -1024")
        return round(int(line.split()[1]) / 1024, 1)


def _as_installed() -> dict[str, str]:
    """With compiled modules, as every installation has them: without, each start compiles all of aiogram again."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _toml(settings: Settings) -> str:
    return "\n".join(
        line
        for name, values in settings.items()
        for line in (f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values.items()))
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return str(value) if isinstance(value, int | float) else '"' + str(value).replace('"', '\\"') + '"'
