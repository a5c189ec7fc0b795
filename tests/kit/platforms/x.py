"""X for one app and one account: direct messages by two kinds of webhook, and the API v2 with its limits and OAuth."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import re
from dataclasses import dataclass, field
from math import ceil
from time import time
from typing import Any, NoReturn
from urllib.parse import quote, unquote

from aiohttp import web

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result, Routes, response
from tests.kit.platforms.people import Person, Shown, ShownFile
from tests.kit.platforms.posting import Answered, Delivery

MIB = 1024 * 1024
OWN = "4337869213"
#: So many messages the account may write in so many seconds, which begin with the first of them.
MOST, WINDOW = 15, 900.0
INVALID = "https://api.x.com/2/problems/invalid-request"
_PART = re.compile(r'([a-z_]+)="([^"]*)"')


def refuse(status: int, kind: str = "about:blank", detail: str = "") -> NoReturn:
    """Raise X's form of an error."""
    raise Refusal(status, {"title": "Error", "detail": detail, "type": kind, "status": status})


class XUser(Person):
    """Somebody who may write to the account."""

    def __init__(self, server: XServer, id: str, name: str) -> None:  # noqa: A002
        super().__init__(server, id, name)
        self._server = server

    async def says(self, text: str, **more: Any) -> str:
        """Send a text; the message's id."""
        return self._server.tells(self, {"text": text, "entities": {"urls": []}} | more)

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        """Send a picture: its message ends in a short address of it."""
        return await self.sends_media("photo", {"media_url_https": self._server.keeps("photo.jpg", content)}, caption)

    async def sends_media(self, kind: str, media: Json, caption: str = "") -> str:
        short = "https://t.co/AbC123"
        media = {"id_str": "1", "type": kind, "url": short, "expanded_url": "https://x.com/messages/media/1"} | media
        return await self.says(f"{caption} {short}".lstrip(), attachment={"type": "media", "media": media})

    async def taps(self, label: str) -> NoReturn:
        raise NotImplementedError("X has no buttons")

    async def blocks(self) -> None:
        """Nobody is told of it."""
        self.has_blocked = True

    async def has_read(self, shown: Shown) -> None:
        """Open the chat: all up to this message is read."""
        self._server.reads(self, shown.id)


#: Of what X prepares: its type, how large it may be, and how it begins.
MOVING = {"dm_video": ("video/mp4", 512 * MIB, b"ftyp"), "dm_gif": ("image/gif", 15 * MIB, b"GIF8")}


@dataclass
class Film:
    """What has come of a film so far; `looks` is how often it is still being prepared when asked for."""

    total: int
    looks: int
    category: str
    pieces: list[bytes] = field(default_factory=list)
    whole: bool = False


