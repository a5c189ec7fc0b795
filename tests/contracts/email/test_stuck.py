"""No mail stops those behind it: neither a large one, nor one that the server does not give."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from bot.channels.email.cursor import Cursor, decoded, encoded
from bot.channels.email.marks import Marks
from bot.channels.email.pulling import Puller
from bot.channels.email.reading import Reader
from bot.channels.email.settings import Settings
from bot.channels.email.shelf import Shelf
from bot.core.message import FileRef, Inbound
from tests.contracts.channel_contract import PHOTO, Inbox
from tests.contracts.email.conftest import Open, table
from tests.contracts.email.test_pulling import NOTE, content, until_moved
from tests.kit.platforms.around import MemoryNotes
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import ADDRESS, EmailPerson
from tests.kit.platforms.post_office import PostOffice
from tests.kit.platforms.slow_way import SlowWay

READING = "email:reading"
#: As a mail is asked for, and the first of those that lie in a folder.
BODY = b"BODY.PEEK["
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
    await was_read(make)
    await ann.sends("look here", subject="Your tea", In_Reply_To="<1@shop.example>")
    await ann.says("small, behind it")
    async with SlowWay(server.mailbox.port) as way:
        way.breaks_at = withheld
        channel = make(imap_port=way.port)
        await channel.start(inbox.accept)
        assert (await inbox.next(2)).text == "small, behind it"
        [first, _] = inbox.kept
        is_given = HEADER not in withheld
        assert first.kind == kind
        assert first.text == text if is_given else first.text.endswith(" UTC")
        assert (first.sender, bool(first.held)) == ((ann.id, False) if is_given else (ADDRESS, True))
        assert way.broke == {words: 2 if words == HEADER else 3 for words in withheld}
        way.breaks_at = set()
        if text == "Your tea":  # staff have it as soon as the server gives it again
            assert first.original is not None
            assert first.original.name == "mail.eml"
            assert b"look here" in await content(channel, first.original)
        await channel.stop()


async def test_a_store_that_is_away_is_waited_for(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await was_read(make)
    for text in ("one", "two", "three"):
        await ann.says(text)
    async with SlowWay(server.mailbox.port) as way:
        way.breaks_at = {BODY}
        channel = make(imap_port=way.port)
        await channel.start(inbox.accept)
        async with asyncio.timeout(30):
            while way.broke[BODY] < 20:
                await asyncio.sleep(0.01)
        assert inbox.kept == []
        way.breaks_at = set()
        await inbox.next(3)
        assert [(one.text, one.original) for one in inbox.kept] == [("one", None), ("two", None), ("three", None)]
        await channel.stop()


async def test_two_mails_that_are_not_given_do_not_stop_a_folder_that_was_numbered_anew(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await was_read(make)
    for number in range(5):
        await ann.says(f"number {number}")
    await server.mailbox.number_anew()
    async with SlowWay(server.mailbox.port) as way:
        way.breaks_at = {b"FETCH 102 (" + BODY, b"FETCH 105 (" + BODY}
        channel = make(imap_port=way.port)
        await channel.start(inbox.accept)
        await inbox.next(5)
        await ann.says("and now")
        assert (await inbox.next(6)).text == "and now"
        assert sorted(one.held for one in inbox.kept) == ["", "", "", "", "unfetched", "unfetched"]
        await channel.stop()


def nothing_of_the_first(data: bytes) -> bytes:
    """As a server answers that says it has the mail, and gives none of it."""
    found = re.search(rb"(\* 1 FETCH \(BODY\[\] )\{(\d+)\}\r\n", data)
    return data if found is None else data[: found.start()] + found[1] + b"NIL" + data[found.end() + int(found[2]) :]


async def test_a_mail_of_which_nothing_is_given_is_not_passed_over(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await was_read(make)
    await ann.sends("look here", subject="Your tea", In_Reply_To="<1@shop.example>")
    await ann.says("small, behind it")
    async with SlowWay(server.mailbox.port) as way:
        way.edits = nothing_of_the_first
        channel = make(imap_port=way.port)
        await channel.start(inbox.accept)
        await inbox.next(2)
        assert [one.text for one in inbox.kept] == ["look here", "small, behind it"]
        await channel.stop()


async def test_a_server_that_does_not_say_which_uid_comes_next_is_asked_for_the_last_alone(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await ann.says("long ago")
    async with SlowWay(server.mailbox.port) as way:
        way.edits = lambda data: data.replace(b"[UIDNEXT ", b"[X-NEXT ")
        way.breaks_at = {b"SEARCH UID 1:*"}
        channel = make(imap_port=way.port)
        await channel.start(inbox.accept)
        await ann.says("today")
        assert (await inbox.next()).text == "today"
        await channel.stop()


async def test_of_many_mails_a_few_at_once_are_asked_for(make: Open, inbox: Inbox, notes: MemoryNotes) -> None:
    async with PostOffice() as office:
        day = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        for number in range(1500):
            office.mailbox.put(b"Subject: old %d\r\n\r\n" % number, day.timestamp())
        async with SlowWay(office.mailbox.port) as way:
            ports = {"imap_port": way.port, "smtp_port": office.port}
            await was_read(make, **ports)
            cursor = decoded(await notes.get(NOTE))
            assert cursor is not None
            await notes.put(NOTE, encoded(Cursor(cursor.validity + 1, 0, cursor.at, box=cursor.box)))
            channel = make(**ports)
            await channel.start(inbox.accept)
            await until_moved(notes, 1500)
            assert way.longest < 4000
            await channel.stop()


class Endless(Reader):
    """Comes to no end with a mail until it is let go."""

    go_on = Event()

    def read(
        self, data: bytes, received: datetime | None = None, place: str = "", *, is_cut: bool = False
    ) -> list[Inbound]:
        self.go_on.wait(60)
        return super().read(data, received, place, is_cut=is_cut)


async def test_a_mail_that_no_process_comes_to_the_end_of_is_kept_as_it_came(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    await was_read(make)
    await ann.sends("look here " * 10_000, subject="Your tea", In_Reply_To="<1@shop.example>")
    await ann.says("small, behind it")
    settings = Settings.model_validate(table(server))
    reader = Endless("email", ADDRESS, frozenset({ADDRESS}), Marks("5e" * 32, ADDRESS))
    for _ in range(2):
        puller = Puller(settings, reader, notes, Shelf())
        one = asyncio.create_task(puller.run(inbox.accept))
        before = await notes.get(READING)
        async with asyncio.timeout(30):
            while await notes.get(READING) == before:
                await asyncio.sleep(0.01)
        one.cancel()  # as a process that ends with it
        await asyncio.gather(one, return_exceptions=True)
        await puller.close()
    reader.go_on.set()
    await make().start(inbox.accept)
    await inbox.next(2)
    assert [one.text for one in inbox.kept] == ["Your tea", "small, behind it"]
    assert inbox.kept[0].original is not None


async def was_read(make: Open, **more: object) -> None:
    """Somebody has read the folder up to here."""
    first = make(**more)
    await first.start(Inbox().accept)
    await first.stop()


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
