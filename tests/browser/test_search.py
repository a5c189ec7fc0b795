"""Searching at the desk: the line that has the words is shown, marked, and opened where it stands in the thread."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]
WORDS = "do you know <b>Zebra</b> tea, 斑马茶?"


@pytest.fixture
async def conversation(new_visitor: NewVisitor, parley: Parley) -> int:
    """One in which the words lie far up; each test has its own number behind them."""
    ann = await new_visitor()
    await ann.says(WORDS)
    await ann.hears("I did not quite get that.")
    found = parley.conversation_with(WORDS)
    parley.grow(found, 300)
    return found


async def test_what_was_found_is_marked_and_opens_in_its_place(
    conversation: int, admin: Agent, screenshots: Path
) -> None:
    await admin.goes("/")
    search = admin.page.get_by_placeholder("Search text, names, orders")
    row = admin.page.locator(f'section.list a.row[href*="/c/{conversation}"]')
    for typed, marked in (("zebra<", "Zebra<"), ("<B>ZEBRA", "<b>Zebra"), ("斑马", "斑马")):
        await search.fill(typed)
        await expect(row.locator("mark")).to_have_text(marked)
    await expect(admin.rows).to_have_count(1)
    await expect(row).to_contain_text("斑马茶?")
    await admin.draws(screenshots, "desk-search")

    await row.click()
    sought = admin.thread.locator("article.sought")
    await expect(sought).to_have_text(WORDS)
    await expect(sought).to_be_in_viewport()
    newest = admin.page.get_by_role("button", name="Newest messages")
    await expect(newest).to_be_visible()
    await admin.draws(screenshots, "desk-search-opened")
    # The address leads there, too.
    await admin.page.reload()
    await expect(sought).to_be_in_viewport()
    await newest.click()
    await expect(admin.thread.locator('[data-seq="300"]')).to_be_in_viewport()

    # With the keyboard, another message of the same conversation, and then none.
    await search.fill("message 250")
    await expect(row.locator("mark")).to_have_text("message 250")
    await search.press("Enter")
    await expect(admin.thread.locator('article.sought[data-seq="250"]')).to_be_in_viewport()
    # One of the newest page stays in sight as well, also where the address leads there.
    await search.fill("message 260")
    await expect(row.locator("mark")).to_have_text("message 260")
    await search.press("Enter")
    near = admin.thread.locator('article.sought[data-seq="260"]')
    for _ in range(2):
        await expect(near).to_be_in_viewport()
        await admin.page.wait_for_load_state("networkidle")
        await expect(near).to_be_in_viewport()
        await admin.page.reload()
    await search.fill("nobody said this")
    await expect(admin.page.get_by_text("Nothing found")).to_be_visible()

    # A search looks through all, and a tab ends it.
    tab = admin.page.locator(".filters button")
    await expect(tab.filter(has_text="All")).to_have_attribute("aria-pressed", "true")
    await tab.filter(has_text="Bot").click()
    await expect(search).to_have_value("")
    await expect(admin.rows.first).to_be_visible()
    await admin.goes("/contacts")
    await expect(admin.page.get_by_role("link", name=re.compile("^Visitor .{4}$")).first).to_be_visible()
