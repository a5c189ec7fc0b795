"""LINE's Messaging API for tests: reply tokens that are good once, retry keys, the limits, and people to talk to.

https://developers.line.biz/en/reference/messaging-api/
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from inspect import isawaitable
from itertools import count
from time import time
from typing import Any
from uuid import UUID

from aiohttp import web

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Routes, response
from tests.kit.platforms.line_limits import bad, buttons_of, check, said_by
from tests.kit.platforms.people import Person, Shown, ShownFile
from tests.kit.platforms.posting import Delivery

BOT = "U" + "b0" * 16
MOST_MESSAGES = 5
PICTURES = (b"\xff\xd8\xff", b"\x89PNG")
#: Where a file says what it is, and how.
BEGINS = {"image": (0, PICTURES), "audio": (0, (b"ID3", b"\xff\xfb", b"\0\0\0\x14ftypM4A")), "video": (4, (b"ftyp",))}
MOST_PREVIEW = 1 << 20  # bytes


class LineUser(Person):
    """A person with LINE on the phone."""

    _platform: LineServer

    async def says(self, text: str) -> str:
        """Send a text; the message's id."""
        return self.sends({"type": "text", "text": text, "quoteToken": "q"})

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        """Send a picture; LINE has no captions."""
        assert not caption, "LINE has no captions"
        return self.sends_media("image", content)

    def sends_media(self, kind: str, content: bytes) -> str:
        message = self.sends({"type": kind, "contentProvider": {"type": "line"}})
        self._platform.contents[message] = content
        return message

    def sends_file(self, name: str, content: bytes) -> str:
        message = self.sends({"type": "file", "fileName": name, "fileSize": len(content)})
        self._platform.contents[message] = content
        return message

    async def taps(self, label: str) -> None:
        """Tap the newest button with this label."""
        _, button = self.button(label)
        self._platform.event(self, {"type": "postback", "postback": {"data": button.data}}, replies=True)

    async def blocks(self) -> None:
        self.has_blocked = True
        self._platform.event(self, {"type": "unfollow"})

    async def follows(self, *, again: bool = False) -> None:
        self.has_blocked = False
        self._platform.event(self, {"type": "follow", "follow": {"isUnblocked": again}}, replies=True)

    async def takes_back(self, message: str) -> None:
        self._platform.event(self, {"type": "unsend", "unsend": {"messageId": message}})

    def sends(self, message: Json) -> str:
        """Send a message of any type, in LINE's own fields; its id."""
        number = self._platform.new_id()
        self._platform.event(self, {"type": "message", "message": message | {"id": number}}, replies=True)
        return number


