"""A thread of thousands of messages at the desk: scrolled through both ways, it stays light and jumps nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import ElementHandle, expect

from tests.browser.agent import Agent
from tests.browser.parley import Parley
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]
MOST = 400  # messages that the desk draws at once
#: The topmost message in view, and how far below the edge it begins.
IN_VIEW = """
pane => {
  const edge = pane.getBoundingClientRect().top;
  const row = [...pane.querySelectorAll("[data-seq]")].find(one => one.getBoundingClientRect().bottom > edge + 1);
  return [Number(row.dataset.seq), Math.round(row.getBoundingClientRect().top - edge)];
}
"""
TOP_OF = """
(pane, seq) => Math.round(
  pane.querySelector(`[data-seq="${seq}"]`).getBoundingClientRect().top - pane.getBoundingClientRect().top)
"""
FIRST = 'pane => Number(pane.querySelector("[data-seq]").dataset.seq)'


async def scrolls(admin: Agent, how: str, until: str) -> None:
    """Scroll as far as it goes; when the next page is there, what was in view is where it was."""
    before = await admin.thread.evaluate(f"pane => {{ {how}; return ({IN_VIEW.strip()})(pane) }}")
    await admin.page.wait_for_function(
        f"pane => {{ const first = ({FIRST})(pane); return {until} }}", arg=await handle(admin)
    )
    assert await admin.thread.evaluate(TOP_OF, before[0]) == before[1]


async def handle(admin: Agent) -> ElementHandle:
    found = await admin.thread.element_handle()
    assert found
    return found


async def test_a_long_thread_stays_light_and_steady(
    new_visitor: NewVisitor, admin: Agent, parley: Parley, screenshots: Path
) -> None:
    ann = await new_visitor()
    await ann.says("the first of many")
    await ann.hears("I did not quite get that.")
    conversation = parley.conversation_with("the first of many")
    parley.grow(conversation, 1500)
    await ann.page.reload()
    await admin.opens(conversation)
    drawn = admin.thread.locator("[data-seq]")
    await expect(admin.thread.locator('[data-seq="1500"]')).to_be_visible()

    while (first := await admin.thread.evaluate(FIRST)) > 600:
        await scrolls(admin, "pane.scrollTop = 0", f"first < {first}")
        assert await drawn.count() <= MOST
    assert await drawn.count() == MOST
    last = first + MOST - 1
    await scrolls(admin, "pane.scrollTop = pane.scrollHeight", f"first + {MOST - 1} > {last}")
    assert await drawn.count() == MOST
    here = await admin.thread.evaluate(IN_VIEW)
    newest = admin.page.get_by_role("button", name="Newest messages")
    await expect(newest).to_be_visible()
    await admin.draws(screenshots, "desk-long-thread")

    # What arrives meanwhile moves nothing.
    await ann.says("are you still reading?")
    await ann.hears("I did not quite get that.")
    assert await admin.thread.evaluate(IN_VIEW) == here
    await newest.click()
    await admin.sees("are you still reading?")
    await expect(newest).to_be_hidden()
    assert await drawn.count() <= MOST
