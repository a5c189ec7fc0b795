"""Calls the Bot API through aiogram and turns every failure into one of Parley's errors.

A time-out or a connection lost after the post left is ambiguous: Telegram may have delivered the
message, and it has no idempotency key to ask by. It is reported as `ChannelUnavailable`, so that
the caller tries again: one chat message may then appear twice, but none is lost.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from urllib.parse import quote

from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import SendMessage, TelegramMethod

from bot.channels.telegram.pace import Pace
from bot.channels.telegram.profile import CAPABILITIES, TelegramSettings
from bot.channels.telegram.session import Session
from bot.core.errors import BadInput, ChannelUnavailable, ParleyError, TooLarge, Unreachable
from bot.edge.posting import MakePosts, Poster

T = TypeVar("T")

#: Seconds; the operator has to act first, so there is no use in asking every second.
REFUSED_AGAIN_AFTER = 60.0
#: Telegram's words for "this person cannot be written to" where it does not say 403.
_GONE = re.compile(
    "chat not found|user not found|user is deactivated|PEER_ID_INVALID|bot was (blocked|kicked)",
    re.IGNORECASE,
)
#: An album may fail in the middle, with the real reason inside the text of a 400.
_WAIT_INSIDE = re.compile(r"Too Many Requests: retry after (\d+)")


class TokenRefused(ChannelUnavailable):
    """401 or 404: at start a mistake in the configuration, later a revoked token."""


class AskedToWait(ChannelUnavailable):
    """429: too fast."""


class PullConflict(ChannelUnavailable):
    """409: somebody else pulls with our token, or a webhook is set."""


class TelegramClient:
    """One bot at one Bot API server."""

    def __init__(self, settings: TelegramSettings, posts: MakePosts = Poster) -> None:
        server = TelegramAPIServer.from_base(settings.api_base, is_local=settings.local_files)
        self._session = Session(server, settings.timeout, posts)
        self._bot = Bot(settings.token, session=self._session)
        self._pace = Pace()

    async def call(self, method: TelegramMethod[T], *, held: int = 0) -> T:
        """One call; Telegram may hold the answer for `held` seconds.

        Raises `ChannelUnavailable`, `Unreachable`, `BadInput`, `TooLarge`, or what our own file
        raised while it was read.
        """
        chat = str(getattr(method, "chat_id", ""))
        if chat:
            self._pace.leave(chat)
        try:
            return await self._bot(method, request_timeout=held or None)
        except AiogramError as error:
            # Without the cause: it holds the whole call, and so the customer's text.
            raise self._meant(_in_our_words(error), chat) from None

    async def send_text(self, recipient: str, text: str, keyboard: dict[str, Any] | None) -> str:
        """`sendMessage`; the new message's id. Raises as `call`."""
        fields: dict[str, Any] = {"chat_id": recipient, "text": text}
        if keyboard:
            fields["reply_markup"] = keyboard
        self._pace.leave(recipient)
        try:
            sent = await self._session.post(self._bot, SendMessage, fields)
            return str(sent["message_id"])
        except AiogramError as error:
            raise self._meant(_in_our_words(error), recipient) from None
        except (KeyError, TypeError):
            raise ChannelUnavailable("Telegram answered what cannot be read") from None

    def _meant(self, error: ParleyError, chat: str) -> ParleyError:
        """A 429 to a chat may mean the whole bot."""
        return self._pace.told(chat, error.after or 0.0) if chat and isinstance(error, AskedToWait) else error

    def download(self, path: str) -> AsyncIterator[bytes]:
        """The bytes of a file that `getFile` named. Raises `ChannelUnavailable`."""
        return self._session.stream_content(self._session.api.file_url(self._bot.token, quote(path)))

    async def close(self) -> None:
        """Close connections; a later call opens new ones."""
        await self._session.close()


def _in_our_words(error: AiogramError) -> ParleyError:
    match error:
        case TelegramRetryAfter():
            return AskedToWait("Telegram asks to wait", after=float(error.retry_after))
        case TelegramForbiddenError():
            return Unreachable(error.message)
        case TelegramEntityTooLarge():
            return TooLarge(CAPABILITIES.file_bytes)
        case TelegramUnauthorizedError() | TelegramNotFound():
            return TokenRefused("Telegram refuses the bot token", after=REFUSED_AGAIN_AFTER)
        case TelegramConflictError():
            return PullConflict(error.message)
        case TelegramBadRequest():
            return _bad_request(error.message)
        case TelegramNetworkError() | TelegramServerError():
            return ChannelUnavailable(f"Telegram does not answer: {error.message}")
        case ClientDecodeError():
            return ChannelUnavailable("Telegram answered what cannot be read")
        case _:
            return BadInput(f"Telegram refuses: {getattr(error, 'message', type(error).__name__)}")


def _bad_request(words: str) -> ParleyError:
    if wait := _WAIT_INSIDE.search(words):
        return AskedToWait("Telegram asks to wait", after=float(wait[1]))
    return Unreachable(words) if _GONE.search(words) else BadInput(f"Telegram refuses: {words}")
