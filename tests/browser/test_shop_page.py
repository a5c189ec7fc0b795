"""The shop's page and the chat box together: a product that is asked about, and a bill that is paid."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import expect

from tests.browser.parley import Parley
from tests.browser.visitor import Visitor
from tests.chromium import draw

NewVisitor = Callable[..., Awaitable[Visitor]]


async def test_asking_about_a_product_begins_a_talk_about_it(
    new_visitor: NewVisitor, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.page.get_by_role("button", name="Close chat").first.click()
    product = ann.page.locator(".product").nth(1)
    name = await product.get_by_role("heading").inner_text()
    await product.get_by_role("button", name="Ask about it").click()
    await ann.sees(f"I have a question about {name}", times=1)
    await expect(ann.thread.locator(".card").filter(has_text=name)).to_be_visible()
    await ann.hears(f"What would you like to know about {name}?")
    await expect(ann.composer).to_be_focused()
    await ann.draws(screenshots, "shop-ask")
    await ann.says("How many people is it for?")
    await ann.hears("I have passed your question to a colleague")
    conversation = parley.conversation_with("How many people is it for?")
    assert parley.rows("SELECT reason FROM conversation WHERE id = ?", conversation) == [
        (f"About {name}: How many people is it for?",)
    ]


async def test_a_product_has_a_page_and_goes_into_the_cart_from_there(
    new_visitor: NewVisitor, screenshots: Path
) -> None:
    for lang, phone in (("en", False), ("zh", True)):
        ann = await new_visitor(lang, phone=phone)
        page = ann.page
        await page.evaluate("Parley.close()")
        await page.goto(f"/shop?lang={lang}")
        await page.get_by_role("link", name={"en": "Celadon cup", "zh": "龙泉青瓷杯"}[lang]).click()
        await expect(page.locator("article h1")).to_be_visible()
        await expect(page.locator("article img")).to_have_js_property("naturalWidth", 800)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await ann.draws(screenshots, f"product-{lang}")
        await page.locator(".choices li").first.get_by_role("button").click()
        await ann.hears("In your cart now:")


async def test_a_paid_bill_invites_nobody_any_more(new_visitor: NewVisitor, screenshots: Path) -> None:
    ann = await new_visitor()
    await ann.says("/shop")
    await ann.taps("Add to cart")
    await expect(ann.bubbles.filter(has_text=re.compile("^Add to cart · "))).to_have_count(1)
    await ann.taps("Check out")
    for answer in ("Bo", "13800138000", "Hangzhou"):
        await ann.says(answer)
    await ann.taps("Place the order")
    link = ann.thread.get_by_role("link", name=re.compile("^Pay "))
    address = await link.get_attribute("href")
    await ann.pays()
    await ann.sees("Your payment has arrived.")
    await expect(link).to_have_count(0)
    await expect(ann.thread.locator(".chip", has_text=re.compile(r"^Pay ¥[\d.,]+ · paid"))).to_be_visible()
    await ann.draws(screenshots, "paid-link")
    await ann.page.reload()
    await expect(ann.thread.locator(".chip", has_text="· paid")).to_be_visible()

    paying = await ann.page.context.new_page()
    await paying.goto(str(address))
    await expect(paying.get_by_role("heading", name="This is paid already")).to_be_visible()
    await expect(paying.get_by_role("button")).to_have_count(0)
    await draw(paying, screenshots / "paid-page.png")
