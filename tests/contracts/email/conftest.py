"""A mailbox, the servers that it is on, and Ann, who writes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels.email import EmailChannel, Settings
from tests.contracts.channel_contract import Inbox, Shelf
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import ADDRESS, PASSWORD, USER, EmailPerson
from tests.kit.platforms.post_office import PostOffice

Open = Callable[..., EmailChannel]


def table(server: EmailServer | PostOffice, **more: Any) -> dict[str, Any]:
    """What an operator writes."""
    told = {"address": ADDRESS, "name": "Tea shop", "user": USER, "password": PASSWORD}
    hosts = {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1", "imap_security": "none", "smtp_security": "none"}
    return told | hosts | {"imap_port": server.mailbox.port, "smtp_port": server.port} | more


@pytest.fixture
async def server() -> AsyncIterator[EmailServer]:
    async with EmailServer() as server:
        yield server


@pytest.fixture
def ann(server: EmailServer) -> EmailPerson:
    return server.person()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def notes() -> MemoryNotes:
    return MemoryNotes()


@pytest.fixture
async def make(server: EmailServer, shelf: Shelf, notes: MemoryNotes) -> AsyncIterator[Open]:
    """Opens accounts, which are stopped in the end. They do not wait between tries."""
    opened: list[EmailChannel] = []

    async def at_once(seconds: float) -> None:
        """The next try, at once."""

    def make(**more: Any) -> EmailChannel:
        settings = Settings.model_validate(table(server, **more))
        opened.append(EmailChannel(settings, around("email", shelf.open, notes=notes), sleep=at_once))
        return opened[-1]

    yield make
    for one in opened:
        await one.stop()


@pytest.fixture
def channel(make: Open) -> EmailChannel:
    return make()
