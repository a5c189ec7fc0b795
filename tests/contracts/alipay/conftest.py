"""Alipay's gateway, and a shop by bare keys or by certificates."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.payments.alipay.provider import Alipay
from tests.kit.platforms.alipay import AlipayServer
from tests.kit.platforms.alipay_shop import NOW, Shop


@pytest.fixture(params=["bare", "certified"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    async with AlipayServer(NOW.timestamp(), certified=request.param == "certified") as server:
        yield Shop(server)


@pytest.fixture
async def bare() -> AsyncIterator[Shop]:
    async with AlipayServer(NOW.timestamp()) as server:
        yield Shop(server)


@pytest.fixture
async def provider(shop: Shop) -> AsyncIterator[Alipay]:
    found = shop.provider()
    yield found
    await found.close()


@pytest.fixture
async def alone(bare: Shop) -> AsyncIterator[Alipay]:
    found = bare.provider()
    yield found
    await found.close()
