"""Smaller things at the desk: one's linked chats, whose a file is, what a message without words says in the list."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import FilePayload, expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley
from tests.browser.visitor import PHOTO, Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]
GUIDE: FilePayload = {"name": "guide.txt", "mimeType": "text/plain", "buffer": b"80 degrees, three minutes.\n"}


async def test_a_linked_chat_shows_at_once_and_can_be_let_go(
    new_visitor: NewVisitor, admin: Agent, screenshots: Path
) -> None:
    boss = await new_visitor()
    code = await admin.makes_link_code()
    await expect(admin.page.get_by_text("No chat of yours is linked yet.")).to_be_visible()
    await boss.says(code)
    await boss.hears("this chat is linked to your staff account")
    chat = admin.page.locator(".chats li")
    await expect(chat).to_contain_text(re.compile("Visitor .*0 regular reports"))
    await admin.draws(screenshots, "desk-linked-chats")
    await chat.get_by_role("button", name="Unlink").click()
    await admin.page.locator(".el-message-box").get_by_role("button", name="Unlink").click()
    await expect(chat).to_have_count(0)
    await boss.says("/reports")
    await boss.hears("This chat is not linked to a staff account.")


async def test_files_say_whose_they_are(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("I have a picture of it")
    await ann.hears("I did not quite get that.")
    conversation = parley.conversation_with("I have a picture of it")
    await admin.opens(conversation)
    await admin.takes_over()
    await ann.sends(PHOTO)
    row = admin.page.locator(f'section.list a.row[href$="/c/{conversation}"]')
    await expect(row.locator(".last")).to_have_text("Photo")
    await admin.sends(GUIDE)
    await expect(row.locator(".last")).to_have_text(re.compile("^You: *File$"))
    tiles = admin.page.locator("aside.person figure")
    await expect(tiles).to_have_count(2)
    await expect(tiles.filter(has_text="guide.txt")).to_contain_text("from Admin")
    await expect(tiles.filter(has_not_text="guide.txt").locator("figcaption")).to_have_count(0)
    await admin.draws(screenshots, "desk-files")
    await admin.page.reload()
    await expect(tiles.filter(has_text="guide.txt")).to_contain_text("from Admin")


async def test_a_second_click_decides_no_other_review(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    for words in ("the first of two", "the second of two"):
        ann = await new_visitor()
        await ann.says("review")
        await ann.rates("5 stars")
        await ann.sees("What should others know?")
        await ann.says(words)
        await ann.sees("Any photos?")
        await ann.taps("Skip")
        await ann.sees("Your review will show")
    await admin.goes("/reviews")
    newest = admin.page.locator("article").filter(has_text="the second of two")
    await newest.get_by_role("button", name="Accept").dblclick()
    await expect(newest.locator(".chip")).to_have_text("Accepted")
    await admin.draws(screenshots, "desk-review-accepted")
    await newest.get_by_role("button", name="Reject").click()
    await expect(newest.locator(".chip")).to_have_text("Rejected")
    states = parley.rows("SELECT text, state FROM review WHERE text LIKE '% of two' ORDER BY id")
    assert states == [("the first of two", "pending"), ("the second of two", "rejected")]
