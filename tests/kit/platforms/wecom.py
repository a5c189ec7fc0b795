"""A WeCom server for tests: desks of one company, their customers, a doorbell and what is pulled after it.

async with WeComServer() as server:
    ann = server.person()
    server.posts_to(hook.url)
    await ann.says("hi")
    assert (await ann.reads()).text == "Hello, Ann"

Times are its own: `server.shelf.ahead` moves its clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

from tests.kit.platforms.base import Call, Json, Routes
from tests.kit.platforms.people import Person, Shown, ShownButton, ShownFile
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.weixin import WeixinPlatform, refusal, seal, sign

CORP_ID, SECRET, TOKEN = "ww0123456789abcdef", "the-secret-of-the-app", "tokenOfTheHook"
KEY, NEXT_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
DESK = "wkDesk_0123456789abcdef"
TAKEN = 40058  # "invalid parameter": the code for a msgid that is taken is not documented


@dataclass
class Session:
    """One customer at one desk: `state` 0 new, 1 bot, 2 waits, 3 person, 4 ended."""

    state: int = 0
    left: int = 0
    until: float = 0.0
    person: str = ""


@dataclass
class Desk:
    """What happened there, in order; a cursor is the number of items that were passed."""

    name: str
    items: list[Json] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    doorbells: dict[str, float] = field(default_factory=dict)  # tokens, and until when they are valid


class WeComPerson(Person):
    """A customer at one desk; `id` is both."""

    _platform: WeComServer

    def __init__(self, platform: WeComServer, customer: str, desk: str, name: str) -> None:
        super().__init__(platform, f"{customer}@{desk}", name)
        self.customer = customer
        self.desk = desk

    @property
    def session(self) -> Session:
        return self._platform.sessions.setdefault(self.id, Session())

    async def says(self, text: str, menu_id: str = "") -> str:
        told = {"content": text} | ({"menu_id": menu_id} if menu_id else {})
        return await self.sends("text", told)

    async def taps(self, label: str) -> str:
        _, button = self.button(label)
        return await self.says(button.label, button.data)

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        assert not caption, "a picture has no words of its own"
        return await self.sends("image", {"media_id": self._platform.shelf.put("photo.jpg", content, "image/jpeg")})

    async def sends(self, kind: str, told: Json) -> str:
        """A message of any kind, in WeCom's own fields. It opens the window anew."""
        session = self.session
        session.left, session.until = 5, self._platform.shelf.now() + 48 * 3600
        if session.state == 4:
            session.state = 0
        who = {"open_kfid": self.desk, "external_userid": self.customer}
        return self._platform.item(self.desk, {**who, "origin": 3, "msgtype": kind, kind: told})

    async def comes(self, scene: str = "", *, welcomed: bool = True) -> str:
        """Open the conversation."""
        code = ""
        if welcomed:
            code = f"WELCOME-{next(self._platform.numbers)}"
            self._platform.welcomes[code] = (self, self._platform.shelf.now() + 20)
        told = {"scene": "shop", "scene_param": scene} | ({"welcome_code": code} if code else {})
        return self.event("enter_session", **told)

    async def takes_back(self, msgid: str) -> str:
        return self.event("user_recall_msg", recall_msgid=msgid)

    async def blocks(self) -> None:
        """WeCom tells of it once something was sent."""
        self.has_blocked = True

    async def is_served(self, by: str, text: str) -> str:
        """A person of ours answers in WeCom; takes the session from the pool where it waits there."""
        if self.session.state == 2:
            self.session.state, self.session.person = 3, by
            self.event("session_status_change", change_type=1, new_servicer_userid=by)
        who = {"open_kfid": self.desk, "external_userid": self.customer, "servicer_userid": by}
        return self._platform.item(self.desk, {**who, "origin": 5, "msgtype": "text", "text": {"content": text}})

    async def is_done(self) -> str:
        """The person of ours ends the session."""
        self.session.state = 4
        return self.event("session_status_change", change_type=3, old_servicer_userid=self.session.person)

    def event(self, name: str, **told: Any) -> str:
        who = {"event_type": name, "open_kfid": self.desk, "external_userid": self.customer}
        return self._platform.item(self.desk, {"origin": 4, "msgtype": "event", "event": who | told})


