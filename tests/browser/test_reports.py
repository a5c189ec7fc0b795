"""A manager links a chat, runs a report from it, subscribes; the desk shows the same numbers as a page with charts."""

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
#: Java and Spark start from nothing.
COUNTING = 150_000
NEXT_MONDAY = re.compile(r"comes here next on \d{4}-\d\d-\d\d 09:00 \(Asia/Shanghai\)")


@pytest.mark.slow
async def test_a_report_from_the_chat_to_the_desk(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    boss = await new_visitor()
    await boss.says("/reports")
    await boss.hears("This chat is not linked to a staff account.")
    code = await admin.makes_link_code()
    await admin.draws(screenshots, "desk-link-code")
    await boss.says(code)
    await boss.hears("Hello Admin, this chat is linked to your staff account.")

    await boss.says("/reports")
    await boss.taps("Run one now")
    await boss.taps("Sales")
    await boss.taps("Last week")
    await boss.hears("I am counting.")
    picture = boss.thread.locator(".entry img").last
    await expect(picture).to_be_visible(timeout=COUNTING)
    await expect(boss.thread.get_by_role("link", name=re.compile(r"\.xlsx"))).to_be_visible()
    said = await boss.bubbles.last.inner_text()
    await boss.draws(screenshots, "report-in-chat")
    assert len(re.findall(r"\d", said)) > 3, said

    await admin.goes("/reports/sales")
    headline = admin.page.locator("dl.headline")
    await expect(headline.locator(".value")).to_have_count(3)
    for value in await headline.locator(".value").all_inner_texts():
        assert value in said, f"the desk says {value!r}, the chat {said!r}"
    await expect(admin.page.locator("canvas").first).to_be_visible()
    await expect(admin.page.get_by_text("Done")).to_be_visible()
    await admin.draws(screenshots, "desk-report")
    await orders_agree(admin, parley)
    await fits_a_phone(admin)
    await admin.draws(screenshots, "desk-report-phone")
    await admin.page.set_viewport_size({"width": 1440, "height": 900})

    await boss.says("/reports")
    for label in ("Subscribe", "Sales", "Every Monday", "09:00", "Asia/Shanghai"):
        await boss.taps(label)
    await expect(boss.bubbles.last).to_contain_text(NEXT_MONDAY)
    await admin.goes("/reports/sales")
    await expect(admin.page.get_by_text("Monday at 09:00 · Asia/Shanghai")).to_be_visible()
    await admin.draws(screenshots, "desk-report-subscribed")
    await admin.goes("/reports")
    await expect(admin.page.get_by_text("1 subscription")).to_be_visible()
    await admin.draws(screenshots, "desk-reports")


async def fits_a_phone(admin: Agent) -> None:
    """No number, chart or table is cut off at the side."""
    await admin.page.set_viewport_size({"width": 390, "height": 844})
    cards = await admin.page.locator("dl.headline > div, figure.chart, .result section").all()
    boxes = [await card.bounding_box() for card in cards]
    assert boxes
    assert [box for box in boxes if box is None or box["x"] < 0 or box["x"] + box["width"] > 390] == []


async def orders_agree(admin: Agent, parley: Parley) -> None:
    """The report's orders are those that a direct count of its period finds."""
    [(start, end)] = parley.rows("SELECT period_start, period_end FROM report_run ORDER BY id DESC LIMIT 1")
    [(count,)] = parley.rows(
        """SELECT count(*) FROM "order" WHERE paid_at >= ? AND paid_at < ? AND state <> 'refunded'""", start, end
    )
    orders = admin.page.locator("dl.headline > div").filter(has_text="Orders").locator(".value")
    await expect(orders).to_have_text(str(count))
