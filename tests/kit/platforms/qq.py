"""QQ for bots: people and groups that write to one, its token desk, and messages within their windows and numbers."""

from __future__ import annotations

import itertools
import json
import re
from base64 import b64decode
from datetime import UTC, datetime
from time import time
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result, Routes
from tests.kit.platforms.people import Shown, ShownButton, ShownFile
from tests.kit.platforms.posting import Answered, Delivery
from tests.kit.platforms.qq_chats import QqChat

MOST_TEXT = 2000
MOST_LABEL = 10
MOST_UPLOAD = 30 * 1024 * 1024
_LINK = re.compile(r"https?://\S+")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_MAGIC = {1: (b"\xff\xd8\xff", b"\x89PNG"), 2: (), 3: (b"\x02#!SILK", b"#!AMR"), 4: ()}


def refuse(code: int, words: str, status: int = 400) -> NoReturn:
    """Raise QQ's form of an error."""
    raise Refusal(status, {"message": words, "code": code, "err_code": code, "trace_id": "b5a1"})


class QqServer(FakePlatform):
    """One bot's QQ. `ahead` is how many seconds its clock is ahead."""

    def __init__(self, app_id: str = "102000001", secret: str = "naOC0ocQE3shWLAfffVLB1rhYPG7") -> None:
        super().__init__()
        self.app_id = app_id
        self.secret = secret
        self.ahead = 0.0
        self.proactive = False
        self.markdown = True
        self.keyboards = True
        self.takes_files = True
        self.registered: set[str] = set()  # beginnings of links that may be sent
        self.window, self.quota = 3600.0, 4
        self.group_window, self.group_quota = 300.0, 5
        self.token = ""
        self.chats: dict[str, QqChat] = {}
        self._ids = itertools.count(1)
        self._files: dict[str, bytes] = {}
        self._kept: dict[str, tuple[str, ShownFile]] = {}
        self._answers: dict[str, set[int]] = {}

    def routes(self) -> Routes:
        return {
            "token": ("POST", "/app/getAppAccessToken", self._token),
            "me": ("GET", "/users/@me", self._me),
            "link": ("POST", "/v2/generate_url_link", self._link),
            "messages": ("POST", "/v2/users/{openid}/messages", self._messages),
            "files": ("POST", "/v2/users/{openid}/files", self._upload),
            "group_messages": ("POST", "/v2/groups/{group}/messages", self._messages),
            "group_files": ("POST", "/v2/groups/{group}/files", self._upload),
            "interactions": ("PUT", "/interactions/{id}", self._interaction),
            "download": ("GET", "/download/{name}", self._download),
        }

    @property
    def now(self) -> float:
        return time() + self.ahead

    @property
    def moment(self) -> str:
        return datetime.fromtimestamp(self.now, UTC).isoformat(timespec="seconds")

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes((self.secret * 32).encode()[:32])

    def user(self, openid: str) -> QqChat:
        """A private chat."""
        return self.chats.setdefault(openid, QqChat(self, openid, openid, in_group=False))

    def group(self, openid: str) -> QqChat:
        """A group."""
        return self.chats.setdefault(f"group:{openid}", QqChat(self, f"group:{openid}", openid, in_group=True))

    def new_id(self) -> int:
        return next(self._ids)

    def signature(self, body: bytes, timestamp: str = "") -> dict[str, str]:
        """The headers of a genuine call."""
        moment = timestamp or str(int(self.now))
        return {
            "X-Bot-Appid": self.app_id,
            "User-Agent": "QQBot-Callback",
            "X-Signature-Method": "Ed25519",
            "X-Signature-Timestamp": moment,
            "X-Signature-Ed25519": self.key.sign(moment.encode() + body).hex(),
        }

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return Delivery(body, {**self.signature(body), "Content-Type": "application/json"})

    async def heard(self, lane: str, delivery: Delivery, answer: Answered) -> None:
        if answer.is_taken:
            assert json.loads(answer.body) == {"op": 12, "d": 0}

    async def asks_for_a_signature(self, plain_token: str) -> Answered:
        """Post the challenge that comes when a bot's address is set."""
        body = json.dumps({"d": {"plain_token": plain_token, "event_ts": "1725442341"}, "op": 13}).encode()
        headers = {"X-Bot-Appid": self.app_id, "User-Agent": "QQBot-Callback"}
        return await self.posting.once(Delivery(body, headers))

    def tells(self, chat: QqChat, kind: str, d: Json) -> str:
        """Post an event; its id."""
        number = f"{kind}:{self.new_id()}"
        if kind == "INTERACTION_CREATE":
            chat.said[number] = self.now
        self.happens(json.dumps({"id": number, "op": 0, "s": 1, "t": kind, "d": d}).encode(), chat.id)
        return number

    def keeps(self, name: str, content: bytes) -> str:
        """A file that a customer sent, and its address."""
        at = f"{self.new_id()}-{name}"
        self._files[at] = content
        return f"{self.base}/download/{at}?rkey=CAQSMO"

    def refuses(self, code: int, text: str) -> Any:
        return Refusal(code, {"message": text, "code": code, "err_code": code}).answer

    # calls

    async def _token(self, call: Call) -> Result:
        told = call.json()
        if (told.get("appId"), told.get("clientSecret")) != (self.app_id, self.secret):
            return {"code": 100016, "message": "invalid appid or secret"}
        self.token = f"token-{self.new_id()}"
        return {"access_token": self.token, "expires_in": "7200"}

    async def _me(self, call: Call) -> Result:
        self._assure(call)
        return {"id": "1", "username": "Tea Bot", "union_openid": "x"}

    async def _link(self, call: Call) -> Result:
        self._assure(call)
        data = call.json().get("callback_data", "")
        if len(data) > 32:
            refuse(850012, "callback_data is too long")
        return {"url": f"https://qun.qq.com/qunpro/robot/qunshare?robot_uin=1&data={data}"}

    async def _interaction(self, call: Call) -> Result:
        self._assure(call)
        if call.json() != {"code": 0}:
            refuse(630001, "invalid code")
        for chat in self.chats.values():
            chat.spinning.discard(call.at["id"])
        return ""

    async def _download(self, call: Call) -> Result:
        if call.at["name"] not in self._files:
            raise Refusal(404, "Not Found")
        return self._files[call.at["name"]]

    async def _upload(self, call: Call) -> Result:
        self._assure(call)
        if len(call.body) > MOST_UPLOAD:
            raise Refusal(413, "<html><h1>413 Request Entity Too Large</h1></html>")
        self._chat(call)
        told = call.json()
        kind = told.get("file_type")
        if kind not in _MAGIC or told.get("srv_send_msg") is not False or (kind == 4 and not self.takes_files):
            refuse(50035, "invalid file_type")
        content = b64decode(told["file_data"], validate=True)
        if not content or (_MAGIC[kind] and not content.startswith(_MAGIC[kind])):
            refuse(304083, "convert media info fail", 500)
        if kind == 4 and not told.get("file_name"):
            refuse(50035, "file_name is missing")
        info = f"info-{self.new_id()}"
        self._kept[info] = (call.method, ShownFile(told.get("file_name", ""), content))
        return {"file_uuid": info, "file_info": info, "ttl": 3600}

    def forgets_files(self) -> None:
        """As after their time."""
        self._kept.clear()

    async def _messages(self, call: Call) -> Result:
        self._assure(call)
        chat, told = self._chat(call), call.json()
        if told.get("msg_type") == 6:
            chat.typing_seen += 1
            return {"id": "", "timestamp": self.moment}
        shown = self._shown(told, call.method.replace("messages", "files"))
        self._assure_turn(chat, told)
        chat.show(shown)
        return {"id": shown.id, "timestamp": self.moment}

    def _assure(self, call: Call) -> None:
        if not self.token or call.headers.get("Authorization") != f"QQBot {self.token}":
            refuse(11243, "token not pass", 401)

    def _chat(self, call: Call) -> QqChat:
        chat = self.chats.get(call.at.get("openid") or f"group:{call.at['group']}")
        if chat is None:
            refuse(10001, "unknown account")
        if chat.has_blocked:
            refuse(40054013, "the user refuses the bot")
        return chat

    def _assure_turn(self, chat: QqChat, told: Json) -> None:
        """An answer is to something that was said, in time, and has a number of its own."""
        number = told.get("msg_id") or told.get("event_id")
        if number is None:
            if not (self.proactive and chat.takes_pushes):
                refuse(40034102, "no permission to push")
            return
        if number not in chat.said:
            refuse(304026, "msg_id is wrong")
        window, quota = (self.group_window, self.group_quota) if chat.in_group else (self.window, self.quota)
        answers = self._answers.setdefault(number, set())
        sequence = told.get("msg_seq", 1)
        if not isinstance(sequence, int) or not 0 < sequence < 2**31:
            refuse(50035, "invalid msg_seq")
        if sequence in answers:
            refuse(40054005, "duplicate msg_seq")
        if self.now - chat.said[number] > window:
            refuse(40034005, "the message is too old to be answered")
        if len(answers) >= quota:
            refuse(40034128, "too many answers")
        answers.add(sequence)

    def _shown(self, told: Json, scope: str) -> Shown:
        number = f"ROBOT1.0_out{self.new_id()}"
        match told.get("msg_type"):
            case 0:
                return Shown(number, self._text(told.get("content")), raw=told)
            case 2:
                return self._markdown(number, told)
            case 7:
                if not told.get("content"):
                    refuse(50006, "content is empty")
                kept = self._kept.get(str(told.get("media", {}).get("file_info")))
                if kept is None or kept[0] != scope:
                    refuse(304010, "file_info is wrong")
                return Shown(number, told["content"].strip(), files=(kept[1],), raw=told)
        refuse(50035, "invalid msg_type")

    def _text(self, content: Any) -> str:
        if not isinstance(content, str) or not content.strip():
            refuse(50006, "cannot send an empty message")
        if len(content) > MOST_TEXT:
            refuse(50035, "content is too long")
        for link in _LINK.findall(content):
            if not any(link.startswith(known) for known in self.registered):
                refuse(304003, "url not allowed")
        return content

    def _markdown(self, number: str, told: Json) -> Shown:
        if not self.markdown:
            refuse(40034012, "no native markdown")
        if "content" in told:
            refuse(50037, "markdown goes with a keyboard only")
        text = _ESCAPED.sub(r"\1", told["markdown"]["content"].replace("  \n", "\n"))
        rows = told.get("keyboard", {}).get("content", {}).get("rows", [])
        if rows and not self.keyboards:
            refuse(304057, "no custom keyboard", 500)
        if len(rows) > 5 or any(not 0 < len(row["buttons"]) <= 5 for row in rows):
            refuse(304039, "the keyboard is too large")
        buttons = [button for row in rows for button in row["buttons"]]
        if len({button["id"] for button in buttons}) < len(buttons):
            refuse(304040, "buttons of one id")
        return Shown(number, self._text(text), tuple(map(_button, buttons)), raw=told)


def _button(button: Json) -> ShownButton:
    shown, action = button["render_data"], button["action"]
    if not 0 < len(shown["label"]) <= MOST_LABEL or not shown["visited_label"] or shown["style"] not in (0, 1):
        refuse(304040, "invalid label")
    if action["type"] not in (0, 1) or action["permission"] != {"type": 2} or not action["unsupport_tips"]:
        refuse(304040, "invalid action")
    if not isinstance(action["data"], str) or not action["data"]:
        refuse(304040, "invalid data")
    link = action["type"] == 0
    return ShownButton(shown["label"], "" if link else action["data"], action["data"] if link else "")
