"""Calls the Graph API, and says what its error codes mean.

https://developers.facebook.com/docs/graph-api/guides/error-handling, …/messenger-platform/error-codes and
…/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import orjson

from bot.channels._http import Api
from bot.channels._meta.signing import appsecret_proof
from bot.channels._reading import Json
from bot.core.errors import (
    AccountWaits,
    BadInput,
    ChannelUnavailable,
    ParleyError,
    Retryable,
    Unreachable,
    WindowClosed,
)
from bot.http import Answer, Upload

#: Seconds; the operator has to act first, so there is no use in asking every second.
REFUSED_AGAIN_AFTER = 60.0
#: Seconds, where Meta does not say how long we are too fast.
WAIT = 60.0
#: Seconds until the next try for an account that Meta has locked.
LOCKED = 600.0
#: Seconds between two messages to one person on WhatsApp, once there were too many.
PAIR_WAIT = 6.0

_TOO_FAST = frozenset({4, 17, 32, 613, 130429, *range(80000, 80015)})
_LOCKED = frozenset({368, 131031})
_TOKEN = frozenset({102, 190})
_LATER = frozenset({1, 2, 131016})
_PAIR = 131056
_PERMISSION = frozenset({3, 10, *range(200, 300)})
#: Codes and subcodes of an answer after its window: Messenger's, Instagram's and WhatsApp's.
_CLOSED = frozenset({2018278, 2018065, 2534022, 131047})
#: Codes and subcodes of a person who cannot be written to any more, or never could.
_GONE = frozenset({551, 1545041, 2018001, 2018108, 2534014, 131026})
_TRACE = re.compile(r"[A-Za-z0-9_+/=-]{1,64}")


class TokenRefused(ChannelUnavailable):
    """The access token has ended or was revoked."""


class NotPermitted(ChannelUnavailable):
    """The app may not do this, until its operator has the permission."""


class Tokens(Protocol):
    """Where the access token comes from."""

    async def get(self, refused: str = "") -> str:
        """A token that is not `refused`. Raises `ChannelUnavailable`."""


class Written:
    """The token of the settings: there is no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get(self, refused: str = "") -> str:
        """The token. Raises `ChannelUnavailable` when it is the refused one."""
        if self._token == refused:
            raise TokenRefused("Meta does not take the access token, or not any more", after=REFUSED_AGAIN_AFTER)
        return self._token


class Graph:
    """One account's calls. `secret` is the app's, "" where calls carry no proof of it."""

    def __init__(self, api: Api, version: str, tokens: Tokens, secret: str = "") -> None:
        self._api = api
        self._version = version
        self._tokens = tokens
        self._secret = secret

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        upload: Callable[[], Upload] | None = None,
    ) -> Json:
        """What the Graph answered; `path` is below the version. A refused token is fetched anew once.

        Raises `ChannelUnavailable`, `AccountWaits`, `WindowClosed`, `Unreachable` or `BadInput`.
        """

        async def once(token: str) -> Json:
            answer = await self._api.call(
                method,
                f"/{self._version}/{path}",
                query={**(query or {}), **self._proof(token)},
                json=json,
                form=form,
                upload=upload() if upload else None,
                headers=bearer(token),
            )
            return _read(answer)

        return await with_token(self._tokens, once)

    def _proof(self, token: str) -> dict[str, str]:
        return {"appsecret_proof": appsecret_proof(self._secret, token)} if self._secret else {}


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token; in an address it would be in the logs of every proxy."""
    return {"Authorization": f"Bearer {token}"}


async def with_token(tokens: Tokens, once: Callable[[str], Awaitable[Json]]) -> Json:
    """Call `once` with a token, and once more with another when Meta refuses it. Raises as `Graph.call`."""
    token = await tokens.get()
    try:
        return await once(token)
    except TokenRefused:
        pass
    another = await tokens.get(refused=token)
    try:
        return await once(another)
    except TokenRefused:
        raise TokenRefused("Meta refuses a new access token too", after=REFUSED_AGAIN_AFTER) from None


def _read(answer: Answer) -> Json:
    found = answer.json()
    error = found.get("error")
    if error is None and answer.status < 300:
        return found
    if type(error) is not dict:
        raise ChannelUnavailable(f"Meta answered {answer.status} and no reason")
    raise meant(error, answer)


def meant(error: Json, answer: Answer) -> ParleyError:
    """Our error for the Graph's. Its own words stay out: they may hold what was sent."""
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    words = _words(error, code, subcode)
    if code in _TOKEN:
        return TokenRefused(words, after=REFUSED_AGAIN_AFTER)
    if code in _TOO_FAST:
        return AccountWaits(words, after=_regained(answer) or answer.retry_after or WAIT, told=True)
    if code in _LOCKED:
        return AccountWaits(words, after=LOCKED, told=True)
    for known, ours in ((_CLOSED, WindowClosed), (_GONE, Unreachable)):
        if code in known or subcode in known:
            return ours(words)
    return _refused(error, code, words)


def _refused(error: Json, code: int, words: str) -> Retryable | BadInput:
    if code == _PAIR:
        return ChannelUnavailable(words, after=PAIR_WAIT)
    if code in _LATER or error.get("is_transient") is True:
        return ChannelUnavailable(words)
    if code in _PERMISSION:
        return NotPermitted(words, after=REFUSED_AGAIN_AFTER)
    return BadInput(words)


def _words(error: Json, code: int, subcode: int) -> str:
    trace = error.get("fbtrace_id")
    known = f", trace {trace}" if isinstance(trace, str) and _TRACE.fullmatch(trace) else ""
    return f"Meta refused it: code {code}{f', subcode {subcode}' if subcode else ''}{known}"


def _number(value: Any) -> int:
    return value if type(value) is int else 0


def _regained(answer: Answer) -> float:
    """Seconds until calls are free again, where the header for business uses tells; 0 where it does not."""
    try:
        uses = orjson.loads(answer.headers.get("X-Business-Use-Case-Usage", ""))
        minutes = [use["estimated_time_to_regain_access"] for account in uses.values() for use in account]
        return 60.0 * max([0, *(one for one in minutes if type(one) is int)])
    except (orjson.JSONDecodeError, AttributeError, TypeError, KeyError):
        return 0.0
