"""Weibo's fans service for one account: signed pushes as JSON or XML, replies in the answer or by the API, 48 hours."""

from __future__ import annotations

import hashlib
import itertools
import json
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from inspect import isawaitable
from time import time
from typing import Any, NoReturn
from urllib.parse import unquote
from xml.sax.saxutils import escape

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result, Routes
from tests.kit.platforms.people import Person, Shown, ShownFile
from tests.kit.platforms.posting import Answered, Delivery

HOME = "1902538057"
MOST_TEXT = 299
MOST_ARTICLES, ARTICLE = 8, {"display_name", "summary", "image", "url"}
WINDOW = 48 * 3600.0


def refuse(code: int, words: str, status: int = 400) -> NoReturn:
    """Raise Weibo's form of an error."""
    raise Refusal(status, {"request": "/2/messages", "error_code": code, "error": words})


class Fan(Person):
    """Somebody who has just written."""

    def __init__(self, server: WeiboServer, id: str, name: str, locale: str) -> None:  # noqa: A002
        super().__init__(server, id, name, locale)
        self.allowed = server.now + WINDOW  # until when there may be answers
        self.answers_left: int | None = None
        self._server = server

    async def says(self, text: str) -> None:
        """Send a text."""
        self._server.tells(self, "text", text)

    async def sends_photo(self, content: bytes, caption: str = "") -> None:
        """Send a picture; it has no words of its own."""
        self._server.tells(self, "image", "发了一张图片", vfid=1, tovfid=int(self._server.keeps(content)))

    async def taps(self, label: str) -> None:
        """Tap an entry of the account's menu."""
        buttons = self._server.menu.get("button", [])
        entries = [*buttons, *(one for button in buttons for one in button.get("sub_button", []))]
        key = next(one["key"] for one in entries if one["name"] == label)
        await self.does("click", text="自定义菜单事件消息", key=key)

    async def does(self, subtype: str, text: str = "事件消息", **more: Any) -> None:
        """Any event."""
        self._server.tells(self, "event", text, subtype=subtype, **more)

    async def mentions(self, text: str) -> None:
        """Write of the account in public."""
        self._server.tells(self, "mention", text)

    async def blocks(self) -> None:
        """Follow it no more."""
        self.has_blocked = True
        await self.does("unfollow", text="取消关注事件消息")


