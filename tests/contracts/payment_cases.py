"""The payment providers under test, each with its customer: add yours to `PROVIDERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.core.money import Money
from bot.core.payment import PaymentProvider
from bot.core.ports import HookRequest
from bot.payments.alipay import Settings as AlipaySettings
from bot.payments.alipay.provider import Alipay
from bot.payments.local import LocalPayments
from bot.payments.stripe import Settings as StripeSettings
from bot.payments.stripe.provider import Stripe
from bot.payments.wechatpay.provider import WeChatPay
from tests.contracts.payment_case import NOW, ORDER, Case, ServedCase, hook
from tests.kit.platforms import alipay_keys
from tests.kit.platforms.alipay import APP_ID, AlipayServer
from tests.kit.platforms.paypal import PayPalServer
from tests.kit.platforms.paypal_shop import paypal
from tests.kit.platforms.stripe import KEY, SECRET, StripeServer
from tests.kit.platforms.wechatpay import WeChatPayServer
from tests.kit.platforms.wechatpay_shop import wechatpay_settings
from tests.kit.telegram_invoices import TelegramTill
from tests.kit.telegram_server import TelegramServer


@dataclass
class LocalCase:
    """The test bank, with its books in a folder."""

    folder: Path
    now: datetime = NOW
    provider: LocalPayments = field(init=False)

    def __post_init__(self) -> None:
        self.provider = LocalPayments(
            self.folder / "bank.db", "s3cret", "https://shop.example/", clock=lambda: self.now
        )

    async def arrives(self, reference: str) -> None:
        pass

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        signed = await self.provider.pay(reference, amount)
        return hook(signed.body, signed.headers)

    async def agrees(self, reference: str, amount: Money | None = None) -> None:
        await self.pays(reference, amount)

    async def declines(self, reference: str) -> HookRequest:
        signed = await self.provider.decline(reference)
        return hook(signed.body, signed.headers)

    async def bounces(self, reference: str, key: str) -> HookRequest:
        signed = await self.provider.bounce(reference, key)
        return hook(signed.body, signed.headers)

    def forgets(self) -> None:
        pass

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        await self.provider.close()


class StripeCase(ServedCase[StripeServer]):
    undeclined = "who is declined stays on the page and tries another card"

    def serves(self) -> StripeServer:
        return StripeServer(NOW.timestamp())

    def opens(self) -> PaymentProvider:
        told: dict[str, Any] = {"secret_key": KEY, "webhook_secret": SECRET, "api_base": self.server.base}
        return Stripe(StripeSettings(**told), self.now)

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        return self.hears(self.server.pays(reference, *((amount.amount, amount.currency.lower()) if amount else ())))

    async def bounces(self, reference: str, key: str) -> HookRequest:
        return self.hears(self.server.bounces(key))

    def forgets(self) -> None:
        self.server.forgets_keys()


class WeChatPayCase(ServedCase[WeChatPayServer]):
    undeclined = "who has too little money takes another card in the same sheet"

    def serves(self) -> WeChatPayServer:
        return WeChatPayServer(NOW.timestamp())

    def opens(self) -> PaymentProvider:
        return WeChatPay(wechatpay_settings(self.server.base), self.now)

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        return self.hears(self.server.pays(reference, *((amount.amount, amount.currency) if amount else ())))

    async def bounces(self, reference: str, key: str) -> HookRequest:
        return self.hears(self.server.stops(key.replace(":", "-")))


class AlipayCase(ServedCase[AlipayServer]):
    """Its trades begin when the customer comes to the page, and its notices are signed in their body."""

    undeclined = "who does not pay leaves the page, and nothing is told"
    unbounced = "what a bank does not take stays with Alipay, for the payer"

    def serves(self) -> AlipayServer:
        return AlipayServer(NOW.timestamp())

    def opens(self) -> PaymentProvider:
        told: dict[str, Any] = {"app_id": APP_ID, "gateway": f"{self.server.base}/gateway.do"}
        told["private_key"] = alipay_keys.one_line(alipay_keys.APP)
        told["alipay_public_key"] = alipay_keys.public(alipay_keys.ALIPAY)
        return Alipay(AlipaySettings(**told), self.now)

    async def arrives(self, reference: str) -> None:
        self.server.opens((await self.provider.create(replace(ORDER, key=reference))).url)

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        await self.arrives(reference)
        other = (f"{amount.decimal}", amount.currency) if amount else ()
        return hook(self.server.pays(reference, *other) or b"", {})


class PayPalCase(ServedCase[PayPalServer]):
    """Who has approved comes back, and is asked about."""

    undeclined = "who is declined takes another card on the page"

    def serves(self) -> PayPalServer:
        return PayPalServer(NOW.timestamp())

    def opens(self) -> PaymentProvider:
        return paypal(self.server)

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        await self.agrees(reference, amount)
        came = (await self.provider.fetch(reference)).paid
        return self.hears(self.server.tells(reference) if came else None)

    async def agrees(self, reference: str, amount: Money | None = None) -> None:
        self.server.approves(reference, *((f"{amount.decimal}", amount.currency) if amount else ()))

    async def bounces(self, reference: str, key: str) -> HookRequest:
        return self.hears(self.server.bounces(reference, key))

    def forgets(self) -> None:
        self.server.forgets_ids()


@dataclass
class TelegramCase(ServedCase[TelegramServer]):
    """Telegram, which tells the bot and not us: by a provider connected to it, or in Stars."""

    stars: bool = False
    undeclined = "who is declined stays on the invoice and tries another card"
    unbounced = "Stars come back at once, and what a provider has is given back in its dashboard"

    def serves(self) -> TelegramServer:
        return TelegramServer()

    def opens(self) -> PaymentProvider:
        self.till = TelegramTill(self.server, NOW, stars=self.stars)
        return self.till.provider

    async def open(self) -> None:
        await super().open()
        await self.till.open()

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        if amount and self.stars:
            pytest.skip("an invoice in Stars is charged in Stars, and as a whole")
        await self.till.pays(reference, amount)
        return hook(b"", {})

    def later(self, seconds: float) -> None:
        self.till.is_at(self.till.notes.now + timedelta(seconds=seconds))

    async def close(self) -> None:
        await self.till.close()
        await super().close()


PROVIDERS: dict[str, Callable[[Path], Case]] = {
    "local": LocalCase,
    "stripe": StripeCase,
    "wechatpay": WeChatPayCase,
    "alipay": AlipayCase,
    "paypal": PayPalCase,
    "telegram": TelegramCase,
    "telegram_stars": partial(TelegramCase, stars=True),
}
#: A trade of theirs begins when its customer comes: before that, they know it as little as one that we never offered.
BEGUN_BY_CUSTOMERS = ("alipay",)
#: What they tell comes to a bot, by its channel: nothing is posted to us. No part of it is given back by us.
TOLD_TO_BOTS = ("telegram", "telegram_stars")
