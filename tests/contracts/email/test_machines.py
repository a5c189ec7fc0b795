"""Programs that write mails: none is answered, reports become states of what was sent, and no loop lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from time import time

import pytest

from bot.channels.email.pulling import HOUR, Pace
from bot.channels.email.writing import Sender as From
from bot.channels.email.writing import written
from bot.core.message import Inbound, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import Inbox
from tests.contracts.email.conftest import Open
from tests.contracts.email.reader import MARKS, READER, parse
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import ADDRESS, EmailPerson

ANN = "ann@people.example"
SENT = MARKS.id("send:1:2:3:0", ANN)


def mail(*headers: tuple[str, str], subject: str = "Re: tea", sender: str = ANN) -> bytes:
    found = EmailMessage(policy=SMTP)
    found["From"], found["To"], found["Subject"], found["Message-ID"] = sender, ADDRESS, subject, "<1@people.example>"
    for name, value in headers:
        found[name] = value
    found.set_content("words")
    return found.as_bytes()


@pytest.mark.parametrize(
    "header",
    [
        ("Auto-Submitted", "auto-generated"),
        ("Auto-Submitted", "auto-replied (vacation)"),
        ("Precedence", "auto_reply"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Autoreply", "yes"),
        ("Return-Path", "<>"),
        ("Sender", "MAILER-DAEMON@people.example"),
    ],
)
def test_a_machine_is_kept_and_not_answered(header: tuple[str, str]) -> None:
    [inbound] = parse(mail(header))
    assert (inbound.kind, inbound.automatic, inbound.text) == ("message", True, "words")
    assert inbound.token == ""


SUBJECTS = ["Out of Office: Re: tea", "自动回复：茶", "Automatic reply: tea", "Réponse automatique : tea"]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_machine_that_says_so_in_its_subject_only(subject: str) -> None:
    assert parse(mail(subject=subject))[0].automatic


@pytest.mark.parametrize("sender", ["no-reply@bank.example", "postmaster@people.example", "bounce+12@people.example"])
def test_whoever_cannot_be_answered_is_a_machine(sender: str) -> None:
    assert parse(mail(sender=sender))[0].automatic


@pytest.mark.parametrize(
    "header",
    [("List-Id", "<news.people.example>"), ("Precedence", "bulk"), ("List-Unsubscribe", "<mailto:u@people.example>")],
)
def test_a_list_is_nobodys_message(header: tuple[str, str]) -> None:
    [inbound] = parse(mail(header))
    assert (inbound.kind, inbound.native["why"]) == ("unknown", "list")


def test_the_group_by_which_people_write_to_us_is_no_list() -> None:
    reader = replace(READER, groups=frozenset({"tea.shop.example"}))
    headers = ("List-Id", 'Tea "shop" <Tea.shop.example>'), ("Precedence", "list"), ("List-Unsubscribe", "<mailto:u@x>")
    [inbound] = reader.read(mail(*headers), None, "1.7")
    assert (inbound.kind, inbound.text, inbound.automatic) == ("message", "words", False)
    [other] = reader.read(mail(("List-Id", "<news.people.example>"), headers[1]), None, "1.7")
    assert other.kind == "unknown"


def test_who_sends_by_a_provider_that_counts_its_complaints_is_a_person() -> None:
    [inbound] = parse(mail(("Feedback-ID", "1.eu-west-1.abc:AmazonSES")))
    assert (inbound.kind, inbound.automatic) == ("message", False)


def test_our_own_mails_are_not_heard() -> None:
    assert parse(mail(sender=f"Tea shop <{ADDRESS.upper()}>"))[0].native["why"] == "ours"
    returned = mail().replace(b"<1@people.example>", SENT.encode())
    assert parse(returned)[0].native["why"] == "ours"


PASSED = ("Authentication-Results", "mx.shop.example; dmarc=pass header.from=shop.example")


@pytest.mark.parametrize("headers", [(), (("List-Id", "<tea.shop.example>"), ("Precedence", "list"))])
def test_who_writes_by_a_form_or_a_group_of_ours_is_heard_and_proves_nothing(
    headers: tuple[tuple[str, str], ...],
) -> None:
    reader = replace(READER, groups=frozenset({"tea.shop.example"}), authserv_id="mx.shop.example")
    written = mail(("Reply-To", f"Ann <{ANN}>"), PASSED, *headers, sender=f"'Ann' via Tea shop <{ADDRESS}>")
    [inbound] = reader.read(written, None, "1.7")
    assert (inbound.kind, inbound.sender, inbound.automatic, inbound.unproved) == ("message", ANN, False, True)
    [ours] = reader.read(mail(("Reply-To", f"{ANN}, bo@people.example"), sender=ADDRESS), None, "1.7")
    assert ours.native["why"] == "ours"


@pytest.mark.parametrize(
    "header", [("Auto-Submitted", "no"), ("X-Auto-Response-Suppress", "DR"), ("Precedence", "normal")]
)
def test_a_person_is_a_person(header: tuple[str, str]) -> None:
    [inbound] = parse(mail(header))
    assert not inbound.automatic
    assert inbound.token == "<1@people.example>\ntea"


# reports


REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: tea@shop.example
Subject: Undelivered Mail Returned to Sender
Date: Mon, 03 Nov 2025 10:12:00 +0800
Message-ID: <report@mx.example>
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type={kind}; boundary="b"

This is a MIME-encapsulated message.
--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--b
Content-Type: message/{kind}

{fields}
--b
Content-Type: text/rfc822-headers

To: {to}
Message-ID: {about}
--b--
"""


