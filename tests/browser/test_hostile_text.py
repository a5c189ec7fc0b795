"""What a visitor calls themselves, writes and sends stays text, in the chat box, at the desk and on the shop page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import FilePayload, Page, expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]
NAME = "<img src=x onerror=window.pwned=1>"
ADDRESS = "'\"><script>window.pwned=2</script>{{7*7}}"
WORDS = "<svg/onload=window.pwned=3>\n[x](javascript:window.pwned=4) javascript:window.pwned=5 \u202egnp.exe"
REVIEW = "</blockquote><script>window.pwned=6</script> nice tea"
FILE: FilePayload = {
    "name": "<img src=x onerror=window.pwned=7>.txt",
    "mimeType": "text/html",
    "buffer": b"<script>window.pwned=8</script>",
}

#: Its brackets are not allowed in names on Windows, so nobody gets them.
SHOWN = "_img src=x onerror=window.pwned=7_.txt"


async def test_markup_stays_text_everywhere(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    eve = await new_visitor()
    number = await orders_under_a_bad_name(eve)
    await eve.says(WORDS)
    await eve.sees("<svg/onload=window.pwned=3>")
    await eve.sends(FILE)
    await eve.hears("Thank you, I have kept your file.")
    await expect(eve.thread.get_by_text(SHOWN)).to_be_visible()
    await eve.says("/review")
    await eve.picks(number)
    await eve.rates("5 stars")
    await eve.says(REVIEW)
    await eve.taps("Skip")
    await eve.hears("Your review will show")
    await eve.draws(screenshots, "hostile-chat")
    await harmless(eve.page)

    await admin.opens(parley.conversation_with(WORDS))
    await expect(admin.rows.first).to_contain_text(NAME)
    await admin.sees(SHOWN)
    await expect(admin.page.get_by_role("complementary", name="Person")).to_contain_text(NAME)
    await admin.draws(screenshots, "hostile-desk")
    await harmless(admin.page)
    for path, text in (("/contacts", NAME), ("/orders", NAME), ("/reviews", REVIEW)):
        await admin.goes(path)
        await expect(admin.page.get_by_text(text).first).to_be_visible()
        await harmless(admin.page)
    await admin.accepts_review(REVIEW)
    await eve.page.goto("/")
    await expect(eve.page.locator(".review").first).to_contain_text(REVIEW)
    await harmless(eve.page)


async def orders_under_a_bad_name(eve: Visitor) -> str:
    """The name and the address reach the desk, the order and the pay page; returns the order's number."""
    await eve.says("/shop")
    await eve.taps("Add to cart")
    await eve.taps("Check out")
    await eve.hears("Who is it for?")
    await eve.says(NAME)
    await eve.hears("And a phone number")
    await eve.says("13800138000")
    await eve.hears("Where shall we deliver?")
    await eve.says(ADDRESS)
    await eve.hears("Shall I place this order?")
    await eve.taps("Place the order")
    await eve.hears("Please pay")
    await eve.pays()
    return await eve.order_number()


async def harmless(page: Page) -> None:
    """Nothing of it ran, and no link leads into a script."""
    assert await page.evaluate("window.pwned") is None
    assert await page.locator("a[href^='javascript' i]").count() == 0
    assert await page.locator("img[src=x]").count() == 0