class WeComServer(WeixinPlatform):
    """`rings` is whether callbacks are posted at all; `batch` is how many items are passed at once."""

    owner = CORP_ID
    begins: ClassVar = WeixinPlatform.begins | {"image": (b"\xff\xd8\xff", b"\x89PNG"), "voice": b"#!AMR\n"}

    def __init__(self) -> None:
        super().__init__()
        self.desks = {DESK: Desk("Tea desk")}
        self.sessions: dict[str, Session] = {}
        self.people: dict[str, WeComPerson] = {}
        self.welcomes: dict[str, tuple[WeComPerson, float]] = {}
        self.numbers = count(1)
        self.rings = True
        self.batch = 1000
        self.allowed = True
        self.key = KEY
        self.hook_token = TOKEN
        self._nonces = count(263_000_000)

    def person(self, customer: str = "wmAnn_0123456789abcdef", desk: str = DESK, name: str = "Ann") -> WeComPerson:
        return self.people.setdefault(f"{customer}@{desk}", WeComPerson(self, customer, desk, name))

    def routes(self) -> Routes:
        return {
            "gettoken": ("GET", "/cgi-bin/gettoken", self._gettoken),
            "accounts": ("POST", "/cgi-bin/kf/account/list", self._accounts),
            "sync_msg": ("POST", "/cgi-bin/kf/sync_msg", self._sync_msg),
            "send_msg": ("POST", "/cgi-bin/kf/send_msg", self._send_msg),
            "welcome": ("POST", "/cgi-bin/kf/send_msg_on_event", self._welcome),
            "state": ("POST", "/cgi-bin/kf/service_state/get", self._state),
            "trans": ("POST", "/cgi-bin/kf/service_state/trans", self._trans),
            "customers": ("POST", "/cgi-bin/kf/customer/batchget", self._customers),
            "upload": ("POST", "/cgi-bin/media/upload", self.upload),
            "media": ("GET", "/cgi-bin/media/get", self.download),
            "way": ("POST", "/cgi-bin/kf/add_contact_way", self._way),
        }

    def item(self, desk: str, told: Json) -> str:
        """Something happened at a desk; its msgid. The doorbell rings."""
        msgid = f"kf_msg_{next(self.numbers)}"
        self.desks[desk].items.append({"msgid": msgid, "send_time": int(self.shelf.now()), **told})
        if self.rings:
            token = f"ENC-{next(self.numbers)}"
            self.desks[desk].doorbells[token] = self.shelf.now() + 600
            self.happens(doorbell(desk, token), desk)
        return msgid

    def signed(self, body: bytes, attempt: int) -> Delivery:
        sealed = seal(self.key, CORP_ID, body)
        outer = f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><AgentID><![CDATA[]]></AgentID>"
        outer += f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return Delivery(outer.encode(), {"Content-Type": "text/xml"}, self._query(sealed))

    def challenge(self, echo: str) -> Delivery:
        """The call when the address is set in the console."""
        sealed = seal(self.key, CORP_ID, echo.encode())
        return Delivery(b"", {}, self._query(sealed) | {"echostr": sealed}, "GET")

    def _query(self, sealed: str) -> dict[str, str]:
        timestamp, nonce = str(int(self.shelf.now())), str(next(self._nonces))
        signed = sign(self.hook_token, timestamp, nonce, sealed)
        return {"timestamp": timestamp, "nonce": nonce, "msg_signature": signed}

    async def _gettoken(self, call: Call) -> Json:
        if not self.allowed:
            raise refusal(60020, "not allow to access from your ip, hint: [1], from ip: 203.0.113.7")
        if call.query.get("corpid") != CORP_ID:
            raise refusal(40013, "invalid corpid")
        if call.query.get("corpsecret") != SECRET:
            raise refusal(40001, "invalid credential")
        self.tokens_given += 1
        return {"errcode": 0, "errmsg": "ok", "access_token": self.access_token, "expires_in": 7200}

    async def _accounts(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        first, most = asked.get("offset", 0), asked.get("limit", 100)
        if not 1 <= most <= 100:
            raise refusal(40058, "invalid Request Parameter")
        listed = [{"open_kfid": id_, "name": desk.name, "avatar": ""} for id_, desk in self.desks.items()]
        return {"errcode": 0, "errmsg": "ok", "account_list": listed[first : first + most]}

    async def _way(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        if asked.get("open_kfid") not in self.desks or len(asked.get("scene", "").encode()) > 32:
            raise refusal(40058, "invalid Request Parameter")
        return {"errcode": 0, "errmsg": "ok", "url": f"https://work.weixin.qq.com/kf/{asked['open_kfid']}?enc_scene=E"}

    async def _sync_msg(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        desk = self._desk(asked)
        token, cursor = asked.get("token", ""), asked.get("cursor", "")
        if token and desk.doorbells.get(token, 0) < self.shelf.now():
            raise refusal(95007, "invalid msg token")
        if not 1 <= int(asked.get("limit", 1000)) <= 1000 or len(cursor.encode()) > 64:
            raise refusal(40058, "invalid parameter")
        begin = int(cursor.removeprefix("at-") or 0)
        end = min(begin + self.batch, len(desk.items))
        more = int(end < len(desk.items))
        listed = desk.items[begin:end]
        return {"errcode": 0, "errmsg": "ok", "next_cursor": f"at-{end}", "has_more": more, "msg_list": listed}

    async def _send_msg(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        desk, person = self._desk(asked), self._person(asked)
        msgid = self._msgid(asked, desk)
        shown = self._message(asked, msgid, ("text", "image", "voice", "video", "file", "msgmenu"))
        session = person.session
        if session.state not in (0, 1):
            raise refusal(95018, "send msg session status invalid")
        if session.until < self.shelf.now():
            raise refusal(95002, "over 48 hours")
        if not session.left:
            raise refusal(95001, "send msg count limit")
        session.left -= 1
        desk.sent.add(msgid)
        if person.has_blocked:
            person.event("msg_send_fail", fail_msgid=msgid, fail_type=10)
        else:
            person.show(shown)
        return {"errcode": 0, "errmsg": "ok", "msgid": msgid}

    async def _welcome(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        person, until = self.welcomes.get(str(asked.get("code")), (None, 0.0))
        if person is None or until < self.shelf.now():
            raise refusal(95016, "invalid code")
        desk = self.desks[person.desk]
        msgid = self._msgid(asked, desk)
        shown = self._message(asked, msgid, ("text", "msgmenu"))
        del self.welcomes[asked["code"]]
        desk.sent.add(msgid)
        person.show(shown)
        return {"errcode": 0, "errmsg": "ok", "msgid": msgid}

    async def _trans(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json()
        self._desk(asked)
        session = self._of(asked)
        wanted = asked.get("service_state")
        if wanted not in {0: (1, 2, 3, 4), 1: (2, 3, 4), 2: (3, 4), 3: (4,), 4: ()}[session.state]:
            raise refusal(95016, "invalid session status change")
        if wanted == 3 and not asked.get("servicer_userid"):
            raise refusal(95014, "invalid servicer")
        session.state, session.person = int(wanted), asked.get("servicer_userid", "")
        return {"errcode": 0, "errmsg": "ok"}

    async def _state(self, call: Call) -> Json:
        self.authorise(call)
        self._desk(call.json())
        session = self._of(call.json())
        return {"errcode": 0, "errmsg": "ok", "service_state": session.state, "servicer_userid": session.person}

    def _of(self, asked: Json) -> Session:
        return self._person(asked | {"touser": asked.get("external_userid")}).session

    async def _customers(self, call: Call) -> Json:
        self.authorise(call)
        asked = call.json().get("external_userid_list", [])
        found = [one for one in self.people.values() if one.customer in asked]
        listed = [{"external_userid": one.customer, "nickname": one.name, "avatar": ""} for one in found]
        return {"errcode": 0, "errmsg": "ok", "customer_list": listed, "invalid_external_userid": []}

    def _desk(self, asked: Json) -> Desk:
        desk = self.desks.get(str(asked.get("open_kfid")))
        if desk is None:
            raise refusal(95000, "invalid open_kfid")
        return desk

    def _person(self, asked: Json) -> WeComPerson:
        person = self.people.get(f"{asked.get('touser')}@{asked.get('open_kfid')}")
        if person is None:
            raise refusal(40096, "invalid external userid")
        return person

    def _msgid(self, asked: Json, desk: Desk) -> str:
        msgid = asked.get("msgid") or f"made_{next(self.numbers)}"
        if not re.fullmatch(r"[0-9a-zA-Z_-]{1,32}", msgid):
            raise refusal(40058, "invalid parameter")
        if msgid in desk.sent:
            raise refusal(TAKEN, "msgid duplicated")
        return str(msgid)

    def _message(self, asked: Json, msgid: str, kinds: tuple[str, ...]) -> Shown:
        kind = str(asked.get("msgtype"))
        content = asked.get(kind)
        if kind not in kinds or not isinstance(content, dict):
            raise refusal(40008, "invalid message type")
        if kind == "text":
            return Shown(msgid, _text(content["content"], 2048), raw=asked)
        if kind == "msgmenu":
            items = tuple(map(_item, content["list"]))
            if not 1 <= len(items) <= 10:
                raise refusal(40058, "invalid parameter")
            return Shown(msgid, _text(content["head_content"], 1024), buttons=items, raw=asked)
        medium = self.uploaded(content["media_id"], kind)
        return Shown(msgid, files=(ShownFile(medium.name, medium.content, medium.media_type),), raw=asked)


def doorbell(desk: str, token: str) -> bytes:
    """The event before it is sealed."""
    told = {"ToUserName": CORP_ID, "MsgType": "event", "Event": "kf_msg_or_event", "Token": token, "OpenKfId": desk}
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in told.items())
    return f"<xml>{inner}<CreateTime>1760000000</CreateTime></xml>".encode()


def _item(told: Json) -> ShownButton:
    if told.get("type") == "view":
        return ShownButton(_text(told["view"]["content"], 1024), url=_text(told["view"]["url"], 2048))
    if told.get("type") != "click":
        raise refusal(40058, "invalid parameter")
    return ShownButton(_text(told["click"]["content"], 128), _text(told["click"]["id"], 64))


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or not 0 < len(value.encode()) <= most:
        raise refusal(40058, "invalid parameter")
    return value
