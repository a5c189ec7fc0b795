"""A customer's whole way: browse, buy, pay, receive, review; in English on a wide screen, in Chinese on a phone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.visitor import PHOTO, Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]


@pytest.mark.parametrize(
    ("lang", "name", "address", "words"),
    [
        ("en", "Ann Lee", "1 West Lake Road, Hangzhou", "Fresh and sweet, gone in a week."),
        ("zh", "安妮", "杭州市西湖区龙井路 1 号", "清香回甘，一周就喝完了。"),
    ],
    ids=["en-wide", "zh-phone"],
)
async def test_from_hello_to_a_review_on_the_shop_page(
    new_visitor: NewVisitor,
    admin: Agent,
    screenshots: Path,
    lang: str,
    name: str,
    address: str,
    words: str,
) -> None:
    ann = await new_visitor(lang, phone=lang == "zh")
    await buys(ann, name, address, screenshots)
    number = await ann.order_number()

    await admin.steps(number, "Pack", "Ship", "Delivered", "Complete")
    await admin.draws(screenshots, f"{lang}-08-desk-order")
    for news in ("is packed and will leave soon.", "is on its way to you.", "has been delivered."):
        await ann.sees(news, times=1)

    await reviews(ann, number, words, screenshots)
    await admin.accepts_review(words)
    await ann.page.goto("/")
    shown = ann.page.locator(".review").filter(has_text=words)
    await expect(shown.get_by_role("img", name=re.compile("^5 "))).to_be_visible()
    await shown.scroll_into_view_if_needed()
    await expect(shown.locator(".photos img")).to_have_js_property("complete", True)
    await ann.draws(screenshots, f"{lang}-11-shop-review")


async def buys(ann: Visitor, name: str, address: str, screenshots: Path) -> None:
    """From hello to the payment page and back."""
    await ann.draws(screenshots, f"{ann.lang}-01-open")
    await ann.says(ann.word("hello"))
    await ann.hears("What can I do for you?")
    await ann.draws(screenshots, f"{ann.lang}-02-menu")
    await ann.taps("Browse and order")
    await ann.sees("Here is what we have today.")
    cover = ann.thread.locator(".card img").first
    await expect(cover).to_have_js_property("complete", True)
    assert await cover.evaluate("image => image.naturalWidth") > 100
    await ann.draws(screenshots, f"{ann.lang}-03-products")
    await ann.taps("Add to cart")
    await ann.sees("In your cart now:")
    await expect(ann.thread.locator("table.summary")).to_contain_text("¥")
    await ann.draws(screenshots, f"{ann.lang}-04-cart")
    await ann.taps("Check out")
    await ann.hears("Who is it for?")
    if ann.lang == "zh":  # on a phone by the form
        await ann.fills(screenshots, 姓名=name, 电话="一三八", 详细地址=address)
        await expect(ann.thread.get_by_label("电话")).to_be_focused()
        await ann.fills(screenshots, 电话="13800138000")
    else:
        await ann.says(name)
        await ann.hears("And a phone number")
        await ann.says("13800138000")
        await ann.hears("Where shall we deliver?")
        await ann.says(address)
    await ann.hears("Shall I place this order?")
    await ann.hears(address)
    await ann.draws(screenshots, f"{ann.lang}-05-confirm")
    await ann.taps("Place the order")
    await ann.hears("Please pay")
    await ann.draws(screenshots, f"{ann.lang}-06-pay")
    await ann.pays()


async def reviews(ann: Visitor, number: str, words: str, screenshots: Path) -> None:
    """Five stars, a sentence and a photo."""
    await ann.draws(screenshots, f"{ann.lang}-07-delivered")
    await ann.says("/review")
    await ann.picks(number)
    await ann.hears("How was it?")
    await ann.draws(screenshots, f"{ann.lang}-09-stars")
    await ann.rates("5 stars")
    await ann.hears("What should others know?")
    await ann.says(words)
    await ann.hears("Any photos?")
    await ann.sends(PHOTO)
    await ann.hears("Got 1 file")
    await ann.taps("Done")
    await ann.hears("Your review will show")
    await ann.draws(screenshots, f"{ann.lang}-10-reviewed")
