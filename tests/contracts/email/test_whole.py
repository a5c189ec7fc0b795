"""A mailbox by the whole of Parley: reports by mail, machines, senders of whom nobody is sure, and what comes back."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from openpyxl import Workbook

from bot.app import App, build, opened
from bot.config import Config, accounts
from bot.core.message import Inbound
from bot.services import person_codes, staff
from bot.services.visitors import file_row
from models import (
    Attachment,
    Consent,
    Conversation,
    Identity,
    Message,
    Order,
    PersonCode,
    PersonLink,
    ReportDelivery,
    ReportRun,
    Staff,
)
from models.database import transaction
from tests.contracts.channel_contract import PHOTO
from tests.contracts.email.conftest import table
from tests.contracts.email.test_machines import report
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import EmailPerson
from tests.servers import free_port
from web.files import FILING

SERVER = "mx.shop.example"


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop, its mail servers, and Ann."""

    app: App
    server: EmailServer
    ann: EmailPerson

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(10):
            while not await condition():
                await asyncio.sleep(0.01)
        await self.app.runtime.idle()

    async def file(self, name: str, content: bytes) -> int:
        """A file of ours in the store."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        now = datetime.now(UTC)
        filed = await self.app.site[FILING].keep(chunks(), name=name, limits=self.app.settings.limits, now=now)
        talk = await Conversation.get(account="email")
        return int((await file_row(filed, now, conversation_id=talk.id, contact_id=talk.contact_id)).id)

    async def thread(self) -> list[tuple[str, str]]:
        """Who said what, in Ann's conversation."""
        rows = await Message.filter(conversation__lane=f"email:{self.ann.id}").order_by("seq")
        return [(row.author, row.text.split("\n")[0]) for row in rows]


@pytest.fixture
async def shop(tmp_path: Path, server: EmailServer, sqlite_url: str) -> AsyncIterator[Shop]:
    config = Config.model_validate(
        {
            "server": {"port": free_port(), "data": str(tmp_path), "edge": False},
            "database": {"url": sqlite_url},
            "demo": {"shop": False},
        }
    )
    read, wrong = accounts.read({"email": table(server, authserv_id=SERVER)}, config.server.hook)
    assert not wrong
    config = config.model_copy(update={"channels": read})
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            yield Shop(app, server, server.person())
        finally:
            await app.stop()


async def colleague(role: str = "manager") -> Staff:
    return await Staff.create(login="mei", name="Mei", role=role, password_hash="x", created_at=datetime.now(UTC))


async def test_a_manager_links_an_address_by_mailing_the_code_and_gets_a_report(shop: Shop) -> None:
    mei = await colleague()
    code, _ = await staff.make_link_code(mei.id, datetime.now(UTC))
    await shop.ann.sends("Sent from my iPhone", subject=f"/link {code}")
    await shop.ann.sees("this chat is linked to your staff account")

    picture, book = await shop.file("sales.jpg", PHOTO), BytesIO()
    Workbook().save(book)
    ids = {"picture": picture, "sheet": await shop.file("sales.xlsx", book.getvalue())}
    told = {"title": "Sales", "period": "22 November", "words": ["12 orders, ¥816.00."]}
    now, talk = datetime.now(UTC), await Conversation.get(account="email")
    run = await ReportRun.create(
        report="sales", slot="s", period_start=now, period_end=now, timezone="UTC", state="done", created_at=now,
        result=json.dumps({"results": {"en": told}, "files": {"en": ids}}),
    )  # fmt: skip
    await ReportDelivery.create(run=run, conversation_id=talk.id, created_at=now)
    await shop.app.runtime.accept([Inbound("email", "r1", shop.ann.id, "report", data=str(run.id), urgent=True)])
    shown = await shop.ann.sees("12 orders")
    assert [file.name for file in shown.files] == ["sales.jpg", "sales.xlsx"]
    assert shown.files[1].content == book.getvalue()
    assert (shown.raw["Subject"], "Auto-Submitted" in shown.raw) == (f"Re: /link {code}", True)


