"""A real browser for tests: Debian's Chromium driven by Playwright, shut in on loopback."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, BrowserContext, Page, Playwright, expect

FLAGS = [
    "--no-sandbox",  # CI is root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
#: Without a desktop around it the same engine opens a page for a third of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATH = "PARLEY_CHROMIUM"
PICTURES = "PARLEY_PICTURES"
#: Milliseconds. What is waited for comes at once; a machine that does much else may need longer.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


def find_chromium() -> str:
    """The browser's path. Raises FileNotFoundError that says how to get one."""
    found = os.environ.get(PATH) or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise FileNotFoundError(
            "No Chromium on the PATH. Debian: apt install chromium-headless-shell fonts-wqy-microhei "
            f"(scripts/test does it); elsewhere set {PATH} to its path."
        )
    return found


async def launch(playwright: Playwright) -> Browser:
    return await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)


@dataclass
class Pages:
    """Opens pages, each in a browser profile of its own: `page = await new_page(locale="zh-CN")`.

    A script error that no test expects fails the test; `close` raises it.
    """

    browser: Browser
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    async def __call__(
        self,
        *,
        locale: str = "en-GB",
        viewport: tuple[int, int] = (1280, 800),
        timezone: str = "UTC",
        color_scheme: Literal["light", "dark"] = "light",
        scale: float = 1,
        touch: bool = False,
        base_url: str | None = None,
        allow_errors: bool = False,
    ) -> Page:
        width, height = viewport
        context = await self.browser.new_context(
            locale=locale,
            viewport={"width": width, "height": height},
            timezone_id=timezone,
            color_scheme=color_scheme,
            device_scale_factor=scale,
            has_touch=touch,
            base_url=base_url,
            reduced_motion="reduce",  # a test does not wait for what only pleases the eye
        )
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        page = await context.new_page()
        if not allow_errors:
            page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()
        assert not self.errors, "script errors in the page:\n" + "\n".join(self.errors)


async def draw(page: Page, path: Path, *, full: bool = False) -> None:
    """A picture for a person to look at, who asks for it with PARLEY_PICTURES=1: the pictures of all tests take as
    long as half of what they prove."""
    if os.environ.get(PICTURES):
        await page.screenshot(path=path, full_page=full)


def screenshot_folder(root: Path) -> Path:
    """Where tests leave pictures for a person to look at; git-ignored."""
    folder = root / "test-results"
    folder.mkdir(exist_ok=True)
    return folder
