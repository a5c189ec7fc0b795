"""What WeChat and WeCom post: signed, sealed with AES where the account says so, as XML or as JSON of the same names.

Source: developers.weixin.qq.com, "push / encryption"; developer.work.weixin.qq.com/document/path/90930.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1
from time import time
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from defusedxml import ElementTree  # type: ignore[import-untyped]

from bot.channels._reading import MOST_TEXT, Json, read_object
from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest

#: Bytes: the padding is to this, though the cipher's own block has 16.
BLOCK = 32
#: Elements within elements; the platforms' own have four at most.
MOST_DEPTH = 8
#: What XML 1.0 cannot hold, and so what no answer may carry.
_UNPRINTABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF))


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts, hex."""
    joined = "".join(sorted(parts)).encode("utf-8", "surrogateescape")
    return sha1(joined).hexdigest()  # noqa: S324 - the platforms' own scheme


class Sealing:
    """AES-256-CBC as the platforms have it. `keys` are EncodingAESKeys, the current one first; `owner` is whom a
    sealed text is for: the AppID or CorpID."""

    def __init__(self, keys: Sequence[str], owner: str) -> None:
        self._keys = [b64decode(key + "=") for key in keys]
        self._owner = owner.encode()

    def opened(self, sealed: str) -> bytes:
        """The message. Raises `BadInput` for what is no message of ours under any of the keys."""
        try:
            raw = b64decode(sealed, validate=True)
        except ValueError:
            raise BadInput("the sealed text is not base64") from None
        for key in self._keys:
            found = _message(_plain(key, raw), self._owner)
            if found is not None:
                return found
        raise BadInput("the sealed text is not for this account, or of another EncodingAESKey")

    def sealed(self, message: bytes, random: bytes = b"") -> str:
        """Base64 of the message under the current key; `random` is 16 bytes, and made here when it is left out."""
        key = self._keys[0]
        whole = (random or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message + self._owner
        padder = PKCS7(BLOCK * 8).padder()
        cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        return b64encode(cipher.update(padder.update(whole) + padder.finalize()) + cipher.finalize()).decode()


def _plain(key: bytes, raw: bytes) -> bytes:
    """Without its padding; b"" for what this key does not open."""
    if not raw or len(raw) % 16:
        return b""
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = cipher.update(raw) + cipher.finalize()
    pad = padded[-1]
    whole = 1 <= pad <= BLOCK and padded.endswith(bytes([pad]) * pad)
    return padded[:-pad] if whole else b""


def _message(plain: bytes, owner: bytes) -> bytes | None:
    """After 16 random bytes and a length; None where what follows it is not the owner."""
    end = 20 + int.from_bytes(plain[16:20], "big")
    return plain[20:end] if len(plain) >= 20 and plain[end:] == owner else None


class Gate:
    """Lets the platform's calls through. `sealing` is None where an account gets its events in plain.

    `window` is how many seconds a call's timestamp may be off; `now` is seconds since 1970.
    """

    def __init__(self, token: str, sealing: Sealing | None, window: float, now: Callable[[], float] = time) -> None:
        self._token = token
        self._sealing = sealing
        self._window = window
        self.now = now

    def check(self, request: HookRequest, field: str, *sealed: str) -> None:
        """Raise `Unauthorised` unless the query's `field` signs the call, and `sealed` with it, now."""
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        ours = signature(self._token, timestamp, nonce, *sealed).encode()
        # As bytes: comparing texts raises for anything that is not ASCII.
        told = query.get(field, "").encode("utf-8", "surrogateescape")
        if not self._token or not hmac.compare_digest(told, ours):
            raise Unauthorised(f"wrong or missing {field}")
        if not (timestamp.isascii() and timestamp.isdigit() and abs(self.now() - int(timestamp)) <= self._window):
            raise Unauthorised("the call is not of now")

    def check_post(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless a posted event is the platform's: what is sealed is signed as a whole."""
        if self._sealing is None:
            self.check(request, "signature")
            return
        try:
            sealed = word(read_event(request.body), "Encrypt")
        except BadInput:
            sealed = ""
        if not sealed:
            raise Unauthorised("the event is not sealed")
        self.check(request, "msg_signature", sealed)

    def event(self, body: bytes) -> Json:
        """The event of a posted body; what stands in plain beside a sealed one is not looked at. Raises `BadInput`."""
        found = read_event(body)
        return found if self._sealing is None else read_event(self._sealing.opened(word(found, "Encrypt")))

    def opened(self, sealed: str) -> bytes:
        """See `Sealing.opened`."""
        return b"" if self._sealing is None else self._sealing.opened(sealed)

    def said(self, fields: Mapping[str, str | int | Json], body: bytes, nonce: str) -> bytes:
        """What is answered to `body`: in its format, and sealed where it was."""
        write = to_xml if body.lstrip()[:1] == b"<" else to_json
        plain = write(fields)
        if self._sealing is None:
            return plain
        timestamp, sealed = int(self.now()), self._sealing.sealed(plain)
        signed = signature(self._token, str(timestamp), nonce, sealed)
        return write({"Encrypt": sealed, "MsgSignature": signed, "TimeStamp": timestamp, "Nonce": nonce})


def read_event(body: bytes) -> Json:
    """The fields of a body: numbers as texts, since XML has only these. Raises `BadInput`."""
    if body.lstrip()[:1] == b"<":
        return _read_xml(body)
    return {name: _flat(value) for name, value in read_object(body).items()}


def word(event: Json, field: str, most: int = MOST_TEXT) -> str:
    """A text or number of an event; "" when it is missing. Raises `BadInput`."""
    value = event.get(field)
    if value is None:
        return ""
    if type(value) is not str:
        raise BadInput(f"{field} must be a text or a number")
    if len(value) > most:
        raise BadInput(f"{field} is longer than {most} characters")
    return value


def whole(event: Json, field: str) -> int:
    """A whole number that must be there. Raises `BadInput`."""
    value = word(event, field, 20)
    if not (value.isascii() and value.isdigit()):
        raise BadInput(f"{field} must be a whole number")
    return int(value)


def to_xml(fields: Mapping[str, str | int | Json]) -> bytes:
    """`<xml>…</xml>` as the platforms read it: texts as CDATA, numbers bare."""
    return f"<xml>{_elements(fields)}</xml>".encode("utf-8", "replace")


def to_json(fields: Mapping[str, Any]) -> bytes:
    """The same names as an object, in UTF-8."""
    return orjson.dumps(dict(fields))


def _elements(fields: Mapping[str, str | int | Json]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in fields.items())


def _content(value: str | int | Json) -> str:
    if isinstance(value, dict):
        return _elements(value)
    if isinstance(value, int):
        return str(value)
    return "<![CDATA[" + value.translate(_UNPRINTABLE).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _flat(value: Any) -> Any:
    return str(value) if type(value) in (int, float) else value


def _read_xml(body: bytes) -> Json:
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, ValueError, LookupError) as error:
        # By its kind alone: a parser quotes what it read.
        raise BadInput(f"not XML, or with a DTD: {type(error).__name__}") from None
    found = _children(root, 1)
    if type(found) is not dict:
        raise BadInput("the body must have elements")
    return found


def _children(element: Element, depth: int) -> Any:
    """Elements as an object, of which several of one name are a list; else the text."""
    if depth > MOST_DEPTH:
        raise BadInput(f"nested deeper than {MOST_DEPTH}")
    if not len(element):
        return element.text or ""
    found: Json = {}
    for child in element:
        value = _children(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif type(found[child.tag]) is list:
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
