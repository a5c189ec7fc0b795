"""News: written at the desk, seen before by how many, read by who wants them, and stopped with a word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.test_consent import in_chinese
from tests.browser.test_small_screens import fits
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]


async def test_news_reach_who_wants_them(new_visitor: NewVisitor, admin: Agent, screenshots: Path) -> None:
    ann = await new_visitor()
    await ann.says("/news")
    await ann.hears("May we write to you here now and then")
    await ann.taps("Yes")
    await ann.hears("Thank you, we will.")
    page = admin.page
    await admin.goes("/news")
    await page.get_by_label("Message").fill("The spring harvest is here.")
    await expect(page.get_by_role("status")).to_contain_text("1 get it at once")
    await expect(page.get_by_role("status")).to_contain_text("They have not said yes to this.")
    await admin.draws(screenshots, "desk-news-form")
    await page.get_by_role("button", name="Send", exact=True).click()
    question = page.locator(".el-message-box")
    await expect(question).to_contain_text("This goes to 1 person.")
    await question.get_by_role("button", name="Send", exact=True).click()
    await ann.hears("The spring harvest is here.")
    card = page.locator("article").filter(has_text="The spring harvest is here.")
    await expect(card.get_by_text("sent", exact=True).first).to_be_visible(timeout=15_000)
    await ann.says("STOP")
    await ann.hears("no more news and reminders here")
    await expect(card).to_contain_text("said stop since", timeout=15_000)
    await admin.draws(screenshots, "desk-news")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.route("**/api/desk/me", in_chinese)
    await admin.goes("/news")
    await expect(page.get_by_role("heading", name="群发")).to_be_visible()
    await expect(page.get_by_role("status")).to_be_visible()
    await fits(page)
    await admin.draws(screenshots, "phone-zh-news")
