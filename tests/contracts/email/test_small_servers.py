"""The small mail servers of the demo: the channel reads, marks, answers and sends by them as by those of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.channels.email import EmailChannel, Settings
from bot.core.errors import ParleyError, Unreachable
from bot.core.message import Wire
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.email.conftest import table
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.exchange import Exchange
from tests.kit.platforms.letters import ADDRESS, EmailPerson
from tests.kit.platforms.people import ShownFile
from tests.kit.platforms.post_office import PostOffice


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with PostOffice() as office:
        yield office


@pytest.fixture
def ann(office: PostOffice) -> EmailPerson:
    return office.person("ann@people.example", "Ann")


def opened(office: PostOffice, shelf: Shelf, **more: object) -> EmailChannel:
    settings = Settings.model_validate(table(office, **more))
    return EmailChannel(settings, around("email", shelf.open, notes=MemoryNotes()))


@pytest.fixture
async def channel(office: PostOffice, shelf: Shelf) -> AsyncIterator[EmailChannel]:
    channel = opened(office, shelf)
    yield channel
    await channel.stop()


async def test_mails_come_in_order_and_are_marked(
    office: PostOffice, ann: EmailPerson, channel: EmailChannel, inbox: Inbox
) -> None:
    await ann.says("before anybody looked")
    assert await channel.whoami() == ADDRESS
    await channel.start(inbox.accept)
    first, second = await ann.says("hello"), await ann.sends("", ShownFile("tea.txt", b"green", "text/plain"))
    await inbox.next(2)
    assert [inbound.external_id for inbound in inbox.kept] == [first, second]
    [file] = inbox.kept[1].files
    stream = await channel.fetch(file)
    assert b"".join([chunk async for chunk in stream.chunks]) == b"green"
    async with asyncio.timeout(30):
        while ann.seen != {first, second}:
            await asyncio.sleep(0.01)
    # Nobody has fetched what lay there before.
    assert len(office.unconfirmed) == 1


async def test_an_answer_arrives_as_it_was_written(office: PostOffice, ann: EmailPerson, channel: EmailChannel) -> None:
    watched: list[Exchange] = []
    office.watched_by(watched.append)
    text = ".a line that begins with a point\n..and one with two\n您好"
    sent = await channel.send(ann.id, Wire(text=text), "key")
    [shown] = ann.shown
    assert (shown.id, shown.text) == (sent.external_id, text)
    assert [exchange.verb for exchange in watched] == ["SMTP", "SMTP"]
    assert text in office.in_plain(watched[0].body).decode()
    assert ann.answer_subject() == f"Re: {shown.raw['Subject']}"


async def test_who_is_not_there_is_not_reached(ann: EmailPerson, channel: EmailChannel) -> None:
    await ann.blocks()
    with pytest.raises(Unreachable):
        await channel.send(ann.id, Wire(text="hello"), "key")


async def test_a_wrong_password_lets_nobody_in(office: PostOffice, shelf: Shelf) -> None:
    channel = opened(office, shelf, password="another one")
    with pytest.raises(ParleyError, match="refuses name and password"):
        await channel.whoami()
    await channel.stop()
