"""One listening site for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.web.running import Browser, Site
from tests.unit.web.running import site as running_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(tmp_path) as running:
        yield running


@pytest.fixture
async def browser_of(site: Site) -> AsyncIterator[object]:
    """`await browser_of()` is a new visitor, `await browser_of(token)` one who comes back."""
    opened: list[Browser] = []

    async def make(token: str | None = None, *, agent: str = "", **auth: object) -> Browser:
        browser = Browser(site.url, token, agent)
        opened.append(browser)
        return await browser.opens(**auth)

    yield make
    for browser in opened:
        await browser.leaves()
