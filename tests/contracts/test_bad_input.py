"""What strangers, broken platforms, full disks and wrong handlers do to the server: told, not kept, soon forgotten."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from io import BytesIO
from itertools import count
from typing import Any

import aiohttp
import pytest

from tests.kit.server_process import SECRET, ServerProcess
from tests.kit.telegram_server import TelegramServer
from tests.unit.web.running import Browser

HOOK = "/hooks/telegram"
SIGNED = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
MIB = 1024 * 1024
NUMBERS = count(50_000)
Json = dict[str, Any]


@pytest.fixture(scope="module")
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, telegram: TelegramServer) -> AsyncIterator[ServerProcess]:
    process = ServerProcess(
        tmp_path_factory.mktemp("server"),
        telegram=telegram.base,
        token=telegram.token,
        modules=("tests.kit.troubled",),
        turn_seconds=0.5,
        file_mb=2,
        image_mb=1,
    )
    await process.start()
    yield process
    assert process.ends() == 0


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def an_update(text: object = "hello", chat: int = 42, **more: object) -> Json:
    """A text message, as Telegram posts it."""
    person = {"id": chat, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    message = {
        "message_id": 1,
        "date": 1760000000,
        "chat": {"id": chat, "type": "private", "first_name": "Ann"},
        "from": person,
        "text": text,
    }
    return {"update_id": next(NUMBERS), "message": message | more}


async def posts(client: aiohttp.ClientSession, url: str, body: object, **headers: str) -> tuple[int, str]:
    """The status and the answer to a webhook call."""
    data = BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    async with client.post(url + HOOK, data=data, headers=headers or SIGNED) as response:
        return response.status, await response.text()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_visitor(server: ServerProcess) -> AsyncIterator[Browser]:
    """A socket of the web chat."""
    browser = await Browser(server.url).opens()
    try:
        yield browser
    finally:
        await browser.leaves()


@asynccontextmanager
async def a_connection(server: ServerProcess) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Bare bytes to the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


# webhooks


@pytest.mark.parametrize(
    "told", [None, "", "wrong", SECRET + "x", SECRET.upper(), "s3cr\u00e9t", "\U0001f511", "a" * 8000]
)
async def test_who_has_not_the_secret_is_refused_and_leaves_no_row(
    server: ServerProcess, client: aiohttp.ClientSession, told: str | None
) -> None:
    before = server.count("inbound")
    headers = {"X-Telegram-Bot-Api-Secret-Token": told} if told is not None else {"X-Other": "1"}
    status, answer = await posts(client, server.url, an_update(), **headers)
    assert (status, json.loads(answer)["error"]["code"]) in [(401, "unauthorised"), (400, "bad_request")]
    assert status == 401 or told == "a" * 8000
    assert SECRET not in answer
    assert server.count("inbound") == before


async def test_a_secret_in_bytes_that_are_no_text_is_refused(server: ServerProcess) -> None:
    head = b"POST /hooks/telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    async with a_connection(server) as (reader, writer):
        writer.write(head + b"X-Telegram-Bot-Api-Secret-Token: \xff\xfe\r\n\r\n{}")
        assert (await reader.readline()).split()[1] == b"401"


DEEP = b'{"update_id":1,"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
MALFORMED = {
    "nothing": b"",
    "half": b'{"update_id": 1, "message": {"te',
    "not JSON": b"<xml/>",
    "not UTF-8": b'{"update_id": 1, "x": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "a string": b'"hello"',
    "no id": b'{"message": {}}',
    "an id that is text": b'{"update_id": "1"}',
    "an id that is true": b'{"update_id": true}',
    "a message that is a list": b'{"update_id": 1, "message": []}',
    "a message that is text": b'{"update_id": 1, "message": "hi"}',
    "NaN": b'{"update_id": NaN}',
    "deep": DEEP,
    "deep in an unknown kind": DEEP.replace(b"message", b"novelty"),
    "a huge number": b'{"update_id": ' + b"9" * 5000 + b"}",
    "text that is a number": json.dumps(an_update(text=7)).encode(),
    "text that is an object": json.dumps(an_update(text={"a": 1})).encode(),
    "a chat without an id": json.dumps(an_update()).replace('"chat": {"id": 42, ', '"chat": {').encode(),
    "a NUL": json.dumps(an_update(text="a\0b")).encode(),
    "half a character": json.dumps(an_update(text="\ud83d")).encode(),
    "half a character in the name": json.dumps(an_update(text="x")).replace("Ann", "\\udc00").encode(),
    "text of 900 kB": json.dumps(an_update(text="x" * 900_000)).encode(),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_update_is_refused_and_leaves_no_row(
    server: ServerProcess, client: aiohttp.ClientSession, body: bytes
) -> None:
    before = server.count("inbound")
    status, answer = await posts(client, server.url, body)
    assert (status, json.loads(answer)["error"]["code"]) == (400, "bad_request")
    assert server.count("inbound") == before


@pytest.mark.parametrize("size", [MIB + 1, 2 * MIB])
async def test_a_body_over_a_megabyte_is_told_the_limit(
    server: ServerProcess, client: aiohttp.ClientSession, size: int
) -> None:
    before = server.count("inbound")
    status, answer = await posts(client, server.url, b" " * size)
    assert (status, "1 MB" in answer) == (413, True)

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(0, size, 65536):
            yield b" " * 65536

    async with client.post(server.url + HOOK, data=unannounced(), headers=SIGNED) as response:
        assert (response.status, "1 MB" in await response.text()) == (413, True)
    assert server.count("inbound") == before


async def test_a_compressed_bomb_is_not_unpacked(server: ServerProcess, client: aiohttp.ClientSession) -> None:
    status, _ = await posts(client, server.url, b"\x1f\x8b", **SIGNED, **{"Content-Encoding": "gzip"})
    assert status == 415


@pytest.mark.parametrize(
    "text", ["\u202eecila\u202c", "a\u2066b\u2069", "\u200f\u200e", "e" + "\u0301" * 300, "\ufffe"]
)
async def test_directions_and_marks_stay_text(
    server: ServerProcess, client: aiohttp.ClientSession, telegram: TelegramServer, text: str
) -> None:
    update = an_update(text, chat=77)
    assert (await posts(client, server.url, update))[0] == 200
    await telegram.user(77).sees(f"You said: {text}")
    assert server.rows("SELECT text FROM message WHERE author = 'customer' ORDER BY id DESC LIMIT 1") == [(text,)]


@pytest.mark.parametrize("kind", ["poll_answer", "chat_boost", "kind_of_tomorrow"])
async def test_kinds_that_nobody_knows_are_kept_raw_and_counted(
    server: ServerProcess, client: aiohttp.ClientSession, kind: str
) -> None:
    counted = await unknown(client, server)
    update = {"update_id": next(NUMBERS), kind: {"id": "7", "user": {"id": 5}}}
    assert (await posts(client, server.url, update))[0] == 200
    [(row, payload)] = server.rows("SELECT kind, payload FROM inbound WHERE key = ?", str(update["update_id"]))
    assert (row, json.loads(payload)["native"]) == ("unknown", update)
    assert await unknown(client, server) == counted + 1
    await until(lambda: not server.rows("SELECT 1 FROM inbound WHERE state = 'pending'"))


async def unknown(client: aiohttp.ClientSession, server: ServerProcess) -> float:
    """What the metrics say of updates of unknown kinds."""
    async with client.get(f"{server.url}/metrics") as response:
        found = re.search(r'parley_hooks_total\{account="telegram",outcome="unknown"\} (\S+)', await response.text())
    return float(found[1]) if found else 0.0


# sockets


WRONG: list[object] = [None, True, 7, 1e300, "text", [], ["text"], {}, {"a": {"b": []}}, [[[[]]]]]


@pytest.mark.parametrize("event", ["message", "sync", "read", "lang"])
async def test_events_of_wrong_types_are_told_and_the_socket_goes_on(server: ServerProcess, event: str) -> None:
    async with a_visitor(server) as visitor:
        before = server.count("inbound")
        for body in WRONG:
            answer = await visitor.calls(event, body)
            assert answer["ok"] is False, body
            assert answer["error"]["code"] in {"bad_request", "empty"}, (body, answer)  # type: ignore[index]
        assert server.count("inbound") == before
        assert (await visitor.says("still here"))["ok"] is True
        await visitor.hears(lambda: "You said: still here" in dict(visitor.texts).values())


FIELDS: list[Json] = [
    {"text": 7}, {"text": ["a"]}, {"text": {}}, {"data": 5}, {"text": "\ud83d"}, {"text": "a", "id": 7},
    {"text": "a", "id": "\n"}, {"text": "a", "files": "1"}, {"text": "a", "files": [-1]}, {"text": "a", "files": [{}]},
    {"text": "a", "files": [2**70]}, {"text": "a", "files": [True]}, {"text": "a", "label": 1},
    {"text": "a", "data": []}, {"text": "a", "data": "\ud83d"},
]  # fmt: skip


async def test_fields_of_wrong_types_are_told_and_leave_no_row(server: ServerProcess) -> None:
    async with a_visitor(server) as visitor:
        before = server.count("inbound")
        for fields in FIELDS:
            answer = await visitor.calls("message", fields)
            assert answer["ok"] is False, fields
            assert answer["error"]["code"] in {"bad_request", "bad_text", "empty"}, (fields, answer)  # type: ignore[index]
        too_long = await visitor.says("x" * 4001)
        assert too_long["error"] == {"code": "too_long", "limit": 4000, "text": too_long["error"]["text"]}  # type: ignore[index]
        assert "4000" in str(too_long["error"]).replace(",", "")
        assert server.count("inbound") == before


async def test_a_nul_is_left_out_and_events_of_no_table_are_refused(server: ServerProcess) -> None:
    async with a_visitor(server) as visitor:
        assert (await visitor.says("a\0b"))["ok"] is True
        await visitor.hears(lambda: "You said: ab" in dict(visitor.texts).values())
        for event in ("opened", "closed", "trigger_event", "__init__", "constructor"):
            assert (await visitor.calls(event, {}))["ok"] is False
        for event in ("connect", "disconnect"):
            await visitor.client.emit(event, {}, namespace="/chat")
        assert (await visitor.says("as before"))["ok"] is True


@pytest.mark.parametrize("token", ["x", "0" * 64, 7, {}, ["a"], "\ud83d", "f" * 50_000])
async def test_a_wrong_token_opens_nothing(server: ServerProcess, token: object) -> None:
    import socketio  # type: ignore[import-untyped]

    browser = Browser(server.url)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await browser.opens(token=token)
    await browser.leaves()


# uploads


async def token_of(server: ServerProcess) -> str:
    """The token of a new visitor."""
    async with a_visitor(server) as visitor:
        assert visitor.token is not None
        return visitor.token


async def test_three_gigabytes_announced_are_refused_before_they_come(server: ServerProcess) -> None:
    token, before = await token_of(server), server.stored()
    head = (
        f"POST /api/chat/files?name=big.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {3 * 1024**3}\r\n\r\n"
    )
    async with asyncio.timeout(5), a_connection(server) as (reader, writer):
        writer.write(head.encode() + b"x" * 1000)
        assert (await reader.readline()).split()[1] == b"413"
        assert b"2 MB" in await reader.read(4096)
    assert (server.stored(), server.count("attachment")) == (before, 0)


async def test_three_gigabytes_that_nobody_announced_are_cut_at_the_limit(
    server: ServerProcess, client: aiohttp.ClientSession
) -> None:
    token, before, sent = await token_of(server), server.stored(), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(3 * 1024):
            sent += MIB
            yield b"x" * MIB

    try:
        async with client.post(
            f"{server.url}/api/chat/files?name=big.bin", data=endless(), headers={"Authorization": f"Bearer {token}"}
        ) as response:
            assert (response.status, "2 MB" in await response.text()) == (413, True)
    except aiohttp.ClientConnectionError:
        pass  # it may close while we still send
    assert sent < 64 * MIB
    await until(lambda: server.stored() == before)
    assert server.count("attachment") == 0


async def test_bodies_that_hardly_come_hold_up_nobody(server: ServerProcess, client: aiohttp.ClientSession) -> None:
    token, before = await token_of(server), server.stored()
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 70_000
    real = {"Authorization": f"Bearer {await token_of(server)}"}
    async with AsyncExitStack() as slow:
        for path in [HOOK] * 10 + ["/api/chat/files?name=a.png"] * 10:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 500000\r\n\r\n"
            _, writer = await slow.enter_async_context(a_connection(server))
            writer.write(head.encode() + picture)
        async with asyncio.timeout(5):
            upload = f"{server.url}/api/chat/files?name=b.png"
            async with client.post(upload, data=a_picture(), headers=real) as response:
                assert response.status == 201, await response.text()
    await until(lambda: len(server.stored()) == len(before) + 3)  # the picture, as shown, and small; no draft


def a_picture() -> bytes:
    """A small real one."""
    from tests.kit.telegram_user import picture

    return picture()


# the database and the disk


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


# handlers


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
    assert (state, error.partition(":")[0]) == ("parked", {"raise": "Defect", "hang": "TimeoutError"}[command])
    [(attention, waiting)] = server.rows("SELECT attention, waiting_since FROM conversation WHERE lane = ?", lane)
    assert attention == "A message could not be handled; see Failures."
    assert waiting is not None


async def test_the_log_tells_of_trouble_and_not_what_people_said(server: ServerProcess) -> None:
    log = server.log
    assert "turn.failed" in log
    for private in (SECRET, "still here", "good day", "while locked", "no such thing: /raise", "are you there"):
        assert private not in log, private
