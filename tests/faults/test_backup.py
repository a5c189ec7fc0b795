"""A backup of a shop in use, brought back elsewhere: every row as it was, and nothing is sent a second time.

The oracle is the Telegram server, which both shops talk to: it keeps what it was told to show. The same test runs with
a restore that holds nothing back, and must notice what that one sends again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser
from tests.kit.wire_faults import TooMany
from tests.servers import Postgres, dies_with_us, free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
PEOPLE = 8
#: Of a new customer to the restored shop.
MESSAGES = 8
CONFIG = """
[server]
port = {port}
data = "{folder}/data"
[database]
url = "{url}"
[telegram]
token = "{token}"
api_base = "{api}"
webhook = "false"
[handlers]
modules = ["tests.kit.say_back"]
[demo]
shop = false
"""


class Shop:
    """One installation, and the command line in it."""

    def __init__(self, folder: Path, server: TelegramServer, url: str = "") -> None:
        folder.mkdir()
        self.folder, self.database = folder, folder / "data" / "parley.db"
        self.config = folder / "config.toml"
        words = {"folder": folder, "url": url or f"sqlite://{self.database}", "port": free_port()}
        self.config.write_text(CONFIG.format(**words, token=server.token, api=server.base))

    async def bot(self, *words: str, module: str = "bot") -> str:
        """A command to its end; what it printed. It must end well."""
        process = await self._start(module, *words)
        out, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0, errors.decode()
        return out.decode()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """`run`, from its welcome to its end in good order."""
        process = await self._start("bot", "run")
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                while "Stop it with Ctrl-C" not in (line := (await process.stdout.readline()).decode()):
                    assert line, (await process.communicate())[1].decode()
            yield
            process.terminate()
            await asyncio.wait_for(process.communicate(), PATIENCE)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _start(self, module: str, *words: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *dies_with_us("KILL"), sys.executable, "-m", module, "--config", str(self.config), *words,
            cwd=ROOT, stdout=pipe, stderr=pipe,
        )  # fmt: skip


@asynccontextmanager
async def load(server: TelegramServer) -> AsyncIterator[list[str]]:
    """People write and wait for the answer, each at once again, as long as the block runs; yields what was answered."""
    answered: list[str] = []

    async def chat(person: TelegramUser) -> None:
        number = 0
        while True:
            await person.says(words := f"{person.id}/{number}")
            assert (await person.reads(PATIENCE)).text == f"you said {words}"
            answered.append(words)
            number += 1

    people = [asyncio.create_task(chat(server.user(number))) for number in range(1, PEOPLE + 1)]
    try:
        yield answered
    finally:
        for person in people:
            person.cancel()
        failures = await asyncio.gather(*people, return_exceptions=True)
        assert all(isinstance(failure, asyncio.CancelledError) for failure in failures), failures


async def backed_up(shop: Shop, server: TelegramServer, target: Path) -> list[str]:
    """A backup in the middle of everything, with one message that Telegram does not take yet; what was known by then.

    Afterwards the shop sends that message, and ends.
    """
    late = server.user(99, "Late")
    async with shop.serving():
        # A chat that was just written to: what is refused there is this chat's pace, and the others go on.
        await late.says("hello")
        await late.reads(PATIENCE)
        server.fails("sendMessage", TooMany(after=8))
        await late.says("a message that leaves late")
        async with asyncio.timeout(PATIENCE):
            while server.count("sendMessage") < 2:
                await asyncio.sleep(0.02)
        async with load(server) as answered:
            await server.until(lambda: len(answered) > 4 * PEOPLE)
            before = list(answered)
            told = await shop.bot("backup", str(target))
            assert "rows (schema" in told
            assert len(answered) > len(before), "the shop went on meanwhile"
        assert (await late.reads(PATIENCE)).text == "you said a message that leaves late"
    return before


async def resent(shop: Shop, server: TelegramServer) -> int:
    """Start the restored shop; how many messages it sends to people who have not written to it."""
    sent, new = server.count("sendMessage"), server.user(500, "New")
    async with shop.serving():
        # The effects of the backup would begin with the first look at the table, at the start: by the time that
        # several later messages were written, answered and shown, they have left.
        for number in range(MESSAGES):
            await new.says(f"hello {number}")
            assert (await new.reads(PATIENCE)).text == f"you said hello {number}"
        with suppress(TimeoutError):
            await server.until(lambda: server.count("sendMessage") > sent + MESSAGES, 2.0)
    return server.count("sendMessage") - sent - MESSAGES


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


#: What a restore leaves alone; the rest is told in docs/operations.md.
KEPT = (
    "SELECT id, conversation_id, seq, author, text, body, client_id, at FROM message ORDER BY id",
    "SELECT id, account, key, lane, kind, payload, received_at FROM inbound ORDER BY id",
    "SELECT id, key, kind, lane, payload, attempts, due_at FROM effect ORDER BY id",
    "SELECT * FROM identity ORDER BY id",
    "SELECT * FROM contact ORDER BY id",
    "SELECT * FROM setting ORDER BY name",
    "SELECT number, name, checksum FROM schema_version ORDER BY number",
)


@pytest.mark.long
async def test_a_shop_is_copied_under_load_and_restored_without_sending_anything_again(tmp_path: Path) -> None:
    async with TelegramServer() as server:
        old, new = Shop(tmp_path / "old", server), Shop(tmp_path / "new", server)
        known = await backed_up(old, server, tmp_path / "backup.zip")
        told = await new.bot("restore", str(tmp_path / "backup.zip"))
        with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
            archive.extract("database.sqlite", tmp_path)
        for sql in KEPT:
            assert rows(new.database, sql) == rows(tmp_path / "database.sqlite", sql), sql
        there = {text for (text,) in rows(new.database, "SELECT text FROM message")}
        assert {words for words in known if f"you said {words}" not in there} == set()
        [(pending,)] = rows(tmp_path / "database.sqlite", "SELECT count(*) FROM effect WHERE state = 'pending'")
        parked = rows(new.database, "SELECT lane, error FROM effect WHERE state = 'parked'")
        assert f"parked: {pending} things" in told
        assert "telegram:99" in {lane for lane, _ in parked}
        assert all(str(error).startswith("Not finished when the backup of") for _, error in parked)
        assert rows(new.database, "SELECT count(*) FROM effect WHERE state = 'pending'") == [(0,)]
        assert rows(new.database, "SELECT count(*) FROM inbound WHERE state = 'pending'") == [(0,)]
        assert await resent(new, server) == 0


@pytest.mark.long
async def test_a_restore_that_holds_nothing_back_is_noticed(tmp_path: Path) -> None:
    async with TelegramServer() as server:
        old, new = Shop(tmp_path / "old", server), Shop(tmp_path / "new", server)
        await backed_up(old, server, tmp_path / "backup.zip")
        await new.bot("restore", str(tmp_path / "backup.zip"), module="tests.kit.naive_restore")
        assert await resent(new, server) > 0


@pytest.mark.long
async def test_the_same_on_postgresql(
    tmp_path: Path, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(postgres_server._bin), prepend=":")
    urls = [await postgres_server.create_database() for _ in range(2)]
    async with TelegramServer() as server:
        old, new = (Shop(tmp_path / name, server, url) for name, url in zip(("old", "new"), urls, strict=True))
        await backed_up(old, server, tmp_path / "backup")
        told = await new.bot("restore", str(tmp_path / "backup"))
        assert "are the same by their hashes" in told
        assert await resent(new, server) == 0
    for url in urls:
        await postgres_server.drop_database(url)
