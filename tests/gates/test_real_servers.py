"""The servers and the browser that other tests lean on are real, fresh and shut in."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from botocore.exceptions import ClientError
from redis.asyncio import Redis

from tests.chromium import Pages
from tests.network import OutsideWorld, is_local
from tests.servers import Bucket, Postgres, Server, ServerFailed, Valkey


async def test_each_postgres_database_is_new(postgres_server: Postgres, postgres_url: str) -> None:
    other = await postgres_server.create_database()
    assert other != postgres_url
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
    finally:
        await connection.close()
        await postgres_server.drop_database(other)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(other)


async def test_postgres_comes_back_after_a_kill(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    server.start()
    try:
        url = await server.create_database()
        server.kill()
        assert not server.is_ready()
        server.start()
        connection = await asyncpg.connect(url)
        await connection.close()
    finally:
        server.stop()


async def test_valkey_starts_each_test_empty(valkey_server: Valkey, valkey_url: str) -> None:
    async with Redis.from_url(valkey_server.url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "behind")


async def test_valkey_forgot_the_test_before(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as client:
        assert await client.dbsize() == 0


@pytest.mark.parametrize("round_", [1, 2])
async def test_the_bucket_is_empty_and_works(s3_bucket: Bucket, round_: int) -> None:
    async with s3_bucket.client() as client:
        assert "Contents" not in await client.list_objects_v2(Bucket=s3_bucket.name)
        await client.put_object(Bucket=s3_bucket.name, Key="茶", Body=b"green")
        found = await client.get_object(Bucket=s3_bucket.name, Key="茶")
        assert await found["Body"].read() == b"green"


async def test_the_s3_server_refuses_a_wrong_secret(s3_bucket: Bucket) -> None:
    async with replace(s3_bucket, secret="wrong").client() as client:
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            await client.list_objects_v2(Bucket=s3_bucket.name)


class Stillborn(Server):
    def command(self) -> list[str]:
        return ["sh", "-c", "echo no such luck; exit 3"]


def test_a_server_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="no such luck"):
        Stillborn(tmp_path).start()


async def test_a_page_has_the_locale_and_the_size_asked_for(new_page: Pages) -> None:
    page = await new_page(locale="zh-CN", viewport=(390, 844), timezone="Asia/Shanghai")
    seen = await page.evaluate(
        "[navigator.language, innerWidth, innerHeight, Intl.DateTimeFormat().resolvedOptions().timeZone]"
    )
    assert seen == ["zh-CN", 390, 844, "Asia/Shanghai"]


async def test_a_page_with_a_script_error_fails_its_test(new_page: Pages) -> None:
    page = await new_page()
    async with page.expect_event("pageerror"):
        await page.evaluate("setTimeout(() => { throw new Error('oops') })")
    with pytest.raises(AssertionError, match="oops"):
        await new_page.close()
    new_page.errors.clear()
    new_page.contexts.clear()


async def test_the_browser_cannot_leave_this_machine(new_page: Pages) -> None:
    page = await new_page()
    with pytest.raises(Exception, match=r"ERR_NAME_NOT_RESOLVED|ERR_ADDRESS"):
        await page.goto("http://somewhere.example/")


def test_python_cannot_leave_this_machine() -> None:
    with socket.socket() as outside, pytest.raises(OutsideWorld, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 80))  # an address of documentation: nobody is there
    with pytest.raises(OutsideWorld, match=r"somewhere\.example"):
        socket.getaddrinfo("somewhere.example", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", b"127.0.0.2", None])
def test_loopback_is_this_machine(host: str | bytes | None) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.com", "127.0.0.1.example"])
def test_anything_else_is_not(host: str) -> None:
    assert not is_local(host)
