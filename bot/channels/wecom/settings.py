"""What an operator sets for the customer-service desks of one company."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.channels._weixin_settings import SealedSettings
from bot.core.capabilities import MIB, Capabilities
from bot.settings.secret import Secret
from bot.settings.section import Listed, Url

_CORP = re.compile(r"(ww|wx)[0-9a-f]{16}")


def _corp_id(value: str) -> str:
    if value and not _CORP.fullmatch(value):
        raise ValueError("is no CorpID; it looks like ww0123456789abcdef")
    return value


#: developer.work.weixin.qq.com, 微信客服 "send message": a menu has ten items.
CAPABILITIES = Capabilities(
    channel="wecom",
    language="zh",
    buttons=10,
    button_label=42,  # 128 bytes of UTF-8
    button_data=64,
    link_buttons=True,
    text_limit=2048,
    text_unit="bytes",
    menu_limit=1024,
    image_bytes=10 * MIB,
    file_bytes=20 * MIB,
    reply_window=timedelta(hours=48),
    reply_quota=5,
    proactive="no",
    gathers=True,
    profiles=True,
    receipts=True,
)


class Settings(SealedSettings):
    """WeCom customer service (微信客服) of one company."""

    cure = (
        "set `corp_id`, `secret`, `token` and `encoding_aes_key` as the WeCom console shows them: the secret is that "
        "of a self-built app which 微信客服 lists as callable, the desks are managed by API, and the app trusts this "
        "server's address (企业可信IP)"
    )

    corp_id: Annotated[str, AfterValidator(_corp_id)] = Field(default="", description="The CorpID.")
    secret: Secret = Field(default=Secret(), description="The secret of the app that serves the desks.")
    desks: Listed = Field(default=(), description="Only these desks, by open_kfid; none: all that the app serves.")
    staff: str = Field(
        default="",
        description="Who serves people that ask for somebody, in WeCom: `pool` (whoever takes them) or one UserID; "
        "empty: the desk here.",
    )
    poll_seconds: float = Field(default=60, gt=0, description="How often is looked for what no call told of.")
    text_bytes: int = Field(default=2048, gt=0, description="Longest text, bytes of UTF-8.")
    reply_hours: float = Field(default=48, gt=0, description="How long after a message we may answer.")
    reply_quota: int = Field(default=5, gt=0, description="How many answers to a message.")
    welcome_seconds: float = Field(default=20, gt=0, description="How long after somebody came they may be welcomed.")
    api_base: Url = Field(default="https://qyapi.weixin.qq.com", description="WeCom's server.")

    def missing(self) -> tuple[str, ...]:
        """Its calls are always sealed."""
        return tuple(name for name in ("corp_id", "secret", "token", "encoding_aes_key") if not getattr(self, name))
