"""A customer of the whole shop at any fake platform: acts, waits for the words that must come, and taps or types.

ann = Visitor(person, app, talk.until)
await ann.says("/review", "How was it?")
await ann.picks("5 ★", "What should others know?")
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientSession
from yarl import URL

from bot.app import App
from models import Message
from tests.kit.platforms.stages import Person

NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
LINK = re.compile(r"https?://\S+/pay/\S+")
PATIENCE = 30.0


class Visitor:
    """What was expected and did not come is an AssertionError that shows the screen."""

    def __init__(self, person: Person, app: App, before: Callable[[], object]) -> None:
        self.person = person
        self._before = before
        self.nudges = 0  # how often the rest of what was said had to be asked for
        self._app = app
        self._since = 0

    async def says(self, text: str, expected: str = "") -> None:
        """Type, and wait for the answer."""
        await self._does(self.person.says, text, expected)

    async def sends_photo(self, content: bytes, expected: str = "") -> None:
        await self._does(self.person.sends_photo, content, expected)

    async def opens(self, opening: Callable[[Any], Awaitable[object]], expected: str) -> None:
        """Begin the conversation as people do there."""
        await self._does(opening, self.person, expected)

    async def picks(self, label: str, expected: str = "") -> None:
        """Choose what is offered, newest first: tap it, or type its number."""
        for shown in reversed(self.person.shown):
            for button in buttons_of(shown):
                if is_called(button.label, label) and not button.url:
                    return await self._does(self.person.taps, button.label, expected)
            for number, found in reversed(NUMBERED.findall(shown.text)):
                if is_called(found, label):
                    return await self.says(number, expected)
        raise AssertionError(f"{label!r} is not offered on {self.screen()}")

    async def pays(self, expected: str) -> None:
        """Press the button of the page to which the newest link leads."""
        links = [link for shown in self.person.shown for link in links_of(shown)]
        self._since = len(self.person.shown)
        async with ClientSession() as browser:
            server = self._app.config.server
            link = f"http://127.0.0.1:{server.port}{URL(links[-1]).path}"
            async with browser.get(link) as page:
                assert page.status == 200
            origin = {"Origin": server.url}
            async with browser.post(link, data={"act": "pay"}, headers=origin, allow_redirects=False) as answer:
                assert answer.status == 303, await answer.text()
        await self.sees(expected)

    async def sees(self, expected: str) -> None:
        """Wait for these words below what was on the screen before the last act."""
        await self.gets(lambda shown: expected in shown.text, expected)

    async def gets(self, is_it: Callable[[Any], bool], what: str) -> None:
        """Wait for a message below what was on the screen before the last act; ask for the rest where that is due."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not any(is_it(shown) for shown in self.person.shown[self._since :]):
                    if await self._is_held_up():
                        await self._nudges()
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{what!r} did not come: {self.screen()}") from None

    async def idle(self) -> None:
        """Wait until all that was done is answered."""
        async with asyncio.timeout(PATIENCE):
            await self._app.runtime.idle()
            while await Message.filter(author__in=["bot", "staff"], delivery="queued").exists():
                await asyncio.sleep(0.01)

    def screen(self) -> list[tuple[str, list[str]]]:
        """All that is shown: the words, and what can be tapped."""
        return [(shown.text or f"{len(shown.files)} files", shown.labels) for shown in self.person.shown]

    async def _does(self, act: Callable[[Any], Awaitable[object]], what: Any, expected: str) -> None:
        self._since = len(self.person.shown)
        self._before()
        await act(what)
        if expected:
            await self.sees(expected)

    async def _nudges(self) -> None:
        """Ask for the rest; once it is heard there, so that what is shown meanwhile is not asked for again."""
        heard = await Message.filter(author="customer").count()
        self.nudges += 1
        self._before()
        await self.person.says("And?")
        while await Message.filter(author="customer").count() == heard:
            await asyncio.sleep(0.01)

    async def _is_held_up(self) -> bool:
        """Whether nothing comes any more until the customer says something."""
        runtime = self._app.runtime
        if runtime.waiting or runtime.effects.size:
            return False
        states = {row.delivery for row in await Message.filter(author__in=["bot", "staff"]).only("delivery")}
        return "held" in states and "queued" not in states


def is_called(offered: str, label: str) -> bool:
    """`Add to cart · Longjing` is called `Add to cart`."""
    return offered == label or offered.startswith(f"{label} · ")


def buttons_of(shown: Any) -> list[Any]:
    """The buttons of a message, in whichever rows they are."""
    return [button for row in shown.rows for button in row] if hasattr(shown, "rows") else list(shown.buttons)


def links_of(shown: Any) -> list[str]:
    """The links to a payment page, on buttons and in words."""
    return [button.url for button in buttons_of(shown) if button.url] + LINK.findall(shown.text)
