"""What leaves: in its thread, once, as words and as a page, and with the error that the server's answer means."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.channels.email import EmailChannel, Settings, sending
from bot.channels.email.writing import File, page, thread, written
from bot.channels.email.writing import Sender as From
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, ParleyError, Unreachable
from bot.core.message import About, Attachment, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.contracts.email.conftest import Open, table
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import EmailPerson
from tests.kit.profiles import EMAIL
from tests.kit.wire_faults import Lost

ANSWER = Occasion(token="<1@people.example>\nDo you have Longjing?")


async def test_an_answer_stands_in_its_thread(channel: EmailChannel, ann: EmailPerson) -> None:
    await channel.send(ann.id, Wire("Yes"), "k1", ANSWER)
    raw = (await ann.reads()).raw
    assert raw["Subject"] == "Re: Do you have Longjing?"
    assert (raw["In-Reply-To"], raw["References"]) == ("<1@people.example>", "<1@people.example>")
    assert raw["From"] == "Tea shop <tea@shop.example>"


async def test_the_thread_goes_on_when_the_customer_answers(
    channel: EmailChannel, ann: EmailPerson, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    asked = await ann.sends("How much?", subject="龙井茶")
    token = (await inbox.next()).token
    sent = await channel.send(ann.id, Wire("8 a box"), "k1", Occasion(token=token))
    shown = await ann.reads()
    assert (shown.raw["Subject"], shown.raw["In-Reply-To"], shown.id) == ("Re: 龙井茶", asked, sent.external_id)
    await ann.says("two, please")
    answer = await inbox.next(2)
    assert answer.text == "two, please"
    await channel.send(ann.id, Wire("Done"), "k2", Occasion(token=answer.token))
    assert (await ann.reads()).raw["Subject"] == "Re: 龙井茶"


async def test_who_has_a_name_that_must_be_quoted_is_answered_there(channel: EmailChannel, server: EmailServer) -> None:
    odd = server.person("bo..lee@people.example", "Bo")
    await channel.send(odd.id, Wire("Yes"), "k1")
    assert (await odd.reads()).text == "Yes"
    mail = written(Wire("Yes"), From("tea@shop.example", ""), odd.id, "<1@shop.example>", [], Occasion())
    assert b'To: "bo..lee"@people.example\r\n' in mail.as_bytes()


async def test_what_begins_a_thread_has_its_first_line_as_subject(channel: EmailChannel, ann: EmailPerson) -> None:
    await channel.send(ann.id, Wire("Your order 7 is on its way\nIt comes tomorrow."), "k1")
    raw = (await ann.reads()).raw
    assert raw["Subject"] == "Your order 7 is on its way"
    assert "In-Reply-To" not in raw


async def test_the_bot_says_that_it_is_a_bot_and_a_person_does_not(channel: EmailChannel, ann: EmailPerson) -> None:
    await channel.send(ann.id, Wire("answer"), "k1", ANSWER)
    await channel.send(ann.id, Wire("notice"), "k2")
    await channel.send(ann.id, Wire("Mei here"), "k3", Occasion(token=ANSWER.token, by_person=True))
    told = [shown.raw.get("Auto-Submitted", "") for shown in ann.shown]
    assert told == ["auto-replied", "auto-generated", ""]
    assert [shown.raw.get("X-Auto-Response-Suppress", "") for shown in ann.shown] == ["All", "All", ""]


async def test_what_can_be_stopped_says_how(channel: EmailChannel, ann: EmailPerson) -> None:
    for number, about in enumerate(("news", "reminders", "orders", "")):
        await channel.send(ann.id, Wire("Look at this"), f"k{number}", Occasion(about=about))  # type: ignore[arg-type]
    told = [shown.raw.get("List-Unsubscribe", "") for shown in ann.shown]
    assert told == ["<mailto:tea@shop.example?subject=%2Fstop>"] * 2 + ["", ""]


async def test_a_mail_that_is_tried_again_is_the_same_mail(make: Open, server: EmailServer, ann: EmailPerson) -> None:
    server.fails("DATA", Lost())
    with pytest.raises(ChannelUnavailable):
        await make().send(ann.id, Wire("hi"), "k1")
    await make().send(ann.id, Wire("hi"), "k1")  # another process
    assert (len(server.taken), len(ann.shown)) == (2, 1)


async def test_several_files_go_in_one_mail(channel: EmailChannel, shelf: Shelf, ann: EmailPerson) -> None:
    photo, paper = shelf.put(PHOTO, "报表.jpg", "image/jpeg"), shelf.put(PAPER, "rows.xlsx", "application/pdf")
    await channel.send(ann.id, Wire("Sales of yesterday", files=(photo, paper)), "k1")
    shown = await ann.reads()
    assert [(file.name, file.content) for file in shown.files] == [("报表.jpg", PHOTO), ("rows.xlsx", PAPER)]


async def test_connections_are_kept_for_a_moment_and_never_used_broken(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LONGEST_IDLE", 1e9)  # however busy this machine is
    for number in range(3):
        await channel.send(ann.id, Wire(f"{number}"), f"k{number}")
    assert server.connections == 1
    await server.drop()
    await channel.send(ann.id, Wire("again"), "k4")
    assert server.connections == 2
    assert [shown.text for shown in ann.shown] == ["0", "1", "2", "again"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("550 5.1.1 user unknown", Unreachable),
        ("550 Mailbox not found or access denied: no such user", Unreachable),
        ("553 5.1.3 bad address syntax", Unreachable),
        ("550 5.7.1 blocked by policy", BadInput),
        ("552 5.2.2 mailbox full", BadInput),
        ("452 4.2.2 mailbox full, over quota", ChannelUnavailable),
        ("450 4.2.0 greylisted, come again", ChannelUnavailable),
        ("450 4.7.1 too many recipients", AccountWaits),
        ("421 4.3.2 service shutting down", ChannelUnavailable),
    ],
)
async def test_what_a_server_says_of_a_recipient(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, answer: str, kind: type[ParleyError]
) -> None:
    server.says_to[ann.id] = f"{answer} <{ann.id}>"
    with pytest.raises(kind) as error:
        await channel.send(ann.id, Wire("my words"), "k1")
    assert type(error.value) is kind
    assert ann.id not in str(error.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("451 4.3.0 try again", ChannelUnavailable),
        ("451 4.7.28 rate limited", AccountWaits),
        ("550 5.4.5 Daily user sending limit exceeded", AccountWaits),
        ("554 DT:SPM your mail looks like spam", BadInput),
        ("552 5.3.4 message size exceeds the limit", BadInput),
        ("550 5.7.26 unauthenticated", BadInput),
    ],
)
async def test_what_a_server_says_of_a_mail(
    channel: EmailChannel, server: EmailServer, ann: EmailPerson, answer: str, kind: type[ParleyError]
) -> None:
    server.says_of_mails = answer
    with pytest.raises(kind) as error:
        await channel.send(ann.id, Wire("my words"), "k1")
    assert type(error.value) is kind
    assert answer.split()[0] in str(error.value)


@pytest.mark.parametrize("recipient", ["", "nobody", "a@b@c", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "<a@b.c>"])
async def test_what_is_no_address_is_refused_here(channel: EmailChannel, server: EmailServer, recipient: str) -> None:
    with pytest.raises(BadInput):
        await channel.send(recipient, Wire("hi"), "k1")
    assert server.count("MAIL") == 0


async def test_a_subject_cannot_bring_headers_with_it(channel: EmailChannel, ann: EmailPerson) -> None:
    await channel.send(ann.id, Wire("hi"), "k1", Occasion(token="<1@x>\ntea\r\nBcc: mallory@people.example"))
    raw = (await ann.reads()).raw
    assert "Bcc" not in raw
    assert raw["Subject"] == "Re: tea Bcc: mallory@people.example"
    assert thread("no id\ntea").answers == ""


async def test_an_empty_wire_is_refused(channel: EmailChannel, ann: EmailPerson) -> None:
    with pytest.raises(BadInput):
        await channel.send(ann.id, Wire(), "k1")


# the page


def test_a_page_shows_choices_as_a_list_and_links_as_buttons() -> None:
    html = page("Which <tea>?\n1. Green\n2. Black & white\n\nPay: https://shop.example/pay/1?a=1&b=2", "Tea & co")
    assert "Which &lt;tea&gt;?" in html
    assert html.count("<tr>") == 2
    assert '<a href="https://shop.example/pay/1?a=1&amp;b=2"' in html
    assert ">Pay</a>" in html
    assert "Tea &amp; co" in html


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    html = page('<script>alert(1)</script>"><img src=x> https://a.b/"onmouseover="x javascript:alert(1)', "<b>")
    assert not re.search(r"<(?:script|img|iframe|link|object)\b|\son\w+=\"|url\(", html.replace("&quot;", "'"))
    assert re.findall(r'href="([^"]*)"', html) == ["https://a.b/"]


# what an operator may write


def wrong(server: EmailServer, **more: object) -> str:
    return Settings.model_validate(table(server, **more)).problem("https://shop.example/hooks/email")


async def test_a_password_goes_over_no_open_line(server: EmailServer) -> None:
    assert "another machine" in wrong(server, smtp_host="mail.shop.example")
    assert "another machine" in wrong(server, imap_host="10.0.0.7")
    assert wrong(server, imap_host="::1", smtp_host="localhost") == ""
    assert "set move_to" in wrong(server, read_mail="move")
    assert "again and again" in wrong(server, read_mail="move", move_to="inbox")


def test_an_account_needs_its_servers() -> None:
    assert Settings().missing() == ("address", "imap_host", "smtp_host", "password")
    assert Settings(address="a@b.example").port("imap") == 993
    assert Settings(smtp_security="starttls").port("smtp") == 587
    with pytest.raises(ValueError, match="is no e-mail address"):
        Settings(address="Tea <tea@shop.example>")


OUTLOOK = "<AM0PR04MB6049C0A5D8F0A1B2C3D4E5F6A7B80@AM0PR04MB6049.eurprd04.prod.outlook.com>"


async def test_a_long_id_is_written_as_it_is(channel: EmailChannel, server: EmailServer, ann: EmailPerson) -> None:
    sent = await channel.send(ann.id, Wire("Yes"), "k1", Occasion(token=f"{OUTLOOK}\ntea"))
    [taken] = server.taken
    for name, value in (("In-Reply-To", OUTLOOK), ("References", OUTLOOK), ("Message-ID", sent.external_id)):
        assert f"\r\n{name}: {value}\r\n".encode() in taken


async def test_whoever_has_an_address_that_is_no_ascii_is_answered(
    channel: EmailChannel, server: EmailServer, inbox: Inbox
) -> None:
    jane = server.person("jané@münchen.example", "Jané")
    await channel.start(inbox.accept)
    await jane.says("hello")
    await channel.send((await inbox.next()).sender, Wire("Grüß Gott"), "k1", Occasion(token=f"{OUTLOOK}\ntea"))
    assert (await jane.reads()).text == "Grüß Gott"


@pytest.mark.parametrize("about", ["news", "reminders"])
async def test_what_nobody_waits_for_is_no_answer(channel: EmailChannel, ann: EmailPerson, about: About) -> None:
    await channel.send(ann.id, Wire("Spring sale\n\nTea"), "k1", replace(ANSWER, about=about))
    raw = (await ann.reads()).raw
    assert (raw["Subject"], raw["Auto-Submitted"]) == ("Spring sale", "auto-generated")
    assert "In-Reply-To" not in raw
    assert "References" not in raw
    await channel.send(ann.id, Wire("It is on its way"), "k2", replace(ANSWER, about="orders"))
    assert (await ann.reads()).raw["In-Reply-To"] == "<1@people.example>"


async def test_a_server_that_makes_ids_of_its_own_leaves_a_mark_in_the_subject(make: Open, ann: EmailPerson) -> None:
    channel = make(subject_mark=True)
    await channel.send(ann.id, Wire("龙井茶"), "send:1")
    await channel.send(ann.id, Wire("yes"), "send:2", Occasion(token="<1@x>\ntea"))
    subjects = [shown.raw["Subject"] for shown in ann.shown]
    marks = {subject.rpartition(" ")[2] for subject in subjects}
    assert [subject.rpartition(" ")[0] for subject in subjects] == ["龙井茶", "Re: tea"]
    [mark] = marks
    assert re.fullmatch(r"\[#[0-9a-f]{12}\]", mark)


def test_the_heaviest_mail_is_one_that_providers_take() -> None:
    """Coding makes it larger by a third and the ends of lines; 25 MB is what most of them take."""
    heaviest = EMAIL.message_bytes or 0
    file = File(Attachment(1, "file", "paper.pdf", "application/pdf", heaviest), b"x" * heaviest)
    mail = written(Wire("茶" * 1000), From("tea@shop.example", "Tea"), "ann@people.example", "<1@x>", [file], ANSWER)
    assert len(mail.as_bytes()) < 25 * 1024 * 1024
