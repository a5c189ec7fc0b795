"""Calls QQ's API as the bot, and turns what it refuses into Parley's errors: bot.q.qq.com/wiki, "Error codes"."""

from __future__ import annotations

from typing import Any

from bot.channels._account import Around
from bot.channels._http import Api
from bot.channels._reading import Json
from bot.channels._tokens import SharedToken
from bot.channels.qq.settings import Settings
from bot.core.errors import BadInput, ChannelUnavailable, ParleyError, Unreachable, WindowClosed
from bot.http import Answer

#: The token is not, or not any more, the bot's.
TOKEN = frozenset({11241, 11242, 11243})
#: The message to answer is too old, has its answers, or is none; or the bot may not write first.
WINDOW = frozenset({304026, 304027, 304103, 40034005, 40034128, 40034102})
#: QQ could not take our file just now, or could not ask itself what we may.
AGAIN = frozenset({304082, 304083, 11252, 11263, 11281, 304016})
#: The bot may send no buttons, or no Markdown, under which they hang.
NO_BUTTONS = frozenset({304036, 304037, 304041, 304057, 40034012, 50056})
#: It was sent already, and is waiting to be looked at by a person of QQ's.
AUDITED = frozenset({304023, 304024})
DUPLICATE = 40054005
TOO_FAST = 22009
REFUSES_US = 40054013
LINKS = 304003

#: Seconds, where QQ counts by the minute.
MINUTE = 60.0


class ButtonsRefused(BadInput):
    """This bot may not send buttons."""


class TokenRefused(ChannelUnavailable):
    """QQ gives no token for this AppID and secret, or does not take the one it gave."""


class Client:
    """One bot at QQ. `timeout` is seconds for a call."""

    def __init__(self, settings: Settings, around: Around, timeout: float) -> None:
        self.api = Api(settings.api_base, timeout=timeout, name="QQ", explains=True)
        self._desk = Api(settings.token_base, timeout=timeout, name="QQ")
        self._app_id = settings.app_id
        self._secret = settings.secret
        self._token = SharedToken(around, self._fetch)

    async def call(self, method: str, path: str, json: Any = None) -> Json:
        """What QQ answers; empty where it had that message already. Raises `ParleyError`."""
        token = await self._token.get()
        answer = await self._tried(method, path, json, token)
        if _refuses_token(answer):
            answer = await self._tried(method, path, json, await self._token.get(refused=token))
            if _refuses_token(answer):
                raise TokenRefused("QQ does not take the bot's token", after=MINUTE)
        if 200 <= answer.status < 300 and not answer.body:
            return {}
        if answer.status == 413:
            raise BadInput("QQ: the file is too large")
        said = answer.json()
        code = _code(said)
        if code == DUPLICATE or code in AUDITED:
            return {}
        if answer.status >= 300 or code:
            raise _meant(answer.status, code)
        return said

    async def close(self) -> None:
        """Close connections."""
        await self.api.close()
        await self._desk.close()

    async def _tried(self, method: str, path: str, json: Any, token: str) -> Answer:
        return await self.api.call(method, path, json=json, headers={"Authorization": f"QQBot {token}"})

    async def _fetch(self) -> tuple[str, float]:
        asked = {"appId": self._app_id, "clientSecret": self._secret.reveal()}
        said = (await self._desk.call("POST", "/app/getAppAccessToken", json=asked)).json()
        token = said.get("access_token")
        if not isinstance(token, str) or not token:
            raise TokenRefused(f"QQ gives no access token: {_code(said)}", after=MINUTE)
        try:
            return token, float(str(said.get("expires_in")))  # a number within quotes
        except ValueError:
            raise ChannelUnavailable("QQ's access token has no end") from None


def _refuses_token(answer: Answer) -> bool:
    if answer.status == 401:
        return True
    return answer.status >= 400 and answer.body[:1] == b"{" and _code(answer.json()) in TOKEN


def _code(said: Json) -> int:
    """0 for none."""
    code = said.get("err_code") or said.get("code")
    return code if type(code) is int else 0


def _meant(status: int, code: int) -> ParleyError:
    if code in WINDOW:
        return WindowClosed(f"QQ: the customer's message cannot be answered any more ({code})")
    if code == TOO_FAST:
        return ChannelUnavailable("QQ: too many messages to this chat", after=MINUTE)
    if code == REFUSES_US:
        return Unreachable("QQ: this person refuses the bot")
    if code in NO_BUTTONS:
        return ButtonsRefused(f"QQ: the bot may send no buttons ({code})")
    if code == LINKS:
        return BadInput("QQ: the link's address is not registered at q.qq.com (Development, message URLs)")
    if code in AGAIN or status >= 500:
        return ChannelUnavailable(f"QQ answered {status} ({code})")
    return BadInput(f"QQ refused it: {status} ({code})")
