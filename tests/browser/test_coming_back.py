"""A visitor who reloads, loses the network, or meets a server that has just been killed goes on where they were."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import expect

from tests.browser.parley import Parley
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]


async def asked_for_a_name(ann: Visitor) -> None:
    """In the middle of a checkout."""
    await ann.says("/shop")
    await ann.taps("Add to cart")
    await ann.taps("Check out")
    await ann.hears("Who is it for?")


async def same_as_database(ann: Visitor, parley: Parley, said: str) -> None:
    """The page shows what the database holds: every message once, in order."""
    kept = [text for _, text in parley.said(parley.conversation_with(said)) if text]
    await expect(ann.bubbles).to_have_count(len(kept))
    assert await ann.texts() == kept


async def test_a_reload_in_the_middle_of_a_question(new_visitor: NewVisitor, parley: Parley) -> None:
    ann = await new_visitor()
    await asked_for_a_name(ann)
    before = await ann.texts()

    await ann.page.reload()
    await expect(ann.composer).to_be_visible()  # the box was open, so it is again
    await ann.hears("Who is it for?")
    assert await ann.texts() == before

    await ann.says("Reloading Rita")
    await ann.hears("And a phone number")
    await same_as_database(ann, parley, "Reloading Rita")


async def test_what_is_written_in_a_tunnel_is_sent_after_it(
    new_visitor: NewVisitor, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor(phone=True)
    await asked_for_a_name(ann)

    await ann.page.context.set_offline(True)
    for answer in ("Tunnel Tom", "13800138000", "Platform 9, Hangzhou East"):
        await ann.says(answer)
    await ann.waits()
    await expect(ann.page.get_by_text("No connection. What you write is kept and sent later.")).to_be_visible()
    await ann.draws(screenshots, "offline")
    await ann.page.context.set_offline(False)

    await ann.hears("Shall I place this order?")
    await ann.settled()
    await ann.hears("Platform 9, Hangzhou East")
    await same_as_database(ann, parley, "Tunnel Tom")
    answers = [text for author, text in parley.said(parley.conversation_with("Tunnel Tom")) if author == "customer"]
    assert answers[-3:] == ["Tunnel Tom", "13800138000", "Platform 9, Hangzhou East"]


async def test_a_page_reloaded_in_a_tunnel_keeps_what_was_written(new_visitor: NewVisitor, parley: Parley) -> None:
    ann = await new_visitor()
    await asked_for_a_name(ann)
    parley.kill()
    await ann.says("Patient Petra")
    await ann.waits()
    await ann.page.close()
    parley.start()

    ann.page = await ann.page.context.new_page()
    await ann.comes()
    await ann.hears("And a phone number")
    await same_as_database(ann, parley, "Patient Petra")


async def test_a_server_killed_in_the_middle_of_a_question(
    new_visitor: NewVisitor, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await asked_for_a_name(ann)
    await ann.says("Steady Stan")
    await ann.hears("And a phone number")

    parley.kill()
    await ann.says("13900139000")
    await expect(ann.page.get_by_text("Reconnecting…")).to_be_visible()
    await ann.draws(screenshots, "reconnecting")
    parley.start()

    await expect(ann.bubbles.last).to_contain_text("Where shall we deliver?")
    await ann.says("3 Phoenix Road")
    await ann.hears("Shall I place this order?")
    await same_as_database(ann, parley, "Steady Stan")
    await ann.taps("Place the order")
    await ann.hears("Please pay")
    assert parley.rows("""SELECT name, phone, address FROM "order" WHERE name = 'Steady Stan'""") == [
        ("Steady Stan", "13900139000", "3 Phoenix Road")
    ]
