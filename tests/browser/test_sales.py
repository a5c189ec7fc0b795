"""Staff put an order together in a thread, and the customer pays it there while they have the word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.conftest import PHONE
from tests.browser.test_small_screens import fits
from tests.browser.visitor import NUMBER, Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]


async def test_an_order_of_staff_is_paid_in_the_thread(
    admin: Agent, new_visitor: NewVisitor, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("Which tea would you send to my mother?")
    page = admin.page
    await admin.goes("")
    await admin.rows.first.click()
    await admin.sees("my mother")
    await admin.takes_over()
    await page.get_by_role("button", name="New order").click()
    dialog = page.get_by_role("dialog", name="New order")
    await dialog.get_by_label("Search products to add").fill("longjing")
    await dialog.get_by_role("button", name="Longjing").first.click()
    await dialog.get_by_role("button", name="Longjing").first.click()
    await dialog.get_by_label("Name").fill("Ann Lee")
    await dialog.get_by_label("Address", exact=True).fill("1 Tea Lane, Hangzhou")
    send = dialog.get_by_role("button", name="Send to customer")
    await expect(send).to_be_enabled()
    await admin.draws(screenshots, "desk-sale")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await fits(page)
    await admin.draws(screenshots, "desk-sale-phone")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await send.click()
    await expect(dialog).to_be_hidden()
    await admin.sees("is ready for you")
    await admin.draws(screenshots, "desk-sale-sent")
    await ann.sees("is ready for you")
    await admin.goes("/orders")
    await page.get_by_role("link", name=NUMBER).first.click()
    await page.get_by_role("button", name="Change order").click()
    dialog = page.get_by_role("dialog", name="Change order")
    await dialog.get_by_label("Pieces of Longjing").fill("3")
    await dialog.get_by_label("Why?").fill("one for her sister")
    save = dialog.get_by_role("button", name="Change order")
    await expect(dialog.locator(".sums")).to_contain_text("¥204.00")
    await expect(save).to_be_enabled()
    await admin.draws(screenshots, "desk-order-change")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await fits(page)
    await admin.draws(screenshots, "desk-order-change-phone")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await save.click()
    await expect(page.get_by_text("136.00 → 204.00 CNY: one for her sister")).to_be_visible()
    await admin.draws(screenshots, "desk-order-changed")
    await ann.sees("has been changed: it is ¥204.00 now.")
    await ann.taps("Pay ¥204")
    await ann.sees("Please pay")
