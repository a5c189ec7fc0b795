"""A shop that is paid by PayPal."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.kit.platforms.paypal import PayPalServer
from tests.kit.platforms.paypal_shop import NOW, Shop, paypal


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with PayPalServer(NOW.timestamp()) as server:
        provider = paypal(server)
        yield Shop(server, provider)
        await provider.close()
