"""A server that was restored from a backup has fewer messages than a browser has seen, and says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.unit.web.running import Browser

MakeBrowser = Callable[..., Awaitable[Browser]]


async def test_a_browser_that_has_seen_more_than_there_is_learns_it(browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    await ann.says("hello")
    await ann.hears(lambda: len(ann.texts) == 2)
    again = await browser_of(ann.token, after=50)
    assert again.session["last"] == 2
    assert (await browser_of(ann.token, after=2)).session["last"] == 2
    assert (await browser_of(ann.token, after=1)).session["last"] == 2


async def test_also_where_nothing_is_left(browser_of: MakeBrowser) -> None:
    stranger = await browser_of(after=50)
    assert stranger.session["last"] == 0
