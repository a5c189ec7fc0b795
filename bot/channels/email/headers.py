"""Reads the header of a mail: encoded words as all mailers write them, addresses, dates and ids; never fails."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime
from functools import partial
from inspect import signature
from quopri import decodestring
from typing import Any
from urllib.parse import unquote_to_bytes

from bot.channels.email.charsets import as_text

Mail = Message

MOST_HEADER = 16_384  # characters of one that are looked at
MOST_ALIKE = 64  # headers of one name
MOST_ADDRESS = 150
MOST_ID = 500

_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(=\?)")
_ID = re.compile(r"<[^<>\s]{1,490}>")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\x00-\x1f\x7f]+@[^\s@<>\"(),:;\\\x00-\x1f\x7f]+")
_IN_BRACKETS = re.compile(r"<([^<>]*)>?")
#: One that does not end hides all behind it.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)')
_QUOTED_NAME = re.compile(r"\"([^\s@<>\"(),:;\\]+)\"(@.*)")
_FOLDERS = re.compile(r"[/\\]")
#: Strict, it knows nobody of whom anything is odd. Not every release of the library can be either.
_IS_STRICT = "strict" in signature(getaddresses).parameters
_loosely: Callable[[list[str]], list[tuple[str, str]]] = (
    partial(getaddresses, strict=False) if _IS_STRICT else getaddresses
)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def raw(mail: Mail, name: str) -> str:
    """The first header of this name as it came, unfolded; "" for none. Bytes that are no ASCII are surrogates."""
    return next(iter(all_of(mail, name)), "")


def all_of(mail: Mail, name: str) -> list[str]:
    """The headers of this name, from the top; more than `MOST_ALIKE` no program writes."""
    wanted = name.lower()
    found = [str(value) for key, value in mail.raw_items() if key.lower() == wanted][:MOST_ALIKE]
    return [value.replace("\r", "").replace("\n", "")[:MOST_HEADER].strip() for value in found]


def words(value: str) -> str:
    """A header as people read it, in one line."""
    value = _BETWEEN.sub(r"\1\2", value)
    parts: list[str] = []
    pending, charset, at = b"", "", 0
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        if pending and (between or word[1].lower() != charset):
            parts.append(as_text(pending, charset))
            pending = b""
        parts.append(_plain(between))
        # A character may be cut in two by the end of a word: what belongs together is read together.
        pending, charset, at = pending + _bytes(word[2], word[3]), word[1].lower(), word.end()
    parts += [as_text(pending, charset), _plain(value[at:])]
    return clean("".join(parts))


def clean(text: str) -> str:
    """In one line, without what cannot be seen or stored."""
    text = text.encode("utf-8", "replace").decode()
    return " ".join(_UNSEEN.sub(" ", text).split())


def people(mail: Mail, name: str) -> list[tuple[str, str]]:
    """Names and addresses of a header, in small letters, the last one first; what is no address is left out."""
    found = [one for value in all_of(mail, name) for one in _listed(value)]
    named = [(words(title.strip().strip('"')), address(written)) for title, written in reversed(found)]
    return [(title, written) for title, written in named if written]


def _listed(value: str) -> list[tuple[str, str]]:
    """What stands in <…> is an address, and all before it is a name, whatever signs and commas that name has."""
    hidden = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), value)
    for text in (hidden, value):
        ends = [0, *(one.end() for one in _IN_BRACKETS.finditer(text))]
        if found := [*_IN_BRACKETS.finditer(text)]:
            named = zip(ends, found, strict=False)
            return [(value[end : one.start()].lstrip(" ,;"), value[slice(*one.span(1))]) for end, one in named]
    return _loosely([value])


def address(written: str) -> str:
    """An address in small letters, or "".

    Some providers gave out names with points where the rules have none (`ann..b`), which must be quoted: without quotes
    it is the same person. Of whatever else is quoted, nobody knows who it is.
    """
    found = clean(_plain(written)).strip("<> ").lower()
    if quoted := _QUOTED_NAME.fullmatch(found):
        found = quoted[1] + quoted[2]
    found = found.strip("'\"")
    return found if len(found) <= MOST_ADDRESS and _ADDRESS.fullmatch(found) else ""


def mailbox(address: str) -> str:
    """An address as mail servers take it: its name is quoted where the rules want it."""
    name, _, domain = address.rpartition("@")
    return f'"{name}"@{domain}' if ".." in name or name.startswith(".") or name.endswith(".") else address


def ids(value: str) -> list[str]:
    """The message ids of a header, each with its brackets."""
    return _ID.findall(clean(value))


def moment(value: str) -> datetime | None:
    """A date; None for none, and for one outside of the years that we know."""
    try:
        found = parsedate_to_datetime(value)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if 1990 <= found.year <= 2200 else None


def file_name(part: Mail) -> str:
    """What a part is called as a file; "" for nothing."""
    for header, field in (("content-disposition", "filename"), ("content-type", "name")):
        value = _parameter(part, header, field)
        if value:
            return _FOLDERS.split(value)[-1][-200:]
    return ""


def parameter(part: Mail, name: str) -> str:
    """A parameter of Content-Type."""
    return _parameter(part, "content-type", name)


def _parameter(part: Mail, header: str, field: str) -> str:
    try:
        value: Any = part.get_param(field, header=header)
        if isinstance(value, tuple):  # RFC 2231: the charset, the language, the text
            charset, _, text = value
            found = as_text(unquote_to_bytes(text) if "%" in text else _octets(text), charset or "")
        else:
            found = words(collapse_rfc2231_value(value)) if value else ""
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""
    return clean(found)


def _plain(text: str) -> str:
    """Text outside of encoded words; some mailers write bytes of a charset of theirs there."""
    try:
        octets = text.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return text  # it was read already
    return text if text.isascii() else as_text(octets)


def _octets(text: str) -> bytes:
    try:
        return text.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        try:
            return text.encode("latin-1")  # the library reads the octets of RFC 2231 so
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace")


def _bytes(form: str, text: str) -> bytes:
    if form in "qQ":
        return decodestring(text.encode("ascii", "replace"), header=True)
    try:
        return b64decode(text.encode("ascii", "replace") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
