"""A shop that is paid by Alipay: its keys, its order, its provider, and the other side's own client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import alipay as sdk

from bot.core.money import Money
from bot.core.payment import Checkout, PaymentRequest
from bot.core.ports import HookRequest
from bot.payments.alipay import Settings
from bot.payments.alipay.provider import Alipay
from tests.kit.platforms import alipay_keys as made
from tests.kit.platforms.alipay import APP_ID, AlipayServer

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # in China it is the 24th
ORDER = PaymentRequest(
    key="4f0c9d", order_number="P7K2-4M9Q", amount=Money(13600, "CNY"), description="2 × Longjing",
    return_url="https://shop.example/paid/4f0c9d", locale="zh", device="desktop",
    notify_url="https://shop.example/hooks/pay/alipay", made_at=NOW, expires_at=NOW + timedelta(minutes=30),
)  # fmt: skip
BARE = {"private_key": made.one_line(made.APP), "alipay_public_key": made.public(made.ALIPAY)}
CERTIFIED = {
    "private_key": made.pem(made.APP),
    "app_cert": made.written(made.app_cert()),
    "alipay_cert": made.written(made.alipay_cert(), made.roots()[0]),
    "alipay_root_cert": made.written(*made.roots()),
}


@dataclass
class Shop:
    server: AlipayServer

    def provider(self, **settings: Any) -> Alipay:
        keys = CERTIFIED if self.server.certified else BARE
        told = {"app_id": APP_ID, "gateway": f"{self.server.base}/gateway.do", "timeout": 5.0} | keys | settings
        return Alipay(Settings(**told), lambda: datetime.fromtimestamp(self.server.now, UTC))

    def paid(self, checkout: Checkout) -> HookRequest:
        """The customer comes to the page and pays."""
        self.server.opens(checkout.url)
        return hook(self.server.pays(checkout.reference) or b"")


def hook(body: bytes) -> HookRequest:
    return HookRequest("POST", "/hooks/pay/alipay", {}, {}, body)


def words_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def client(signs: str, verifies: str) -> sdk.AliPay:
    return sdk.AliPay(APP_ID, app_private_key_string=signs, alipay_public_key_string=verifies)
