"""The session under aiogram's bot: posts JSON, streams files, reads answers.

Two things differ from aiogram's own session. A call without a file is one JSON post, and an answer
is read only as far as its method needs it, which makes a call several times cheaper.

Every call goes to the server of the settings: a redirect is an error, whoever sent it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import lru_cache
from typing import Any, NoReturn, TypeVar, cast

import orjson
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramServerError,
)
from aiogram.methods import TelegramMethod
from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    FormData,
    TCPConnector,
)
from pydantic import TypeAdapter
from yarl import URL

from bot.channels.telegram.methods import Upload
from bot.core import deadline
from bot.core.errors import BadInput, ChannelUnavailable
from bot.edge.posting import CONNECTIONS, MakePosts

T = TypeVar("T")

#: A file may take so many times as long as a call: ten minutes for 50 MB over a slow line.
SLOWEST = 20
#: How the network fails, whichever layer noticed.
BROKEN = (ClientError, TimeoutError, OSError)


class Session(BaseSession):
    """`timeout` is seconds for one call; a file may take longer while its bytes move."""

    def __init__(self, server: TelegramAPIServer, timeout: float, posts: MakePosts) -> None:
        super().__init__(api=server, json_loads=orjson.loads, json_dumps=_json, timeout=timeout)
        self._http: ClientSession | None = None  # for files; calls without one are the poster's
        self._poster = posts(server.base)
        self._paths: dict[str, bytes] = {}
        self._moving = ClientTimeout(total=timeout * SLOWEST, sock_connect=timeout, sock_read=timeout * 4)

    async def close(self) -> None:
        """Close connections; a later call opens new ones."""
        await self._poster.close()
        if self._http is not None:
            await self._http.close()

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[T],
        timeout: int | None = None,  # noqa: ASYNC109  # aiogram's signature
    ) -> T:
        """One call. `timeout` is the seconds that Telegram may hold the answer on top of ours."""
        files: dict[str, Any] = {}
        fields = self._fields(bot, method, files)
        try:
            if files:
                status, answer = await self._post_form(bot, method, fields, files)
            else:
                status, answer = await self._post_json(bot, method, fields, timeout)
        except BROKEN as error:
            for file in files.values():
                if isinstance(file, Upload) and file.failure is not None:
                    raise file.failure from error
            # The type only: the text may hold the address, and the token is part of it.
            raise TelegramNetworkError(method=method, message=type(error).__name__) from None
        return self._result(bot, method, status, answer)

    async def post(self, bot: Bot, method: type[TelegramMethod[Any]], fields: dict[str, Any]) -> Any:
        """The plain result of a call whose fields are ready. Raises as `make_request`.

        The way of every reply: aiogram's model, middlewares and validation would cost more than the call itself.
        """
        try:
            status, answer = await self._poster.post(self._path(bot, method), _dump(fields), self.timeout)
        except BROKEN as error:
            raise TelegramNetworkError(method=method.model_construct(), message=type(error).__name__) from None
        result = _granted(status, answer)
        if result is None:
            self._refuse(bot, method.model_construct(), status, answer)
        return result

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,  # noqa: ASYNC109  # aiogram's signature
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        """The bytes under `url`. Raises `ChannelUnavailable`; `timeout` is seconds of silence."""
        patience = ClientTimeout(total=timeout * SLOWEST, sock_connect=timeout, sock_read=timeout)
        target = URL(url, encoded=True)
        get = self._connected().get(target, headers=headers, timeout=patience, allow_redirects=False)
        try:
            async with get as response:
                if raise_for_status and response.status != 200:
                    raise ChannelUnavailable(f"Telegram's file server answered {response.status}")
                async for chunk in response.content.iter_chunked(chunk_size):
                    yield chunk
        except BROKEN as error:
            raise ChannelUnavailable(f"Telegram's file server: {type(error).__name__}") from None

    def _connected(self) -> ClientSession:
        if self._http is None or self._http.closed:
            self._http = ClientSession(
                connector=TCPConnector(limit=CONNECTIONS, ttl_dns_cache=300),
                cookie_jar=DummyCookieJar(),
                timeout=self._moving,
            )
        return self._http

    def _fields(self, bot: Bot, method: TelegramMethod[T], files: dict[str, Any]) -> dict[str, Any]:
        """What is set, with `attach://` in the place of each file that went into `files`."""
        fields = {}
        for name, value in method.model_dump(warnings=False).items():
            ready = self.prepare_value(value, bot, files, _dumps_json=False)
            if ready is not None:
                fields[name] = ready
        return fields

    async def _post_json(
        self, bot: Bot, method: TelegramMethod[T], fields: dict[str, Any], held: int | None
    ) -> tuple[int, bytes]:
        return await self._poster.post(self._path(bot, type(method)), _dump(fields), self.timeout + (held or 0))

    def _path(self, bot: Bot, method: type[TelegramMethod[Any]]) -> bytes:
        name = method.__api_method__
        path = self._paths.get(name)
        if path is None:
            path = self._paths[name] = self._url(bot, name).raw_path.encode()
        return path

    async def _post_form(
        self, bot: Bot, method: TelegramMethod[T], fields: dict[str, Any], files: dict[str, Any]
    ) -> tuple[int, bytes]:
        form = FormData(quote_fields=False)
        for name, value in fields.items():
            form.add_field(name, value if isinstance(value, str) else _json(value))
        for name, file in files.items():
            form.add_field(name, file.read(bot), filename=file.filename)
        url = self._url(bot, method.__api_method__)
        deadline.assure()
        async with self._connected().post(url, data=form, allow_redirects=False) as response:
            return response.status, await response.read()

    def _url(self, bot: Bot, name: str) -> URL:
        return URL(self.api.api_url(bot.token, name), encoded=True)

    def _result(self, bot: Bot, method: TelegramMethod[T], status: int, answer: bytes) -> T:
        result = _granted(status, answer)
        if result is None:
            self._refuse(bot, method, status, answer)
        try:
            return cast("T", _reader(type(method)).validate_python(result))
        except ValueError:
            raise _not_telegram(method, status) from None

    def _refuse(self, bot: Bot, method: TelegramMethod[Any], status: int, answer: bytes) -> NoReturn:
        try:
            orjson.loads(answer)
        except ValueError:
            raise _not_telegram(method, status) from None
        self.check_response(bot, method, status, answer.decode())
        raise _not_telegram(method, status)


def _granted(status: int, answer: bytes) -> Any:
    """The plain result of a call; None when there is none."""
    try:
        decoded = orjson.loads(answer)
    except ValueError:
        return None
    granted = status == 200 and isinstance(decoded, dict) and decoded.get("ok") is True
    return decoded.get("result") if granted else None


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise BadInput(f"cannot be sent to Telegram: {error}") from None


def _json(value: Any) -> str:
    return _dump(value).decode()


@lru_cache(maxsize=64)
def _reader(method: type[TelegramMethod[Any]]) -> TypeAdapter[Any]:
    return TypeAdapter(method.__returning__)


def _not_telegram(method: TelegramMethod[Any], status: int) -> TelegramAPIError:
    """A proxy's page, a broken answer, or another server altogether."""
    text = f"HTTP {status} without a Bot API answer"
    if status == 413:
        return TelegramEntityTooLarge(method=method, message=text)
    if status == 404:
        return TelegramNotFound(method=method, message=text)
    return TelegramServerError(method=method, message=text)
