"""Asks every payment provider whose account it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.app_payments import open_provider
from bot.cli.finding import Finding
from bot.core.errors import ConfigError, ParleyError
from bot.payments._settings import BotSettings, PaymentSettings
from bot.settings import checks

if TYPE_CHECKING:
    from bot.config import Config

PAYMENTS = "Payments"
_PATIENCE = 10.0  # seconds


async def all_providers(config: Config, *, offline: bool) -> AsyncIterator[Finding]:
    """Every provider that is set up, and every one that is not, with the cure."""
    on = config.payments.providers()
    if config.payments.local.enabled:
        yield Finding(PAYMENTS, "local", "ok", "the test bank: no money moves")
    for name in type(config.payments).model_fields:
        settings = getattr(config.payments, name)
        if not isinstance(settings, PaymentSettings):
            continue
        if name in on:
            yield await _provider(config, name, settings, offline=offline)
        else:
            yield Finding(PAYMENTS, name, "off", "not set up", f"in [payments.{name}] {settings.cure}")


async def _provider(config: Config, name: str, settings: PaymentSettings, *, offline: bool) -> Finding:
    hook = f"notices {config.server.url}/hooks/pay/{name}"
    if isinstance(settings, BotSettings):
        hook = f"paid in the chats of {settings.account}"
    cure = f"in [payments.{name}] {settings.cure}"
    try:
        provider = open_provider(config, name, settings, lambda: datetime.now(UTC))
    except ConfigError as error:
        return Finding(PAYMENTS, name, "wrong", str(error), cure)
    if offline:
        return Finding(PAYMENTS, name, "ok", f"{hook}, not asked (--offline)")
    try:
        async with asyncio.timeout(_PATIENCE):
            who = await provider.who()
    except (ParleyError, TimeoutError) as error:
        return Finding(PAYMENTS, name, "wrong", str(error) or "it does not answer", cure)
    finally:
        await provider.close()
    takes, sold = provider.terms.currencies, _sold(config, provider.terms.account)
    if takes and not takes & sold:
        told = f"it takes {', '.join(sorted(takes))} and the shop sells in {', '.join(sorted(sold))}"
        return Finding(PAYMENTS, name, "wrong", f"{who}, but {told}: it is never offered", cure)
    return Finding(PAYMENTS, name, "ok", f"{who}, {hook}")


def _sold(config: Config, account: str) -> set[str]:
    """The currencies in which is sold where a provider is offered: in one account, or anywhere."""
    others = checks.pairs(config.shop.currencies)
    return {others.get(account, config.shop.currency)} if account else {config.shop.currency, *others.values()}