async def test_a_customers_code_is_taken_in_no_mail(shop: Shop) -> None:
    """Whoever asks for a code in a chat of their own could mail it under anybody's address."""
    await shop.ann.says("hello")
    await shop.ann.reads()
    now = datetime.now(UTC)
    await shop.app.runtime.accept([Inbound("webchat", "w1", "visitor-7", text="hello")])
    await shop.until(lambda: Identity.filter(account="webchat").exists())
    async with transaction():
        code = await person_codes.make((await Identity.get(account="webchat")).id, now, shown=True)
    await shop.ann.says(f"/link {code}")
    await shop.ann.sees("Here anybody could write in your name")
    assert await PersonLink.all().count() == 0
    await shop.ann.says("/link")
    assert "Your code is" in (await shop.ann.sees("Your code is")).text


async def test_a_mailed_code_joins_and_a_mail_still_acts_for_its_own_address_alone(shop: Shop) -> None:
    """Whoever writes under Ann's address would else read and cancel what she ordered in the web chat."""
    runtime, now = shop.app.runtime, datetime.now(UTC)
    await shop.ann.says("/link")
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", (await shop.ann.sees("Your code is")).text)
    assert code
    await runtime.accept([Inbound("webchat", "w1", "visitor-7", text=f"/link {code[0]}")])
    asked = Message.filter(conversation__account="webchat", text__contains="Are you the one there, too?")
    await shop.until(asked.exists)
    await runtime.accept([Inbound("webchat", "w2", "visitor-7", text="Yes, both are me")])
    await shop.ann.sees("Connected: we know you in")
    assert await PersonLink.all().count() == 1
    web = await Conversation.get(account="webchat")
    order = await Order.create(
        number="P7K2-4M9Q", contact_id=web.contact_id, conversation_id=web.id, account="webchat", state="placed",
        total=6800, currency="CNY", name="Ann", address="Hangzhou", created_at=now, updated_at=now,
    )  # fmt: skip
    await shop.ann.says("/orders")
    await shop.ann.sees("You have no orders yet")
    await shop.ann.says(order.number)
    await shop.ann.sees("I did not quite get that")
    await runtime.accept([Inbound("webchat", "w3", "visitor-7", text="/orders")])
    await shop.until(Message.filter(conversation_id=web.id, body__contains=order.number).exists)

    await Order.filter(id=order.id).update(state="packed")  # what the shop tells goes to the address, as ever
    await runtime.accept([Inbound("email", "o1", shop.ann.id, "order", data=order.number)])
    await shop.ann.sees(f"Order {order.number} is packed and will leave soon.")


async def test_a_yes_by_mail_confirms_nothing(shop: Shop) -> None:
    await shop.ann.says("hello")
    await shop.ann.reads()
    now = datetime.now(UTC)
    await shop.app.runtime.accept([Inbound("webchat", "w1", "visitor-7", text="hello")])
    await shop.until(lambda: Identity.filter(account="webchat").exists())
    mail, web = await Identity.get(account="email"), await Identity.get(account="webchat")
    async with transaction():
        await person_codes.make(mail.id, now, shown=True)
        await PersonCode.filter(identity_id=mail.id).update(entered_id=web.id, used_at=now)
    told = await shop.app.runtime.persons.confirm("", (await PersonCode.get()).id)
    assert (told.state, await PersonLink.all().count()) == ("over", 0)


async def test_a_machine_stands_in_the_thread_and_is_not_answered(shop: Shop) -> None:
    await shop.ann.says("hello")
    await shop.ann.reads()
    await shop.ann.sends("I am away until Friday.", subject="Automatic reply", Auto_Submitted="auto-replied")
    robot = shop.server.person("robot@people.example", "Robot")
    await robot.sends("I am nobody you know.", Auto_Submitted="auto-replied")
    await shop.ann.sends("Now it is me.")
    await shop.until(lambda: Message.filter(text="Now it is me.").exists())
    said = [text for author, text in await shop.thread() if author == "customer"]
    assert said == ["hello", "Automatic reply", "Now it is me."]
    assert robot.shown == []
    assert not await Identity.filter(external_id=robot.id).exists()
    authors = [author for author, _ in await shop.thread() if author != "event"]
    assert authors[2:4] == ["customer", "customer"]


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("", {}),
        ("Sent from my iPhone", {}),
        ("Apple Mail sent this email to unsubscribe from the message “New tea”.", {}),
        ("This message was automatically generated by Gmail.", {"Auto_Submitted": "auto-generated"}),
    ],
)
async def test_unsubscribe_in_a_mail_program_is_obeyed(shop: Shop, body: str, header: dict[str, str]) -> None:
    await shop.ann.says("/news")
    await shop.ann.sees("May we write to you here")
    await shop.ann.says("yes")
    await shop.ann.sees("Thank you, we will.")
    await shop.app.runtime.accept(
        [Inbound("email", "nudge", shop.ann.id, "nudge", text="How was it?", data="telegram")]
    )
    mail = await shop.ann.sees("How was it?")
    to = urlsplit(mail.raw["List-Unsubscribe"].strip("<>"))
    await shop.ann.sends(body, subject=parse_qs(to.query)["subject"][0], **header)
    stopped = Consent.filter(kind="news", given=False, way="word")
    await shop.until(stopped.exists)
    assert await Consent.filter(kind="reminders", given=False).count() == 1
    await shop.app.runtime.idle()
    told = [one for one in shop.ann.shown if "no more news and reminders" in one.text]
    assert len(told) == int(not header)  # a machine is not answered


