"""An order of two things leaves in parts: staff choose its pieces at the desk, and the customer is told of each."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.conftest import PHONE
from tests.browser.test_sales import NewVisitor
from tests.browser.test_small_screens import fits
from tests.browser.visitor import NUMBER


async def test_an_order_leaves_in_parts(admin: Agent, new_visitor: NewVisitor, screenshots: Path) -> None:
    ann = await new_visitor()
    await ann.says("Two longjing and a gaiwan, please")
    page = admin.page
    await admin.goes("")
    await admin.rows.first.click()
    await admin.sees("and a gaiwan")
    await admin.takes_over()
    await page.get_by_role("button", name="New order").click()
    dialog = page.get_by_role("dialog", name="New order")
    search = dialog.get_by_label("Search products to add")
    for words, name, times in (("longjing", "Longjing", 2), ("gaiwan", "Gaiwan", 1)):
        await search.fill(words)
        for _ in range(times):
            await dialog.get_by_role("button", name=name).first.click()
    await dialog.get_by_label("Name").fill("Ann Lee")
    await dialog.get_by_label("Address", exact=True).fill("1 Tea Lane, Hangzhou")
    send = dialog.get_by_role("button", name="Send to customer")
    await expect(send).to_be_enabled()
    await send.click()
    await expect(dialog).to_be_hidden()
    await ann.sees("is ready for you")
    await admin.gives_back()
    await ann.taps("Pay ¥")
    await ann.pays()
    await ann.sees("is confirmed.")
    await admin.goes("/orders")
    await page.get_by_role("link", name=NUMBER).first.click()
    await page.get_by_role("button", name="Pack").click()
    await page.get_by_role("dialog", name="Pack").get_by_role("button", name="Pack").click()
    await page.get_by_role("button", name="Ship", exact=True).click()
    dialog = page.get_by_role("dialog", name="Ship")
    await expect(dialog.get_by_label("Pieces of Longjing")).to_have_value("2")
    await dialog.get_by_label("Pieces of Longjing").fill("1")
    await dialog.get_by_label("Pieces of Gaiwan").fill("0")
    await dialog.get_by_label("Carrier").fill("SF Express")
    await dialog.get_by_label("Tracking number").fill("SF1234567")
    await dialog.get_by_label("Link to follow it").fill("https://sf.example/SF1234567")
    await expect(dialog.get_by_text("stays with the order")).to_be_visible()
    await admin.draws(screenshots, "desk-order-part")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await fits(page)
    await admin.draws(screenshots, "desk-order-part-phone")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await dialog.get_by_role("button", name="Ship").click()
    await ann.sees("is on its way to you: 1 × Longjing")
    await expect(page.get_by_text("Still to ship")).to_be_visible()
    await admin.draws(screenshots, "desk-order-parts")
    await page.get_by_role("button", name="Cancel pieces").click()
    dialog = page.get_by_role("dialog", name="Cancel pieces")
    await dialog.get_by_label("Pieces of Longjing").fill("0")
    await dialog.get_by_label("Why?").fill("the lid is broken")
    await admin.draws(screenshots, "desk-order-cancel-part")
    await dialog.get_by_role("button", name="Cancel pieces").click()
    await ann.sees("are not sent: 1 × ")
    await page.get_by_role("button", name="Ship", exact=True).click()
    await page.get_by_role("dialog", name="Ship").get_by_role("button", name="Ship").click()
    await ann.sees("The rest of order")
    await expect(page.get_by_text("Pieces cancelled")).to_be_visible()
    await admin.draws(screenshots, "desk-order-parts-done")
    await ann.says("Where is my order?")
    await ann.sees("Not sent: 1 × ")
    await ann.draws(screenshots, "chat-order-parts")
