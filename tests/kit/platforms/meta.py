"""Messenger and Instagram: people who write to a Page or an account, and the Send API with its limits and windows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.kit.platforms.base import Call, Json, Result, Routes, Upload
from tests.kit.platforms.graph import HOUR, VERSION, GraphServer, assure, refuse
from tests.kit.platforms.meta_limits import replies, template
from tests.kit.platforms.people import Person, Shown, ShownFile

MIB = 1024 * 1024
#: What Instagram takes as what.
INSTAGRAMS = {
    "image": {"image/png", "image/jpeg", "image/gif"},
    "audio": {"audio/aac", "audio/mp4", "audio/wav"},
    "video": {"video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"},
    "file": {"application/pdf"},
}


class MetaUser(Person):
    """Somebody who has just written."""

    def __init__(self, server: ConversationServer, id: str, name: str, locale: str) -> None:  # noqa: A002
        super().__init__(server, id, name, locale)
        self.wrote_at = server.now
        self.seen: list[str] = []  # what the account showed: typing_on, mark_seen
        self._server = server

    async def says(self, text: str, **more: Any) -> str:
        """Send a text; the message's id."""
        return await self.sends(text=text, **more)

    async def sends(self, **message: Any) -> str:
        """Send a message with any fields."""
        mid = f"m_{self._server.new_id()}-abcDEF"
        await self.does("message", {"mid": mid, **message})
        return mid

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        """Send a picture; its words would be a message of their own."""
        return await self.sends_file("image", "photo.jpg", content)

    async def sends_file(self, kind: str, name: str, content: bytes) -> str:
        url = self._server.keeps(name, content)
        return await self.sends(attachments=[{"type": kind, "payload": {"url": url}}])

    async def taps(self, label: str) -> None:
        """Tap the newest button with this label: a quick reply is said, another is posted back."""
        shown, button = self.button(label)
        if "quick_replies" in shown.raw:
            await self.says(button.label, quick_reply={"payload": button.data})
        else:
            mid = f"m_{self._server.new_id()}-tap"
            await self.does("postback", {"mid": mid, "title": button.label, "payload": button.data})

    async def follows_link(self, scene: str, **said: Any) -> None:
        """Come by a link of the account's: into the conversation that there is, or with what is said first there."""
        referral = {"ref": scene, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        if said:
            await self.sends(**said, referral=referral)
        else:
            await self.does("referral", referral)

    async def blocks(self) -> None:
        """Nobody is told of it."""
        self.has_blocked = True

    async def does(self, kind: str, event: Json) -> None:
        """Anything that people do; it opens the window, unless it is only a receipt."""
        if kind not in ("delivery", "read"):
            self.wrote_at = self._server.now
        self._server.tells(self._server.event(self.id, self._server.home, **{kind: event}))
        await self._server.tell_waiters()


class ConversationServer(GraphServer):
    """`home` is the account's id in webhooks, `page` the one below which is called."""

    wanted = "page"
    closed = 2018278  # the subcode of an answer after the window
    most_image = 25 * MIB

    def __init__(self, home: str, page: str, *, proven: bool = True) -> None:
        super().__init__(proven=proven)
        self.home = home
        self.page = page
        self.system_token = "EAAGsystem"
        self.human_agent = True
        self.echoes = True
        self.shows_locale = True
        self.users: dict[str, MetaUser] = {}
        self.profile: Json = {}
        self._files: dict[str, bytes] = {}
        self._kept: dict[str, Upload] = {}

    def nodes(self) -> Routes:
        return {
            "messages": ("POST", f"/{VERSION}/{{account}}/messages", self._messages),
            "subscribed_apps": ("POST", f"/{VERSION}/{{account}}/subscribed_apps", self.subscribe),
            "messenger_profile": ("POST", f"/{VERSION}/{{account}}/messenger_profile", self._profile),
            "ids_for_pages": ("GET", f"/{VERSION}/{{id}}/ids_for_pages", self._matches),
            "node": ("GET", f"/{VERSION}/{{id}}", self._node),
            "file": ("GET", "/cdn/{name}", self._file),
        }

    def user(self, id: str, name: str = "Ann", locale: str = "zh_CN") -> MetaUser:  # noqa: A002
        """The person with this id."""
        if id not in self.users:
            self.users[id] = MetaUser(self, id, name, locale)
        return self.users[id]

    def event(self, sender: str, recipient: str, **what: Any) -> Json:
        return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": self.now_ms, **what}

    def tells(self, *events: Json, array: str = "messaging") -> None:
        """Post a batch of events."""
        entry = {"id": self.home, "time": self.now_ms, array: [*events]}
        self.posts({"object": self.wanted, "entry": [entry]})

    def answers_in_its_own_inbox(self, person: MetaUser, text: str) -> str:
        """Somebody of the shop answers at Meta; the message's id."""
        mid = f"m_{self.new_id()}-own"
        message = {"mid": mid, "text": text, "is_echo": True, "app_id": 263902037430900}
        self.tells(self.event(self.home, person.id, message=message))
        return mid

    def keeps(self, name: str, content: bytes) -> str:
        """A file that a customer sent, and its address."""
        at = f"{self.new_id()}-{name}"
        self._files[at] = content
        return f"{self.base}/cdn/{quote(at)}?_nc_cat=101&oh=signed"

    # calls

    async def _messages(self, call: Call) -> Result:
        self.assure(call)
        assure(call.at["account"] == self.page, "Object with ID does not exist")
        told: Json = {name: _decoded(text) for name, text in call.form.items()} if call.files else call.json()
        person = self._recipient(told)
        if "sender_action" in told:
            assure(told["sender_action"] in ("typing_on", "typing_off", "mark_seen"), "Invalid sender action")
            person.seen.append(told["sender_action"])
            person.typing_seen += told["sender_action"] == "typing_on"
            return {"recipient_id": person.id}
        self._assure_window(told, person)
        shown, answer = self._show(told, call)
        person.show(shown)
        if self.echoes:
            self._echo(person, shown)
        return {"recipient_id": person.id, "message_id": shown.id, **answer}

    def _recipient(self, told: Json) -> MetaUser:
        recipient = told.get("recipient")
        person = self.users.get(str(recipient.get("id"))) if isinstance(recipient, dict) else None
        if person is None:
            refuse(100, 2018001, words="No matching user found")
        if person.has_blocked:
            refuse(551, 1545041, words="This person isn't available right now.")
        return person

    def _assure_window(self, told: Json, person: MetaUser) -> None:
        silent = self.now - person.wrote_at
        kind = told.get("messaging_type")
        if kind == "MESSAGE_TAG":
            assure(told.get("tag") == "HUMAN_AGENT", "Invalid tag")
            assure(self.human_agent, "Application does not have permission for this action", 10)
        else:
            assure(kind in ("RESPONSE", "UPDATE") and "tag" not in told, "Invalid messaging_type")
        hours = 7 * 24 if kind == "MESSAGE_TAG" else 24
        assure(silent < hours * HOUR, "This message is sent outside of allowed window.", 10, self.closed)

    def _show(self, told: Json, call: Call) -> tuple[Shown, Json]:
        message = told.get("message")
        if not isinstance(message, dict):
            refuse(100, words="The parameter message is required")
        assure(("text" in message) != ("attachment" in message), "Must have text or attachment, not both")
        self.assure_message(message)
        text, buttons = str(message.get("text", "")), replies(message)
        files: tuple[ShownFile, ...] = ()
        answer: Json = {}
        if "text" in message:
            assure(text.strip(), "Empty text")
            self.assure_text(text)
        elif message["attachment"]["type"] == "template":
            text, hung = template(message["attachment"]["payload"])
            buttons = (*hung, *buttons)
        else:
            upload, answer = self._attached(message["attachment"], call)
            files = (ShownFile(upload.name, upload.content, upload.media_type),)
        return Shown(f"m_{self.new_id()}-sent", text, buttons, files, message), answer

    def assure_message(self, message: Json) -> None:
        """What may stand in a message."""
        known = {"text", "attachment", "quick_replies", "metadata"}
        assure(set(message) <= known and len(message.get("metadata", "")) <= 1000, "Unknown field in message")

    def assure_text(self, text: str) -> None:
        assure(len(text) <= 2000, "Length of param message[text] must be less than or equal to 2000")

    def assure_upload(self, kind: str, upload: Upload) -> None:
        assure(0 < len(upload.content) <= 25 * MIB, "Attachment size exceeds allowable limit", 100, 2018047)

    def _attached(self, attachment: Json, call: Call) -> tuple[Upload, Json]:
        payload, kind = attachment["payload"], attachment["type"]
        assure(kind in ("image", "audio", "video", "file"), "Unknown attachment type")
        if "attachment_id" in payload:
            kept = self._kept.get(payload["attachment_id"])
            if kept is None:
                refuse(100, 2018074, words="Invalid attachment id")
            return kept, {}
        upload = call.files.get("filedata")
        if upload is None:
            refuse(100, 2018047, words="Upload attachment failure")
        assure(kind in ("file", upload.media_type.partition("/")[0]), "Type of the file is not that of its attachment")
        self.assure_upload(kind, upload)
        if not payload.get("is_reusable"):
            return upload, {}
        number = str(self.new_id())
        self._kept[number] = upload
        return upload, {"attachment_id": number}

    def forgets_uploads(self) -> None:
        """As after ninety days."""
        self._kept = {}

    def _echo(self, person: MetaUser, shown: Shown) -> None:
        message: Json = {name: shown.raw[name] for name in ("text", "metadata") if name in shown.raw}
        attachment = shown.raw.get("attachment", {})
        if attachment.get("type") == "template":
            message |= {"attachments": [{**attachment, "title": shown.text, "url": None}]}
        message |= {"mid": shown.id, "is_echo": True, **self.echo_facts()}
        self.tells(self.event(self.home, person.id, message=message))

    def echo_facts(self) -> Json:
        return {"app_id": int(self.app_id)}

    async def _profile(self, call: Call) -> Result:
        self.assure(call)
        self.profile |= call.json()
        return {"result": "success"}

    async def _matches(self, call: Call) -> Result:
        self.assure(call, f"{self.app_id}|{self.secret}")
        person = call.at["id"].removeprefix("app-")
        return {"data": [{"id": person, "page": {"id": self.page}}] if person in self.users else []}

    async def _node(self, call: Call) -> Result:
        fields = call.query.get("fields", "").split(",")
        if call.at["id"] == self.page and fields == ["access_token"]:
            self.assure(call, self.system_token)
            return {"access_token": self.token, "id": self.page}
        self.assure(call)
        if call.at["id"] in (self.page, self.home):
            return {"name": "Tea House", "username": "tea.house", "id": call.at["id"]}
        person = self.users.get(call.at["id"])
        if person is None:
            refuse(100, 33, words="Unsupported get request. Object does not exist")
        if "locale" in fields and not self.shows_locale:
            refuse(230, words="Requires pages_user_locale permission", status=403)
        known = {"name": person.name, "locale": person.locale, "username": f"{person.name}.tea"}
        return {"id": person.id} | {name: known[name] for name in fields}

    async def _file(self, call: Call) -> Result:
        assure("Authorization" not in call.headers, "a token is nobody else's")
        content = self._files.get(call.at["name"])
        if content is None:
            refuse(1, words="URL signature expired", status=403)
        return content


class MessengerServer(ConversationServer):
    """A Page."""

    def __init__(self, page: str = "104") -> None:
        super().__init__(page, page)


class InstagramServer(ConversationServer):
    """An account with a Page, or by Instagram's own login. Its echoes do not tell which app sent them."""

    wanted = "instagram"
    closed = 2534022

    def __init__(self, page: str = "104") -> None:
        super().__init__("17841400", page or "17841400", proven=bool(page))
        self.former: list[str] = []

    def assure_message(self, message: Json) -> None:
        assure(set(message) <= {"text", "attachment", "quick_replies"}, "Unknown field in message")
        if "quick_replies" in message:
            assure("text" in message, "Quick replies stand under a text")

    def assure_text(self, text: str) -> None:
        assure(len(text.encode()) <= 1000, "Length of param message[text] must be less than or equal to 1000")

    def assure_upload(self, kind: str, upload: Upload) -> None:
        super().assure_upload(kind, upload)
        assure(upload.media_type in INSTAGRAMS[kind], "Type of the file", 100, 2534015)
        assure(upload.name.isascii(), "Name of the file", 100, 2534015)
        if kind == "image":
            assure(len(upload.content) <= 8 * MIB, "Image size", 100, 2534016)

    def echo_facts(self) -> Json:
        return {}

    def nodes(self) -> Routes:
        return {**super().nodes(), "refresh": ("GET", "/refresh_access_token", self._refresh)}

    async def _refresh(self, call: Call) -> Result:
        """A new token for one that is good; that one stays good too, until its own end."""
        assure(call.query.get("grant_type") == "ig_refresh_token", "Invalid grant_type")
        if call.query.get("access_token") not in {self.token, *self.former}:
            refuse(190, words="Error validating access token", status=401)
        self.former.append(self.token)
        self.token = f"EAAGrenewed-{self.new_id()}"
        return {"access_token": self.token, "token_type": "bearer", "expires_in": 5_183_944}


def _decoded(text: str) -> Any:
    return json.loads(text) if text[:1] in "{[" else text
