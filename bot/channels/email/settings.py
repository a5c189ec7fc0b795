"""What an operator sets for one mailbox: where mails are read, where they leave, and as whom."""

from __future__ import annotations

import re
import ssl
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bot.channels._account import ChannelSettings
from bot.core.capabilities import MIB, Capabilities
from bot.core.errors import ConfigError
from bot.settings.secret import Secret
from bot.settings.section import Listed

Security = Literal["tls", "starttls", "none"]

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+\.[^\s@<>\"(),:;\\.]+")
_PORTS = {
    "imap": {"tls": 993, "starttls": 143, "none": 143},
    "smtp": {"tls": 465, "starttls": 587, "none": 25},
}


def _address(value: str) -> str:
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is no e-mail address; write it like shop@example.com, and the name as `name`")
    return value


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_address(value) for value in values)


#: RFC 5322: a mail has no buttons and hardly a limit; providers take 25 MB with all that coding adds. What became of a
#: mail is reported by mail.
CAPABILITIES = Capabilities(
    channel="email",
    text_limit=100_000,
    caption_limit=100_000,
    files_per_message=10,
    mixes=True,
    forgeable=True,
    image_bytes=15 * MIB,
    gif_bytes=15 * MIB,
    file_bytes=15 * MIB,
    message_bytes=18 * MIB,
    tokens=True,
    gathers=True,
    receipts=True,
)


class Settings(ChannelSettings):
    """One mailbox, read over IMAP and answered over SMTP."""

    cure = (
        "set `address`, `imap_host`, `smtp_host`, `user` and `password`; many providers (Gmail, QQ Mail, 163) want a "
        "password made for programs, and IMAP switched on in the settings of the mailbox"
    )

    address: Annotated[str, AfterValidator(_address)] = Field(
        default="", description="The address that people write to, and that answers come from."
    )
    name: str = Field(default="", max_length=100, description="The name beside it; empty: the address alone.")
    aliases: Annotated[Listed, AfterValidator(_addresses)] = Field(
        default=(), description="Other addresses of this mailbox; what comes from one of them is our own."
    )
    groups: Listed = Field(
        default=(),
        description="Groups by which people write to this mailbox: the name in the List-Id of their mails, such as "
        "tea.shop.example. Mails of other lists are nobody's message.",
    )
    user: str = Field(default="", description="The name to log in with; empty: the address.")
    password: Secret = Field(default=Secret(), description="The password. Better as env:NAME or file:path.")
    imap_host: str = Field(default="", description="The server to read from.")
    imap_port: int = Field(default=0, ge=0, le=65535, description="0: 993 with tls, else 143.")
    imap_security: Security = Field(default="tls", description="tls, starttls, or none (on this machine only).")
    smtp_host: str = Field(default="", description="The server to send by.")
    smtp_port: int = Field(default=0, ge=0, le=65535, description="0: 465 with tls, 587 with starttls, else 25.")
    smtp_security: Security = Field(default="tls", description="tls, starttls, or none (on this machine only).")
    smtp_user: str = Field(default="", description="Another name to log in with for sending; empty: as for reading.")
    smtp_password: Secret = Field(default=Secret(), description="Its password; empty: as for reading.")
    ca_file: str = Field(default="", description="A certificate of your own authority, PEM; empty: the system's.")
    folder: str = Field(default="INBOX", min_length=1, description="The folder that is read.")
    poll_seconds: float = Field(
        default=60, gt=0, le=1500, description="How often is looked; where the server has IDLE, it tells at once."
    )
    read_mail: Literal["seen", "keep", "move"] = Field(
        default="seen", description="What becomes of a mail that was read: marked as seen, left as it is, or moved."
    )
    move_to: str = Field(default="", description="The folder that it is moved to.")
    authserv_id: str = Field(
        default="",
        description="As your mail server calls itself in Authentication-Results, such as mx.google.com: staff then see "
        "which senders it does not vouch for. Empty: nobody is asked.",
    )
    subject_mark: bool = Field(
        default=False,
        description="Where smtp_host gives mails ids of its own, as Amazon SES and Microsoft 365 do: a short mark in "
        "each subject, by which an answer is known as one.",
    )
    answers_per_hour: int = Field(
        default=30, gt=0, description="More mails of one address within an hour are kept for staff, and not answered."
    )
    largest_mib: int = Field(default=25, gt=0, le=200, description="Of a larger mail only the words are read.")
    timeout: float = Field(default=20, gt=0, description="Seconds for each step of a server.")

    def missing(self) -> tuple[str, ...]:
        """A mailbox is an address, two servers and a password."""
        return tuple(key for key in ("address", "imap_host", "smtp_host", "password") if not getattr(self, key))

    def problem(self, hook: str) -> str:  # noqa: ARG002 - nobody posts here
        """A password goes over no open line, and what is moved is moved somewhere."""
        for kind in ("imap", "smtp"):
            host = str(getattr(self, f"{kind}_host"))
            if getattr(self, f"{kind}_security") == "none" and not _is_here(host):
                return f'{kind}_security is "none", but {host} is another machine: anybody on the way could read it'
        if self.read_mail == "move" and not self.move_to:
            return 'read_mail is "move"; set move_to to the folder'
        if self.read_mail == "move" and self.move_to.casefold() == self.folder.casefold():
            return "move_to is the folder that is read: each mail would be read again and again"
        return ""

    def port(self, kind: Literal["imap", "smtp"]) -> int:
        """The port that is meant."""
        return int(getattr(self, f"{kind}_port") or _PORTS[kind][getattr(self, f"{kind}_security")])

    def login(self, kind: Literal["imap", "smtp"]) -> tuple[str, str]:
        """Name and password."""
        user, password = self.user or self.address, self.password
        if kind == "smtp":
            user, password = self.smtp_user or user, self.smtp_password or password
        return user, password.reveal()

    @property
    def own(self) -> frozenset[str]:
        """All addresses that are ours, in small letters."""
        return frozenset(one.lower() for one in (self.address, *self.aliases) if one)

    def tls(self) -> ssl.SSLContext:
        """How a server is believed. Raises `ConfigError`."""
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError):
            raise ConfigError(f"ca_file: {self.ca_file} is no file of certificates in PEM") from None


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
