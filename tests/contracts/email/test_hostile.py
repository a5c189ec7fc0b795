"""Mails that were made to keep their reader busy: each is read, or kept as it came, before anybody waits for it."""

from __future__ import annotations

import base64
from time import process_time

import pytest

from bot.channels.email import markup, parsing
from bot.core.errors import BadInput
from tests.contracts.channel_contract import Inbox
from tests.contracts.email.conftest import Open
from tests.contracts.email.reader import MARKS, READER, parse
from tests.contracts.email.test_pulling import content
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import EmailPerson

HEAD = b"From: Ann <ann@people.example>\r\nSubject: where is my tea\r\nMessage-ID: <1@people.example>\r\n"
#: Seconds of the processor: a hundred times what they take, a tenth of what they took.
BOUND = 15.0


def nested(depth: int, named: bytes = b'boundary="b%d"') -> bytes:
    part = b"Content-Type: multipart/mixed; " + named + b"\r\n\r\n--b%d\r\n"
    parts = [part % (one, one) for one in range(depth)]
    return HEAD + b"".join(parts) + b"\r\nhello\r\n"


def mails_in_mails(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nhello\r\n"


@pytest.mark.parametrize(
    "mail",
    [
        HEAD + b"Content-Type: text/html\r\n\r\n" + b'<x">"' * 100_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<x '>'" * 80_000,
        HEAD
        + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n"
        + (b"--m\r\nContent-Type: text/html\r\n\r\n" + b'<x">"' * 20_000 + b"\r\n") * 100,
    ],
    ids=["quotes", "single quotes", "many pages"],
)
def test_a_page_of_open_quotes_is_read_in_a_moment(mail: bytes) -> None:
    began = process_time()
    [inbound] = parse(mail)
    assert (inbound.kind, process_time() - began < BOUND) == ("message", True)


@pytest.mark.parametrize(
    "mail",
    [
        nested(300) + b"\r\n" * 100_000,
        nested(300, b'boundary=\r\n "b%d"') + b"\r\n" * 100_000,
        nested(300, b"boundary*=us-ascii''b%d") + b"\r\n" * 100_000,
        HEAD + b"Content-Type: message/delivery-status\r\n\r\n" + b"\n" * 2_000_000,
        nested(25) + b"\r\n" * 900_000,
        mails_in_mails(300) + b"\r\n" * 100_000,
        HEAD + b"\r\n" + b"\n" * 7_000_000,
        HEAD + b"A: b\r\n" * 400_000 + b"\r\nhello",
    ],
    ids=["parts in parts", "folded", "encoded", "groups of fields", "and lines", "mails in mails", "lines", "headers"],
)
def test_what_nobody_should_take_apart_is_kept_as_it_came(mail: bytes) -> None:
    began = process_time()
    with pytest.raises(BadInput):
        parse(mail)
    kept = READER.kept(mail, None, "1.7")
    assert (kept.kind, kept.text, kept.sender) == ("message", "where is my tea", "ann@people.example")
    assert process_time() - began < BOUND


@pytest.mark.parametrize("line", [b">x\r\n", b"--\r\n", b"Sent from my iPhone\r\n"])
def test_lines_that_look_like_a_quote_or_a_signature_are_read_in_a_moment(line: bytes) -> None:
    began = process_time()
    [inbound] = parse(HEAD + b"\r\n" + line * 60_000 + b"\r\nwhere is it?\r\n\r\nplease look")
    assert (inbound.kind, process_time() - began < BOUND) == ("message", True)


def test_a_report_of_everything_about_everybody_is_read_in_a_moment() -> None:
    ids = b"References: " + b"<x> " * 1000 + b"\r\n" + b"References: " + MARKS.id("k", "bo@b.example").encode() * 150
    people = b"To: " + b"<ann@people.example>," * 700 + b"\r\n"
    head = HEAD + (ids + b"\r\n") * 12 + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    part = b"\r\n--b\r\nContent-Type: message/%s\r\n\r\n"
    groups = part % b"disposition-notification" + b"a: b\r\n\r\n" * 9_000 + b"\r\n"
    began = process_time()
    [inbound] = parse(head + groups + part % b"rfc822" + people * 1000 + b"\r\n--b--\r\n")
    assert (inbound.kind, process_time() - began < BOUND) == ("unknown", True)


async def test_staff_get_it_as_a_file(make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox) -> None:
    channel = make()
    await channel.start(inbox.accept)
    await server.mailbox.put(nested(300))
    await ann.says("behind it")
    assert (await inbox.next(2)).text == "behind it"
    [kept, _] = inbox.kept
    assert kept.original is not None
    assert (kept.text, kept.original.name) == ("where is my tea", "mail.eml")
    assert b"hello" in await content(channel, kept.original)


def test_what_people_send_is_no_depth() -> None:
    attached = b"".join(
        b"--m\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=m%d\r\n\r\n"
        b"--m%d\r\n\r\nhi\r\n--m%d--\r\n" % (one, one, one)
        for one in range(60)
    )
    picture = b"--m\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    picture += base64.encodebytes(b"x" * 18_000_000)
    mail = HEAD + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n" + attached + picture + b"--m--\r\n"
    assert parsing.parsed(mail).is_multipart()
    assert [len(one.files) for one in parse(nested(20))] == [0]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<a title="a > b">tea</a>', "tea"),
        ("<a title='it\\'s > b'>tea</a>", "b'>tea"),
        ('<p class="x>tea</p>', "tea"),
    ],
)
def test_a_quote_belongs_to_its_tag(html: str, words: str) -> None:
    assert markup.read(html).words == words
