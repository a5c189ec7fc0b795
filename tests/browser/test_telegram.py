"""The same tour on Telegram by long polling: a bot token in config.toml is all that changes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley, demand_built
from tests.browser.visitor import NUMBER, PHOTO
from tests.chromium import Pages, draw
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser

CONFIG = """\
[telegram]
token = "{token}"
api_base = "{base}"
webhook = false
"""


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def shop(telegram: TelegramServer, tmp_path: Path) -> AsyncIterator[Parley]:
    """A second shop, whose bot talks to the Telegram of the tests."""
    demand_built()
    server = Parley(tmp_path, CONFIG.format(token=telegram.token, base=telegram.base))
    try:
        # In a thread: it says hello to Telegram, which lives in this loop, before it is ready.
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def test_the_tour_on_telegram(telegram: TelegramServer, shop: Parley, new_page: Pages, screenshots: Path) -> None:
    admin = Agent(await new_page(viewport=(1440, 900), base_url=shop.url))
    await admin.logs_in("admin", shop.first_password)
    ann = telegram.user(4711, "安妮", "zh-hans")
    await buys(ann)
    asked = await ann.sees("请为订单")
    number = NUMBER.search(asked.text)
    assert number
    paying = await new_page(locale="zh-CN", viewport=(390, 844))
    await paying.goto(asked.rows[0][0].url)
    await paying.get_by_role("button", name=re.compile("^支付")).click()
    await expect(paying).to_have_url(re.compile("/paid/"))
    await ann.sees(f"订单 {number[0]} 已确认")

    await admin.steps(number[0], "Pack", "Ship", "Delivered", "Complete")
    await ann.sees("已送达，请慢慢享用。")
    await reviews(ann)
    await admin.accepts_review("清香回甘")
    await paying.goto(shop.url)
    await expect(paying.locator(".review").first).to_contain_text("清香回甘")
    await draw(paying, screenshots / "telegram-review.png")

    await person(ann, admin, telegram, screenshots)
    assert telegram.unconfirmed == []


async def buys(ann: TelegramUser) -> None:
    """From the bot's start button to the question for money."""
    await ann.starts()
    await ann.sees("有什么可以帮您？")
    await ann.taps("浏览选购")
    product = await ann.sees("雨前龙井")
    assert product.files[0].kind == "photo"
    await ann.taps("加入购物车")
    await ann.sees("已放入购物车。")
    await ann.taps("去结账")
    await ann.sees("请问收货人怎么称呼？")
    await ann.says("安妮")
    await ann.sees("请留一个快递员能联系到的电话。")
    await ann.says("13800138000")
    await ann.sees("请问送到哪里？")
    await ann.says("杭州市西湖区龙井路 1 号")
    await ann.sees("确认下单吗？")
    await ann.taps("确认下单")


async def reviews(ann: TelegramUser) -> None:
    """Stars, words and a photo."""
    await ann.says("写评价")  # as the button says below the news that it was delivered
    stars = await ann.sees("您觉得怎么样？")
    await ann.taps(next(label for label in stars.labels if "5" in label))
    await ann.sees("想对其他顾客说点什么？")
    await ann.says("清香回甘")
    await ann.sees("有照片吗？")
    await ann.sends_photo(PHOTO["buffer"])
    await ann.sees("已收到 1 个文件")
    await ann.taps("完成")
    await ann.sees("评价就会显示在我们的页面上")


async def person(ann: TelegramUser, admin: Agent, telegram: TelegramServer, screenshots: Path) -> None:
    """Asking for a person: from the takeover on only the person speaks."""
    await ann.says("转人工")
    await ann.sees("请问是关于什么事？")
    await admin.goes("")
    await admin.rows.filter(has_text="安妮").first.click()
    await admin.takes_over()
    seen = len(ann.shown)
    await ann.says("想换成两盒")
    await admin.sees("想换成两盒")
    await admin.replies("好的，已经改成两盒了。")
    await ann.sees("好的，已经改成两盒了。")
    assert [shown.text for shown in ann.shown[seen:]] == ["好的，已经改成两盒了。"]
    await admin.draws(screenshots, "telegram-desk")
    await admin.gives_back()
    await telegram.until(lambda: sum("请问是关于什么事？" in shown.text for shown in ann.shown) == 2)