def report(
    action: str = "failed",
    status: str = "5.1.1",
    *,
    about: str = SENT,
    to: str = ANN,
    kind: str = "delivery-status",
    fields: str = "",
) -> bytes:
    told = f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\n"
    return REPORT.format(kind=kind, fields=fields or told, to=to, about=about).replace("\n", "\r\n").encode()


def test_who_is_not_there_is_not_reached_any_more() -> None:
    failed, blocked = parse(report())
    assert (failed.kind, failed.sender, failed.about, failed.data) == ("status", ANN, SENT, "failed")
    assert "5.1.1" in failed.text
    assert (blocked.kind, blocked.sender, blocked.data) == ("reach", ANN, "blocked")
    assert failed.key != blocked.key


def test_a_report_of_a_mail_that_got_another_id_on_its_way_is_one_of_ours() -> None:
    sent = written(Wire("hi"), From(ADDRESS, ""), ANN, SENT, [], Occasion(), MARKS.short(ANN))
    returned = report(about=f"<0100@mail.example>\nX-Parley-ID: {sent['X-Parley-ID']}")
    failed, blocked = parse(returned)
    assert (failed.kind, failed.sender, failed.about, failed.data) == ("status", ANN, SENT, "failed")
    assert (blocked.kind, blocked.data) == ("reach", "blocked")
    assert f"\r\nX-Parley-ID: {SENT}\r\n".encode() in sent.as_bytes()
    assert len(parse(returned.replace(ANN.encode(), b"bo@people.example"))) == 1


def test_who_has_no_room_is_still_there() -> None:
    [failed] = parse(report(status="5.2.2"))
    assert (failed.kind, failed.data) == ("status", "failed")


def test_a_delay_is_no_failure() -> None:
    [inbound] = parse(report("delayed", "4.4.1"))
    assert inbound.kind == "unknown"


def test_what_was_delivered_and_read() -> None:
    [delivered] = parse(report("delivered", "2.0.0"))
    assert (delivered.kind, delivered.data, delivered.about) == ("status", "delivered", SENT)
    told = f"Final-Recipient: rfc822; {ANN}\nOriginal-Message-ID: {SENT}\nDisposition: manual-action/sent; displayed\n"
    [read] = parse(report(kind="disposition-notification", fields=told))
    assert (read.kind, read.data, read.about) == ("status", "read", SENT)


def test_nobody_reports_somebody_elses_mail_as_failed() -> None:
    for made_up in (
        report(to="bo@people.example"),
        report(about="<1@shop.example>"),
        report(about=SENT.replace("<", "<0")),
    ):
        [inbound] = parse(made_up)
        assert (inbound.kind, inbound.native["why"]) == ("unknown", "report")


# loops


def test_past_so_many_an_hour_nothing_is_answered() -> None:
    pace, now = Pace(3), time()
    mails = [Inbound("email", f"m:{number}", ANN) for number in range(6)]
    assert [pace.held(one, now).automatic for one in mails] == [False, False, False, True, True, True]
    assert pace.held(Inbound("email", "m:7", "bo@people.example"), now).automatic is False
    assert pace.held(Inbound("email", "m:8", ANN), now + HOUR + 1).automatic is False


async def test_the_mails_of_a_day_that_are_pulled_at_once_came_in_their_hours(
    make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox
) -> None:
    first = make()
    await first.start(inbox.accept)
    await first.stop()
    for number in range(6):
        ago = timedelta(minutes=(6 - number) * 40)
        mail = f"From: {ann.id}\r\nSubject: number {number}\r\n\r\n".encode()
        await server.mailbox.put(mail, datetime.now(UTC) - ago)
    await make(answers_per_hour=2).start(inbox.accept)
    await inbox.next(6)
    assert not any(one.automatic for one in inbox.kept)


def test_a_mail_that_is_tried_again_counts_once() -> None:
    pace, now = Pace(1), time()
    one = Inbound("email", "m:1", ANN)
    assert [pace.held(one, now).automatic for _ in range(5)] == [False] * 5


def test_a_mark_cannot_be_made_up() -> None:
    assert MARKS.id("k", ANN) == MARKS.id("k", ANN)
    assert len({MARKS.id("k", ANN), MARKS.id("l", ANN), MARKS.id("k", "bo@people.example")}) == 3
    assert MARKS.is_ours(SENT)
    assert MARKS.is_for(SENT, ANN)
    flipped = SENT[:-30] + ("0" if SENT[-30] != "0" else "1") + SENT[-29:]
    assert not MARKS.is_ours(flipped)
    assert "ann" not in SENT
