"""A customer at the chat box: says, taps, sends files, and tells what can be seen."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.browser.parley import ROOT
from tests.chromium import draw

#: What a person reads in each language; the English text is the name.
CHINESE = {
    "hello": "你好",
    "Browse and order": "浏览选购",
    "Add to cart": "加入购物车",
    "Check out": "去结账",
    "Place the order": "确认下单",
    "Leave a review": "写评价",
    "Skip": "跳过",
    "Done": "完成",
    "Pay": "支付",
    "Talk to a person": "转人工客服",
    "Open chat": "打开聊天",
    "Write a message": "输入消息",
    "Send": "发送",
    "5 stars": "5 星",
    "What can I do for you?": "有什么可以帮您？",
    "Here is what we have today.": "今天有这些好茶。",
    "In your cart now:": "已放入购物车。",
    "Who is it for?": "请问收货人怎么称呼？",
    "And a phone number": "请留一个快递员能联系到的电话。",
    "Where shall we deliver?": "请问送到哪里？",
    "Shall I place this order?": "确认下单吗？",
    "Please pay": "请为订单",
    "is confirmed.": "已确认。",
    "Your payment has arrived.": "已收到您的付款",
    "is packed and will leave soon.": "已打包，即将发出。",
    "is on its way to you.": "已发出，正在送往您那里。",
    "has been delivered.": "已送达，请慢慢享用。",
    "How was it?": "您觉得怎么样？",
    "What should others know?": "想对其他顾客说点什么？",
    "Any photos?": "有照片吗？",
    "Got 1 file": "已收到 1 个文件",
    "Your review will show": "评价就会显示在我们的页面上",
    "Thank you, I have kept your file.": "谢谢，已收到您的 1 个文件。",
    "What is it about?": "请问是关于什么事？",
    "I have called a colleague": "已为您呼叫同事",
}


def _photo() -> bytes:
    """A picture as a telephone takes it, of something that the shop sells."""
    taken = io.BytesIO()
    Image.open(ROOT / "bot" / "demo" / "pictures" / "cups.webp").convert("RGB").save(taken, "JPEG", quality=85)
    return taken.getvalue()


PHOTO: FilePayload = {"name": "my cups.jpg", "mimeType": "image/jpeg", "buffer": _photo()}
NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


@dataclass
class Visitor:
    """One person in one browser. `lang` is what they read: texts are given in English and looked for in it."""

    page: Page
    lang: str = "en"

    def word(self, english: str) -> str:
        return english if self.lang == "en" else CHINESE[english]

    async def comes(self) -> None:
        """Open the shop page and the chat."""
        await self.page.goto("/")
        await self.opens_chat()

    async def opens_chat(self) -> None:
        await self.page.get_by_role("button", name=self.word("Open chat")).click()
        await expect(self.composer).to_be_visible()

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name=self.word("Write a message"))

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def bubbles(self) -> Locator:
        return self.thread.locator(".bubble:not(.dots) .text")

    async def says(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def fills(self, folder: Path, **values: str) -> None:
        """Fill in the form of the newest question, and send it with the keyboard."""
        for label, value in values.items():
            await self.thread.get_by_label(label).fill(value)
        await self.draws(folder, f"{self.lang}-form-{len(values)}")
        await self.thread.locator(".form input").last.press("Enter")

    async def taps(self, label: str) -> None:
        """The newest button whose label begins so, once it can be tapped."""
        name = re.compile("^" + re.escape(self.word(label)).replace("/", r"\/"))
        await self.thread.get_by_role("button", name=name, disabled=False).last.click()

    async def picks(self, part: str) -> None:
        """The newest button whose label holds this, such as an order's number."""
        await self.thread.get_by_role("button", name=part, disabled=False).last.click()

    async def rates(self, label: str) -> None:
        await self.thread.get_by_role("radio", name=self.word(label)).last.click()

    async def sees(self, text: str, *, times: int | None = None) -> Locator:
        """A bubble holds this; with `times` exactly so many do."""
        found = self.bubbles.filter(has_text=self.word(text) if text in CHINESE else text)
        await (expect(found.last).to_be_visible() if times is None else expect(found).to_have_count(times))
        return found.last

    async def hears(self, text: str) -> None:
        """The newest bubble holds this."""
        await expect(self.bubbles.last).to_contain_text(self.word(text) if text in CHINESE else text)

    async def attaches(self, *files: FilePayload) -> None:
        await self.page.locator("input[type=file]").set_input_files(list(files))
        for file in files:
            await expect(self.page.locator(".staged").filter(has_text=file["name"])).to_be_visible()

    async def sends(self, *files: FilePayload) -> None:
        """Attach, wait until all are up, send."""
        await self.attaches(*files)
        await self.page.get_by_role("button", name=self.word("Send"), exact=True).click()
        await expect(self.page.locator(".staged")).to_have_count(0)

    async def texts(self) -> list[str]:
        """Every bubble, top to bottom."""
        return await self.bubbles.all_inner_texts()

    async def waits(self) -> None:
        """The newest message says that it waits for the connection."""
        await expect(self.thread.locator(".fate").last).to_contain_text("Waiting for the connection")

    async def settled(self, *, within: float = 15) -> None:
        """Nothing of one's own is on its way any more."""
        for word in ("Sending", "Waiting for the connection"):
            await expect(self.thread.locator(".fate").filter(has_text=word)).to_have_count(0, timeout=within * 1000)

    async def pays(self) -> None:
        """Follow the newest payment link, pay there, close that tab."""
        link = self.thread.get_by_role("link", name=re.compile(f"^{self.word('Pay')}")).last
        async with self.page.context.expect_page() as opening:
            await link.click()
        paying = await opening.value
        await paying.get_by_role("button", name=re.compile(f"^{self.word('Pay')}")).click()
        await expect(paying).to_have_url(re.compile("/paid/"))
        await paying.close()

    async def order_number(self) -> str:
        """The number of the order that the chat says is confirmed."""
        confirmed = await self.sees("Your payment has arrived.")
        found = NUMBER.search(await confirmed.inner_text())
        assert found
        return found[0]

    async def draws(self, folder: Path, name: str) -> None:
        await draw(self.page, folder / f"{name}.png")
