"""What an operator sets for one official account."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.channels._account import ChannelSettings
from bot.settings.secret import Secret
from bot.settings.section import Url

_APP = re.compile(r"wx[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_KEY = re.compile(r"[A-Za-z0-9]{43}")


def _app_id(value: str) -> str:
    if value and not _APP.fullmatch(value):
        raise ValueError("is no AppID; it looks like wx0123456789abcdef")
    return value


def _token(value: Secret) -> Secret:
    if value and not _TOKEN.fullmatch(value.reveal()):
        raise ValueError("must be 3 to 32 letters and digits, the same as in the console")
    return value


def aes_key(value: Secret) -> Secret:
    """An EncodingAESKey, or nothing."""
    if value and not _KEY.fullmatch(value.reveal()):
        raise ValueError("must be the 43 letters and digits of the console")
    return value


AesKey = Annotated[Secret, AfterValidator(aes_key)]


class Settings(ChannelSettings):
    """A WeChat official account."""

    cure = (
        "set `app_id`, `secret`, `token` and `encoding_aes_key` as mp.weixin.qq.com shows them (基本配置), the server "
        "address there to this account's hook, and allow this server's address (IP白名单)"
    )

    app_id: Annotated[str, AfterValidator(_app_id)] = Field(default="", description="The AppID.")
    secret: Secret = Field(default=Secret(), description="The AppSecret; not needed where `api` is false.")
    token: Annotated[Secret, AfterValidator(_token)] = Field(
        default=Secret(), description="The Token of the server address, with which calls are signed."
    )
    encoding_aes_key: AesKey = Field(
        default=Secret(), description="The EncodingAESKey, in safe and in compatible mode; empty in plain mode."
    )
    previous_aes_key: AesKey = Field(default=Secret(), description="The one before, while keys change.")
    api: bool = Field(
        default=True,
        description="The account has the customer-service API; false: it answers within a call only (unverified).",
    )
    buttons: bool = Field(default=True, description="Menus are tapped (msgmenu); false: they are numbered.")
    menu: bool = Field(default=True, description="Keep the account's own menu as the bot's commands are.")
    holds: float = Field(default=4.5, gt=0, lt=5, description="Seconds that a call waits for its answer; WeChat: 5.")
    stale_after: int = Field(default=300, gt=0, description="Seconds that the timestamp of a call may be off.")
    text_bytes: int = Field(default=2048, gt=0, description="Longest text, bytes of UTF-8.")
    reply_hours: float = Field(default=48, gt=0, description="How long after a message we may answer.")
    reply_quota: int = Field(default=5, gt=0, description="How many answers to a message.")
    event_seconds: float = Field(default=60, gt=0, description="How long after a follow, a scan or a menu's tap.")
    event_quota: int = Field(default=3, gt=0, description="How many messages then.")
    api_base: Url = Field(default="https://api.weixin.qq.com", description="WeChat's server.")

    def missing(self) -> tuple[str, ...]:
        """An account is its AppID and its Token, and has an AppSecret to call with."""
        needed = {"app_id": self.app_id, "token": self.token, "secret": self.secret or not self.api}
        return tuple(name for name, value in needed.items() if not value)

    def problem(self, hook: str) -> str:  # noqa: ARG002
        """A key before needs one now."""
        if self.previous_aes_key and not self.encoding_aes_key:
            return "previous_aes_key is set, but encoding_aes_key is not"
        return ""

    @property
    def aes_keys(self) -> tuple[str, ...]:
        """The current one first."""
        return tuple(key.reveal() for key in (self.encoding_aes_key, self.previous_aes_key) if key)
