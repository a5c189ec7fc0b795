"""The real server for browser tests: `python -m bot run` on a port and a folder of its own, as a new user starts it."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.servers import Server, dies_with_us

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "web" / "static"
BUILT = (STATIC / "widget.js", STATIC / "desk" / "index.html")
READY = "Parley is ready"
CONFIG = """\
[server]
port = {port}

[shop]
timezone = "UTC"

{more}
"""


class Parley(Server):
    """A shop of its own. `kill()` and `start()` again is a power cut: port, rows and files stay."""

    def __init__(self, folder: Path, more: str = "") -> None:
        super().__init__(folder)
        (folder / "config.toml").write_text(CONFIG.format(port=self.port, more=more), "utf-8")
        self._starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [*dies_with_us("TERM"), sys.executable, "-m", "bot", "run", "--config", "config.toml"]

    def popen_options(self) -> Mapping[str, Any]:
        own = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        # What breaks a process on purpose (tests/faults/arming) is meant for this one.
        armed = {name: os.environ[name] for name in ("PYTHONPATH", "PARLEY_BROKEN") if "PARLEY_BROKEN" in os.environ}
        return {"cwd": self.folder, "env": own | armed}

    def start(self) -> None:
        self._starts += 1
        super().start()

    def is_ready(self) -> bool:
        return self.log.read_text("utf-8").count(READY) >= self._starts

    @property
    def first_password(self) -> str:
        """The one-time password, as printed at the first start."""
        found = re.search(r"^ +Password +(\S+)", self.log.read_text("utf-8"), re.MULTILINE)
        assert found, f"The first start printed no password:\n{self.log.read_text('utf-8')[-2000:]}"
        return found[1]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database holds now, read beside the running server."""
        with closing(sqlite3.connect(f"file:{self.folder / 'data' / 'parley.db'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def said(self, conversation: int) -> list[tuple[str, str]]:
        """Author and text of every message, in order; the desk's own lines left out."""
        return self.rows(
            "SELECT author, text FROM message WHERE conversation_id = ? AND author IN ('customer', 'bot', 'staff') "
            "ORDER BY seq",
            conversation,
        )

    def conversation_with(self, text: str) -> int:
        """The conversation in which the customer said exactly this. One only."""
        found = self.rows("SELECT conversation_id FROM message WHERE author = 'customer' AND text = ?", text)
        assert len(found) == 1, f"{text!r} was said {len(found)} times"
        return int(found[0][0])

    def grow(self, conversation: int, to: int) -> None:
        """Messages of months, straight into the table, up to number `to`."""
        with closing(sqlite3.connect(self.folder / "data" / "parley.db", timeout=10)) as database, database:
            ((last, at),) = database.execute(
                "SELECT max(seq), min(at) FROM message WHERE conversation_id = ?", (conversation,)
            ).fetchall()
            rows = [
                (conversation, seq, ("customer", "staff")[seq // 3 % 2], f"message {seq}\n" * (seq % 3 + 1), at)
                for seq in range(last + 1, to + 1)
            ]
            database.executemany(
                "INSERT INTO message (conversation_id, seq, author, text, body, delivery, error, at) "
                "VALUES (?, ?, ?, ?, '', '', '', ?)",
                rows,
            )
            database.execute(
                "UPDATE conversation SET last_seq = ?, version = version + 1 WHERE id = ?", (to, conversation)
            )


def demand_built() -> None:
    """Raises FileNotFoundError that says how to build what is missing."""
    missing = [str(path.relative_to(ROOT)) for path in BUILT if not path.exists()]
    if missing:
        raise FileNotFoundError(f"{', '.join(missing)}: not built yet. `scripts/setup test` builds the browser side.")
