"""Payment providers behind one port, a module each; `local` is a test bank of our own.

A module declares what an operator can set (`Settings`) and how the provider is opened (`opened`). The configuration
imports all of them: what calls a provider is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any, cast

from bot.core.charges import Invoices
from bot.core.payment import PaymentProvider, Receipts
from bot.payments._by_hand import ByHandSettings
from bot.payments._settings import BotAccess, BotSettings, PaymentSettings


def opened(name: str, settings: PaymentSettings, now: Callable[[], datetime]) -> PaymentProvider:
    """The provider of this name; `now` gives aware UTC."""
    module: Any = import_module(f"{__name__}.{name}")
    return cast("PaymentProvider", module.opened(settings, now))


def opened_for(
    bot: BotAccess, name: str, settings: BotSettings, invoices: Invoices, now: Callable[[], datetime]
) -> PaymentProvider:
    """The same for a provider that is paid in the chats of one of our bots."""
    module: Any = import_module(f"{__name__}.{name}")
    return cast("PaymentProvider", module.opened(settings, bot, invoices, now))


def opened_by_hand(
    name: str, settings: ByHandSettings, receipts: Receipts, now: Callable[[], datetime]
) -> PaymentProvider:
    """The same for one whose books are what staff wrote down."""
    module: Any = import_module(f"{__name__}.{name}")
    return cast("PaymentProvider", module.opened(settings, now, receipts))
