"""The payment providers of the configuration, each with what it is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot import payments
from bot.channels import telegram
from bot.config import Config
from bot.core.billing import TakesMoney
from bot.core.errors import ConfigError
from bot.core.payment import PaymentProvider
from bot.payments._by_hand import ByHandSettings
from bot.payments._settings import BotAccess, BotSettings, PaymentSettings
from bot.payments.local import LocalPayments
from bot.runtime.store_paying import ShopCheckout
from bot.runtime.store_syncing import Connected
from bot.services import settings as kept
from bot.services.charges import KeptInvoices
from bot.services.receipts import Books
from bot.services.scope import Offer, PayWay

Clock = Callable[[], datetime]


def ways_to_pay(providers: Mapping[str, PaymentProvider]) -> tuple[Offer, ...]:
    """What customers may pay by, in the order of the configuration."""
    return tuple(Offer(PayWay(name, one.title.id), one.terms) for name, one in providers.items())


async def make_providers(
    config: Config, clock: Clock, connected: Sequence[Connected] = ()
) -> dict[str, PaymentProvider]:
    """The payment providers of the configuration, by name; connected shops that take the money are among them."""
    found: dict[str, PaymentProvider] = {}
    if config.payments.local.enabled:
        secret = (await kept.secret("local payments")).hex()
        found["local"] = LocalPayments(config.server.data / "test-bank.db", secret, config.server.url)
    for name, settings in config.payments.providers().items():
        found[name] = open_provider(config, name, settings, clock)
    for store in [one.store for one in connected]:
        if isinstance(store, TakesMoney) and store.takes_money:
            found[store.name] = ShopCheckout(store, clock)
    return found


def open_provider(config: Config, name: str, settings: PaymentSettings, clock: Clock) -> PaymentProvider:
    """One provider. Raises `ConfigError`."""
    if isinstance(settings, BotSettings):
        bot = _bot(config, name, settings.account)
        return payments.opened_for(bot, name, settings, KeptInvoices(name), clock)
    if isinstance(settings, ByHandSettings):
        return payments.opened_by_hand(name, settings, Books(clock), clock)
    return payments.opened(name, settings, clock)


def _bot(config: Config, name: str, account: str) -> BotAccess:
    found = config.accounts().get(account)
    if not isinstance(found, telegram.Settings):
        raise ConfigError(
            f"payments.{name}.account: there is no Telegram bot {account!r}; set up its channel, or name the account "
            "of another one"
        )
    return BotAccess(account, found.token.reveal(), found.api_base)
