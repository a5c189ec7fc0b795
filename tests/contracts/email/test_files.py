"""A file of a mail is that of its mail, wherever the mail lies by now, and is fetched once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import pytest

from bot.channels.email import EmailChannel, Settings
from bot.channels.email.shelf import Shelf
from bot.core.errors import FileMissing
from bot.core.message import Attachment, FileRef, Wire
from tests.contracts.channel_contract import PHOTO, Inbox
from tests.contracts.channel_contract import Shelf as Files
from tests.contracts.email.conftest import Open, table
from tests.contracts.email.reader import parse
from tests.contracts.email.test_pulling import content
from tests.kit.platforms.around import around
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.exchange import Exchange
from tests.kit.platforms.letters import EmailPerson
from tests.kit.platforms.post_office import PostOffice

HEAD = b"From: Ann <ann@people.example>\r\nMessage-ID: <1@people.example>\r\nIn-Reply-To: <2@x>\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nlook\r\n"
PAGE = HEAD + b"Content-Type: text/html\r\n\r\n"


def pictures(many: int) -> bytes:
    return b"".join(b"--m\r\nContent-Type: image/jpeg; name=%d.jpg\r\n\r\nx\r\n" % one for one in range(many))


@pytest.mark.parametrize(
    ("mail", "files"),
    [
        (MIXED + pictures(40), 30),
        (MIXED + b"--m\r\nContent-Type: text/plain\r\n\r\nhi\r\n" * 300 + pictures(1), 0),
        (HEAD + b"\r\n" + b"word " * 100_000, 0),
        (PAGE + b"<p>word</p>" * 60_000, 0),
    ],
    ids=["files", "parts", "words", "a page"],
)
def test_where_something_was_left_out_staff_have_the_mail_as_it_came(mail: bytes, files: int) -> None:
    [inbound] = parse(mail)
    assert inbound.original is not None
    assert (len(inbound.files), inbound.original.name) == (files, "mail.eml")


def test_a_picture_within_a_page_takes_no_words_room() -> None:
    picture = b'<img src="data:image/png;base64,' + b"A" * 600_000 + b'">'
    [inbound] = parse(PAGE + b"<p>look</p>" + picture + b"<p>please cancel my order</p>")
    assert (inbound.text, inbound.original) == ("look\n\nplease cancel my order", None)


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


async def test_of_many_mails_that_are_to_leave_the_files_of_a_few_are_in_memory(
    server: EmailServer, ann: EmailPerson
) -> None:
    begun, together = 0, []

    async def opened(file: Attachment) -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        together.append(begun - len(server.taken))
        yield PHOTO

    channel = EmailChannel(Settings.model_validate(table(server)), around("email", opened))
    photo = Attachment(1, "image", "p.jpg", "image/jpeg", len(PHOTO))
    mails = [channel.send(ann.id, Wire("look", files=(photo,)), f"k{number}") for number in range(8)]
    await asyncio.gather(*mails, channel.send(ann.id, Wire("text"), "k"))
    assert (len(ann.shown), max(together)) == (9, 2)
    await channel.stop()


async def test_the_picture_of_a_product_stands_beside_it(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, shelf: Files
) -> None:
    tea, paper = shelf.put(PHOTO, "Longjing.jpg", "image/jpeg"), shelf.put(b"%PDF-", "list.pdf", "application/pdf")
    await channel.send(ann.id, Wire("Longjing\n8 EUR\n\nPu'er\n9 EUR", files=(tea, paper)), "k1")
    shown = await ann.reads()
    assert [(file.name, file.content) for file in shown.files] == [("Longjing.jpg", PHOTO), ("list.pdf", b"%PDF-")]
    page = message_from_bytes(server.taken[-1], policy=policy.default).get_body(("html",))
    words = str(page.get_content())
    [place] = re.findall(r'<img src="cid:([^"]+)"', words)
    assert words.index(place) < words.index("Longjing") < words.index("Pu&#x27;er")
    assert f"Content-ID: <{place}>".encode() in server.taken[-1]
