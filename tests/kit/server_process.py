"""`python -m bot run` as a process, with a fake Telegram beside it: what outsiders do to it, they do by wire."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.servers import free_port

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-Token_of_the_hook"


class ServerProcess:
    """Start it, look at its rows and its files, take its disk away, end it. `lines` is all that it wrote."""

    def __init__(self, folder: Path, *, telegram: str, token: str, modules: tuple[str, ...], **limits: float) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "data" / "parley.db"
        self.files = folder / "data" / "files"
        self.lines: list[str] = []
        self._config = folder / "config.toml"
        self._config.write_text(self._settings(telegram, token, modules, limits), "utf-8")
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()

    def _settings(self, telegram: str, token: str, modules: tuple[str, ...], limits: dict[str, float]) -> str:
        lines = [
            "[server]", f"port = {self.port}", f'data = "{self.folder / "data"}"', 'public_url = "https://shop.example"',
            "[database]", f'url = "sqlite://{self.database}?busy_timeout=300"',
            "[telegram]", f'token = "{token}"', f'api_base = "{telegram}"', f'webhook_secret = "{SECRET}"',
            "[handlers]", f"modules = {list(modules)}",
            "[demo]", "shop = false",
            "[limits]", *(f"{name} = {value}" for name, value in limits.items()),
        ]  # fmt: skip
        return "\n".join(lines)

    async def start(self) -> None:
        """Returns once it serves."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--config", str(self._config)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        if not await asyncio.to_thread(self._ready.wait, 60):
            raise AssertionError("the server did not start:\n" + self.log)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        # A pipe and not a file: a limit on files must not stop the log.
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line)
            if "Stop it with Ctrl-C" in line:
                self._ready.set()

    @property
    def log(self) -> str:
        """Everything that it wrote so far."""
        return "".join(self.lines)

    def ends(self) -> int:
        """Stop it as an operator does; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=20)
        finally:
            self._process.kill()
            assert self._process.stdout is not None
            self._process.wait()
            self._process.stdout.close()

    def rows(self, sql: str, *values: object) -> list[Any]:
        """What its database says, by a connection of our own."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.rows(f'SELECT count(*) FROM "{table}"')[0][0])

    def stored(self) -> list[Path]:
        """Every file in its store, drafts included."""
        return sorted(path for path in self.files.rglob("*") if path.is_file())

    def disk_is_full(self, full: bool) -> None:
        """From now on no file may grow past a few bytes, or again as it likes."""
        assert self._process is not None
        _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (4096 if full else hard, hard))
