"""What handlers and dialogs work with, from the configuration: routes, languages, terms, and ways to be paid."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import handlers
from bot.app_payments import ways_to_pay
from bot.channels._account import Commands
from bot.config import Config
from bot.core import quiet
from bot.core.errors import ConfigError
from bot.core.payment import PaymentProvider
from bot.core.ports import Channel
from bot.core.router import Router, Routes, menu
from bot.core.text import Voice
from bot.runtime.languages import Languages
from bot.runtime.shop import Able, Later, Shop
from bot.settings import checks


def make_routes(config: Config) -> Routes:
    """Everything that the handlers of the configuration answer to."""
    return Routes(load_routers(config.handlers.modules))


def load_routers(modules: tuple[str, ...]) -> list[Router]:
    """The routers of these modules: each has `routers`, or one `router`."""
    return [router for name in modules for router in _routers_of(_import(name))]


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"handlers.modules: {name!r} cannot be imported ({error}); check the name") from error


def _routers_of(module: ModuleType) -> list[Router]:
    found = getattr(module, "routers", None) or [getattr(module, "router", None)]
    if not all(isinstance(router, Router) for router in found):
        raise ConfigError(f"handlers.modules: {module.__name__} has no `router` and no list `routers`")
    return list(found)


def make_languages(config: Config) -> Languages:
    """Those of the shop, the first one first."""
    return Languages(Path(handlers.__file__).parent / "locale", config.shop.languages, config.shop.timezone)


def commands(routes: Routes, voice: Voice) -> Commands:
    """The main menu of customers, as platforms show one."""
    return tuple((f"/{name}", title) for name, title in menu(routes.commands, voice))


def make_shop(
    config: Config,
    routes: Routes,
    languages: Languages,
    accounts: Mapping[str, Channel],
    providers: Mapping[str, PaymentProvider],
) -> Shop:
    """What handlers and dialogs work with: the routes, the languages, what each channel can show, how to pay."""
    return Shop(
        routes,
        languages,
        Able(accounts),
        config.shop.currency,
        timedelta(minutes=config.shop.order_hold_minutes),
        ways_to_pay(providers),
        quiet.parse(config.shop.quiet_hours, config.shop.timezone),
        checks.pairs(config.shop.currencies),
        _later(config),
        config.selling.rates(),
    )


def _later(config: Config) -> Later:
    shop = config.shop
    return Later(
        timedelta(days=shop.complete_days) or None,
        timedelta(days=shop.review_days) or None,
        timedelta(hours=shop.cart_hours) or None,
    )
