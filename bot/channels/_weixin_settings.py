"""What the tables of WeChat and WeCom have in common: the keys with which calls are sealed."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.channels._account import ChannelSettings
from bot.settings.secret import Secret

_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TOKEN = re.compile(r"[A-Za-z0-9]{1,32}")


def _aes_key(value: Secret) -> Secret:
    if value and not _KEY.fullmatch(value.reveal()):
        raise ValueError("must be the 43 letters and digits of the console")
    return value


def _token(value: Secret) -> Secret:
    if value and not _TOKEN.fullmatch(value.reveal()):
        raise ValueError("must be up to 32 letters and digits, the same as in the console")
    return value


class SealedSettings(ChannelSettings):
    """An account whose calls are signed with a Token and sealed with an EncodingAESKey."""

    token: Annotated[Secret, AfterValidator(_token)] = Field(
        default=Secret(), description="The Token of the callback address, with which calls are signed."
    )
    encoding_aes_key: Annotated[Secret, AfterValidator(_aes_key)] = Field(
        default=Secret(), description="The EncodingAESKey; WeChat has one in safe and in compatible mode only."
    )
    previous_aes_key: Annotated[Secret, AfterValidator(_aes_key)] = Field(
        default=Secret(), description="The one before, while keys change."
    )
    stale_after: int = Field(default=300, gt=0, description="Seconds that the timestamp of a call may be off.")

    def problem(self, hook: str) -> str:  # noqa: ARG002
        """A key before needs one now."""
        if self.previous_aes_key and not self.encoding_aes_key:
            return "previous_aes_key is set, but encoding_aes_key is not"
        return ""

    @property
    def aes_keys(self) -> tuple[str, ...]:
        """The current one first."""
        return tuple(key.reveal() for key in (self.encoding_aes_key, self.previous_aes_key) if key)
