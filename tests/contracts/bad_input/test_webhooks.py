"""Webhook calls without the secret, without sense or without end are refused and leave no row."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.contracts.bad_input.wire import HOOK, MIB, NUMBERS, SIGNED, a_connection, an_update, posts, until
from tests.kit.server_process import SECRET, ServerProcess
from tests.kit.telegram_server import TelegramServer


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


async def test_a_secret_with_one_wrong_bit_is_refused(server: ServerProcess, client: aiohttp.ClientSession) -> None:
    before, statuses = server.count("inbound"), Counter[int]()
    for place in range(len(SECRET)):
        for bit in (1, 2, 4):  # the higher ones make what no header may hold
            told = SECRET[:place] + chr(ord(SECRET[place]) ^ bit) + SECRET[place + 1 :]
            status, _ = await posts(client, server.url, an_update(), **{"X-Telegram-Bot-Api-Secret-Token": told})
            statuses[status] += 1
        status, _ = await posts(client, server.url, an_update(), **{"X-Telegram-Bot-Api-Secret-Token": SECRET[:place]})
        statuses[status] += 1
    assert statuses == {401: 4 * len(SECRET)}
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
    "NaN": b'{"update_id": NaN}',
    "deep": DEEP,
    "deep in an unknown kind": DEEP.replace(b"message", b"novelty"),
    "a huge number": b'{"update_id": ' + b"9" * 5000 + b"}",
    "a NUL": json.dumps(an_update(text="a\0b")).encode(),
    "half a character": json.dumps(an_update(text="\ud83d")).encode(),
    "half a character in the name": json.dumps(an_update(text="x")).replace("Ann", "\\udc00").encode(),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_update_is_refused_and_leaves_no_row(
    server: ServerProcess, client: aiohttp.ClientSession, body: bytes
) -> None:
    before = server.count("inbound")
    status, answer = await posts(client, server.url, body)
    assert (status, json.loads(answer)["error"]["code"]) == (400, "bad_request")
    assert server.count("inbound") == before


@pytest.mark.parametrize(
    "odd",
    [
        {"message": []},
        {"message": "hi"},
        {"message": an_update()["message"] | {"text": 7}},
        {"message": an_update()["message"] | {"text": {"a": 1}}},
        {"message": an_update()["message"] | {"chat": {"type": "private"}}},
        {"message": an_update()["message"] | {"text": "x" * 900_000}},
    ],
    ids=["a list", "text", "text that is a number", "text that is an object", "a chat without an id", "900 kB of text"],
)
async def test_an_update_that_cannot_be_read_is_kept_and_acknowledged(
    server: ServerProcess, client: aiohttp.ClientSession, odd: dict[str, object]
) -> None:
    """Telegram would post it again and again, and hold back what is behind it."""
    update = {"update_id": next(NUMBERS)} | odd
    assert [(await posts(client, server.url, update))[0] for _ in range(2)] == [200, 200]
    [(row, payload)] = server.rows("SELECT kind, payload FROM inbound WHERE key = ?", str(update["update_id"]))
    assert (row, json.loads(payload)["native"]) == ("unknown", update)
    await until(lambda: not server.rows("SELECT 1 FROM inbound WHERE state = 'pending'"))


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
