"""Receives updates: registers the webhook, or pulls and confirms only what was kept."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

from aiogram.methods import DeleteWebhook, GetMe, SetMyCommands, SetWebhook
from aiogram.types import BotCommand

from bot.channels.telegram.client import PullConflict, TelegramClient, TokenRefused
from bot.channels.telegram.methods import PullUpdates
from bot.channels.telegram.profile import TelegramSettings
from bot.channels.telegram.updates import ALLOWED, read_update
from bot.core.errors import BadInput, ChannelUnavailable, ConfigError, ParleyError
from bot.core.ports import Accept

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

LONGEST_PAUSE = 30.0
#: https://core.telegram.org/bots/api#setmycommands
MOST_COMMANDS = 100
_COMMAND = re.compile("/[a-z0-9_]{1,32}")
#: Seconds that the start of everything else may wait for Telegram.
FIRST_TRY = 5.0
CONFLICT = "Telegram: another program pulls the updates of this bot. Stop it, or give each its own token."


class Receiver:
    """aiogram's own polling moves the offset before the work is kept; this one moves it after."""

    def __init__(self, client: TelegramClient, settings: TelegramSettings, sleep: Sleep) -> None:
        self._client = client
        self._settings = settings
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    async def start(self, accept: Accept) -> None:
        """Raises `ConfigError`; an unreachable Telegram is tried again in the background."""
        try:
            async with asyncio.timeout(FIRST_TRY):
                await self._register()
        except (ChannelUnavailable, TimeoutError) as error:
            self._complain("telegram.register", error)
            self._task = asyncio.create_task(self._register_later(accept))
        else:
            if not self._settings.webhook_url:
                self._task = asyncio.create_task(self._pull_always(accept))

    async def stop(self) -> None:
        """Stop pulling; what was kept and not confirmed comes again and is a duplicate."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _register(self) -> None:
        account = self._settings.account
        try:
            me = await self._client.call(GetMe())
            await self._client.call(self._mode())
        except TokenRefused as error:
            raise ConfigError(
                f"[{account}] token: {self._settings.api_base} does not know this bot. Copy the "
                "token again from @BotFather, or correct api_base."
            ) from error
        except BadInput as error:
            raise ConfigError(f"[{account}] webhook_url: {error}") from error
        await self._offer_commands()
        log.info("telegram.ready", extra={"action": "telegram.ready", "bot": me.username})

    async def _offer_commands(self) -> None:
        """The menu beside the text field. Whoever does not see it can type the same."""
        try:
            for language, offered in self._settings.commands.items():
                fitting = [(name[1:], title) for name, title in offered if _COMMAND.fullmatch(name)]
                menu = [BotCommand(command=name, description=title[:256]) for name, title in fitting][:MOST_COMMANDS]
                if menu:
                    await self._client.call(SetMyCommands(commands=menu, language_code=language or None))
        except ParleyError as error:
            self._complain("telegram.commands", error)

    def _mode(self) -> SetWebhook | DeleteWebhook:
        if not self._settings.webhook_url:
            return DeleteWebhook(drop_pending_updates=False)
        return SetWebhook(
            url=self._settings.webhook_url,
            secret_token=self._settings.webhook_secret,
            allowed_updates=ALLOWED,
            max_connections=100,
            drop_pending_updates=False,
        )

    async def _register_later(self, accept: Accept) -> None:
        failures = 1
        while True:
            await self._sleep(pause(failures))
            try:
                await self._register()
                break
            except ChannelUnavailable as error:
                failures += 1
                self._complain("telegram.register", error)
            except ConfigError as error:
                log.error("%s", error, extra={"action": "telegram.off"})
                return
        if not self._settings.webhook_url:
            await self._pull_always(accept)

    async def _pull_always(self, accept: Accept) -> None:
        offset, failures = 0, 0
        while True:
            try:
                offset = await self._pull(accept, offset)
                failures = 0
            except Exception as error:
                # Whatever it was, the updates are still Telegram's and are asked for again.
                failures += 1
                self._complain("telegram.pull", error)
                await self._sleep(pause(failures, getattr(error, "after", None)))

    async def _pull(self, accept: Accept, offset: int) -> int:
        """One long poll. The next one, with the offset returned, confirms what was kept here."""
        wait = self._settings.poll
        method = PullUpdates(offset=offset, timeout=wait, allowed_updates=ALLOWED)
        updates = await self._client.call(method, held=wait)
        if not updates:
            # All before is confirmed, and after a quiet week ids may begin anywhere again.
            return 0
        await accept([read_update(self._settings.account, update) for update in updates])
        return int(max(update["update_id"] for update in updates)) + 1

    def _complain(self, action: str, error: Exception) -> None:
        facts = {"action": action, "account": self._settings.account, "error": type(error).__name__}
        text = CONFLICT if isinstance(error, PullConflict) else f"{action}: {error}"
        log.warning(text, extra=facts)


def pause(failures: int, after: float | None = None) -> float:
    """Seconds until the next try: what Telegram asks for, else 0.5 doubling up to 30."""
    return max(after or 0.0, min(LONGEST_PAUSE, 0.25 * 2.0 ** min(failures, 10)))
