"""Calls to a payment provider: whatever is no clear answer is `ProviderUnavailable`, since money may have moved.

Every call goes to the server of the settings: no redirect is followed and no proxy of the environment is asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from bot.core import deadline
from bot.core.errors import ProviderUnavailable

#: Far above any answer, bytes.
MOST_ANSWER = 8 * 1024 * 1024
#: Seconds, where a provider says that we are too fast and not for how long we must wait.
WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said. `headers` are found by any spelling of their names."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The answer as an object. Raises `ProviderUnavailable` for a page of a proxy, or half an answer."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise ProviderUnavailable(f"HTTP {self.status} with what is no JSON") from None
        if not isinstance(found, dict):
            raise ProviderUnavailable(f"HTTP {self.status} with JSON that is no object")
        return found


class Api:
    """One provider's server. `timeout` is seconds for a call."""

    def __init__(self, name: str, base: str, timeout: float) -> None:
        self._name = name
        self._base = base.rstrip("/")
        self._timeout = ClientTimeout(total=timeout)
        self._session: ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call, whatever is answered below 500 to it but 429; `path` with its query goes out as it is written."""
        target = f"{self._base}{path}{'?' + urlencode(query) if query else ''}"
        deadline.assure()
        try:
            call = self._connected().request(
                method, URL(target, encoded=True), data=body, headers=headers, timeout=self._timeout,
                allow_redirects=False,
            )  # fmt: skip
            async with call as response:
                found = await response.content.read(MOST_ANSWER + 1)
                while not response.content.at_eof() and len(found) <= MOST_ANSWER:
                    found += await response.content.read(MOST_ANSWER)
                answer = Answer(response.status, found, response.headers)
        except (ClientError, TimeoutError, OSError) as error:
            # The type only: the text may hold an address with a secret in it.
            raise ProviderUnavailable(f"{self._name} does not answer: {type(error).__name__}") from None
        if answer.status == 429:
            told = answer.headers.get("Retry-After", "")
            raise ProviderUnavailable(f"{self._name} asks to wait", after=float(told) if told.isdigit() else WAIT)
        if answer.status >= 500 or 300 <= answer.status < 400 or len(answer.body) > MOST_ANSWER:
            raise ProviderUnavailable(f"{self._name} answered {answer.status}")
        return answer

    async def close(self) -> None:
        """Close connections; a later call opens new ones."""
        if self._session is not None:
            await self._session.close()

    def _connected(self) -> ClientSession:
        if self._session is None or self._session.closed:
            self._session = ClientSession(cookie_jar=DummyCookieJar())
        return self._session
