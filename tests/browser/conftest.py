"""One real server for all tours, its admin's session, and pages that report what a browser complains about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Response

from tests.browser.agent import Agent
from tests.browser.parley import Parley, demand_built
from tests.browser.visitor import Visitor
from tests.chromium import Pages

#: The browser says so in the console when the page's policy stops something.
VIOLATION = "Content Security Policy"
LISTEN = """
addEventListener("securitypolicyviolation",
  (event) => console.error("Content Security Policy", event.violatedDirective, event.blockedURI));
"""
#: Who is told by webhooks listens on this machine.
NEAR = '[webhooks]\nnetworks = ["127.0.0.0/8"]'
WIDE, DESK, PHONE = (1280, 800), (1440, 900), (390, 844)

Cookies = list[Any]


@pytest.fixture(scope="session")
def parley(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parley]:
    """A shop that has just been started for the first time."""
    demand_built()
    server = Parley(tmp_path_factory.mktemp("parley"), NEAR)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Complaints:
    """What no tour may cause: stopped by the content policy, or answered with 5xx."""

    def __init__(self) -> None:
        self.list: list[str] = []

    def console(self, message: ConsoleMessage) -> None:
        if VIOLATION in message.text:
            self.list.append(message.text)

    def response(self, response: Response) -> None:
        if response.status >= 500:
            self.list.append(f"{response.status} {response.url}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    found = Complaints()
    yield found
    assert found.list == []


async def _watch(pages: Pages, complaints: Complaints, **options: Any) -> Any:
    page = await pages(**options)
    await page.context.add_init_script(LISTEN)
    page.context.on("console", complaints.console)
    page.context.on("response", complaints.response)
    return page


@pytest.fixture
def new_visitor(new_page: Pages, parley: Parley, complaints: Complaints) -> Callable[..., Awaitable[Visitor]]:
    """`ann = await new_visitor(lang="zh", phone=True)`: at the shop page, with the chat open."""

    async def come(lang: str = "en", *, phone: bool = False) -> Visitor:
        page = await _watch(
            new_page,
            complaints,
            locale="zh-CN" if lang == "zh" else "en-GB",
            viewport=PHONE if phone else WIDE,
            touch=phone,
            base_url=parley.url,
        )
        visitor = Visitor(page, lang)
        await visitor.comes()
        return visitor

    return come


@pytest.fixture(scope="session")
async def admin_cookies(browser: Browser, parley: Parley) -> Cookies:
    """The session of the admin, who has logged in with the password of the first start and had to change it."""
    context = await browser.new_context(base_url=parley.url, locale="en-GB")
    await Agent(await context.new_page()).logs_in("admin", parley.first_password)
    cookies = await context.cookies()
    await context.close()
    return list(cookies)


@pytest.fixture
async def admin(new_page: Pages, parley: Parley, complaints: Complaints, admin_cookies: Cookies) -> Agent:
    """The admin at the desk, logged in, wide screen."""
    page = await _watch(new_page, complaints, viewport=DESK, base_url=parley.url)
    await page.context.add_cookies(admin_cookies)
    return Agent(page)


@pytest.fixture
def new_agent(new_page: Pages, parley: Parley, complaints: Complaints) -> Callable[..., Awaitable[Agent]]:
    """`mei = await new_agent()`: somebody in front of the desk, not logged in yet."""

    async def come(locale: str = "en-GB", *, phone: bool = False) -> Agent:
        size = PHONE if phone else DESK
        return Agent(await _watch(new_page, complaints, locale=locale, viewport=size, base_url=parley.url))

    return come
