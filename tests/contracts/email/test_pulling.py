"""Mails are pulled in their order, each once, and the place in the folder moves only behind what was kept."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.email import EmailChannel
from bot.channels.email.cursor import Cursor, decoded, encoded
from bot.core.errors import BadInput, ChannelUnavailable, ConfigError, FileMissing, TooLarge
from bot.core.message import FileRef
from tests.contracts.channel_contract import PHOTO, Inbox
from tests.contracts.email.conftest import Open
from tests.kit.platforms.around import MemoryNotes
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import EmailPerson

NOTE = "email:cursor"


async def content(channel: EmailChannel, ref: FileRef) -> bytes:
    stream = await channel.fetch(ref)
    return b"".join([chunk async for chunk in stream.chunks])


async def until_moved(notes: MemoryNotes, uid: int) -> Cursor:
    """Wait until the place is noted behind this mail."""
    async with asyncio.timeout(10):
        while (cursor := decoded(await notes.get(NOTE))) is None or cursor.uid < uid:
            await asyncio.sleep(0.01)
    return cursor


async def test_what_lay_there_before_is_left_alone(channel: EmailChannel, ann: EmailPerson, inbox: Inbox) -> None:
    await ann.says("long ago")
    await channel.start(inbox.accept)
    await ann.says("today")
    assert (await inbox.next()).text == "today"
    assert [one.text for one in inbox.kept] == ["today"]


async def test_what_came_while_nobody_pulled_is_not_lost(
    make: Open, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    first = make()
    await first.start(inbox.accept)
    await ann.says("one")
    await inbox.next()
    await until_moved(notes, 101)
    await first.stop()
    await ann.says("two")
    await make().start(inbox.accept)
    assert (await inbox.next(2)).text == "two"
    assert inbox.attempts == 2


async def test_the_place_moves_only_behind_what_was_kept(
    channel: EmailChannel, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    inbox.refuses = [ChannelUnavailable("busy"), ChannelUnavailable("busy")]
    await channel.start(inbox.accept)
    before = decoded(await notes.get(NOTE))
    await ann.says("one")
    await inbox.until(lambda: inbox.attempts == 1)
    assert decoded(await notes.get(NOTE)) == before
    await ann.says("two")
    await inbox.next(2)
    assert [one.text for one in inbox.kept] == ["one", "two"]


async def test_a_mail_that_cannot_be_kept_does_not_stop_the_next(
    channel: EmailChannel, ann: EmailPerson, inbox: Inbox
) -> None:
    inbox.refuses = [BadInput("never")]
    await channel.start(inbox.accept)
    await ann.says("poison")
    await inbox.until(lambda: inbox.attempts == 1)
    await ann.says("food")
    assert (await inbox.next()).text == "food"


async def test_a_mail_that_cannot_be_read_is_kept_whole(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await server.mailbox.put(b"\xff\xfe\x00 no mail at all")
    await ann.says("hello")
    kept, said = await inbox.next(1), await inbox.next(2)
    assert (kept.held, kept.automatic, said.text) == ("nobodys", True, "hello")
    assert kept.original is not None
    assert b"no mail at all" in await content(channel, kept.original)


async def test_a_connection_that_broke_is_made_anew(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await ann.says("one")
    await inbox.next()
    await server.mailbox.drop()
    await ann.says("two")
    assert (await inbox.next(2)).text == "two"


async def test_a_mail_that_lies_there_twice_is_one(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await ann.says("once")
    await inbox.next()
    again, _ = server.mailbox.mails[0]
    await server.mailbox.put(again)
    await ann.says("twice")
    await inbox.next(2)
    assert [one.text for one in inbox.kept] == ["once", "twice"]


# the folder is numbered anew


async def test_new_uids_neither_lose_nor_double(
    make: Open, server: EmailServer, ann: EmailPerson, notes: MemoryNotes
) -> None:
    before, after = Inbox(), Inbox()  # the second one knows no keys: a week has passed
    channel = make()
    await channel.start(before.accept)
    for number in range(3):
        await ann.says(f"number {number}")
    await until_moved(notes, 103)
    await channel.stop()
    await ann.says("while nobody looked")
    await server.mailbox.number_anew()
    await make().start(after.accept)
    await ann.says("and now")
    await after.next(2)
    assert sorted(one.text for one in after.kept) == ["and now", "while nobody looked"]


async def test_old_mails_of_a_rebuilt_folder_stay_old(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    for number in range(3):
        await server.mailbox.put(f"From: {ann.id}\r\nSubject: old {number}\r\n\r\n".encode(), long_ago)
    channel = make()
    await channel.start(inbox.accept)
    await channel.stop()
    await server.mailbox.number_anew(1)
    await make().start(inbox.accept)
    await ann.says("new")
    await inbox.next()
    await until_moved(notes, 103)
    assert [one.text for one in inbox.kept] == ["new"]


def test_a_place_that_cannot_be_read_is_none() -> None:
    cursor = Cursor(7, 12, 1.5, ("m:1",))
    assert decoded(encoded(cursor)) == cursor
    assert decoded("{") is None
    assert decoded("") is None
    many = cursor.moved(13, None, tuple(f"m:{number}" for number in range(100)))
    assert (many.uid, len(many.recent)) == (13, 64)


# what becomes of a mail that was read


async def test_a_mail_that_was_kept_is_marked_as_seen(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    await channel.start(inbox.accept)
    await ann.says("one")
    await until_moved(notes, 101)
    assert await server.mailbox.flags() == [{"\\Seen"}]


async def test_or_is_left_as_it_is(make: Open, server: EmailServer, ann: EmailPerson, notes: MemoryNotes) -> None:
    await make(read_mail="keep").start(Inbox().accept)
    await ann.says("one")
    await until_moved(notes, 101)
    assert await server.mailbox.flags() == [set()]


async def test_or_is_moved_and_its_files_are_found_there(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    await server.mailbox.add_folder("已读")
    await make(read_mail="move", move_to="已读").start(inbox.accept)
    await ann.sends_photo(PHOTO, "look")
    [ref] = (await inbox.next()).files
    await until_moved(notes, 101)
    assert (await server.mailbox.flags(), await server.mailbox.flags("已读")) == ([], [{"\\Seen"}])
    assert await content(make(read_mail="move", move_to="已读"), ref) == PHOTO


async def test_a_folder_that_is_not_there_to_move_to_loses_nothing(make: Open, ann: EmailPerson, inbox: Inbox) -> None:
    await make(read_mail="move", move_to="nowhere").start(inbox.accept)
    await ann.says("one")
    await ann.says("two")
    await inbox.next(2)
    assert [one.text for one in inbox.kept] == ["one", "two"]


# files


async def test_another_node_finds_a_file_after_new_uids(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    await make().start(inbox.accept)
    await ann.says("first")
    await ann.sends_photo(PHOTO)
    [ref] = (await inbox.next(2)).files
    assert await content(make(), ref) == PHOTO
    await server.mailbox.number_anew()
    assert await content(make(), ref) == PHOTO
    with pytest.raises(FileMissing):
        await make().fetch(FileRef("file", ref.ref.replace("0@", "7@", 1)))


async def test_staff_get_the_whole_mail(channel: EmailChannel, ann: EmailPerson, inbox: Inbox) -> None:
    await channel.start(inbox.accept)
    await ann.sends("new words\n\n-- \nAnn Lee, Lake Road 1")
    inbound = await inbox.next()
    assert inbound.text == "new words"
    assert inbound.original is not None
    assert b"Lake Road 1" in await content(channel, inbound.original)


async def test_of_a_mail_that_is_too_large_the_words_are_read(make: Open, ann: EmailPerson, inbox: Inbox) -> None:
    channel = make(largest_mib=1)
    await channel.start(inbox.accept)
    await ann.sends_photo(b"\xff\xd8\xff" + b"x" * 2_000_000, "too big")
    inbound = await inbox.next()
    assert inbound.original is not None
    assert (inbound.text, inbound.original.name) == ("too big", "mail.eml")
    with pytest.raises(TooLarge):
        await channel.fetch(inbound.files[0])


# the start


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"password": "wrong"}, "refuses name and password"),
        ({"smtp_password": "wrong"}, "refuses name and password"),
        ({"folder": "Nowhere"}, "opens no folder 'Nowhere'"),
        ({"imap_security": "tls"}, "speaks no tls at port"),
        ({"smtp_security": "tls"}, "speaks no tls at port"),
        ({"smtp_security": "starttls"}, "speaks no starttls at port"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_told_at_the_start(make: Open, inbox: Inbox, more: dict[str, str], said: str) -> None:
    channel = make(**more)
    with pytest.raises(ConfigError, match=said):
        await channel.start(inbox.accept)
    await channel.stop()


async def test_a_server_that_is_away_is_waited_for(
    make: Open, server: EmailServer, ann: EmailPerson, notes: MemoryNotes
) -> None:
    inbox, port = Inbox(), server.mailbox.port
    await server.mailbox.__aexit__(None, None, None)
    await make(timeout=0.5).start(inbox.accept)
    server.mailbox.port = port
    await server.mailbox.__aenter__()
    await until_moved(notes, 100)
    await ann.says("hello")
    assert (await inbox.next()).text == "hello"


async def test_who_am_i(channel: EmailChannel) -> None:
    assert await channel.whoami() == "tea@shop.example"


async def test_two_accounts_do_not_hear_each_other(make: Open, ann: EmailPerson, inbox: Inbox) -> None:
    async with EmailServer() as other:
        second = make(imap_port=other.mailbox.port, smtp_port=other.port)
        await second.start(inbox.accept)
        await ann.says("to the first")
        await other.person("bo@people.example", "Bo").says("to the second")
        assert (await inbox.next()).text == "to the second"
        await second.stop()
