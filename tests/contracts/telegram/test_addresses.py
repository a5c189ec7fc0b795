"""Whatever Telegram's answers say, its channel talks to the server of the settings and to nobody else.

Names that would have to be looked up raise here (`tests.network`), so no test needs them to lead anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import cycle

import pytest

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core.errors import ChannelUnavailable, FileMissing
from bot.core.message import FileRef, Wire
from tests.contracts.channel_contract import PAPER, Shelf
from tests.kit.canaries import Canaries
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser
from tests.kit.wire_faults import Elsewhere

REDIRECTS = (301, 302, 303, 307, 308)


@pytest.fixture
async def canaries() -> AsyncIterator[Canaries]:
    async with Canaries() as canaries:
        yield canaries


async def fetched(channel: TelegramChannel, ref: str) -> bytes | None:
    """A customer's file; None when it cannot be had."""
    try:
        stream = await channel.fetch(FileRef("file", ref))
        return b"".join([chunk async for chunk in stream.chunks])
    except (ChannelUnavailable, FileMissing):
        return None


@pytest.mark.parametrize("local", [False, True], ids=["public", "local"])
async def test_a_path_that_is_an_address_is_only_a_path(
    settings: TelegramSettings, server: TelegramServer, shelf: Shelf, canaries: Canaries, local: bool
) -> None:
    channel = TelegramChannel(replace(settings, local_files=local), shelf.open)
    addresses = canaries.addresses()
    assert len(addresses) >= 200
    for address in addresses:
        server.local_path = address
        assert await fetched(channel, "document-1") is None, address
    assert (await canaries.callers(), server.count("getFile")) == ([], len(addresses))
    await channel.stop()


@pytest.mark.parametrize("path", ["../../bot{token}/getMe", "a/../../../x", ".."])
async def test_a_path_that_climbs_is_no_file(channel: TelegramChannel, server: TelegramServer, path: str) -> None:
    server.local_path = path.format(token=server.token)
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("file", "document-1"))
    assert server.count("getMe") == 0


@pytest.mark.parametrize("ending", ["a b", "50%", "%2e%2e", "\u8336", "a?b#c", "a\\b", "@b:1"])
async def test_a_path_with_odd_letters_is_found(channel: TelegramChannel, server: TelegramServer, ending: str) -> None:
    kept = server.chats.keep("document", f"a.{ending}", PAPER)
    assert kept.path.endswith(f".{ending}")
    assert await fetched(channel, kept.id) == PAPER


async def test_a_file_that_is_said_to_be_elsewhere_is_not_fetched_there(
    channel: TelegramChannel, server: TelegramServer, canaries: Canaries
) -> None:
    kept = server.chats.keep("document", "a.pdf", PAPER)
    for address, code in zip(canaries.addresses(), cycle(REDIRECTS), strict=False):
        server.fails("file", Elsewhere(address, code))
        assert await fetched(channel, kept.id) is None, address
    assert (await canaries.callers(), await fetched(channel, kept.id)) == ([], PAPER)


@pytest.mark.parametrize("method", ["sendMessage", "sendDocument"])
async def test_a_call_that_is_sent_elsewhere_does_not_go_there(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf, canaries: Canaries, method: str
) -> None:
    wires = {"sendMessage": Wire("hello"), "sendDocument": Wire(files=(shelf.put(PAPER, "a.pdf", "application/pdf"),))}
    for address, code in zip(canaries.addresses(), cycle(REDIRECTS), strict=False):
        server.fails(method, Elsewhere(address, code))
        with pytest.raises(ChannelUnavailable):
            await channel.send("42", wires[method], "k")
    assert (await canaries.callers(), ann.shown) == ([], [])
    await channel.send("42", wires[method], "k")
    assert len(ann.shown) == 1


async def test_the_environment_names_no_proxy_for_us(
    channel: TelegramChannel,
    server: TelegramServer,
    ann: TelegramUser,
    shelf: Shelf,
    canaries: Canaries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{canaries.at('127.0.0.1')}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    kept = server.chats.keep("document", "a.pdf", PAPER)
    assert await fetched(channel, kept.id) == PAPER
    await channel.send("42", Wire("hello"), "k1")
    await channel.send("42", Wire(files=(shelf.put(PAPER, "b.pdf", "application/pdf"),)), "k2")
    assert (await canaries.callers(), len(ann.shown)) == ([], 2)
