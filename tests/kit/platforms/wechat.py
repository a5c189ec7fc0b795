"""A WeChat server for tests: one official account, its followers, and the windows and limits of both ways to answer.

async with WeChatServer() as server:
    ann = server.person()
    server.posts_to(hook.url)
    await ann.says("hi")
    assert (await ann.reads()).text == "Hello, Ann"

Times are its own: `server.shelf.ahead` moves its clock.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.kit.platforms.base import Call, Json, Routes
from tests.kit.platforms.people import Person, Shown, ShownButton, ShownFile
from tests.kit.platforms.posting import Answered, Delivery
from tests.kit.platforms.weixin import WeixinPlatform, refusal, seal, sign, unseal

APP_ID, ORIGINAL = "wx0123456789abcdef", "gh_0123456789ab"
SECRET, TOKEN = "the-secret-of-the-app", "tokenOfTheHook"
KEY, NEXT_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
UNAVAILABLE = "该公众号提供的服务出现故障，请稍后再试"


@dataclass
class Quota:
    """What may still be sent, and until when."""

    left: int = 0
    until: float = 0.0


class WeChatPerson(Person):
    """A follower. What people do is posted to the account; the numbers that are returned tell the posts apart."""

    _platform: WeChatServer

    async def says(self, text: str, **more: str) -> int:
        self.quota(5, 48 * 3600)
        return self._sends("text", Content=text, **more)

    async def taps(self, label: str) -> int:
        """Tap an item of a menu: it is said, with the item's id."""
        _, button = self.button(label)
        return await self.says(button.label, bizmsgmenuid=button.data)

    async def sends_photo(self, content: bytes, caption: str = "") -> int:
        assert not caption, "a picture has no words of its own"
        self.quota(5, 48 * 3600)
        media = self._platform.shelf.put("photo.jpg", content, "image/jpeg")
        return self._sends("image", PicUrl=f"{self._platform.base}/mmbiz_jpg/{media}/0", MediaId=media)

    async def sends(self, kind: str, **fields: str) -> int:
        """A message of any kind, in WeChat's own fields."""
        self.quota(5, 48 * 3600)
        return self._sends(kind, **fields)

    async def follows(self, scene: str = "") -> int:
        self.has_blocked = False
        self.quota(3, 60)
        fields = {"EventKey": f"qrscene_{scene}", "Ticket": "TICKET"} if scene else {"EventKey": ""}
        return self._platform.happened(self, MsgType="event", Event="subscribe", **fields)

    async def blocks(self) -> int:
        self.has_blocked = True
        return self._platform.happened(self, MsgType="event", Event="unsubscribe", EventKey="")

    async def scans(self, scene: str) -> int:
        self.quota(3, 60)
        return self._platform.happened(self, MsgType="event", Event="SCAN", EventKey=scene, Ticket="TICKET")

    async def clicks(self, name: str) -> int:
        """Tap an item of the account's own menu."""
        items = [one for top in self._platform.menu for one in top.get("sub_button", [top])]
        [key] = [item["key"] for item in items if item["name"] == name]
        self.quota(3, 60)
        return self._platform.happened(self, MsgType="event", Event="CLICK", EventKey=key)

    def quota(self, messages: int, seconds: float) -> None:
        now, known = self._platform.shelf.now(), self._platform.quotas.setdefault(self.id, Quota())
        if seconds < 3600 and known.until > now + seconds:
            return  # within the larger window
        known.left, known.until = messages, now + seconds

    def _sends(self, kind: str, **fields: str) -> int:
        number = next(self._platform.numbers)
        return self._platform.happened(self, MsgType=kind, MsgId=str(number), **fields)


