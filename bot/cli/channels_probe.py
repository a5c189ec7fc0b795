"""Asks every channel account who it is at its platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from bot import channels
from bot.channels import webchat
from bot.channels._account import Around, ChannelSettings
from bot.cli import channels as facts
from bot.cli.finding import Finding
from bot.core.errors import ConfigError, ParleyError
from bot.core.message import Attachment
from bot.edge.posting import Poster

if TYPE_CHECKING:
    from bot.config import Config

CHANNELS = "Channels"
_PATIENCE = 10.0  # seconds


async def all_channels(config: Config, *, offline: bool) -> AsyncIterator[Finding]:
    """Every account with its capabilities and its state, and every channel that nobody has switched on."""
    yield Finding(CHANNELS, "webchat", "ok", f"{config.server.url}/ — {facts.brief(webchat.CAPABILITIES)}")
    accounts = config.accounts()
    for name in channels.kinds():
        if not any(channels.of(settings) is channels.kind(name) for settings in accounts.values()):
            yield _off(name)
    for account, settings in accounts.items():
        yield await _account(config, account, settings, offline=offline)


def _off(name: str) -> Finding:
    one = channels.kind(name)
    return Finding(
        CHANNELS, name, "off", f"not set up — {facts.brief(one.CAPABILITIES)}", _cure(name, one.Settings.cure)
    )


def _cure(account: str, cure: str) -> str:
    from bot.config import Config

    table = account if account in Config.model_fields else f"channels.{account}"
    return f"in [{table}] {cure}"


async def _account(config: Config, account: str, settings: ChannelSettings, *, offline: bool) -> Finding:
    one = channels.of(settings)
    hook = config.server.hook(account)
    try:
        channel = one.opened(settings, Around(account, hook, _no_files, Poster, Forgetful(), Forgetful(), "0" * 64))
    except ConfigError as error:
        return Finding(CHANNELS, account, "wrong", str(error), _cure(account, settings.cure))
    way = f"webhook {hook}" if channel.way == "webhook" else channel.way
    shows = facts.brief(channel.capabilities)
    try:
        if offline:
            return Finding(CHANNELS, account, "ok", f"{way}, not asked (--offline) — {shows}")
        async with asyncio.timeout(_PATIENCE):
            name = await channel.whoami()
    except (ParleyError, TimeoutError) as error:
        return Finding(CHANNELS, account, "wrong", str(error) or "it does not answer", _cure(account, settings.cure))
    finally:
        await channel.stop()
    reached = f"{name} by {way}" if name else f"{way}, not asked: this account answers calls, and makes none"
    return Finding(CHANNELS, account, "ok", f"{reached} — {shows}")


class Forgetful:
    """Notes and calls of a process that only looks: a token that it fetches is its own."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def get(self, name: str) -> str:
        """What this process put."""
        return self._kept.get(name, "")

    async def put(self, name: str, text: str, seconds: float | None = None) -> None:  # noqa: ARG002
        """Keep it until the process ends."""
        self._kept[name] = text

    async def claim(self, name: str, seconds: float) -> bool:  # noqa: ARG002
        """There is nobody else."""
        return True

    async def release(self, name: str) -> None:
        """Nothing was claimed."""

    async def give(self, recipient: str, key: str, said: bytes) -> bool:  # noqa: ARG002
        """Nobody called."""
        return False


async def _no_files(_file: Attachment) -> AsyncIterator[bytes]:
    """Nothing is sent here."""
    yield b""
