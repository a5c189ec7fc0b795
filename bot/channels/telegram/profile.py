"""What Telegram can do, and what an operator sets for one bot; importing this costs nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.capabilities import MIB, Capabilities
from bot.core.errors import ConfigError

#: https://core.telegram.org/bots/api
CAPABILITIES = Capabilities(
    channel="telegram",
    buttons=100,
    button_label=64,
    button_data=64,
    link_buttons=True,
    text_limit=4096,
    text_unit="utf16",
    caption_limit=1024,
    files_per_message=10,
    image_bytes=10 * MIB,
    gif_bytes=50 * MIB,
    file_bytes=50 * MIB,
    typing=True,
    edits=True,
)
#: The public server gives a bot no larger file: https://core.telegram.org/bots/api#getfile
DOWNLOAD_LIMIT = 20 * 1024 * 1024

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_BASE = re.compile(r"https?://[A-Za-z0-9._\[\]:-]+(/[!-~]*)?")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """One bot. Without `webhook_url` its updates are pulled. `timeout` and `poll` are seconds."""

    token: str = field(repr=False)
    account: str = "telegram"
    api_base: str = "https://api.telegram.org"
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    local_files: bool = False  # a local Bot API server: `getFile` names files on our own disk
    commands: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)  # the menu, by language
    timeout: float = 30.0
    poll: int = 25

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.token):
            raise ConfigError(
                f"[{self.account}] token: not a bot token. It looks like 123456:ABC-DEF; "
                "@BotFather shows it after /mybots."
            )
        if not _BASE.fullmatch(self.api_base):
            raise ConfigError(
                f"[{self.account}] api_base: {self.api_base!r} is no address like https://api.telegram.org; "
                "leave it out unless you run a Bot API server of your own."
            )
        if self.webhook_url and not _SECRET.fullmatch(self.webhook_secret):
            raise ConfigError(
                f"[{self.account}] webhook_secret: with a webhook_url it must be 1 to 256 of "
                "A-Z a-z 0-9 _ and -, so that nobody else can post updates."
            )
