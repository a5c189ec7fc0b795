"""A locked database, a full disk and a wrong handler are told, nothing is half done, and no words reach the log."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import aiohttp
import pytest

from tests.contracts.bad_input.wire import HOOK, SIGNED, a_visitor, an_update, posts, token_of
from tests.kit.server_process import SECRET, ServerProcess
from tests.kit.telegram_server import TelegramServer


async def test_a_locked_database_is_503_and_nothing_is_half_written(
    server: ServerProcess, client: aiohttp.ClientSession, telegram: TelegramServer
) -> None:
    update = an_update("while locked", chat=88)
    async with a_visitor(server) as visitor:
        before = server.count("inbound")
        with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            async with client.post(server.url + HOOK, json=update, headers=SIGNED) as response:
                assert (response.status, "Retry-After" in response.headers) == (503, True)
            refused = await visitor.says("while locked", id="one")
            assert refused["error"]["code"] == "busy"  # type: ignore[index]
            assert refused["error"]["retry"] >= 1  # type: ignore[index]
            other.execute("ROLLBACK")
        assert server.count("inbound") == before
        assert (await posts(client, server.url, update))[0] == 200
        await telegram.user(88).sees("You said: while locked")
        assert (await visitor.says("while locked", id="one"))["ok"] is True
        await visitor.hears(lambda: "You said: while locked" in dict(visitor.texts).values())


async def test_a_full_disk_is_503_and_nothing_is_half_written(
    server: ServerProcess, client: aiohttp.ClientSession, telegram: TelegramServer
) -> None:
    update, token = an_update("while full", chat=89), await token_of(server)
    upload = f"{server.url}/api/chat/files?name=a.bin"
    async with a_visitor(server) as visitor:
        before, files = server.count("inbound"), server.stored()
        server.disk_is_full(True)
        try:
            async with client.post(server.url + HOOK, json=update, headers=SIGNED) as response:
                assert (response.status, "Retry-After" in response.headers) == (503, True)
            assert (await visitor.says("while full", id="two"))["error"]["code"] == "busy"  # type: ignore[index]
            async with client.post(
                upload, data=b"x" * 100_000, headers={"Authorization": f"Bearer {token}"}
            ) as response:
                assert (response.status, "Retry-After" in response.headers) == (503, True)
        finally:
            server.disk_is_full(False)
        assert (server.count("inbound"), server.stored()) == (before, files)
        assert (await posts(client, server.url, update))[0] == 200
        await telegram.user(89).sees("You said: while full")
        assert (await visitor.says("while full", id="two"))["ok"] is True
        await visitor.hears(lambda: "You said: while full" in dict(visitor.texts).values())


APOLOGY = "Sorry, something went wrong on our side. A colleague will look at it."


@pytest.mark.parametrize("command", ["raise", "hang"])
async def test_a_handler_that_fails_is_told_to_both_sides_and_others_go_on(server: ServerProcess, command: str) -> None:
    async with a_visitor(server) as unlucky, a_visitor(server) as other:
        await unlucky.says("good day")
        await unlucky.hears(lambda: "You said: good day" in dict(unlucky.texts).values())
        await unlucky.says(f"/{command}", id=f"trouble-{command}")
        assert (await other.says("and I?"))["ok"] is True
        await other.hears(lambda: "You said: and I?" in dict(other.texts).values())
        await unlucky.hears(lambda: APOLOGY in dict(unlucky.texts).values())
        said = [text for _, text in unlucky.texts]
        assert said == ["good day", "You said: good day", f"/{command}", APOLOGY]
        await unlucky.says("are you there?")
        await unlucky.hears(lambda: "You said: are you there?" in dict(unlucky.texts).values())
    [(state, error, lane)] = server.rows(
        "SELECT state, error, lane FROM inbound WHERE key LIKE ?", f"%trouble-{command}"
    )
    assert (state, error.partition(":")[0]) == ("parked", {"raise": "Defect", "hang": "HeldUp"}[command])
    [(attention, waiting)] = server.rows("SELECT attention, waiting_since FROM conversation WHERE lane = ?", lane)
    assert attention == "turn"
    assert waiting is not None


async def test_the_log_tells_of_trouble_and_not_what_people_said(server: ServerProcess) -> None:
    log = server.log
    assert "turn.failed" in log
    for private in (SECRET, "still here", "good day", "while locked", "no such thing: /raise", "are you there"):
        assert private not in log, private
