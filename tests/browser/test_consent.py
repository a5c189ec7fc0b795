"""What somebody wants to hear, and where they can be reached instead: shown at the desk, changed there, obeyed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from playwright.async_api import Route, expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley
from tests.browser.test_small_screens import fits
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]


def joins(parley: Parley, conversation: int) -> int:
    """The same person once wrote from an account that is not switched on any more; that conversation."""
    address = "SELECT i.contact_id, 'telegram-old', i.external_id, i.created_at, 1 FROM identity i"
    with closing(sqlite3.connect(parley.folder / "data" / "parley.db", timeout=10)) as database, database:
        made = database.execute(
            f"INSERT INTO identity (contact_id, account, external_id, created_at, reachable) {address} "
            "JOIN conversation c ON c.identity_id = i.id WHERE c.id = ?",
            (conversation,),
        )
        talk = database.execute(
            "INSERT INTO conversation "
            "(lane, identity_id, contact_id, account, last_at, created_at, updated_at, last_seq) "
            "SELECT 'telegram-old:' || external_id, id, contact_id, account, created_at, created_at, created_at, 1 "
            "FROM identity WHERE id = ?",
            (made.lastrowid,),
        )
        database.execute(
            "INSERT INTO message (conversation_id, seq, author, text, at) SELECT id, 1, 'customer', 'Is it you?', "
            "created_at FROM conversation WHERE id = ?",
            (talk.lastrowid,),
        )
    return int(talk.lastrowid or 0)


async def test_where_one_cannot_write_one_goes_on_in_another_channel(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("I am on your page now")
    await ann.hears("I did not quite get that.")
    here = parley.conversation_with("I am on your page now")
    there = joins(parley, here)
    await admin.opens(there)
    page = admin.page
    await expect(page.get_by_text("This channel is not switched on.").first).to_be_visible()
    await admin.draws(screenshots, "desk-instead")
    await page.get_by_role("button", name="Go on in Web chat").click()
    await expect(page).to_have_url(re.compile(f"/c/{here}$"))
    await admin.replies("Good to see you here")
    await ann.hears("Good to see you here")
    await admin.gives_back()


async def test_consent_is_written_down_at_the_desk_and_taken_back_with_a_word(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("Tell me when the new tea is here")
    await ann.hears("I did not quite get that.")
    talk = parley.conversation_with("Tell me when the new tea is here")
    await admin.opens(talk)
    panel = admin.page.get_by_role("complementary", name="Person")
    news = panel.get_by_role("listitem").filter(has_text="News of the shop")
    await expect(news).to_contain_text("never asked")
    await news.locator(".el-switch").click()
    question = admin.page.locator(".el-message-box")
    await question.get_by_role("textbox").fill("She asked for it in the chat")
    await admin.draws(screenshots, "desk-consent-proof")
    await question.get_by_role("button", name="Save").click()
    await expect(news).to_contain_text("entered by staff")
    await ann.says("STOP")
    await ann.hears("no more news and reminders here")
    await admin.opens(talk)
    await expect(news).to_contain_text("said “STOP”")
    await expect(news.get_by_role("switch")).not_to_be_checked()
    await admin.draws(screenshots, "desk-consent")
    kept = parley.rows("SELECT kind, given, way, said FROM consent WHERE kind = 'news' ORDER BY id DESC LIMIT 2")
    assert kept == [("news", 0, "word", "STOP"), ("news", 1, "staff", "She asked for it in the chat")]


async def in_chinese(route: Route) -> None:
    """The account as it is, but for its language."""
    answer = await route.fetch()
    me = await answer.json()
    me["staff"]["locale"] = "zh"
    await route.fulfill(response=answer, json=me)


async def test_both_fit_a_phone_and_are_in_chinese(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("On the way")
    await ann.hears("I did not quite get that.")
    there = joins(parley, parley.conversation_with("On the way"))
    page = admin.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.route("**/api/desk/me", in_chinese)
    await admin.opens(there)
    await expect(page.get_by_role("button", name="到网页聊天继续")).to_be_visible()
    await admin.draws(screenshots, "phone-zh-instead")
    contact = parley.rows("SELECT contact_id FROM conversation WHERE id = ?", there)[0][0]
    await admin.goes(f"/contacts/{contact}")
    await expect(page.get_by_text("愿意接收的消息")).to_be_visible()
    await fits(page)
    await admin.draws(screenshots, "phone-zh-consent")
