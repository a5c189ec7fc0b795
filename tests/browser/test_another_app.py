"""From the web chat to Telegram: a link on a phone, a code to scan on a desk, and one person for the staff."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley, demand_built
from tests.browser.test_telegram import CONFIG
from tests.browser.visitor import Visitor
from tests.chromium import Pages, draw
from tests.kit.telegram_server import TelegramServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def shop(telegram: TelegramServer, tmp_path: Path) -> AsyncIterator[Parley]:
    """A shop with a web chat and a bot on the Telegram of the tests."""
    demand_built()
    server = Parley(tmp_path, CONFIG.format(token=telegram.token, base=telegram.base))
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def goes_on(page: Page, menu: str) -> None:
    """Choose Telegram in the menu of the chat box."""
    await page.get_by_role("button", name=menu).click()
    await page.get_by_role("menuitem", name="Telegram").click()


async def test_a_talk_goes_on_in_telegram_and_the_desk_has_one_person(
    telegram: TelegramServer, shop: Parley, new_page: Pages, screenshots: Path
) -> None:
    # On a desk: the picture and the words may be seen by others, so the chat asks.
    web = Visitor(await new_page(viewport=(1280, 800), base_url=shop.url))
    await web.comes()
    await web.says("Do you have Longjing?")
    await goes_on(web.page, "Menu")
    await expect(web.page.get_by_role("img", name="Scan this with your phone")).to_be_visible()
    await draw(web.page, screenshots / "another-app-wide.png")
    typed = await web.page.locator(".goon code").inner_text()
    ann = telegram.user(4711, "Annie", "en")
    await ann.says(typed)
    await ann.sees("Are you the one there, too?")
    await ann.taps("Yes, both are me")
    await ann.sees("confirm there that it is you")
    await web.page.get_by_role("button", name="Back").click()
    await web.page.get_by_role("button", name="Yes, that is me").click()
    await ann.sees("Good to see you here")
    await expect(web.page.get_by_text("Goes on in Telegram.")).to_be_visible()
    await web.says("One more thing")
    await expect(web.page.get_by_text("Goes on in Telegram.")).to_be_hidden()

    # On a phone: a link, and one question.
    other = Visitor(await new_page(locale="zh-CN", viewport=(390, 844), base_url=shop.url), "zh")
    await other.comes()
    await other.says("你好")
    await goes_on(other.page, "菜单")
    link = other.page.get_by_role("link", name="打开Telegram")
    await draw(other.page, screenshots / "another-app-phone.png")
    bob = telegram.user(4712, "Bob", "zh-hans")
    await bob.starts((await link.get_attribute("href") or "").rpartition("?start=")[2])
    await bob.sees("那边也是您本人吗")
    await bob.taps("是，都是我")
    await bob.sees("欢迎来到这里")

    admin = Agent(await new_page(viewport=(1440, 900), base_url=shop.url))
    await admin.logs_in("admin", shop.first_password)
    await admin.opens(shop.conversation_with("One more thing"))
    await admin.page.get_by_role("link", name="Full page").click()
    await expect(admin.page.get_by_role("heading", name="Everything said")).to_be_visible()
    await expect(admin.page.locator(".said")).to_contain_text("confirm there that it is you")
    await draw(admin.page, screenshots / "another-app-desk.png")
    await admin.page.get_by_role("button", name="These are two people").click()
    await admin.page.get_by_role("dialog").get_by_role("button", name="These are two people").click()
    await expect(admin.page.get_by_text("They are two people again")).to_be_visible()
    await expect(admin.page.get_by_role("heading", name="Everything said")).to_be_hidden()
    assert shop.rows("SELECT count(*) FROM person_link") == [(1,)]  # Bob's