class WeChatServer(WeixinPlatform):
    """`key` is the EncodingAESKey of safe mode, "" in plain; `compatible` posts both; `form` is "xml" or "json"."""

    owner = APP_ID

    def __init__(self, *, key: str = "", form: str = "xml", compatible: bool = False) -> None:
        super().__init__()
        self.key = key
        self.form = form
        self.hook_token = TOKEN
        self.compatible = compatible
        self.people: dict[str, WeChatPerson] = {}
        self.quotas: dict[str, Quota] = {}
        self.menu: list[Json] = []
        self.scenes: dict[str, str] = {}  # by what the code to scan says
        self.numbers = count(23_400_000_000_000_001)
        self.permitted = True  # to use the customer-service API
        self.allowed = True  # this address is on the allow-list
        self._nonces = count(100_000)
        self._shown = count(1)
        self.posting.tries = 3
        self.posting.patience = 5.0

    def person(self, id: str = "oAnn_0123456789abcdefghijkl", name: str = "Ann", locale: str = "zh_CN") -> WeChatPerson:  # noqa: A002
        return self.people.setdefault(id, WeChatPerson(self, id, name, locale))

    def routes(self) -> Routes:
        return {
            "stable_token": ("POST", "/cgi-bin/stable_token", self._stable_token),
            "getcallbackip": ("GET", "/cgi-bin/getcallbackip", self._getcallbackip),
            "send": ("POST", "/cgi-bin/message/custom/send", self._send),
            "typing": ("POST", "/cgi-bin/message/custom/typing", self._typing),
            "upload": ("POST", "/cgi-bin/media/upload", self.upload),
            "media": ("GET", "/cgi-bin/media/get", self.download),
            "picture": ("GET", "/mmbiz_jpg/{media}/0", self._picture),
            "menu": ("POST", "/cgi-bin/menu/create", self._menu),
            "user": ("GET", "/cgi-bin/user/info", self._user),
            "qrcode": ("POST", "/cgi-bin/qrcode/create", self._qrcode),
        }

    def happened(self, person: WeChatPerson, **fields: str) -> int:
        """Post what a person did, in order with all else of this person."""
        event = {"ToUserName": ORIGINAL, "FromUserName": person.id, "CreateTime": int(self.shelf.now()), **fields}
        self.happens(json.dumps(event).encode(), person.id)
        return int(fields.get("MsgId", 0))

    # posts

    def signed(self, body: bytes, attempt: int) -> Delivery:
        """Signed anew each time; `body` is the event as JSON, and leaves in the account's format and mode."""
        event: Json = json.loads(body)
        return self._call(self.written(event), event)

    def delivery(self, body: bytes) -> Delivery:
        return self._call(body, {})

    def _call(self, plain: bytes, event: Json) -> Delivery:
        timestamp, nonce = str(int(self.shelf.now())), str(next(self._nonces))
        query = {"timestamp": timestamp, "nonce": nonce, "signature": sign(self.hook_token, timestamp, nonce)}
        query["openid"] = str(event.get("FromUserName", ""))
        if not self.key:
            return Delivery(plain, {"Content-Type": "text/xml"}, query)
        sealed = seal(self.key, APP_ID, plain)
        query |= {"encrypt_type": "aes", "msg_signature": sign(self.hook_token, timestamp, nonce, sealed)}
        outer = (event if self.compatible else {"ToUserName": ORIGINAL}) | {"Encrypt": sealed}
        return Delivery(self.written(outer), {"Content-Type": "text/xml"}, query)

    def written(self, event: Json) -> bytes:
        if self.form == "json":
            return json.dumps(event, ensure_ascii=False).encode()
        root = ET.Element("xml")
        for name, value in event.items():
            ET.SubElement(root, name).text = str(value)
        written: bytes = ET.tostring(root, encoding="utf-8")
        return written

    async def heard(self, lane: str, delivery: Delivery, answer: Answered) -> None:
        """A reply in the answer is shown; what is no reply is told to the person as a fault."""
        if not answer.is_taken or answer.body in (b"", b"success") or delivery.verb != "POST":
            return
        person = self.people[lane]
        try:
            person.show(self._replied(person, delivery, answer.body))
        except (AssertionError, KeyError, ValueError, ET.ParseError):
            person.show(Shown("fault", UNAVAILABLE))

    def _replied(self, person: WeChatPerson, delivery: Delivery, body: bytes) -> Shown:
        reply = self._read(body)
        if self.key:
            told = [self.hook_token, str(reply["TimeStamp"]), reply["Nonce"], reply["Encrypt"]]
            assert reply["MsgSignature"] == sign(*told)
            assert reply["Nonce"] == delivery.query["nonce"]
            reply = self._read(unseal(self.key, APP_ID, reply["Encrypt"]))
        assert (reply["ToUserName"], reply["FromUserName"]) == (person.id, ORIGINAL)
        assert abs(int(reply["CreateTime"]) - self.shelf.now()) < 60
        if reply["MsgType"] == "image":
            medium = self.shelf.get(reply["Image"]["MediaId"])
            assert medium.media_type != "image/gif"
            return self._new(files=(ShownFile(medium.name, medium.content, medium.media_type),))
        assert reply["MsgType"] == "text"
        assert 0 < len(reply["Content"].encode()) <= 2048
        return self._new(reply["Content"])

    def _read(self, body: bytes) -> Json:
        if self.form == "json":
            found: Json = json.loads(body)
            return found
        return _fields(ET.fromstring(body))

    def _new(self, text: str = "", **more: Any) -> Shown:
        return Shown(str(next(self._shown)), text, **more)

    # calls

    async def _stable_token(self, call: Call) -> Json:
        asked = call.json()
        if not self.allowed:
            raise refusal(40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist")
        if asked.get("grant_type") != "client_credential":
            raise refusal(40002, "invalid grant_type")
        if asked.get("appid") != APP_ID:
            raise refusal(40013, "invalid appid")
        if asked.get("secret") != SECRET:
            raise refusal(40125, "invalid appsecret")
        self.tokens_given += 1
        if asked.get("force_refresh"):
            self.expire()
        return {"access_token": self.access_token, "expires_in": 7200}

    async def _getcallbackip(self, call: Call) -> Json:
        self.authorise(call)
        return {"ip_list": ["127.0.0.1"]}

    async def _send(self, call: Call) -> Json:
        self.authorise(call)
        if not self.permitted:
            raise refusal(48001, "api unauthorized")
        if b"\\u" in call.body:
            raise refusal(47001, "escapes would be shown as they are")
        asked = call.json()
        person = self._follower(asked)
        shown = self._message(asked)
        quota = self.quotas.setdefault(person.id, Quota())
        if person.has_blocked or quota.until < self.shelf.now():
            raise refusal(45015, "response out of time limit or subscription is canceled")
        if not quota.left:
            raise refusal(45047, "out of response count limit")
        quota.left -= 1
        person.show(shown)
        return {"errcode": 0, "errmsg": "ok"}

    def _follower(self, asked: Json) -> WeChatPerson:
        person = self.people.get(str(asked.get("touser")))
        if person is None:
            raise refusal(40003, "invalid openid")
        return person

    def _message(self, asked: Json) -> Shown:
        kind = asked.get("msgtype")
        content = asked.get(str(kind))
        if not isinstance(content, dict):
            raise refusal(40008, "invalid message type")
        if kind == "text":
            return self._new(_text(content["content"], 2048), raw=asked)
        if kind in ("image", "voice", "video"):
            if set(content) - {"media_id", *(("title", "description") if kind == "video" else ())}:
                raise refusal(47001, "data format error")
            medium = self.uploaded(content["media_id"], kind)
            return self._new(files=(ShownFile(medium.name, medium.content, medium.media_type),), raw=asked)
        if kind == "msgmenu":
            items = tuple(ShownButton(_text(one["content"], 128), _text(one["id"], 64)) for one in content["list"])
            if not 1 <= len(items) <= 10:
                raise refusal(45002, "content size out of limit")
            return self._new(_text(content["head_content"], 2048), buttons=items, raw=asked)
        raise refusal(40008, "invalid message type")

    async def _typing(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        person = self._follower(asked)
        if asked.get("command") != "Typing" or not self.quotas.get(person.id):
            raise refusal(45080, "client must have sent a message")
        person.typing_seen += 1
        return {"errcode": 0, "errmsg": "ok"}

    async def _menu(self, call: Call) -> Json:
        self.authorise(call)
        buttons = call.json().get("button", [])
        if not 1 <= len(buttons) <= 3:
            raise refusal(40016, "invalid button size")
        for top in buttons:
            below = top.get("sub_button", [])
            if len(top["name"].encode()) > 16 or any(len(one["name"].encode()) > 60 for one in below):
                raise refusal(40018, "invalid button name size")
            if len(below) > 5 or any(one["type"] != "click" or not one["key"] for one in below or [top]):
                raise refusal(40023, "invalid sub button size")
        self.menu = buttons
        return {"errcode": 0, "errmsg": "ok"}

    async def _qrcode(self, call: Call) -> Json:
        """A code to scan with a scene of words; what it says tells nobody its scene but WeChat."""
        self.authorise(call)
        asked = call.json()
        scene = asked.get("action_info", {}).get("scene", {}).get("scene_str", "")
        if asked.get("action_name") != "QR_STR_SCENE" or not 1 <= len(scene) <= 64:
            raise refusal(40053, "invalid action info")
        if not 60 <= asked.get("expire_seconds", 60) <= 2_592_000:
            raise refusal(40052, "invalid action name")
        url = f"http://weixin.qq.com/q/02{next(self._shown):08}"
        self.scenes[url] = scene
        return {"ticket": "TICKET", "expire_seconds": asked["expire_seconds"], "url": url}

    async def _picture(self, call: Call) -> bytes:
        """Anybody may have a picture who knows its address."""
        return self.shelf.get(call.at["media"]).content

    async def _user(self, call: Call) -> Json:
        self.authorise(call)
        person = self.people.get(call.query.get("openid", ""))
        if person is None:
            raise refusal(40003, "invalid openid")
        return {
            "subscribe": 0 if person.has_blocked else 1,
            "openid": person.id,
            "nickname": "",
            "language": person.locale,
        }


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or not 0 < len(value.encode()) <= most:
        raise refusal(45002, "content size out of limit")
    return value


def _fields(element: ET.Element) -> Json:
    return {child.tag: _fields(child) if len(child) else child.text or "" for child in element}
