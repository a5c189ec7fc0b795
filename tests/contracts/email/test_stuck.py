"""No mail stops those behind it: neither a large one, nor one that the server does not give."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.email.cursor import Cursor, decoded, encoded
from bot.core.message import FileRef
from tests.contracts.channel_contract import PHOTO, Inbox
from tests.contracts.email.conftest import Open
from tests.contracts.email.test_pulling import NOTE, content, until_moved
from tests.kit.platforms.around import MemoryNotes
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import ADDRESS, EmailPerson
from tests.kit.platforms.slow_way import SlowWay

ALL, BEGINNING, HEADER = b"FETCH 101 (BODY.PEEK[])", b"FETCH 101 (BODY.PEEK[]<", b"FETCH 101 (BODY.PEEK[HEADER])"


async def test_a_large_mail_may_take_its_time(make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox) -> None:
    """Three seconds, with a patience of half a second for each step."""
    async with SlowWay(server.mailbox.port, bytes_per_second=1_000_000) as way:
        channel = make(timeout=0.5, imap_port=way.port)
        await channel.start(inbox.accept)
        await ann.sends_photo(PHOTO + b"x" * 3_000_000, "big")
        await ann.says("small, behind it")
        assert (await inbox.next(2)).text == "small, behind it"
        assert [len(one.files) for one in inbox.kept] == [1, 0]
        await channel.stop()


@pytest.mark.parametrize(
    ("withheld", "kind", "text"),
    [
        ({ALL}, "message", "look here"),
        ({ALL, BEGINNING}, "message", "Your tea"),
        ({ALL, BEGINNING, HEADER}, "message", "the place"),
    ],
    ids=["all of it", "the beginning, too", "and the header"],
)
async def test_a_mail_that_is_not_given_does_not_stop_the_next(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, withheld: set[bytes], kind: str, text: str
) -> None:
    async with SlowWay(server.mailbox.port) as way:
        way.breaks_at = withheld
        channel = make(imap_port=way.port)
        await channel.start(inbox.accept)
        await ann.sends("look here", subject="Your tea", In_Reply_To="<1@shop.example>")
        await ann.says("small, behind it")
        assert (await inbox.next(2)).text == "small, behind it"
        [first, _] = inbox.kept
        is_given = HEADER not in withheld
        assert first.kind == kind
        assert first.text == text if is_given else first.text.endswith(".101")
        assert (first.sender, bool(first.held)) == ((ann.id, False) if is_given else (ADDRESS, True))
        assert way.broke == {words: 2 if words == HEADER else 3 for words in withheld}
        way.breaks_at = set()
        if text == "Your tea":  # staff have it as soon as the server gives it again
            assert first.original is not None
            assert first.original.name == "mail.eml"
            assert b"look here" in await content(channel, first.original)
        await channel.stop()


async def test_a_place_in_another_mailbox_is_none_here(
    make: Open, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    """The settings name another mailbox, whose server happens to number its folder under the same validity."""
    other = Inbox()
    first = make()
    await first.start(other.accept)
    await first.stop()
    cursor = decoded(await notes.get(NOTE))
    assert cursor is not None
    await notes.put(NOTE, encoded(Cursor(cursor.validity, 5000, cursor.at, box="another")))
    await make().start(inbox.accept)
    await ann.says("hello")
    assert (await inbox.next()).text == "hello"


async def test_a_folder_that_begins_again_with_small_uids_is_numbered_anew(
    make: Open, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    first = make()
    await first.start(Inbox().accept)
    await first.stop()
    cursor = decoded(await notes.get(NOTE))
    assert cursor is not None
    await notes.put(NOTE, encoded(Cursor(cursor.validity, 5000, cursor.at, box=cursor.box)))
    await ann.says("while nobody looked")
    await make().start(inbox.accept)
    await ann.says("hello")
    await inbox.next(2)
    assert [one.text for one in inbox.kept] == ["while nobody looked", "hello"]
    assert (await until_moved(notes, 102)).uid == 102


async def test_the_files_of_a_mail_are_fetched_with_one_look(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await make().start(inbox.accept)
    await ann.sends_photo(PHOTO, "look\n\n-- \nAnn")
    inbound = await inbox.next()
    refs = [*inbound.files, inbound.original]
    async with SlowWay(server.mailbox.port) as way:
        other = make(imap_port=way.port)  # another node, which has not read the mail
        assert isinstance(refs[1], FileRef)
        await content(other, inbound.files[0])
        way.breaks_at = {ALL}
        assert b"Ann" in await content(other, refs[1])
        await other.stop()


async def test_what_is_nobodys_message_stays_unread(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    await make().start(inbox.accept)
    await ann.sends("Our news of May", List_Id="<news.people.example>")
    await ann.sends("I am away", Auto_Submitted="auto-replied")
    await ann.says("hello")
    await until_moved(notes, 103)
    await asyncio.wait_for(inbox.next(3), 30)
    assert await server.mailbox.flags() == [set(), set(), {"\\Seen"}]
