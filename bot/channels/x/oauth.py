"""Signs a call with OAuth 1.0a in the account's name: RFC 5849, HMAC-SHA1. A JSON or multipart body is not signed."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha1
from secrets import token_hex
from time import time
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from bot.channels.x.settings import Settings

Sign = Callable[[str, str], str]
"""The Authorization header of a method and a whole address."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The app's two keys and the account's two."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str


def signer(settings: Settings) -> Sign:
    """How this account's calls are authorised."""
    keys = Keys(
        settings.consumer_key.reveal(),
        settings.consumer_secret.reveal(),
        settings.access_token.reveal(),
        settings.access_secret.reveal(),
    )
    return lambda method, url: header(keys, method, url, token_hex(16), str(int(time())))


def header(keys: Keys, method: str, url: str, nonce: str, timestamp: str, form: Mapping[str, str] | None = None) -> str:
    """`OAuth oauth_consumer_key="…", …, oauth_signature="…"`; `form` is of a body of a form, which is signed too."""
    told = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": timestamp,
        "oauth_token": keys.token,
        "oauth_version": "1.0",
    }
    parts = urlsplit(url)
    fields = [*told.items(), *parse_qsl(parts.query, keep_blank_values=True), *(form or {}).items()]
    signed = "&".join(f"{name}={value}" for name, value in sorted((_quoted(n), _quoted(v)) for n, v in fields))
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    base = "&".join(_quoted(part) for part in (method.upper(), address, signed))
    key = f"{_quoted(keys.consumer_secret)}&{_quoted(keys.token_secret)}"
    told["oauth_signature"] = b64encode(hmac.digest(key.encode(), base.encode(), sha1)).decode()
    return "OAuth " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in sorted(told.items()))


def _quoted(text: str) -> str:
    return quote(text, safe="~")
