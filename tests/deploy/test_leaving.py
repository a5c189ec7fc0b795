"""What a service manager and a load balancer hear of a process that begins and ends."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.cli import notify
from tests.faults.shop import Shop
from tests.kit.telegram_server import TelegramServer


@pytest.fixture
async def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[socket.socket]:
    """The socket on which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


async def heard(manager: socket.socket) -> bytes:
    async with asyncio.timeout(60):
        return await asyncio.get_running_loop().sock_recv(manager, 100)


async def test_a_process_that_ends_says_so_before_it_is_gone(tmp_path: Path, manager: socket.socket) -> None:
    async with TelegramServer() as telegram:
        settings = {"server": {"leave_seconds": 1.0, "edge": False}}
        url = f"sqlite://{tmp_path / 'parley.db'}"
        async with Shop(tmp_path, url, (telegram.token, telegram.base), settings=settings) as shop:
            await shop.start()
            assert await heard(manager) == b"READY=1"
            async with aiohttp.ClientSession() as http:
                async with http.get(f"{shop.url}/readyz") as ready:
                    assert ready.status == 200
                assert shop.process is not None
                shop.process.send_signal(signal.SIGTERM)
                assert await heard(manager) == b"STOPPING=1"
                async with http.get(f"{shop.url}/readyz") as ready, http.get(f"{shop.url}/") as page:
                    assert (ready.status, page.status) == (503, 200)
                    assert (await ready.json())["reasons"] == ["this node is about to end"]
            assert await shop.process.wait() == 0


def test_without_a_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for place in ("", str(tmp_path / "nobody")):
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        notify.tell("READY=1")


async def test_a_name_in_no_folder_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0parley-test-notify")
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", "@parley-test-notify")
        notify.tell("READY=1")
        assert await heard(listening) == b"READY=1"
