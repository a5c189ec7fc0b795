"""What WeChat's error codes mean for us.

Source: developers.weixin.qq.com, "global return codes" and "send customer service messages".
"""

from __future__ import annotations

import re

from bot.channels._weixin_calls import OPERATOR_ACTS
from bot.core.errors import (
    AccountWaits,
    BadInput,
    ChannelUnavailable,
    ParleyError,
    Unreachable,
    WindowClosed,
)

#: The access token is not valid, or not any more.
STALE = frozenset({40001, 40014, 41001, 42001})

#: The AppID and the AppSecret do not belong together, or are of nobody.
_CREDENTIAL = frozenset({40001, 40013, 40125, 40243, 41002, 41004})
_WINDOW = {
    45015: "the person wrote too long ago, or does not follow the account any more",
    45047: "all answers to the newest message are used up",
}
_GONE = {40003: "there is no such follower", 43004: "the person does not follow the account"}
_OPERATOR = {
    48001: "the account may not use the customer-service API; set api = false, or have it verified",
    40200: "accounts of this type have no tapped menus; set buttons = false",
    50002: "WeChat has limited this account",
}
#: Seconds to wait, where a limit of the whole account is reached: of the day, of the minute.
_LIMITS = {45009: 600.0, 45011: 60.0}
_ADDRESS = re.compile(r"invalid ip ([0-9a-fA-F.:]{3,45})")


class CredentialRefused(ChannelUnavailable):
    """At start a mistake in the configuration, later a changed AppSecret."""


def meant(code: int, words: str) -> ParleyError:
    """The error of a call. WeChat's own words are not repeated, only our address in them."""
    if code == 40164:
        return ChannelUnavailable(not_allowed(words), after=OPERATOR_ACTS)
    if code in _OPERATOR:
        return ChannelUnavailable(f"{code}: {_OPERATOR[code]}", after=OPERATOR_ACTS)
    if code in _WINDOW:
        return WindowClosed(f"{code}: {_WINDOW[code]}")
    if code in _GONE:
        return Unreachable(f"{code}: {_GONE[code]}")
    if code in _LIMITS:
        return AccountWaits(f"{code}: too many calls", after=_LIMITS[code], told=True)
    if code == -1:
        return ChannelUnavailable("-1: WeChat is busy")
    return BadInput(f"WeChat refuses: {code}")


def meant_of_token(code: int, words: str) -> ParleyError:
    """The error of a call for an access token, for which there is no "bad input"."""
    if code in _CREDENTIAL:
        return CredentialRefused(f"{code}: WeChat does not know this app_id and secret", after=OPERATOR_ACTS)
    error = meant(code, words)
    refused = isinstance(error, BadInput)
    return ChannelUnavailable(f"{code}: no access token", after=OPERATOR_ACTS) if refused else error


def not_allowed(words: str) -> str:
    """WeChat tells which address of ours it saw."""
    found = _ADDRESS.search(words)
    ours = found[1] if found else "this server's address"
    return f"40164: WeChat takes no calls from here; allow {ours} in the console (基本配置, IP白名单)"
