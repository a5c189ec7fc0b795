"""Decides whether one written value makes sense; a ValueError says what is wrong and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.core.errors import BadInput
from bot.core.money import Money
from bot.core.quiet import parse as parse_quiet
from bot.settings.secret import Secret

#: Languages with a catalogue.
LANGUAGES = ("en", "zh")
#: Known without asking Babel, whose import costs 30 ms at every start.
_COMMON = frozenset({"CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD", "SGD", "KRW", "AUD", "CAD", "INR", "RUB", "CHF"})
#: What people write for a currency or a country that is called otherwise.
_MEANT = {"RMB": "CNY", "YUAN": "CNY", "UK": "GB"}
_DATABASES = ("sqlite", "postgres", "postgresql", "asyncpg", "mysql", "mariadb")


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean …?` when something known is close, else nothing."""
    by_fold = {name.casefold(): name for name in known}
    meant = _MEANT.get(word.upper(), "").casefold()
    if meant in by_fold:
        return f" Did you mean {by_fold[meant]}?"
    close = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean {by_fold[close[0]]}?" if close else ""


def is_https(url: str) -> bool:
    """Whether browsers and platforms reach this address over TLS."""
    return urlsplit(url).scheme == "https"


def timezone(name: str) -> str:
    """A name of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = nearest(name, available_timezones()) or " Write it like Europe/Berlin or Asia/Shanghai."
        raise ValueError(f"{name!r} is not a time zone.{hint}") from error
    return name


def quiet_hours(span: str) -> str:
    """Two times of day, or nothing."""
    parse_quiet(span, "UTC")
    return span


def currency(code: str) -> str:
    """A code of ISO 4217, in capitals."""
    if code in _COMMON:
        return code
    from babel.numbers import list_currencies

    known = list_currencies()
    if code not in known:
        hint = nearest(code, _COMMON) or " Write its three letters, like CNY or EUR."
        raise ValueError(f"{code!r} is not a currency of ISO 4217.{hint}")
    return code


def country(code: str) -> str:
    """A code of ISO 3166, in capitals."""
    from babel import Locale

    known = {one: name for one, name in Locale("en").territories.items() if len(one) == 2 and one.isalpha()}
    if code not in known:
        named = {name: one for one, name in known.items()}
        hint = nearest(named.get(code.title(), code), known) or " Write its two letters of ISO 3166, like DE."
        raise ValueError(f"{code!r} is not a country.{hint}")
    return code


def currencies(wanted: Sequence[str]) -> tuple[str, ...]:
    """Like "telegram=USD"."""
    for one in wanted:
        account, _, code = one.partition("=")
        if not account or not code:
            raise ValueError(f"{one!r} is not an account and its currency; write it like telegram=USD")
        currency(code)
    return tuple(wanted)


def sums(written: Sequence[str]) -> dict[str, int]:
    """Minor units by currency, of sums like "CNY 2000". ValueError for what is none."""
    found = {}
    for one in written:
        code, _, amount = one.partition(" ")
        try:
            found[currency(code)] = Money.parse(amount, code).amount
        except BadInput as error:
            raise ValueError(f"{one!r} is not a sum; write it like CNY 2000") from error
    return found


def pairs(wanted: Sequence[str]) -> dict[str, str]:
    """ "telegram=USD" by account."""
    return {account: code for account, _, code in (one.partition("=") for one in wanted)}


def languages(tags: Sequence[str]) -> tuple[str, ...]:
    """At least one, each with a catalogue, none twice."""
    unknown = [tag for tag in tags if tag not in LANGUAGES]
    if unknown:
        raise ValueError(f"there is no catalogue for {', '.join(unknown)}; choose from {', '.join(LANGUAGES)}")
    if not tags:
        raise ValueError(f"at least one language is needed; choose from {', '.join(LANGUAGES)}")
    return tuple(dict.fromkeys(tags))


def colour(value: str) -> str:
    """`#rrggbb`."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f"{value!r} is not a colour; write it like #2f6f4f")
    return value


def web_address(url: str) -> str:
    """`http(s)://host[:port][/path]`, or empty."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port, parts = False, urlsplit("")
    if not has_port or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not a web address; write it like https://shop.example")
    return url


def networks(written: Sequence[str]) -> tuple[str, ...]:
    """IP addresses or networks."""
    for network in written:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f"{network!r} is no address or network; write it like 10.0.0.0/8") from error
    return tuple(written)


ROLES = ("web", "worker", "scheduler")


def roles(names: Sequence[str]) -> tuple[str, ...]:
    """At least one, each once, in the order in which they are told of."""
    for name in names:
        if name not in ROLES:
            raise ValueError(f"there is no role {name!r}; there are web, worker and scheduler")
    if not names:
        raise ValueError("must name at least one of web, worker and scheduler")
    return tuple(role for role in ROLES if role in names)


def database(url: Secret) -> Secret:
    """A scheme that we speak. The text of the error never holds the URL: it may hold a password."""
    try:
        scheme = urlsplit(url.reveal()).scheme
    except ValueError:
        scheme = ""
    if scheme not in _DATABASES or "://" not in url.reveal():
        hint = nearest(scheme, _DATABASES) if scheme else ""
        raise ValueError(
            "is not a database address; write sqlite://path, postgres://user:password@host/name or "
            f"mysql://user:password@host/name.{hint}"
        )
    if scheme != "sqlite" and not urlsplit(url.reveal()).hostname:
        raise ValueError(f"names no host; write {scheme}://user:password@host/name")
    return url


def redis(url: Secret) -> Secret:
    """A scheme that the client speaks, or nothing. The text of the error never holds the URL."""
    if not url:
        return url
    try:
        parts = urlsplit(url.reveal())
        whole = bool(parts.path if parts.scheme == "unix" else parts.hostname)
    except ValueError:
        whole = False
    if not whole or parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("is not an address of Redis or Valkey; write redis://:password@host:6379/0, rediss:// for TLS")
    return url


def bot_token(token: Secret) -> Secret:
    """Digits, a colon, and the rest."""
    if token and not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token.reveal()):
        raise ValueError("is not a bot token; it looks like 123456:ABC-DEF, and @BotFather shows it after /mybots")
    return token


def webhook_secret(secret: Secret) -> Secret:
    """What Telegram accepts as a secret token."""
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.reveal()):
        raise ValueError("must be 1 to 256 of A-Z a-z 0-9 _ and -")
    return secret
