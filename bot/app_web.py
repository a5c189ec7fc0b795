"""What the web side is told of the configuration, and where it shows files to platforms."""

from __future__ import annotations

import time
from datetime import timedelta

from bot import __version__
from bot.config import Config
from bot.core.message import Attachment
from bot.core.ports import Address, no_address
from bot.services import settings as kept
from bot.storage import links
from web.files import FileLinks
from web.settings import MIB, WebSettings

#: For so long a customer can load what came by its address.
GIVEN = timedelta(days=30)
#: Stands for a film until it is played.
FILM = "/public/film.png"


def web_settings(config: Config) -> WebSettings:
    """What the web side needs to know."""
    limits, server, shop = config.limits, config.server, config.shop
    return WebSettings(
        version=__version__,
        host=server.host,
        port=server.port,
        public_url=server.url,
        shop_name=shop.name,
        shop_color=shop.color,
        test_bank=config.payments.local.enabled,
        currency=shop.currency,
        languages=tuple(shop.languages),
        text_limit=limits.text,
        files_per_message=limits.files_per_message,
        image_bytes=limits.image_mb * MIB,
        file_bytes=limits.file_mb * MIB,
        chat_rate=(limits.messages_per_10s, 10.0),
        widget_origins=tuple(server.widget_origins),
        trusted_proxies=tuple(server.trusted_proxies),
        metrics_token=server.metrics_token.reveal(),
        sockets=server.sockets,
        plain_webhooks=bool(config.webhooks.networks),
    )


async def given_links(config: Config) -> Address:
    """Where a customer can load one of our files: for a month, by whoever has the address."""
    return (await _links(config, GIVEN))[0]


async def file_links(config: Config) -> tuple[Address, Address]:
    """Where a platform can fetch one of our files for a while, and a small picture of it: https alone will do."""
    return await _links(config, web_settings(config).link_life)


async def _links(config: Config, life: timedelta) -> tuple[Address, Address]:
    if not config.server.url.startswith("https://"):
        return no_address, no_address
    signed = FileLinks(links, await kept.secret("web"), life, time.time)

    def link(file: Attachment) -> str:
        return f"{config.server.url}{signed.url(file.id, 'p' if file.kind == 'image' else 'o')}"

    def preview(file: Attachment) -> str:
        shown = signed.url(file.id, "s") if file.kind == "image" else FILM
        return f"{config.server.url}{shown}"

    return link, preview