class XServer(FakePlatform):
    """`activity`: events come by the X Activity API, else by the Account Activity API."""

    def __init__(self, *, activity: bool = False) -> None:
        super().__init__()
        self.activity = activity
        self.consumer_key, self.consumer_secret = "xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3"
        self.token, self.token_secret = f"{OWN}-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", "LswwdoUaIvS8ltyTt5"
        self.ahead = 0.0  # seconds by which its clock is ahead
        self._began, self._taken = 0.0, 0  # when its window did, and how many messages it took since
        self.users: dict[str, XUser] = {}
        self._ids = itertools.count(954_491_830_116_155_396)
        self._files: dict[str, bytes] = {}
        self._media: dict[str, ShownFile] = {}
        self._nonces: set[str] = set()
        self.films: dict[str, Film] = {}  # by their media ids
        self.preparing = 0  # how often a film is still being prepared when asked for
        self.plays = True  # what is given can be played

    def routes(self) -> Routes:
        return {
            "messages": ("POST", "/2/dm_conversations/with/{id}/messages", self._messages),
            "upload": ("POST", "/2/media/upload", self._upload),
            "initialize": ("POST", "/2/media/upload/initialize", self._initialize),
            "append": ("POST", "/2/media/upload/{id}/append", self._append),
            "finalize": ("POST", "/2/media/upload/{id}/finalize", self._finalize),
            "status": ("GET", "/2/media/upload", self._status),
            "me": ("GET", "/2/users/me", self._me),
            "media": ("GET", "/1.1/ton/data/dm/{name}", self._file),
        }

    def user(self, id: str, name: str = "Ann") -> XUser:  # noqa: A002
        """The person with this id."""
        return self.users.setdefault(id, XUser(self, id, name))

    def new_id(self) -> str:
        return str(next(self._ids))

    def signature(self, content: bytes, secret: str = "") -> str:
        digest = hmac.new((secret or self.consumer_secret).encode(), content, hashlib.sha256).digest()
        return "sha256=" + base64.b64encode(digest).decode()

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return Delivery(body, {"x-twitter-webhooks-signature": self.signature(body)})

    async def checks(self, token: str) -> Answered:
        """Ask whether the other side has the app's secret."""
        return await self.posting.once(Delivery(b"", query={"crc_token": token}, verb="GET"))

    def tells(self, person: XUser, data: Json, sender: str = "", to: str = OWN) -> str:
        """Post one message; its id."""
        number = self.new_id()
        message = {"target": {"recipient_id": to}, "sender_id": sender or person.id, "message_data": data}
        stamp = str(int(time() * 1000))
        event = {"type": "message_create", "id": number, "created_timestamp": stamp, "message_create": message}
        self.posts(person, "dm.received", {"direct_message_events": [event]})
        return number

    def reads(self, person: XUser, number: str) -> None:
        """Post that somebody has read up to a message."""
        event = {
            "created_timestamp": str(int(time() * 1000)),
            "sender_id": person.id,
            "last_read_event_id": number,
            "target": {"recipient_id": OWN},
        }
        self.posts(person, "dm.read", {"direct_message_mark_read_events": [event]})

    def posts(self, person: XUser, kind: str, inner: Json) -> None:
        """Wrap what happened as the API does that is subscribed to."""
        known: Json = {"id": person.id, "name": person.name, "screen_name": person.name.lower()}
        if self.activity:
            payload = inner | {"users": {person.id: {"data": known}}}
            event = {"event_uuid": f"-{self.new_id()}", "event_type": kind, "filter": {"user_id": OWN}}
            body: Json = {"data": event | {"payload": payload}}
        else:
            body = {"for_user_id": OWN, **inner, "users": {person.id: known}}
        self.happens(json.dumps(body).encode(), person.id)

    def keeps(self, name: str, content: bytes) -> str:
        """A file of a direct message, and its address, which wants the account's signature."""
        at = f"{self.new_id()}-{name}"
        self._files[at] = content
        return f"{self.base}/1.1/ton/data/dm/{at}"

    def refuses(self, code: int, text: str) -> web.Response:
        return response({"title": "Error", "detail": text, "type": "about:blank", "status": code}, code)

    def asks_to_wait(self, after: int) -> web.Response:
        headers = {"x-rate-limit-limit": "15", "x-rate-limit-remaining": "0"}
        return response({"title": "Too Many Requests"}, 429, headers | {"x-rate-limit-reset": str(int(time()) + after)})

    # calls

    async def _me(self, call: Call) -> Result:
        self._assure(call)
        return {"data": {"id": OWN, "name": "Tea", "username": "tea"}}

    async def _file(self, call: Call) -> Result:
        self._assure(call)
        if call.at["name"] not in self._files:
            raise Refusal(404, "Not Found")
        return self._files[call.at["name"]]

    async def _upload(self, call: Call) -> Result:
        self._assure(call)
        media = call.files.get("media")
        if media is None or call.form.get("media_category") != "dm_image":
            refuse(400, "https://api.x.com/2/problems/invalid-request")
        if not media.media_type.startswith("image/") or len(media.content) > 5 * MIB or not media.content:
            refuse(400, "https://api.x.com/2/problems/invalid-request", "media type unrecognized")
        number = self.new_id()
        self._media[number] = ShownFile(media.name, media.content, media.media_type)
        return {"data": {"id": number, "media_key": f"3_{number}", "expires_after_secs": 86400}}

    async def _initialize(self, call: Call) -> Result:
        self._assure(call)
        told = call.json()
        if set(told) != {"media_type", "total_bytes", "media_category"} or told["media_category"] not in MOVING:
            refuse(400, INVALID)
        media_type, most, _ = MOVING[told["media_category"]]
        if told["media_type"] != media_type or not 0 < told["total_bytes"] <= most:
            refuse(400, INVALID, "media type unrecognized")
        number = self.new_id()
        self.films[number] = Film(told["total_bytes"], self.preparing, told["media_category"])
        return {"data": {"id": number, "media_key": f"13_{number}", "expires_after_secs": 86400}}

    async def _append(self, call: Call) -> Result:
        film, media = self._film(call, call.at["id"]), call.files.get("media")
        if media is None or film.whole or call.form.get("segment_index") != str(len(film.pieces)):
            refuse(400, INVALID)
        if not 0 < len(media.content) <= 5_000_000:
            refuse(413, INVALID)
        film.pieces.append(media.content)
        return {"data": {"expires_at": 1_760_000_000}}

    async def _finalize(self, call: Call) -> Result:
        film = self._film(call, call.at["id"])
        content = b"".join(film.pieces)
        if len(content) != film.total or not content[:12].count(MOVING[film.category][2]):
            refuse(400, INVALID, "segments do not add up to provided total file size")
        film.whole = True
        return {"data": {"id": call.at["id"], "processing_info": {"state": "pending", "check_after_secs": 1}}}

    async def _status(self, call: Call) -> Result:
        number = call.query.get("media_id", "")
        film = self._film(call, number)
        if call.query.get("command") != "STATUS" or not film.whole:
            refuse(400, INVALID)
        if film.looks:
            film.looks -= 1
            return {"data": {"id": number, "processing_info": {"state": "in_progress", "check_after_secs": 2}}}
        if not self.plays:
            return {"data": {"id": number, "processing_info": {"state": "failed", "error": {"code": 1}}}}
        self._media[number] = ShownFile("film", b"".join(film.pieces), MOVING[film.category][0])
        return {"data": {"id": number, "processing_info": {"state": "succeeded", "progress_percent": 100}}}

    def _film(self, call: Call, number: str) -> Film:
        self._assure(call)
        if number not in self.films:
            refuse(404, "https://api.x.com/2/problems/resource-not-found")
        return self.films[number]

    async def _messages(self, call: Call) -> Result:
        self._assure(call)
        person, told = self.users.get(call.at["id"]), call.json()
        if person is None:
            refuse(404, "https://api.twitter.com/2/problems/resource-not-found")
        if person.has_blocked:
            refuse(403, detail="You cannot send messages to this user.")
        self._assure_slow()
        person.show(self._shown(told))
        answer = {"data": {"dm_conversation_id": f"{person.id}-{OWN}", "dm_event_id": person.shown[-1].id}}
        return response(answer, 201)

    def _assure_slow(self) -> None:
        """What it tells of its window is by the real clock, which is the other side's."""
        now = time() + self.ahead
        if now >= self._began + WINDOW:
            self._began, self._taken = now, 0
        if self._taken == MOST:
            left = ceil(self._began + WINDOW - now)
            raise Refusal(429, {"title": "Too Many Requests"}, {"x-rate-limit-reset": str(int(time()) + left)})
        self._taken += 1

    def _shown(self, told: Json) -> Shown:
        invalid = "https://api.twitter.com/2/problems/invalid-request"
        text, attachments = told.get("text", ""), told.get("attachments", [])
        if set(told) - {"text", "attachments"} or ("text" in told and not text.strip()) or len(text) > 10_000:
            refuse(400, invalid)
        if len(attachments) > 1 or not (text or attachments):
            refuse(400, invalid)
        files = [self._media.get(one.get("media_id")) for one in attachments]
        if None in files:
            refuse(400, invalid, "media_id is invalid")
        return Shown(self.new_id(), text, files=tuple(file for file in files if file), raw=told)

    def _assure(self, call: Call) -> None:
        """OAuth 1.0a of the account's user."""
        told = call.headers.get("Authorization", "")
        fields = {name: unquote(value) for name, value in _PART.findall(told.removeprefix("OAuth "))}
        signature = fields.pop("oauth_signature", "")
        if fields.get("oauth_nonce") in self._nonces or abs(time() - int(fields.get("oauth_timestamp", 0))) > 300:
            refuse(401)
        self._nonces.add(fields.get("oauth_nonce", ""))
        if (fields.get("oauth_consumer_key"), fields.get("oauth_token")) != (self.consumer_key, self.token):
            refuse(401)
        if not hmac.compare_digest(signature, self._oauth(call, fields)):
            refuse(401)

    def _oauth(self, call: Call, fields: dict[str, str]) -> str:
        everything = {**fields, **call.query}
        listed = "&".join(f"{quote(name, safe='')}={quote(everything[name], safe='')}" for name in sorted(everything))
        base = f"{call.verb}&{quote(self.base + call.path, safe='')}&{quote(listed, safe='')}"
        key = f"{self.consumer_secret}&{self.token_secret}".encode()
        return base64.b64encode(hmac.new(key, base.encode(), hashlib.sha1).digest()).decode()
