"""Very many messages that come to an open chat at once: drawn together, and no more is held than must be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import expect

from tests.browser.parley import Parley
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]
#: The page counts from here on how often it draws the talk anew.
COUNT = """
pane => {
  window.drawn = 0;
  new MutationObserver(() => (window.drawn += 1)).observe(pane, { childList: true, subtree: true });
}
"""
#: Drawn one by one, 1,500 took half a minute in which the page hardly answered; together they take a second.
FEW = 150
MOST = 400  # messages that the chat holds while its reader is at the newest one


async def test_many_messages_at_once_are_drawn_together_and_the_oldest_make_room(
    new_visitor: NewVisitor, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("the first of a burst")
    await ann.hears("I did not quite get that.")
    await ann.thread.evaluate(COUNT)
    parley.grow(parley.conversation_with("the first of a burst"), 1500)
    await ann.says("the last of a burst")
    await expect(ann.bubbles.filter(has_text="message 1500")).to_have_count(1, timeout=60_000)
    await ann.sees("the last of a burst", times=1)
    assert await ann.page.evaluate("window.drawn") < FEW
    assert await ann.bubbles.count() <= MOST
    await ann.draws(screenshots, "chat-after-a-burst")

    # What made room is there when it is looked for.
    first = await ann.bubbles.first.inner_text()
    await ann.thread.evaluate("pane => { pane.scrollTop = 0 }")
    await expect(ann.bubbles.first).not_to_have_text(first)
