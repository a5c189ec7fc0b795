"""What WeCom's error codes mean for us.

Source: developer.work.weixin.qq.com/document/path/90313, "global return codes".
"""

from __future__ import annotations

import re

from bot.channels._weixin_calls import OPERATOR_ACTS
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, ParleyError, Unreachable, WindowClosed

#: The access token is not valid, or not any more.
STALE = frozenset({40014, 41001, 42001, 42009})
#: The token of a doorbell is not valid any more.
DOORBELL_OVER = 95007

_CREDENTIAL = frozenset({40001, 40013, 41002, 41004})
_WINDOW = {
    95001: "all answers to the newest message are used up",
    95002: "the person wrote more than 48 hours ago",
    95013: "the session is over",
    95018: "the session is with a person in WeCom, or over",
}
_GONE = {40096: "there is no such customer", 84061: "this is no customer of the company"}
_OPERATOR = {
    48002: "the app may not call this; list it under the callable apps of 微信客服",
    60011: "the app may not see this; look at its visible range",
    95000: "there is no such desk",
    95003: "the company has to be verified first",
    95004: "the desk was deleted, or is another company's",
    95011: "customer service is used within WeCom; take the secret of an app there",
    95012: "customer service is used by itself; take the secret of its own console",
    95017: "the API of customer service is switched off in the console",
}
_BUSY = frozenset({-1, 6000, 45033})
_TOO_MANY = 45009
_ADDRESS = re.compile(r"from ip: ?([0-9a-fA-F.:]{3,45})")


class CredentialRefused(ChannelUnavailable):
    """At start a mistake in the configuration, later a changed secret."""


class KeyTaken(BadInput):
    """A message with this msgid was sent already."""


class DoorbellOver(BadInput):
    """The token of a doorbell has ended."""


def meant(code: int, words: str) -> ParleyError:
    """The error of a call. WeCom's own words are not repeated, only our address in them."""
    if code in _WINDOW:
        return WindowClosed(f"{code}: {_WINDOW[code]}")
    if code in _GONE:
        return Unreachable(f"{code}: {_GONE[code]}")
    if code in _OPERATOR:
        return ChannelUnavailable(f"{code}: {_OPERATOR[code]}", after=OPERATOR_ACTS)
    if code == 60020:
        found = _ADDRESS.search(words)
        ours = found[1] if found else "this server's address"
        return ChannelUnavailable(f"60020: the app has to trust {ours} (企业可信IP)", after=OPERATOR_ACTS)
    if code in _BUSY:
        return ChannelUnavailable(f"{code}: WeCom is busy")
    if code == _TOO_MANY:
        return AccountWaits(f"{code}: too many calls", after=60.0, told=True)
    if code == DOORBELL_OVER:
        return DoorbellOver(f"{code}: the doorbell is too old")
    # Ours are always well made, so what is said against one is that it is taken; the code for it is not documented.
    return KeyTaken(f"{code}: sent already") if "msgid" in words.lower() else BadInput(f"WeCom refuses: {code}")


def meant_of_token(code: int, words: str) -> ParleyError:
    """The error of a call for an access token, for which there is no "bad input"."""
    if code in _CREDENTIAL:
        return CredentialRefused(f"{code}: WeCom does not know this corp_id and secret", after=OPERATOR_ACTS)
    error = meant(code, words)
    refused = isinstance(error, BadInput)
    return ChannelUnavailable(f"{code}: no access token", after=OPERATOR_ACTS) if refused else error
