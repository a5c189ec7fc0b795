"""What the fake WeChat and the fake WeCom share: sealing written the other way round, tokens, media, error codes."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from dataclasses import dataclass, field
from itertools import count
from time import time
from typing import Any, ClassVar

from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, response

#: Bytes by type of upload.
MOST_MEDIA = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "file": 20 << 20, "thumb": 64 << 10}


#: Seconds.
MOST_VOICE = 60


def lasts(voice: bytes) -> float:
    """Seconds of AMR at 12.2 and of MP3 at 128 kilobits a second, as they are recorded in `tests.kit.recordings`."""
    return (len(voice) - 6) // 32 / 50 if voice.startswith(b"#!AMR") else len(voice) // 384 * 0.024


def refusal(code: int, words: str = "refused") -> Refusal:
    """All errors come with status 200."""
    return Refusal(200, {"errcode": code, "errmsg": f"{words} rid: 6543-21"})


def sign(*parts: str) -> str:
    """Hex SHA-1 of the sorted parts."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def seal(key: str, owner: str, message: bytes, random: bytes = b"0123456789abcdef") -> str:
    """As the platforms' own sample code does."""
    raw = base64.b64decode(key + "=")
    text = random + struct.pack(">I", len(message)) + message + owner.encode()
    pad = 32 - len(text) % 32
    cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return base64.b64encode(cipher.update(text + bytes([pad]) * pad) + cipher.finalize()).decode()


def unseal(key: str, owner: str, sealed: str) -> bytes:
    """The message; asserts that it is whole and for this owner."""
    raw = base64.b64decode(key + "=")
    cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    text = cipher.update(base64.b64decode(sealed)) + cipher.finalize()
    text = text[: -text[-1]]
    end = 20 + struct.unpack(">I", text[16:20])[0]
    assert text[end:] == owner.encode()
    return text[20:end]


@dataclass
class Medium:
    """A file at the platform; `until` is when it is thrown away."""

    name: str
    content: bytes
    media_type: str
    until: float
    disposition: str = ""
    kind: str = ""  # as what we uploaded it


@dataclass
class Shelf:
    """Media by their ids, uploaded and sent by customers."""

    media: dict[str, Medium] = field(default_factory=dict)
    ahead: float = 0.0  # seconds that the platform's clock is ahead
    _ids: count[int] = field(default_factory=lambda: count(1))

    def now(self) -> float:
        return time() + self.ahead

    def put(self, name: str, content: bytes, media_type: str, kind: str = "") -> str:
        media_id = f"MEDIA-{next(self._ids)}_x"
        self.media[media_id] = Medium(name, content, media_type, self.now() + 3 * 86400, kind=kind)
        return media_id

    def get(self, media_id: str) -> Medium:
        found = self.media.get(media_id)
        if found is None or found.until < self.now():
            raise refusal(40007, "invalid media_id")
        return found


class WeixinPlatform(FakePlatform):
    """Checks access tokens, keeps media; `token` is what is valid now, `key` seals for `owner`."""

    owner = ""
    #: How files of a type begin; a film says what it is behind four bytes.
    begins: ClassVar[dict[str, tuple[bytes, ...] | bytes]] = {
        "image": (b"\xff\xd8\xff", b"\x89PNG", b"GIF8"),
        "voice": (b"#!AMR\n", b"ID3", b"\xff\xfb", b"\xff\xf3"),
        "video": b"ftyp",
    }

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self.shelf = Shelf()
        self.access_token = "ACCESS-1"
        self.ended = ""
        self.tokens_given = 0
        self.refuses_tokens = False  # whatever is brought is too old

    def end(self) -> None:
        """The token is over, and is told all the same until somebody insists on another one."""
        self.ended = self.access_token

    def expire(self) -> None:
        """The token in use is not valid any more."""
        self.access_token = f"ACCESS-{int(self.access_token.partition('-')[2]) + 1}"

    def in_plain(self, body: bytes) -> bytes:
        found = re.search(rb"Encrypt\W+(?:CDATA\[)?([A-Za-z0-9+/]{43,}=*)", body)
        return unseal(self.key, self.owner, found[1].decode()) if self.key and found else b""

    def authorise(self, call: Call) -> None:
        is_over = self.access_token == self.ended
        if self.refuses_tokens or is_over or call.query.get("access_token") != self.access_token:
            raise refusal(42001 if call.query.get("access_token") else 41001, "access_token expired")

    def refuses(self, code: int, text: str) -> web.Response:
        return response({"errcode": 40035, "errmsg": text}, code)

    async def upload(self, call: Call) -> Json:
        self.authorise(call)
        kind, file = call.query.get("type", ""), call.files.get("media")
        if file is None or "Content-Length" not in call.headers:
            raise refusal(41005, "media data missing")
        if kind not in MOST_MEDIA:
            raise refusal(40004, "invalid media type")
        if not 5 < len(file.content) <= MOST_MEDIA[kind]:
            raise refusal(40006, "invalid meida size")
        begins = self.begins.get(kind, b"")
        if not file.content[4 if kind == "video" else 0 :].startswith(begins):
            raise refusal(40005, "invalid file type")
        if kind == "voice" and lasts(file.content) > MOST_VOICE:
            raise refusal(45007, "voice playtime over limit")
        media_id = self.shelf.put(file.name, file.content, file.media_type, kind)
        return {"type": kind, "media_id": media_id, "created_at": 1}

    def uploaded(self, media_id: str, kind: str) -> Medium:
        """A file of ours that may be shown as such."""
        found = self.shelf.get(media_id)
        if found.kind != kind:
            raise refusal(40007, "invalid media_id")
        return found

    async def download(self, call: Call) -> Any:
        self.authorise(call)
        found = self.shelf.get(call.query.get("media_id", ""))
        headers = {"Content-Disposition": found.disposition or f'attachment; filename="{found.name}"'}
        return web.Response(body=found.content, content_type=found.media_type, headers=headers)
