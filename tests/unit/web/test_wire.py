"""The chat over a bare WebSocket and over long polling: what each client may count on, and what ends a connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from models import Inbound
from tests.unit.web.running import Browser, Site
from web.packets import read
from web.wire import WIRE

MakeBrowser = Callable[..., Awaitable[Browser]]
PATH = "/socket.io/?EIO=4&transport=websocket"


@asynccontextmanager
async def a_socket(site: Site, **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket that was greeted."""
    async with site.client.ws_connect(site.url + PATH, headers=headers) as socket:
        hello = await socket.receive_str()
        assert hello[0] == "0"
        assert json.loads(hello[1:])["upgrades"] == []
        yield socket


async def entered(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Into the chat, as a new visitor."""
    await socket.send_str("40/chat,{}")
    assert (await socket.receive_str()).startswith('40/chat,{"sid":')
    assert (await socket.receive_str()).startswith('42/chat,["session",')


async def until(socket: aiohttp.ClientWebSocketResponse, start: str) -> str:
    """The next packet that starts so."""
    async with asyncio.timeout(10):
        while not (text := await socket.receive_str()).startswith(start):
            pass
        return text


async def test_packets_that_come_together_are_handled_one_after_the_other(site: Site) -> None:
    async with a_socket(site) as socket:
        await entered(socket)
        for number in range(100):  # more than may wait: the rest is not read for a while
            await socket.send_str(f'42/chat,{number}["message",{{"text":"m{number}","id":"m{number}"}}]')
        for number in range(100):
            assert await until(socket, "43") == f'43/chat,{number}[{{"ok":true,"id":"m{number}"}}]'
    assert [inbound.text for inbound in site.runtime.accepted] == [f"m{number}" for number in range(100)]


async def test_what_was_sent_before_the_line_broke_is_kept(site: Site) -> None:
    async with a_socket(site) as socket:
        await entered(socket)
        for number in range(5):
            await socket.send_str(f'42/chat,{number}["message",{{"text":"m{number}"}}]')
    async with asyncio.timeout(30):
        while await Inbound.all().count() < 5:
            await asyncio.sleep(0.01)
        while site.app[WIRE].rooms["/chat"].peers:
            await asyncio.sleep(0.01)


async def test_a_namespace_that_is_not_there_or_a_second_one_is_refused(site: Site) -> None:
    async with a_socket(site) as socket:
        await socket.send_str("40/admin,")
        assert await socket.receive_str() == '44/admin,{"message":"Unable to connect"}'
        await socket.send_str('40/chat,{"token":"wrong"}')
        assert await socket.receive_str() == '44/chat,{"message":"unauthorised","data":{"code":"unauthorised"}}'
        await entered(socket)
        await socket.send_str("40/desk,")
        assert await until(socket, "44") == '44/desk,{"message":"Unable to connect"}'


@pytest.mark.parametrize(
    "packet",
    ["x", "4", "49/chat,", "42/chat,[]", "42/chat,[7]", "42/chat,x[]", '42/chat,{"a":1}', "42/chat,[", "40/chat,{",
     "42/chat," + "[" * 50_000],
)  # fmt: skip
async def test_what_is_no_packet_ends_the_connection(site: Site, packet: str) -> None:
    async with a_socket(site) as socket:
        await entered(socket)
        await socket.send_str(packet)
        async with asyncio.timeout(10):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert socket.close_code == 1002


async def test_events_before_the_namespace_and_binary_ones_do_nothing_or_end_it(site: Site) -> None:
    async with a_socket(site) as socket:
        await socket.send_str('42/chat,1["message",{"text":"too soon"}]')
        await entered(socket)
        await socket.send_bytes(b"binary")
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert await Inbound.all().count() == 0


async def test_only_the_sites_on_the_list_may_connect(site: Site) -> None:
    site.app[WIRE]._origins = frozenset({"https://shop.example"})
    async with a_socket(site, Origin="https://shop.example") as socket:
        await entered(socket)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await site.client.ws_connect(site.url + PATH, headers={"Origin": "https://other.example"})
    assert refused.value.status == 400


async def test_who_does_not_answer_is_cut_and_who_does_stays(site: Site) -> None:
    async with a_socket(site) as lively, a_socket(site) as silent:
        for socket in (lively, silent):
            await entered(socket)
        wire = site.app[WIRE]
        every = [connection for bucket in wire._beats for connection in bucket]
        for _ in range(2):
            for connection in every:
                connection.beat()
            assert await until(lively, "2") == "2"
            await lively.send_str("3")
            await asyncio.sleep(0.05)
        assert len(wire.rooms["/chat"].peers) == 1


async def test_long_polling_gets_the_same(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    bob = Browser(site.url, ann.token)
    await bob.client.connect(
        site.url, namespaces=["/chat"], auth={"token": ann.token}, transports=["polling"], wait_timeout=30
    )
    await bob.hears(lambda: bool(bob.session))
    assert await bob.says("by polling", id="p") == {"ok": True, "id": "p"}
    for browser in (ann, bob):
        await browser.hears(lambda browser=browser: len(browser.texts) == 2)
        assert [text for _, text in browser.texts] == ["by polling", "echo: by polling"]
    await bob.client.eio.disconnect(abort=True)  # else it waits for the answer to its last poll


async def test_a_node_that_stops_ends_every_socket_and_takes_no_more(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    await ann.says("hello")
    wire = site.app[WIRE]
    await wire.close(1.0)
    async with asyncio.timeout(10):
        await ann.client.wait()
    assert wire.rooms["/chat"].peers == {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await site.client.ws_connect(site.url + PATH)
    assert refused.value.status == 503


def test_a_packet_is_read_with_its_number_and_its_namespace() -> None:
    packet = read('2/chat?x=1,17["message",{"text":"[,]"}]')
    assert (packet.kind, packet.namespace, packet.id, packet.data) == ("2", "/chat", "17", ["message", {"text": "[,]"}])
    assert replace(read('2["a"]'), data=None) == replace(read('2["b",1]'), data=None)
    for wrong in ("2/chat,²[1]", '2/chat,1234567890123456789["a"]', "2/chat,", "2"):
        with pytest.raises(ValueError, match="event"):
            read(wrong)
