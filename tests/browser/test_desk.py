"""Staff at the desk: a conversation appears by itself, is taken over, answered, noted, and given back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import FilePayload, expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]
NewAgent = Callable[..., Awaitable[Agent]]
GUIDE: FilePayload = {"name": "brewing guide.txt", "mimeType": "text/plain", "buffer": b"80 degrees, three minutes.\n"}
BILL: FilePayload = {"name": "old bill.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}


async def test_an_agent_takes_over_answers_and_gives_back(
    new_visitor: NewVisitor, new_agent: NewAgent, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    mei, ann = await new_agent(), await new_visitor()
    await mei.logs_in("mei", await admin.adds_colleague("mei", "Mei Chen"))
    await admin.draws(screenshots, "desk-staff-added")
    conversation = await comes_to_the_desk(ann, mei, parley, screenshots)
    await mei.takes_over()
    await expect(ann.page.get_by_text("You are talking to Mei Chen")).to_be_visible()
    before = len(parley.said(conversation))
    await talk(ann, mei)
    await mei.draws(screenshots, "desk-thread-mine")
    await ann.draws(screenshots, "visitor-with-staff")
    await expect_quiet(parley)
    said = parley.said(conversation)[before:]
    assert [author for author, _ in said] == ["customer", "staff", "staff", "customer"]
    await gives_back(mei, ann)
    await ann.page.reload()
    await ann.hears("I have called a colleague")
    assert "generous" not in await ann.page.content() + " ".join(await ann.texts())
    await mei.page.get_by_role("button", name=re.compile("^Waiting")).click()
    await expect(mei.rows.last).to_contain_text("I have called a colleague")  # others have waited for longer
    await expect(mei.thread).to_contain_text("gave back to the bot")
    await mei.draws(screenshots, "desk-waiting")


async def comes_to_the_desk(ann: Visitor, mei: Agent, parley: Parley, screenshots: Path) -> int:
    """A visitor writes, asks for a person, and the agent opens the thread; its conversation."""
    await ann.says("Is the Longjing from this spring?")
    row = mei.rows.first
    await expect(row).to_contain_text("I did not quite get that.")  # it came to the top of the list by itself
    await mei.draws(screenshots, "desk-inbox")
    await ann.says("/person")
    await ann.hears("What is it about?")
    await row.click()
    await mei.sees("Is the Longjing from this spring?")
    await mei.draws(screenshots, "desk-thread-bot")
    return parley.conversation_with("Is the Longjing from this spring?")


async def talk(ann: Visitor, mei: Agent) -> None:
    """The bot's question is open all the while, and it keeps silent."""
    await ann.says("It is about the harvest.")
    await mei.sees("It is about the harvest.")
    await mei.notes("She bought from us in May, be generous.")
    await mei.replies("Yes, picked on the third of April.")
    await ann.hears("Yes, picked on the third of April.")
    await mei.sends(GUIDE)
    await expect(ann.thread.get_by_role("link", name=re.compile("brewing guide.txt"))).to_be_visible()
    await ann.says("hello")
    await mei.sees("hello")


async def gives_back(mei: Agent, ann: Visitor) -> None:
    """The bot asks its open question again, and goes on with the answer."""
    await mei.gives_back()
    await ann.sees("What is it about?", times=2)
    await expect(ann.page.get_by_text("You are talking to Mei Chen")).to_be_hidden()
    await expect(mei.page.get_by_text("The bot is asking: Gladly. What is it about?")).to_be_visible()
    await ann.says("About the harvest")
    await ann.hears("I have called a colleague")
    await expect(mei.page.get_by_text("The bot is asking")).to_be_hidden()
    await expect(mei.page.get_by_text("Waiting for a person · Reason: About the harvest")).to_be_visible()


async def test_a_file_from_a_visitor_is_on_the_desk(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor("zh", phone=True)
    await ann.says("我的发票在这里")
    await ann.sends(BILL)
    await ann.hears("Thank you, I have kept your file.")
    await ann.draws(screenshots, "zh-file")
    await admin.opens(parley.conversation_with("我的发票在这里"))
    link = admin.thread.get_by_role("link", name=re.compile("old bill.pdf"))
    async with admin.page.expect_download() as downloading:
        await link.click()
    assert (await (await downloading.value).path()).read_bytes() == BILL["buffer"]
    await ann.taps("Talk to a person")
    await ann.hears("What is it about?")
    await ann.taps("Skip")
    await ann.hears("I have called a colleague")
    await expect(admin.page.get_by_text("顾客请求人工服务")).to_be_visible()
    await admin.draws(screenshots, "desk-zh-visitor")


async def expect_quiet(parley: Parley) -> None:
    """Everything that arrived has been handled: what the bot has not said by now, it will not say."""
    for _ in range(600):
        if parley.rows("SELECT count(*) FROM inbound WHERE state = 'pending'") == [(0,)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("something still waits to be handled")
