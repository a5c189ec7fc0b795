"""On a phone, in Chinese: every page of the desk and the shop fits the screen and says what it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from playwright.async_api import Page, expect
from playwright.async_api import TimeoutError as PageTimeout

from tests.browser.agent import PASSWORD, Agent
from tests.browser.visitor import Visitor
from tests.chromium import draw

NewVisitor = Callable[..., Awaitable[Visitor]]
NewAgent = Callable[..., Awaitable[Agent]]
PAGES = {
    "": "会话",
    "/contacts": "客户",
    "/orders": "订单",
    "/books": "订单",
    "/products": "商品",
    "/reviews": "评价",
    "/settings": "设置",
}


WIDEST = """() => Math.max(
    document.documentElement.scrollWidth,
    ...[...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect().right),
)"""


async def fits(page: Page) -> None:
    """Nothing makes the page scroll sideways, and no card of it is cut off, once what slides in has come to its end."""
    with suppress(PageTimeout):
        await page.wait_for_function(f"({WIDEST})() <= innerWidth", timeout=5_000)
    widest, screen = await page.evaluate(WIDEST), await page.evaluate("innerWidth")
    assert widest <= screen, f"{page.url} is {widest} px wide on a screen of {screen} px"


async def test_the_desk_on_a_phone_in_chinese(new_agent: NewAgent, admin: Agent, screenshots: Path) -> None:
    once = await admin.adds_colleague("li", "李雷")
    li = await new_agent("zh-CN", phone=True)
    page = li.page
    await page.goto("/desk")
    await page.get_by_label("账号").fill("li")
    await page.get_by_label("密码").fill(once)
    await page.get_by_role("button", name="登录").click()
    await page.get_by_label("当前密码").fill(once)
    await page.get_by_label("新密码", exact=True).fill(PASSWORD)
    await page.get_by_label("再次输入新密码").fill(PASSWORD)
    await li.draws(screenshots, "zh-phone-password")
    await page.get_by_role("button", name="修改密码").click()
    await expect(page.get_by_role("link", name="会话")).to_be_visible()
    for path, name in PAGES.items():
        await li.goes(path)
        await expect(page.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        await expect(page.locator(".skeleton")).to_have_count(0)
        await fits(page)
        await li.draws(screenshots, f"zh-phone-desk-{path.strip('/') or 'inbox'}")
    await li.goes("")
    await li.rows.first.click()
    await expect(page.get_by_role("button", name="接手")).to_be_visible()
    await fits(page)
    await li.draws(screenshots, "zh-phone-desk-thread")
    await page.get_by_role("button", name="返回").click()
    await expect(li.rows.first).to_be_visible()
    for contact in range(1, 5):
        await li.goes(f"/contacts/{contact}")
        await expect(page.get_by_role("heading", name="时间线")).to_be_visible()
        await fits(page)
    await li.draws(screenshots, "zh-phone-desk-contact")


async def test_the_shop_page_fits(new_visitor: NewVisitor, screenshots: Path) -> None:
    ann = await new_visitor("zh", phone=True)
    await fits(ann.page)
    await ann.page.get_by_role("button", name="关闭聊天").first.click()
    await expect(ann.composer).to_be_hidden()
    await fits(ann.page)
    await draw(ann.page, screenshots / "zh-shop.png", full=True)
