"""Calls to one server: what goes wrong on the way is the error that the caller names, and what it answered is theirs.

Every call goes to the server of the settings: no redirect is followed and no proxy of the environment is asked.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from time import time
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    FormData,
    TCPConnector,
    TraceConfig,
)
from yarl import URL

from bot.core import deadline
from bot.core.errors import FileMissing, ParleyError, Retryable
from bot.core.ports import FileStream

#: How the network fails, whichever layer noticed.
BROKEN = (ClientError, TimeoutError, OSError)
#: Far above any answer to a call, bytes.
MOST_ANSWER = 8 * 1024 * 1024
CHUNK = 64 * 1024
#: A file may take so many times as long as a call.
SLOWEST = 20
#: Characters of a file's name.
MOST_NAME = 255
_NAME = re.compile(
    r"filename(?:\*=(?:utf-8|UTF-8)\'[^\']*\'(?P<coded>[^;\s]+)|=(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^;\s]+)))"
)
#: Seconds, where a server says that we are too fast and not for how long we must wait.
WAIT = 5.0
#: Bytes of JSON from which it is a file in disguise.
HEAVY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form: its field, name, media type and bytes."""

    field: str
    name: str
    media_type: str
    chunks: AsyncIterator[bytes] | bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. `headers` are found by any spelling of their names; `fails` is what no answer raises."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    fails: type[Retryable]

    def json(self) -> dict[str, Any]:
        """The answer as an object. Raises `fails` for a page of a proxy, or half an answer."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise self.fails(f"HTTP {self.status} with what is no JSON") from None
        if not isinstance(found, dict):
            raise self.fails(f"HTTP {self.status} with JSON that is no object")
        return found

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks us to wait, where it says so: for so long, until a date, or until a second."""
        told = self.headers.get("Retry-After", "")
        if told.isascii() and told.isdigit():
            return float(told)
        reset = self.headers.get("x-rate-limit-reset", "")
        if reset.isascii() and reset.isdigit():
            return max(0.0, float(reset) - time())
        try:
            return max(0.0, parsedate_to_datetime(told).timestamp() - time())
        except (ValueError, OverflowError):  # a zone or a year that no clock has
            return None


TooFast = Callable[[Answer], ParleyError]
"""What a 429 means."""


class Api:
    """One server. `timeout` is seconds for a call; a file may take longer while its bytes move.

    `fails` is what no clear answer raises. `explains`: it says in JSON what it means by a 5xx, so that the caller is to
    read it. `too_fast`: what a 429 raises, if not `fails`.
    """

    def __init__(
        self,
        base: str,
        *,
        fails: type[Retryable],
        timeout: float,
        name: str = "",
        explains: bool = False,
        too_fast: TooFast | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._fails = fails
        self._timeout = timeout
        self._explains = explains
        self._name = name or urlsplit(base).hostname or "the server"
        self._too_fast = too_fast
        self._session: ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        upload: Upload | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call, whatever is answered below 500 to it but 429.

        `path` with its query goes out as it is written; it is below the base, or a whole address of the same server.
        JSON goes out as UTF-8. Raises what the server was opened with, and what reading our own file raised.
        """
        sent = dict(headers or {})
        data: Any = body
        failures: list[ParleyError] = []
        if json is not None:
            data, sent["Content-Type"] = orjson.dumps(json), "application/json"
        elif upload is not None:
            data = FormData(dict(form or {}), quote_fields=False)
            # Large bytes are written at once, and hold the loop; read from a buffer they are not.
            content = BytesIO(upload.chunks) if isinstance(upload.chunks, bytes) else _watched(upload.chunks, failures)
            data.add_field(upload.field, content, filename=upload.name, content_type=upload.media_type)
        elif form is not None:
            data = FormData(dict(form))
        heavy = upload is not None or (isinstance(data, bytes) and len(data) > HEAVY)
        patience = ClientTimeout(total=self._timeout * (SLOWEST if heavy else 1), sock_connect=self._timeout)
        try:
            call = self._connected().request(
                method, self._url(path, query), data=data, headers=sent, timeout=patience, allow_redirects=False
            )
            async with call as response:
                return await self._answer(response)
        except BROKEN as error:
            if failures:
                raise failures[0] from None
            # The type only: the text may hold an address with a token in it.
            raise self._fails(f"{self._name} does not answer: {type(error).__name__}") from None

    async def download(
        self, path: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> FileStream:
        """Open a file of the server. Raises as `call` does, and `FileMissing` below 500."""
        patience = ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._timeout)
        try:
            response = await self._connected().get(
                self._url(path, query), headers=dict(headers or {}), timeout=patience, allow_redirects=False
            )
        except BROKEN as error:
            raise self._fails(f"{self._name} does not answer: {type(error).__name__}") from None
        if response.status != 200:
            try:
                await self._answer(response)
            finally:
                response.close()
            raise FileMissing(f"{self._name} answered {response.status}")
        return FileStream(
            self._chunks(response),
            name=_named(response.headers.get("Content-Disposition", "")),
            media_type=response.content_type,
            size=response.content_length,
        )

    async def close(self) -> None:
        """Close connections; a later call opens new ones."""
        if self._session is not None:
            await self._session.close()

    def _url(self, path: str, query: Mapping[str, str] | None) -> URL:
        url = URL(path if path.startswith(self._base) else self._base + path, encoded=True)
        return url.update_query(query) if query else url

    async def _answer(self, response: ClientResponse) -> Answer:
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            body += chunk
            if len(body) > MOST_ANSWER:
                raise self._fails(f"{self._name} answered more than it ever should")
        answer = Answer(response.status, bytes(body), response.headers, self._fails)
        if answer.status == 429 and self._too_fast is not None:
            raise self._too_fast(answer)
        if answer.status == 429:
            raise self._fails(f"{self._name} asks to wait", after=answer.retry_after or WAIT)
        explained = self._explains and response.content_type == "application/json"
        if (answer.status >= 500 and not explained) or 300 <= answer.status < 400:
            raise self._fails(f"{self._name} answered {answer.status}", after=answer.retry_after)
        return answer

    async def _chunks(self, response: ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_chunked(CHUNK):
                yield chunk
        except BROKEN as error:
            raise self._fails(f"{self._name}'s file: {type(error).__name__}") from None
        finally:
            response.close()

    def _connected(self) -> ClientSession:
        if self._session is None or self._session.closed:
            self._session = ClientSession(
                connector=TCPConnector(ttl_dns_cache=300), cookie_jar=DummyCookieJar(), trace_configs=[_in_time()]
            )
        return self._session


async def _watched(chunks: AsyncIterator[bytes], failures: list[ParleyError]) -> AsyncIterator[bytes]:
    """The same bytes; why they could not be read is kept in `failures`, where aiohttp would hide it."""
    try:
        async for chunk in chunks:
            yield chunk
    except ParleyError as error:
        failures.append(error)
        raise


def _named(disposition: str) -> str:
    """The file's name in such a header, in both of its spellings; "" for none, and for one that is no text."""
    found = _NAME.search(disposition)
    if found is None:
        return ""
    name = unquote(found["coded"]) if found["coded"] else found["quoted"] or found["bare"] or ""
    try:
        return name.encode("utf-8").decode("utf-8")[:MOST_NAME]
    except UnicodeEncodeError:
        return ""


def _in_time() -> TraceConfig:
    """Asks, once there is a connection and before a byte is written, whether it is too late to send anything."""

    async def ask(*_: Any) -> None:
        deadline.assure()

    trace = TraceConfig()
    trace.on_connection_create_end.append(ask)
    trace.on_connection_reuseconn.append(ask)
    return trace
