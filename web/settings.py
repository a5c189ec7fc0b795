"""What the web side needs to know; the composition root fills it from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from bot.services.filing import Limits
from bot.services.sessions import Lifetime

MIB = 1024 * 1024
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Sizes in bytes; `chat_rate` is so many messages in so many seconds from one visitor."""

    version: str = ""  # of Parley
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"  # https:// here means: behind TLS
    shop_name: str = "Parley"
    shop_color: str = "#2f6f4f"
    shop_logo: str = ""
    test_bank: bool = False  # it takes the payments, so no money moves, and every page says so
    currency: str = "CNY"
    languages: tuple[str, ...] = ("en", "zh")
    text_limit: int = 4000
    files_per_message: int = 10
    image_bytes: int = 20 * MIB
    file_bytes: int = 20 * MIB
    chat_rate: tuple[int, float] = (100, 10.0)
    upload_rate: tuple[int, float] = (30, 60.0)
    api_rate: tuple[int, float] = (300, 60.0)  # calls of one key, on each node
    api_strangers: tuple[int, float] = (30, 60.0)  # calls of one address without a good key
    widget_origins: tuple[str, ...] = ("*",)  # sites that may carry the chat box
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For is believed
    session_idle: timedelta = timedelta(hours=12)
    session_absolute: timedelta = timedelta(days=14)
    link_life: timedelta = timedelta(hours=1)
    sockets: Literal["auto", "websocket", "any"] = "auto"  # auto: long polling only while no other node serves
    metrics_token: str = ""  # empty: /metrics only from this machine
    body_grace: float = 30.0  # seconds before a body that hardly comes is given up
    socket_budget: int = 128 * 1024  # bytes that a slow reader may leave waiting before it is cut
    look_every: float = 1.5  # seconds between two looks at the database while news of other nodes may be missing
    static: Path = _HERE / "static"
    plain_webhooks: bool = False  # addresses without TLS may be told what happens: there is a network of our own
    report_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def cookie(self) -> str:
        """The session cookie's name: `__Host-` binds it to this very host, but needs TLS."""
        return "__Host-parley" if self.secure else "parley"

    @property
    def lifetime(self) -> Lifetime:
        """How long a session of staff lasts."""
        return Lifetime(self.session_idle, self.session_absolute)

    @property
    def limits(self) -> Limits:
        """How large an upload may be."""
        return Limits(self.image_bytes, self.file_bytes)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`trusted_proxies`, parsed. ValueError for what is no network."""
        return tuple(ip_network(network) for network in self.trusted_proxies)
