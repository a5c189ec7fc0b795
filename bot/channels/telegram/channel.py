"""The `Channel` port for one Telegram bot: a thin shell over reading, sending and receiving."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from aiogram.methods import AnswerCallbackQuery, AnswerPreCheckoutQuery, GetFile, GetMe, SendChatAction, TelegramMethod

from bot.channels.telegram.client import TelegramClient
from bot.channels.telegram.profile import CAPABILITIES, DOWNLOAD_LIMIT, TelegramSettings
from bot.channels.telegram.receiving import Receiver, Sleep
from bot.channels.telegram.sending import Sender
from bot.channels.telegram.updates import read_updates
from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, FileMissing, ParleyError, TooLarge, Unauthorised
from bot.core.message import FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Accept, Channel, FileStream, HookRequest, Occasion, OpenFile, Sent
from bot.edge.posting import MakePosts, Poster

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
#: Past this many unanswered taps the next ones spin until Telegram gives up: nothing is lost.
MOST_ACKNOWLEDGING = 256
#: Characters of the reason why somebody cannot pay; Telegram shows it in a small window.
MOST_PROBLEM = 200


class TelegramChannel(Channel):
    """One bot. `open_file` gives the bytes of what we send; `sleep` waits between tries; `posts` calls the Bot API."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(
        self,
        settings: TelegramSettings,
        open_file: OpenFile,
        *,
        sleep: Sleep = asyncio.sleep,
        posts: MakePosts = Poster,
    ) -> None:
        self.account = settings.account
        self.pulls = not settings.webhook_url
        self.way = "long polling" if self.pulls else "webhook"
        self._secret = settings.webhook_secret.encode()
        self._local_files = settings.local_files
        self._client = TelegramClient(settings, posts)
        self._sender = Sender(self._client, open_file)
        self._receiver = Receiver(self._client, settings, sleep)
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def whoami(self) -> str:
        """The bot's name. Raises `ChannelUnavailable`, also for a token that is refused."""
        return f"@{(await self._client.call(GetMe())).username}"

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """https://core.telegram.org/bots/features#deep-linking. Raises as `whoami`."""
        return f"https://t.me/{(await self.whoami())[1:]}?start={data}"

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the secret token is ours; without one nobody may post."""
        told = request.headers.get("x-telegram-bot-api-secret-token", "")
        # As bytes: comparing texts raises for anything that is not ASCII.
        told_bytes = told.encode("utf-8", "surrogateescape")
        if not self._secret or not hmac.compare_digest(told_bytes, self._secret):
            raise Unauthorised("wrong or missing X-Telegram-Bot-Api-Secret-Token")

    def parse(self, body: bytes) -> list[Inbound]:
        """The inbound of one webhook body. Raises `BadInput`."""
        return read_updates(self.account, body)

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:  # noqa: ARG002 - Telegram has no windows
        """Send one wire. Raises `ChannelUnavailable`, `Unreachable` or `BadInput`.

        A wire of several calls, tried again under its `key`, goes on where it failed. A call whose
        answer was lost is made again: Telegram has no key to tell it by (see `client`).
        """
        return Sent(await self._sender.send(recipient, wire, key))

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file. Raises `ChannelUnavailable`, `FileMissing` or `TooLarge`."""
        if file.size is not None and file.size > DOWNLOAD_LIMIT and not self._local_files:
            raise TooLarge(DOWNLOAD_LIMIT)
        try:
            found = await self._client.call(GetFile(file_id=file.ref))
        except BadInput as error:
            if "file is too big" in str(error):
                raise TooLarge(DOWNLOAD_LIMIT) from error
            raise FileMissing(file.ref) from error
        path = Path(found.file_path or "")
        if not found.file_path or ".." in path.parts:
            raise FileMissing(file.ref)
        on_disk = self._local_files and path.is_absolute()
        return FileStream(
            _read(path, file.ref) if on_disk else self._client.download(found.file_path),
            name=file.name or path.name,
            media_type=file.media_type,
            size=file.size if found.file_size is None else found.file_size,
        )

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:  # noqa: ARG002 - asks for none
        """Show for five seconds that an answer is coming; never raises, it is only a courtesy."""
        await self._courtesy(SendChatAction(chat_id=recipient, action="typing"), "telegram.typing")

    async def acknowledge(self, inbound: Inbound) -> None:
        """Stop the spinner on a tapped button, without making the caller wait."""
        query = inbound.native.get("callback_query_id")
        if isinstance(query, str) and query and len(self._acknowledging) < MOST_ACKNOWLEDGING:
            method = AnswerCallbackQuery(callback_query_id=query)
            task = asyncio.create_task(self._courtesy(method, "telegram.acknowledge"))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def admit(self, inbound: Inbound, problem: str) -> None:
        """Let a payment happen, or not: Telegram waits ten seconds for it. Raises as `send`, `BadInput` when too late.

        https://core.telegram.org/bots/api#answerprecheckoutquery
        """
        query = str(inbound.native["id"])
        words = problem[:MOST_PROBLEM] or None
        method = AnswerPreCheckoutQuery(pre_checkout_query_id=query, ok=not problem, error_message=words)
        await self._client.call(method)

    async def start(self, accept: Accept) -> None:
        """Register the webhook, or begin to pull. Raises `ConfigError`.

        When Telegram cannot be reached, this is tried again in the background.
        """
        await self._receiver.start(accept)

    async def stop(self) -> None:
        """Stop pulling, let the last taps be acknowledged, close connections."""
        await self._receiver.stop()
        if self._acknowledging:
            _, late = await asyncio.wait(self._acknowledging, timeout=1)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._client.close()

    async def _courtesy(self, method: TelegramMethod[bool], action: str) -> None:
        try:
            await self._client.call(method)
        except ParleyError as error:
            facts = {"action": action, "account": self.account, "error": type(error).__name__}
            log.debug(action, extra=facts)


async def _read(path: Path, ref: str) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise FileMissing(ref) from error
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
