"""An admin has another program told what happens: made at the desk, signed, in the log, replayed, on any screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests.browser.agent import Agent
from tests.browser.conftest import PHONE
from tests.browser.test_small_screens import fits
from tests.browser.visitor import Visitor
from tests.kit.receiver import Receiver, receiving
from tests.kit.several import until


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def test_a_webhook_from_its_making_to_a_replay(
    admin: Agent, new_visitor: Callable[..., Awaitable[Visitor]], receiver: Receiver, screenshots: Path
) -> None:
    page = admin.page
    await admin.goes("/settings#webhooks")
    await page.get_by_role("button", name="Add a webhook").click()
    dialog = page.get_by_role("dialog", name="Add a webhook")
    await dialog.get_by_label("Address that is called").fill(f"{receiver.url}/parley")
    for group in ("All about orders", "All about payments"):
        await dialog.get_by_text(group).click()
    await dialog.get_by_text("message.received").click()
    await admin.draws(screenshots, "desk-webhook-form")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    secret = await page.locator(".secret code").inner_text()
    item = page.locator("article.webhook")
    await item.get_by_role("button", name="Send a test").click()
    await expect(item.get_by_text("HTTP 200")).to_be_visible(timeout=30_000)
    receiver.answers = [web.Response(status=410, text="gone fishing")]
    ann = await new_visitor()
    await ann.says("hello there")
    await until(lambda: len(receiver.calls) == 2)
    for call in receiver.calls:
        call.verify(secret)
    assert [call.type for call in receiver.calls] == ["webhook.test", "message.received"]
    assert b"hello" not in receiver.calls[1].body
    await admin.goes("/settings#failures")
    await expect(page.get_by_text("It answered that it is gone (410)")).to_be_visible(timeout=30_000)
    await page.get_by_role("link", name="Open the webhooks").click()
    await item.get_by_role("button", name="Log").click()
    await item.get_by_role("button", name="Details").first.click()
    await expect(item.get_by_text("gone fishing")).to_be_visible()
    await admin.draws(screenshots, "desk-webhooks")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await admin.draws(screenshots, "desk-webhooks-phone")
    await fits(page)
    await item.get_by_role("button", name="Resume").click()
    await expect(item.get_by_text("on", exact=True)).to_be_visible()
    await item.get_by_role("button", name="Replay").first.click()
    await until(lambda: len(receiver.calls) == 3)
    assert receiver.calls[2].id == receiver.calls[1].id
    await item.get_by_role("button", name="Remove").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(item).to_have_count(0)
