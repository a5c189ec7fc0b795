"""Addresses that come with messages lead to the public internet or nowhere, however they are written."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from bot import strangers as ground
from bot.channels._strangers import Strangers, is_public
from bot.core.errors import ChannelUnavailable, FileMissing
from tests.kit.canaries import Canaries

INSIDE = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "127.0.0.1.", "0", "0.0.0.0"),
    *("10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "192.0.2.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:db8::1]", "[fe80::1%25eth0]"),
    *("localhost", "LOCALHOST", "localhost."),
]
NO_WEB = [
    "file:///etc/passwd",
    "ftp://example.com/a",
    "gopher://example.com",
    "//example.com",
    "",
    "data:,x",
    "http://",
]
ODD = [
    "http://a@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://[::1",
    "http://x:y",
]


@pytest.fixture
async def canaries() -> AsyncIterator[Canaries]:
    async with Canaries() as canaries:
        yield canaries
        assert await canaries.callers() == []


@pytest.fixture
async def strangers() -> AsyncIterator[Strangers]:
    strangers = Strangers()
    yield strangers
    await strangers.close()


async def opened(strangers: Strangers, address: str) -> None:
    with pytest.raises((FileMissing, ChannelUnavailable)):
        await strangers.open(address)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers as the system does: it takes numbers in every spelling."""

    async def resolved(self: object, host: str, port: int = 0, family: Any = 0) -> list[dict[str, Any]]:
        name = host.rstrip(".").lower()
        found = "127.0.0.1" if name == "localhost" else socket.inet_ntoa(socket.inet_aton(name))
        return [{"hostname": host, "host": found, "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr(ground.DefaultResolver, "resolve", resolved)


@pytest.mark.usefixtures("resolver")
@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_an_inner_address_is_called(
    strangers: Strangers, canaries: Canaries, scheme: str, host: str
) -> None:
    port = canaries.at("127.0.0.1").rpartition(":")[2].strip("/")
    await opened(strangers, f"{scheme}://{host}/a.jpg")
    await opened(strangers, f"{scheme}://{host}:{port}/a.jpg")


@pytest.mark.parametrize("address", [*NO_WEB, *ODD])
async def test_what_is_no_web_address_is_missing(strangers: Strangers, canaries: Canaries, address: str) -> None:
    await opened(strangers, address)


@pytest.mark.parametrize("inner", ["127.0.0.1", "::1", "169.254.169.254", "10.1.2.3"])
async def test_a_public_name_that_leads_inside_is_not_called(
    strangers: Strangers, canaries: Canaries, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    async def resolved(self: object, host: str, port: int = 0, family: Any = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": inner, "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr(ground.DefaultResolver, "resolve", resolved)
    port = int(canaries.at("127.0.0.1").rpartition(":")[2].strip("/"))
    with pytest.raises(ChannelUnavailable):
        await strangers.open("http://cdn.example/a.jpg")
    resolver = ground.PublicOnly(is_public)
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("cdn.example", port, socket.AF_INET)
    await resolver.close()


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.fixture
async def server() -> AsyncIterator[RawTestServer]:
    """Its port stands for the internet."""
    asked: list[web.BaseRequest] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request)
        if request.path == "/file":
            return web.Response(body=b"bytes of a file", content_type="image/png")
        if request.path.startswith("/to/"):
            return web.Response(status=302, headers={"Location": request.query["to"]})
        return web.Response(status=int(request.path.rpartition("/")[2]))

    async with RawTestServer(answer) as server:
        server.asked = asked  # type: ignore[attr-defined]
        yield server


@pytest.fixture
async def near() -> AsyncIterator[Strangers]:
    """Lets the one address of the test's server be."""
    near = Strangers(lambda address: address == "127.0.0.1")
    yield near
    await near.close()


async def test_a_file_is_fetched(near: Strangers, server: RawTestServer) -> None:
    stream = await near.open(str(server.make_url("/file")))
    assert b"".join([chunk async for chunk in stream.chunks]) == b"bytes of a file"
    assert (stream.media_type, stream.size) == ("image/png", 15)


async def test_a_redirect_is_followed_where_it_leads_outside(near: Strangers, server: RawTestServer) -> None:
    stream = await near.open(str(server.make_url("/to/").with_query(to="/file")))
    assert b"".join([chunk async for chunk in stream.chunks]) == b"bytes of a file"


@pytest.mark.parametrize("to", ["http://127.0.0.2/file", "http://[::1]/file", "file:///etc/passwd", "http://10.0.0.1/"])
async def test_a_redirect_inside_is_not_followed(near: Strangers, server: RawTestServer, to: str) -> None:
    with pytest.raises(FileMissing):
        await near.open(str(server.make_url("/to/").with_query(to=to)))


async def test_redirects_in_a_circle_end(near: Strangers, server: RawTestServer) -> None:
    url = server.make_url("/to/")
    with pytest.raises(FileMissing):
        await near.open(str(url.with_query(to=str(url.with_query(to="/to/?to=/to/?to=/to/")))))
    assert len(server.asked) <= ground.MOST_REDIRECTS  # type: ignore[attr-defined]


async def test_a_key_goes_to_its_own_host_alone(near: Strangers, server: RawTestServer) -> None:
    other = str(server.make_url("/file")).replace("127.0.0.1", "localhost")
    address = str(server.make_url("/to/").with_query(to=other))
    stream = await near.open(address, headers={"Authorization": "Bearer secret"})
    assert [chunk async for chunk in stream.chunks]
    told = [request.headers.get("Authorization") for request in server.asked]  # type: ignore[attr-defined]
    assert told == ["Bearer secret", None]


@pytest.mark.parametrize(("status", "error"), [(404, FileMissing), (403, FileMissing), (500, ChannelUnavailable)])
async def test_what_its_server_says_is_believed(
    near: Strangers, server: RawTestServer, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await near.open(str(server.make_url(f"/{status}")))
