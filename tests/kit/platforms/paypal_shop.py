"""A shop that is paid by PayPal: its order, its provider, its customer, and PayPal's own client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.money import Money
from bot.core.payment import PaymentRequest
from bot.core.ports import HookRequest
from bot.payments.paypal import Settings
from bot.payments.paypal.provider import PayPal
from tests.kit.platforms import paypal_keys as keys
from tests.kit.platforms.paypal import PayPalServer
from tests.kit.platforms.paypal_gate import CLIENT, SECRET, WEBHOOK

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ORDER = PaymentRequest(
    key="4f0c9d4f0c9d4f0c9d4f0c9d4f0c9d4f", order_number="P7K2-4M9Q", amount=Money(13600, "USD"),
    description="2 × Longjing", return_url="https://shop.example/paid/4f", cancel_url="https://shop.example/off/4f",
    locale="zh", made_at=NOW, expires_at=NOW + timedelta(minutes=30),
)  # fmt: skip


def paypal(server: PayPalServer, **other: Any) -> PayPal:
    """The provider of the fake's app."""
    told: dict[str, Any] = {
        "client_id": CLIENT, "client_secret": SECRET, "webhook_id": WEBHOOK, "sandbox": True, "api_base": server.base,
        "timeout": 30.0,
    }  # fmt: skip
    return PayPal(Settings(**told | other), lambda: datetime.fromtimestamp(server.now, UTC), keys.roots)


@dataclass
class Shop:
    server: PayPalServer
    provider: PayPal

    async def opens(self, request: PaymentRequest = ORDER) -> str:
        """An order that the customer has approved, and that nobody has captured."""
        reference = (await self.provider.create(request)).reference
        self.server.approves(reference)
        return reference

    async def sells(self, request: PaymentRequest = ORDER) -> str:
        """An order that is paid."""
        reference = await self.opens(request)
        assert (await self.provider.fetch(reference)).state == "paid"
        return reference

    def hears(self, event: bytes, signer: str = "signer") -> HookRequest:
        return hook(event, self.server.headers(event, signer))


def hook(body: bytes, headers: dict[str, str] | None = None) -> HookRequest:
    return HookRequest("POST", "/hooks/pay/paypal", {}, headers or {}, body)