async def test_staff_see_of_whom_nobody_is_sure_and_have_the_whole_mail(shop: Shop) -> None:
    passed = f"{SERVER}; dmarc=pass header.from=people.example"
    await shop.ann.sends("hello", Authentication_Results=passed)
    await shop.ann.reads()
    await shop.ann.sends("send it to another house\n\n-- \nAnn, Lake Road 1")
    await shop.until(lambda: Attachment.filter(state="stored").exists())
    thread = [one for one in await shop.thread() if one[0] != "bot"]
    assert thread == [("customer", "hello"), ("event", "unverified"), ("customer", "send it to another house")]
    [kept] = await Attachment.all()
    content = b"".join([chunk async for chunk in shop.app.storage.open(kept.storage_key)])
    assert (kept.name, b"Lake Road 1" in content) == ("mail.txt", True)
    # It was no file of the customer's: the bot has not thanked for one.
    assert not any("file" in shown.text.casefold() for shown in shop.ann.shown)


async def test_a_mail_that_comes_back_is_shown_as_failed(shop: Shop) -> None:
    await shop.ann.says("hello")
    sent = await shop.ann.reads()
    await shop.server.mailbox.put(report(about=sent.id, to=shop.ann.id))

    async def failed() -> Any:
        return await Message.filter(author="bot", delivery="failed").exists()

    await shop.until(failed)
    await shop.until(lambda: Identity.filter(external_id=shop.ann.id, reachable=False).exists())
    row = await Message.get(author="bot", delivery="failed")
    assert row.error == "not delivered (5.1.1)"
    await shop.ann.says("I am here after all")
    await shop.until(lambda: Identity.filter(external_id=shop.ann.id, reachable=True).exists())


async def test_who_writes_too_often_gets_a_person(shop: Shop) -> None:
    pace = shop.app.runtime.channels["email"]._puller._pace  # type: ignore[attr-defined]
    pace._most = 2
    for text in ("one", "two", "three"):
        await shop.ann.says(text)
    await shop.until(lambda: Message.filter(text="three").exists())
    talk = await Conversation.get(account="email")
    assert talk.waiting_since is not None
    assert talk.reason == "More messages came than are answered automatically."
    assert len(shop.ann.shown) == 2


async def test_a_mail_that_is_not_given_calls_a_person(shop: Shop) -> None:
    puller = shop.app.runtime.channels["email"]._puller  # type: ignore[attr-defined]
    puller._stuck._failures[101] = 8  # as after so many tries
    await shop.ann.says("hello")
    await shop.until(lambda: Conversation.filter(lane="email:tea@shop.example").exists())
    talk = await Conversation.get(lane="email:tea@shop.example")
    assert talk.waiting_since is not None
    assert talk.reason == "A mail could not be fetched: please look into the mailbox."
    assert shop.ann.shown == []


async def test_a_mail_without_a_sender_calls_a_person(shop: Shop) -> None:
    await shop.server.mailbox.put(b"Subject: a form\r\n\r\nplease call me back\r\n")
    await shop.until(lambda: Conversation.filter(lane="email:tea@shop.example").exists())
    talk = await Conversation.get(lane="email:tea@shop.example")
    assert talk.reason == "A mail names no sender who could be answered."
    assert (await Message.get(conversation_id=talk.id)).text == "a form\n\nplease call me back"