class WeiboServer(FakePlatform):
    """`form` is "json" or "xml". `ahead` is how many seconds its clock is ahead."""

    def __init__(self, form: str = "json") -> None:
        super().__init__()
        self.form = form
        self.secret = "xyz123xyz"
        self.token = "2.00fans"
        self.ahead = 0.0
        self.menu: Json = {}
        self.internet: Callable[[str], Awaitable[bytes | None] | bytes | None] = lambda _: None
        self.fans: dict[str, Fan] = {}
        self.posting.tries = 3
        self._ids = itertools.count(1)
        self._files: dict[str, bytes] = {}

    def routes(self) -> Routes:
        return {
            "reply": ("POST", "/2/messages/reply.json", self._reply),
            "menu": ("POST", "/2/messages/menu/create.json", self._menu),
            "uid": ("GET", "/2/account/get_uid.json", self._uid),
            "user": ("GET", "/2/eps/user/info.json", self._user),
            "msget": ("GET", "/2/mss/msget", self._msget),
        }

    @property
    def now(self) -> float:
        return time() + self.ahead

    def fan(self, id: str = "2489518277", name: str = "Ann", locale: str = "en") -> Fan:  # noqa: A002
        """The person with this number."""
        return self.fans.setdefault(id, Fan(self, id, name, locale))

    def query(self, secret: str = "", moment: float = 0.0) -> dict[str, str]:
        """A signed query."""
        stamp, nonce = str(int((moment or self.now) * 1000)), f"5715{next(self._ids)}"
        joined = "".join(sorted([secret or self.secret, stamp, nonce]))
        return {"signature": hashlib.sha1(joined.encode()).hexdigest(), "timestamp": stamp, "nonce": nonce}

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return Delivery(body, query=self.query())

    async def binds(self, echo: str) -> Answered:
        """Set the address, which must give back an echo."""
        return await self.posting.once(Delivery(b"", query=self.query() | {"echostr": echo}, verb="GET"))

    async def heard(self, lane: str, delivery: Delivery, answer: Answered) -> None:
        """What the answer carries is shown."""
        if answer.is_taken and answer.body:
            self._show(self.fans[lane], self._passive(lane, answer))

    def tells(self, fan: Fan, kind: str, text: str, **data: Any) -> None:
        """Post an event; it opens the window, a mention for one answer."""
        if data.get("subtype") not in ("unfollow", "unsubscribe", "view"):
            fan.allowed, fan.answers_left = self.now + WINDOW, 1 if kind == "mention" else None
        created = datetime.fromtimestamp(self.now, timezone(timedelta(hours=8)))
        event: Json = {
            "type": kind,
            "receiver_id": int(HOME),
            "sender_id": int(fan.id),
            "created_at": created.strftime("%a %b %d %H:%M:%S %z %Y"),
            "text": text,
            "data": data,
        }
        body = json.dumps(event).encode() if self.form == "json" else _xml(event, int(self.now))
        self.happens(body, fan.id)

    def keeps(self, content: bytes) -> str:
        """A file that somebody sent; its number."""
        number = str(4_000_000 + next(self._ids))
        self._files[number] = content
        return number

    def refuses(self, code: int, text: str) -> Any:
        return Refusal(code, {"request": "/2/x", "error_code": code, "error": text}).answer

    # calls

    async def _reply(self, call: Call) -> Result:
        self._assure(call.form)
        fan = self.fans.get(call.form.get("receiver_id", ""))
        kind = call.form.get("type")
        if kind not in ("text", "articles") or call.form.get("save_sender_box") not in ("0", "1") or fan is None:
            refuse(10008, "param error")
        told = json.loads(call.form["data"])
        files = await self._articles(told) if kind == "articles" else ()
        text = told["text"] if kind == "text" else ""
        if kind == "text" and (not text.strip() or len(text) > MOST_TEXT):
            refuse(10017, "the text is too long")
        if fan.has_blocked or self.now > fan.allowed or fan.answers_left == 0:
            refuse(26403, "answered already, or too late")
        self._show(fan, text, files)
        return {"result": True, "sender_id": int(HOME), "receiver_id": int(fan.id), "type": kind}

    async def _articles(self, told: Json) -> tuple[ShownFile, ...]:
        """Their pictures, which the person's phone loads, each with what stands above it."""
        articles = told.get("articles")
        if set(told) != {"articles"} or not 1 <= len(articles) <= MOST_ARTICLES:
            refuse(10008, "param error")
        for one in articles:
            if set(one) != ARTICLE or not all(type(value) is str and value.strip() for value in one.values()):
                refuse(10008, "param error")
            if not all(one[name].startswith("https://") for name in ("image", "url")):
                refuse(10008, "param error")
        return tuple([await self._loaded(one) for one in articles])

    async def _loaded(self, article: Json) -> ShownFile:
        found = self.internet(article["image"])
        content = await found if isawaitable(found) else found
        assert content is not None, "the picture's address leads nowhere"
        assert content.startswith((b"\xff\xd8\xff", b"\x89PNG")), "an article shows a picture"
        return ShownFile(article["display_name"], content)

    async def _menu(self, call: Call) -> Result:
        self._assure(call.form)
        menu = json.loads(call.form["menus"])
        if not 1 <= len(menu["button"]) <= 3 or any(len(one.get("sub_button", [])) > 5 for one in menu["button"]):
            refuse(26420, "menu error")
        self.menu = menu
        return {"result": True}

    async def _uid(self, call: Call) -> Result:
        self._assure(call.query)
        return {"uid": int(HOME)}

    async def _user(self, call: Call) -> Result:
        self._assure(call.query)
        fan = self.fans.get(call.query.get("uid", ""))
        if fan is None:
            refuse(10008, "param error")
        if fan.has_blocked:
            return {"follow": "0"}
        known = {"uid": fan.id, "nickname": fan.name, "sex": 2, "language": fan.locale, "country": "中国"}
        return known | {"subscribe": 1, "follow": "1", "subscribe_time": int(self.now)}

    async def _msget(self, call: Call) -> Result:
        self._assure(call.query)
        if call.query.get("fid") not in self._files:
            refuse(26101, "no such file")
        return self._files[call.query["fid"]]

    def _assure(self, told: Any) -> None:
        if told.get("access_token") != self.token:
            refuse(21332, "invalid_access_token", 403)

    def _show(self, fan: Fan, text: str, files: tuple[ShownFile, ...] = ()) -> None:
        fan.answers_left = fan.answers_left and fan.answers_left - 1
        fan.show(Shown(str(next(self._ids)), text, files=files))

    def _passive(self, lane: str, answer: Answered) -> str:
        if self.form == "xml":
            fields = {one.tag: one.text or "" for one in ET.fromstring(answer.body)}
            assert (fields["ToUserName"], fields["FromUserName"], fields["MsgType"]) == (lane, HOME, "text")
            return fields["Content"]
        said = json.loads(answer.body)
        assert (said["result"], said["type"]) == (True, "text")
        assert (said["sender_id"], said["receiver_id"]) == (int(HOME), int(lane))
        return str(json.loads(unquote(said["data"]))["text"])


def _xml(event: Json, now: int) -> bytes:
    """The same event as WeChat would write it."""
    data = event["data"]
    fields = {
        "ToUserName": event["receiver_id"],
        "FromUserName": event["sender_id"],
        "CreateTime": now,
        "MsgType": {"position": "location"}.get(event["type"], event["type"]),
        "Content": "" if event["type"] == "event" else event["text"],
        "Event": data.get("subtype", ""),
        "EventKey": data.get("key", ""),
        "MediaId": data.get("tovfid", ""),
        "MsgId": "",
    }
    inside = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
    return f"<xml>{inside}</xml>".encode()