class LineServer(FakePlatform):
    """One official account. `month` is how many pushes are left; None: any number."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = "line-channel-secret"
        self.token = "line-access-token"
        self.now: Callable[[], float] = time  # seconds since 1970
        self.month: int | None = None
        self.preparing = 0  # how often a video is still being prepared when asked for
        self.contents: dict[str, bytes] = {}
        self.internet: Callable[[str], Awaitable[bytes | None] | bytes | None] = lambda _: None
        self.tokens: dict[str, str] = {}  # unused reply tokens, and whose they are
        self._people: dict[str, LineUser] = {}
        self._taken: dict[str, Json] = {}  # by retry key
        self._numbers = count(1)

    def routes(self) -> Routes:
        return {
            "reply": ("POST", "/v2/bot/message/reply", self._reply),
            "push": ("POST", "/v2/bot/message/push", self._push),
            "info": ("GET", "/v2/bot/info", self._info),
            "profile": ("GET", "/v2/bot/profile/{id}", self._profile),
            "loading": ("POST", "/v2/bot/chat/loading/start", self._loading),
            "transcoding": ("GET", "/v2/bot/message/{id}/content/transcoding", self._transcoding),
            "content": ("GET", "/v2/bot/message/{id}/content", self._content),
        }

    def person(self, id: str, name: str = "Ann", locale: str = "zh-Hant") -> LineUser:  # noqa: A002
        """The person with this id, who follows the account."""
        return self._people.setdefault(id, LineUser(self, id, name, locale))

    def new_id(self) -> str:
        return str(460_000_000_000 + next(self._numbers))

    def reply_token(self, person: LineUser) -> str:
        """A token as it comes with what a person does."""
        token = f"reply{next(self._numbers)}"
        self.tokens[token] = person.id
        return token

    def event(self, person: LineUser, event: Json, *, replies: bool = False) -> None:
        """Something that a person did is posted."""
        known: Json = {
            "mode": "active",
            "timestamp": int(self.now() * 1000),
            "webhookEventId": f"01H{next(self._numbers):023}",
        }
        known |= {"source": {"type": "user", "userId": person.id}, "deliveryContext": {"isRedelivery": False}}
        known |= {"replyToken": self.reply_token(person)} if replies else {}
        self.happens(json.dumps({"destination": BOT, "events": [known | event]}).encode())

    def signed(self, body: bytes, attempt: int) -> Delivery:
        if attempt:
            body = body.replace(b'"isRedelivery": false', b'"isRedelivery": true')
        return Delivery(body, {"X-Line-Signature": self.signature(body), "Content-Type": "application/json"})

    def signature(self, body: bytes, secret: str = "") -> str:
        return b64encode(hmac.digest((secret or self.secret).encode(), body, sha256)).decode()

    def asks_to_wait(self, after: int) -> web.Response:
        """LINE does not tell for how long."""
        return response({"message": "The API rate limit has been exceeded. Try again later."}, 429)

    async def _reply(self, call: Call) -> Json:
        self._is_ours(call)
        body = call.json()
        messages = _messages(body)
        person = self.tokens.pop(str(body.get("replyToken")), None)
        if person is None:
            raise Refusal(400, {"message": "Invalid reply token"})
        return await self._show(person, messages)

    async def _push(self, call: Call) -> Json:
        self._is_ours(call)
        key = call.headers.get("X-Line-Retry-Key", "")
        if key:
            UUID(key)
        if key in self._taken:
            raise Refusal(409, {"message": "The retry key is already accepted"} | self._taken[key])
        body = call.json()
        messages = _messages(body)
        if str(body.get("to")) not in self._people:
            raise Refusal(400, {"message": "The property, 'to', in the request body is invalid (line: -, column: -)"})
        if self.month is not None and self.month < len(messages):
            raise Refusal(429, {"message": "You have reached your monthly limit."})
        self.month = None if self.month is None else self.month - 1
        sent = await self._show(body["to"], messages)
        self._taken |= {key: sent} if key else {}
        return sent

    async def _show(self, person: str, messages: list[Json]) -> Json:
        """Who has blocked the account sees nothing, and LINE does not say so."""
        sent = [{"id": self.new_id(), "quoteToken": "q"} for _ in messages]
        for one, message in zip(sent, messages, strict=True):
            if not self._people[person].has_blocked:
                files = (await self._file(message),) if message["type"] in BEGINS else ()
                shown = Shown(one["id"], said_by(message), buttons_of(message), files, message)
                self._people[person].show(shown)
        return {"sentMessages": sent}

    async def _file(self, message: Json) -> ShownFile:
        if message["type"] != "audio":
            preview = await self._fetched(message["previewImageUrl"])
            assert len(preview) <= MOST_PREVIEW, "the preview is too large to be shown"
            assert preview.startswith(PICTURES), "the preview is no picture"
        content = await self._fetched(message["originalContentUrl"])
        start, begins = BEGINS[message["type"]]
        assert content[start:].startswith(begins), "LINE shows JPEG and PNG, and plays MP4, M4A and MP3"
        return ShownFile("", content)

    async def _fetched(self, address: str) -> bytes:
        found = self.internet(address)
        content = await found if isawaitable(found) else found
        assert content is not None, "the picture's address leads nowhere"
        return content

    async def _info(self, call: Call) -> Json:
        self._is_ours(call)
        return {"userId": BOT, "basicId": "@parley", "displayName": "Parley test", "chatMode": "bot"}

    async def _profile(self, call: Call) -> Json:
        self._is_ours(call)
        person = self._people.get(call.at["id"])
        if person is None or person.has_blocked:
            raise Refusal(404, {"message": "Not found"})
        known = {"userId": person.id, "displayName": person.name}
        return known | ({"language": person.locale} if person.locale else {})

    async def _loading(self, call: Call) -> web.Response:
        self._is_ours(call)
        body = call.json()
        if body.get("loadingSeconds") not in range(5, 61, 5):
            raise bad("loadingSeconds", "must be a multiple of 5 within 5 and 60")
        if str(body.get("chatId")) not in self._people:
            raise bad("chatId", "is invalid")
        self._people[body["chatId"]].typing_seen += 1
        return response({}, 202)

    async def _transcoding(self, call: Call) -> Json:
        self._is_ours(call)
        if call.at["id"] not in self.contents:
            raise Refusal(404, {"message": "Not found"})
        if not self.contents[call.at["id"]]:
            return {"status": "failed"}
        self.preparing -= 1
        return {"status": "processing" if self.preparing >= 0 else "succeeded"}

    async def _content(self, call: Call) -> bytes:
        self._is_ours(call)
        if call.at["id"] not in self.contents:
            raise Refusal(404, {"message": "Not found"})
        return self.contents[call.at["id"]]

    def _is_ours(self, call: Call) -> None:
        if call.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, {"message": "Authentication failed. Confirm that the access token is valid."})


def _messages(body: Json) -> list[Json]:
    messages: Any = body.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        raise bad("messages", "Size must be between 1 and 5")
    for at, message in enumerate(messages):
        check(message, f"messages[{at}]")
    return messages
