"""Mails of many programs, each read as it is written beside it, and mails that no program would write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.email import headers
from bot.channels.email.reading import NOBODY, Reader, whole
from bot.core.errors import BadInput
from bot.core.message import Inbound
from tests.contracts.email.reader import MARKS, READER, parse
from tests.contracts.malformed import kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases
from tests.kit.platforms.letters import ADDRESS

RECORDED = recordings("email")
BODIES = [recording.body for recording in RECORDED]
#: What mails are made of, where they are made up.
PIECES = [
    b"\r\n", b"\r\n\r\n", b"\n", b"--mix", b"--mix--", b"Content-Type: multipart/mixed; boundary=mix\r\n",
    b"From: ", b"<a@b.c>", b"name=",
    b"Content-Type: text/html; charset=", b"gb2312", b"hex", b"utf-7", b"Content-Transfer-Encoding: base64\r\n",
    b"=?utf-8?B?", b"?=", b"=E4=BD", b"Content-Type: message/rfc822\r\n",
    b"Content-Type: multipart/report; report-type=delivery-status\r\n",
    b"Message-ID: ", b"Date: Mon, 99 Foo 99999", b"Subject: ", b"\xff\xfe", b"\x00",
    b"<div class=gmail_quote>", b"&#xD800;",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff",
    b"Reply-To: b@c.d\r\n", b"<![CDATA[", b"> ", b"On wrote:",
]  # fmt: skip


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_every_recorded_mail_is_read_as_it_is_written_beside_it(recording: Recording) -> None:
    recording.check(parse)


def spoilt(mail: bytes) -> st.SearchStrategy[bytes]:
    """The mail with up to five pieces put in, or cut out, anywhere."""
    change = st.tuples(st.integers(0, len(mail)), st.integers(0, 60), st.sampled_from(PIECES) | st.binary(max_size=8))

    def put(changes: list[tuple[int, int, bytes]]) -> bytes:
        found = mail
        for at, less, piece in changes:
            found = found[:at] + piece + found[at + less :]
        return found

    return st.lists(change, min_size=1, max_size=5).map(put)


@settings(max_examples=cases(2000), deadline=None)
@given(st.sampled_from(BODIES).flatmap(spoilt))
def test_no_spoilt_mail_escapes(mail: bytes) -> None:
    kept_or_refused(parse, mail)
    assert READER.kept(mail).key


@settings(max_examples=cases(2000), deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30).map(b"".join))
def test_no_mail_of_anything_escapes(mail: bytes) -> None:
    kept_or_refused(parse, mail)


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", b"{}", b"<html></html>", b"\xff" * 100])
def test_what_is_no_mail_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        parse(body)


def test_what_no_database_keeps_is_left_out() -> None:
    html = b"From: a@b.example\r\nContent-Type: text/html; charset=%s\r\n\r\n<p>a\x00b %s</p>"
    for charset, words in ((b"utf-8", b"&#xD800;&#0;"), (b"utf-7", b"+2AA-")):
        [inbound] = parse(html % (charset, words))
        assert "\0" not in inbound.text
        assert inbound.text.encode().startswith(b"a")
        assert whole(html % (charset, words)).encode()


def test_a_mail_of_parts_within_parts_without_end_is_no_trouble() -> None:
    mail = b"From: ann@people.example\r\nSubject: deep\r\n"
    for depth in range(400):
        mail += b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth)
    kept_or_refused(parse, mail + b"\r\nwords")


# keys


def mail(message_id: str = "", *, sender: str = "ann@people.example", words: str = "hello", more: str = "") -> bytes:
    head = f"From: {sender}\r\nDate: Mon, 3 Nov 2025 10:12:00 +0800\r\nSubject: tea\r\n{more}"
    return (head + (f"Message-ID: {message_id}\r\n" if message_id else "") + f"\r\n{words}\r\n").encode()


def key(body: bytes) -> str:
    [inbound] = parse(body)
    return inbound.key


def test_a_mail_that_came_two_ways_is_one() -> None:
    assert key(mail("<1@x>")) == key(mail("<1@x>", words="a list has added a line", more="Received: from b\r\n"))
    assert key(mail()) == key(mail(more="Received: from b\r\n"))


def test_different_mails_are_different() -> None:
    assert len({key(mail()), key(mail(words="other")), key(mail("<1@x>")), key(mail("<2@x>"))}) == 4


def test_nobody_takes_the_key_of_another_persons_mail() -> None:
    assert key(mail("<1@x>")) != key(mail("<1@x>", sender="mallory@people.example"))


def test_a_key_names_nobody() -> None:
    assert "ann" not in key(mail("<ann@people.example>"))


# whom it is from


def test_an_address_is_the_same_however_it_is_written() -> None:
    senders = ("Ann@People.EXAMPLE", "<ann@people.example>", '"Lee, Ann" <ANN@people.example>')
    assert {one.sender for written in senders for one in parse(mail("<1@x>", sender=written))} == {"ann@people.example"}


def test_answers_go_where_the_sender_wants_them_and_never_to_ourselves() -> None:
    asked = parse(mail("<1@x>", more=f"Reply-To: {ADDRESS}\r\n"))
    assert asked[0].sender == "ann@people.example"
    assert parse(mail("<1@x>", more="Reply-To: bo@people.example\r\n"))[0].sender == "bo@people.example"


def said(body: bytes, server: str = "mx.shop.example") -> Inbound:
    [inbound] = Reader("email", ADDRESS, frozenset({ADDRESS}), MARKS, server).read(body, datetime.now(UTC), "1.7")
    return inbound


@pytest.mark.parametrize(
    ("results", "is_doubted"),
    [
        ("", True),
        ("mx.shop.example; dmarc=pass (p=none) header.from=people.example", False),
        ("mx.shop.example 1; dkim=pass header.d=people.example; spf=fail", False),
        ("mx.shop.example; dkim/1 = pass header.d = People.Example", False),
        ('"mx.shop.example"; dkim=pass (a \\) b) header.d="people.example"', False),
        ("mx.shop.example; spf=pass smtp.mailfrom=bounce+a=b@people.example", False),
        ("mx.shop.example; dkim=pass header.d=mail.people.example", True),
        ("mx.shop.example; dkim=pass header.d=example", True),
        ("mx.shop.example; dkim=pass header.i=@people.example header.d=mallory.example", True),
        ("mx.shop.example; dkim=pass header.d=people.example; dmarc=fail header.from=people.example", True),
        ("mx.shop.example; spf=pass smtp.helo=people.example smtp.mailfrom=mallory.example", True),
        ("mx.shop.example; spf=pass header.from=people.example smtp.mailfrom=mallory.example", True),
        ('mx.shop.example; spf=pass smtp.mailfrom="a header.from=people.example"@mallory.example', True),
        ('mx.shop.example; spf=pass smtp.mailfrom="; dmarc=pass header.from=people.example"@mallory.example', True),
        ('mx.shop.example; spf=pass (of "x) smtp.mailfrom=people.example ("@y) smtp.mailfrom=mallory.example', True),
        ("mx.shop.example; spf=pass smtp.mailfrom=ann@people.example", False),
        ("mx.shop.example; spf=pass smtp.mailfrom=mallory.example", True),
        ("mx.shop.example; dmarc=fail header.from=people.example", True),
        ("mx.mallory.example; dmarc=pass header.from=people.example", True),
        ("mx.shop.example; dkim=pass (dmarc=pass header.from=people.example) header.d=mallory.example", True),
    ],
)
def test_staff_learn_whom_our_server_does_not_vouch_for(results: str, *, is_doubted: bool) -> None:
    header = f"Authentication-Results: {results}\r\n" if results else ""
    assert said(mail("<1@x>", more=header)).unverified is is_doubted
    assert said(mail("<1@x>", more=header), server="").unverified is False


def test_results_that_came_with_the_mail_do_not_count() -> None:
    ours = "Authentication-Results: mx.shop.example; dmarc=fail header.from=people.example\r\n"
    forged = "Authentication-Results: mx.shop.example; dmarc=pass header.from=people.example\r\n"
    assert said(mail("<1@x>", more=ours + forged)).unverified


def test_an_answer_that_goes_elsewhere_is_not_vouched_for() -> None:
    results = "Authentication-Results: mx.shop.example; dmarc=pass header.from=people.example\r\n"
    assert said(mail("<1@x>", more=results + "Reply-To: mallory@other.example\r\n")).unverified


def test_a_type_that_is_none_is_any_file() -> None:
    head = b"From: ann@people.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    parts = [b"--m\r\nContent-Type: %s\r\n\r\nabc\r\n" % kind for kind in (b"image/p\x00ng", b"application/\xff")]
    [inbound] = parse(head + b"".join(parts) + b"--m--\r\n")
    assert [file.media_type for file in inbound.files] == ["application/octet-stream"] * 2


@pytest.mark.parametrize(
    ("written", "address", "name"),
    [
        ("jane@x.example <jane@x.example>", "jane@x.example", "jane@x.example"),
        ("info@shop.example, Jane <jane@x.example>", "jane@x.example", "info@shop.example, Jane"),
        ("Müller, Hans <h@x.example>", "h@x.example", "Müller, Hans"),
        ("=?utf-8?q?M=C3=BCller=2C_Hans?= <h@x.example>", "h@x.example", "Müller, Hans"),
        ("Jane [Sales] <Jane@x.example>", "jane@x.example", "Jane [Sales]"),
        ('Jane "JJ" Doe <jane@x.example>', "jane@x.example", 'Jane "JJ" Doe'),
        ('"Doe, Jane" <jane@x.example>', "jane@x.example", "Doe, Jane"),
        ('"<ann@people.example>" <jane@x.example>', "jane@x.example", "<ann@people.example>"),
        ("Jane. <'jane@x.example'>", "jane@x.example", "Jane."),
        ("'jane@x.example'", "jane@x.example", ""),
        ("jane@x.example (Jane)", "jane@x.example", "Jane"),
        ("<jane@x.example", "jane@x.example", ""),
        ("jane@x.example", "jane@x.example", ""),
        ('<"ann..b"@docomo.example>', "ann..b@docomo.example", ""),
        ('"Ann" <"bob..c"@docomo.example>', "bob..c@docomo.example", "Ann"),
        ("Ann <ann..b@docomo.example>", "ann..b@docomo.example", "Ann"),
        ('"ann..b"@docomo.example', "ann..b@docomo.example", ""),
        ("Jané <jané@münchen.example>", "jané@münchen.example", "Jané"),
    ],
)
def test_a_sender_is_known_however_oddly_written(written: str, address: str, name: str) -> None:
    [inbound] = parse(mail("<1@x>", sender=written))
    assert (inbound.sender, inbound.name, inbound.kind) == (address, name, "message")


@pytest.mark.parametrize("written", ['Ann <"a\\"b"@x.example>', '<"ann@home"@x.example>', '<"ann lee"@x.example>'])
def test_of_an_oddly_quoted_address_nobody_knows_who_it_is(written: str) -> None:
    [inbound] = parse(mail("<1@x>", sender=written))
    assert (inbound.kind, inbound.sender, inbound.held) == ("message", ADDRESS, "nobodys")


def test_an_address_that_is_no_ascii_can_be_answered() -> None:
    [inbound] = parse(mail("<1@x>", sender="jané@münchen.example"))
    assert headers.address(inbound.sender) == inbound.sender


PASSED = "Authentication-Results: mx.shop.example; dmarc=pass header.from=people.example\r\n"
OURS, ANOTHERS = MARKS.id("send:1:2:3:0", "ann@people.example"), MARKS.id("send:1:2:3:0", "bo@people.example")


@pytest.mark.parametrize(
    ("header", "subject", "is_proved"),
    [
        ("", "Re: tea", False),
        (f"In-Reply-To: {OURS}\r\n", "tea", True),
        (f"References: <a@x> {OURS} <b@x>\r\n", "Re: tea", True),
        (f"In-Reply-To: {ANOTHERS}\r\n", "Re: tea", False),
        (f"In-Reply-To: {OURS.replace('@', '0@')}\r\n", "Re: tea", False),
        ("", f"Re: tea {MARKS.short('ann@people.example')}", True),
        ("", f"Re: tea {MARKS.short('bo@people.example')}", False),
        (PASSED, "Re: tea", True),
        (PASSED.replace("dmarc=pass", "spf=pass").replace("header.from", "smtp.mailfrom"), "Re: tea", False),
        (f"Reply-To: mallory@people.example\r\n{PASSED}", "Re: tea", False),
    ],
)
def test_an_answer_to_our_mail_proves_its_sender(header: str, subject: str, *, is_proved: bool) -> None:
    inbound = said(mail("<1@x>", more=header).replace(b"Subject: tea", f"Subject: {subject}".encode()))
    assert inbound.unproved is not is_proved
    assert inbound.token == "<1@x>\ntea"


def test_without_a_server_to_believe_only_an_answer_proves_anything() -> None:
    assert said(mail("<1@x>", more=PASSED), server="").unproved
    assert not said(mail("<1@x>", more=f"In-Reply-To: {OURS}\r\n"), server="").unproved


@pytest.mark.parametrize(
    ("words", "header", "locale"),
    [
        ("请问有龙井茶吗？", "", "zh"),
        ("お茶はありますか。", "", ""),
        ("Have you got tea?", "", ""),
        ("Have you got 茶?", "", ""),
        ("Have you got tea?", "Content-Language: en-GB\r\n", "en-GB"),
        ("Tee?", "Accept-Language: de-DE, en-US\r\n", "de-DE"),
        ("Tee?", "Content-Language: \xff;\r\n", ""),
    ],
)
def test_the_language_is_that_of_the_program_or_of_the_words(words: str, header: str, locale: str) -> None:
    assert parse(mail("<1@x>", words=words, more=header))[0].locale == locale


# what staff have


def test_staff_have_every_word() -> None:
    body = next(one.body for one in RECORDED if str(one) == "qq_reply")
    found = whole(body)
    assert "要绿茶，两盒。" in found
    assert "发自我的iPhone" in found
    assert "要哪种茶？" in found
    assert "Subject: 回复：您的订单" in found


def test_a_mail_too_long_for_a_message_has_its_rest_in_the_file() -> None:
    [inbound] = parse(mail("<1@x>", words="word " * 20_000))
    assert len(inbound.text) == 65_536
    assert inbound.original is not None


def test_a_mail_that_cannot_be_read_is_kept() -> None:
    inbound = READER.kept(b"\xff\x00" * 100_000)
    assert (inbound.kind, inbound.sender, inbound.held) == ("message", ADDRESS, "nobodys")
    inbound = READER.kept(b"Content-Type: multipart/report\r\n\r\n")
    assert (inbound.kind, inbound.sender, inbound.native["why"]) == ("unknown", NOBODY, "unreadable")
