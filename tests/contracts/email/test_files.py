"""A file of a mail is that of its mail, wherever the mail lies by now, and is fetched once."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.email.shelf import Shelf
from bot.core.errors import FileMissing
from bot.core.message import FileRef
from tests.contracts.channel_contract import PHOTO, Inbox
from tests.contracts.email.conftest import Open
from tests.contracts.email.test_pulling import content
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.exchange import Exchange
from tests.kit.platforms.letters import EmailPerson
from tests.kit.platforms.post_office import PostOffice


@pytest.mark.parametrize("has_read", [True, False])
async def test_a_place_that_another_mail_has_by_now_is_not_believed(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, *, has_read: bool
) -> None:
    channel = make()
    await channel.start(inbox.accept)
    await ann.sends_photo(PHOTO)
    await server.person("bo@people.example", "Bo").sends_photo(b"\xff\xd8\xff of Bo")
    await inbox.next(2)
    [anns], [bos] = (one.files for one in inbox.kept)
    what, _, message_id = anns.ref.split("@", 2)
    moved = FileRef("image", f"{what}@{bos.ref.split('@')[1]}@{message_id}")
    gone = FileRef("image", f"{what}@{bos.ref.split('@')[1]}@<nobodys@people.example>")
    asked = channel if has_read else make()
    assert await content(asked, moved) == PHOTO
    with pytest.raises(FileMissing):
        await content(asked, gone)


async def test_the_files_of_a_mail_that_are_asked_for_at_once_are_fetched_with_one_look(
    make: Open, inbox: Inbox
) -> None:
    async with PostOffice() as office:
        ports = {"imap_port": office.mailbox.port, "smtp_port": office.port}
        await make(**ports).start(inbox.accept)
        await office.person("ann@people.example", "Ann").sends_photo(PHOTO, "look\n\n-- \nAnn")
        inbound = await inbox.next()
        assert inbound.original is not None
        watched: list[Exchange] = []
        office.watched_by(watched.append)
        other = make(**ports)
        await asyncio.gather(content(other, inbound.files[0]), content(other, inbound.original))
        assert len({id(one) for one in watched if "BODY.PEEK" in one.target}) == 1


def test_what_is_too_large_for_the_shelf_throws_nothing_out() -> None:
    shelf = Shelf(10)
    shelf.put("1.1", b"small")
    shelf.put("1.2", b"much too large")
    assert (shelf.get("1.1"), shelf.get("1.2")) == (b"small", None)
