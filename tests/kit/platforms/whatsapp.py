"""WhatsApp's Cloud API: people with a number or only an id, its message types, media and templates, and its limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.kit.platforms.base import Call, Json, Result, Routes, Upload
from tests.kit.platforms.graph import HOUR, VERSION, GraphServer, assure, refuse
from tests.kit.platforms.people import Person, Shown, ShownButton, ShownFile

MIB = 1024 * 1024
NUMBER, BUSINESS = "106540352242922", "102290129340398"
_LARGEST = {"image": 5 * MIB, "sticker": 512 * 1024, "video": 16 * MIB, "audio": 16 * MIB, "document": 100 * MIB}
_TYPES = {
    "image": {"image/jpeg", "image/png"},
    "sticker": {"image/webp"},
    "video": {"video/mp4", "video/3gpp"},
    "audio": {"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"},
}
_USER = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


@dataclass(frozen=True, slots=True)
class Approved:
    """A template: its language, and how many variables its body has."""

    language: str
    variables: int = 1


class WhatsAppUser(Person):
    """Somebody who has just written. Without a `number` WhatsApp tells the business only the id within it."""

    def __init__(self, server: WhatsAppServer, number: str, user: str, name: str) -> None:
        super().__init__(server, number or user, name)
        self.number = number
        self.user = user
        self.wrote_at = server.now
        self.wrote: list[str] = []
        self.seen: list[str] = []  # of these messages the business showed that they were read
        self._server = server

    async def says(self, text: str) -> str:
        """Send a text; the message's id."""
        return await self.sends("text", {"body": text})

    async def sends(self, kind: str, content: Any, **more: Any) -> str:
        """Send a message of any type."""
        mid = f"wamid.HBgL{self._server.new_id()}"
        self.wrote.append(mid)
        self.wrote_at = self._server.now
        known = {"from": self.number} if self.number else {"from_user_id": self.user}
        at = str(int(self._server.now))
        message = {**known, "id": mid, "timestamp": at, "type": kind, kind: content, **more}
        self._server.tells({"contacts": [self.contact], "messages": [message]})
        await self._server.tell_waiters()
        return mid

    @property
    def contact(self) -> Json:
        number = {"wa_id": self.number} if self.number else {}
        return {"profile": {"name": self.name}, **number, "user_id": self.user}

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        media = self._server.keeps(Upload("photo.jpg", "image/jpeg", content))
        return await self.sends("image", {"id": media, "mime_type": "image/jpeg", "sha256": "x=", "caption": caption})

    async def taps(self, label: str) -> str:
        """Tap the newest button, or row of a list, with this label."""
        shown, button = self.button(label)
        kind = "list_reply" if shown.raw["interactive"]["type"] == "list" else "button_reply"
        reply = {"id": button.data, "title": label}
        context = {"from": "15550783881", "id": shown.id}
        return await self.sends("interactive", {"type": kind, kind: reply}, context=context)

    def wants_news(self, value: str) -> None:
        """Use the switch of WhatsApp's "Offers and announcements": "stop" or "resume"."""
        told = {
            "wa_id": self.number,
            "detail": f"User requested to {value} marketing messages",
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(self._server.now),
        }
        self._server.tells({"contacts": [self.contact], "user_preferences": [told]}, "user_preferences")

    async def blocks(self) -> None:
        """Nobody is told of it."""
        self.has_blocked = True

    def hears(self, state: str, shown: Shown, **more: Any) -> None:
        """WhatsApp tells what became of a message to this person."""
        known = {"recipient_id": self.number} if self.number else {"recipient_user_id": self.user}
        status = {"id": shown.id, "status": state, "timestamp": str(int(self._server.now)), **known, **more}
        opaque = shown.raw.get("biz_opaque_callback_data")
        self._server.tells({"statuses": [status | ({"biz_opaque_callback_data": opaque} if opaque else {})]})


class WhatsAppServer(GraphServer):
    """One number."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, WhatsAppUser] = {}
        self.templates: dict[str, Approved] = {"order_news": Approved("en")}
        self.media_base = ""  # where media are said to be; "" for here
        self._media: dict[str, Upload] = {}

    def nodes(self) -> Routes:
        return {
            "messages": ("POST", f"/{VERSION}/{{number}}/messages", self._messages),
            "media": ("POST", f"/{VERSION}/{{number}}/media", self._upload),
            "subscribed_apps": ("POST", f"/{VERSION}/{{account}}/subscribed_apps", self.subscribe),
            "node": ("GET", f"/{VERSION}/{{id}}", self._node),
            "file": ("GET", "/whatsapp_business/attachments/", self._file),
        }

    def user(self, number: str, user: str = "US.13491208655302741918", name: str = "Ann") -> WhatsAppUser:
        """The person with this number, or with this id where the number is ""."""
        known = number or user
        if known not in self.users:
            self.users[known] = WhatsAppUser(self, number, user, name)
        return self.users[known]

    def tells(self, value: Json, field: str = "messages") -> None:
        """Post a change of the number."""
        number = {"display_phone_number": "15550783881", "phone_number_id": NUMBER}
        whole = {"messaging_product": "whatsapp", "metadata": number, **value}
        change = {"field": field, "value": whole}
        self.posts({"object": "whatsapp_business_account", "entry": [{"id": BUSINESS, "changes": [change]}]})

    def keeps(self, upload: Upload) -> str:
        """A file that WhatsApp has, and its id."""
        media = str(self.new_id())
        self._media[media] = upload
        return media

    def forgets_uploads(self) -> None:
        """As after thirty days."""
        self._media = {}

    async def _messages(self, call: Call) -> Result:
        self.assure(call)
        assure(call.at["number"] == NUMBER, "Object with ID does not exist")
        told = call.json()
        assure(told.get("messaging_product") == "whatsapp", "The parameter messaging_product is required")
        if "status" in told:
            return self._saw(told)
        person = self._recipient(told)
        opaque = told.get("biz_opaque_callback_data", "")
        assure(isinstance(opaque, str) and len(opaque) <= 512, "Invalid biz_opaque_callback_data")
        if told.get("type") != "template":
            assure(self.now - person.wrote_at < 24 * HOUR, "Re-engagement message", 131047)
        shown = self._show(told)
        person.show(shown)
        contact = {"input": person.id, "wa_id": person.number} if person.number else {"input": person.user}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": shown.id}]}

    def _saw(self, told: Json) -> Json:
        mid = told.get("message_id")
        person = next((one for one in self.users.values() if mid in one.wrote), None)
        assure(told["status"] == "read" and person is not None, "Parameter value is not valid", 131009)
        assure(told.get("typing_indicator", {"type": "text"}) == {"type": "text"}, "Invalid typing_indicator")
        assert person is not None
        person.seen.append(str(mid))
        person.typing_seen += "typing_indicator" in told
        return {"success": True}

    def _recipient(self, told: Json) -> WhatsAppUser:
        assure(("to" in told) != ("recipient" in told), "Either to or recipient")
        assure(told.get("recipient_type") == "individual", "Invalid recipient_type")
        by_user = "recipient" in told
        known = str(told["recipient" if by_user else "to"])
        assure(bool(_USER.fullmatch(known)) == by_user and (by_user or known.isdigit()), "Invalid recipient", 131009)
        person = self.users.get(known)
        if person is None or person.has_blocked:
            refuse(131026, words="Message undeliverable")
        return person

    def _show(self, told: Json) -> Shown:
        kind = str(told.get("type"))
        content = told.get(kind)
        if not isinstance(content, dict):
            refuse(100, words=f"The parameter {kind} is required")
        mid = f"wamid.HBgM{self.new_id()}"
        if kind == "text":
            assure(
                len(content["body"].strip()) > 0 and len(content["body"]) <= 4096, "text.body must be 1 to 4096 long"
            )
            return Shown(mid, content["body"], raw=told)
        if kind == "interactive":
            return Shown(mid, content["body"]["text"], _interactive(content), raw=told)
        if kind == "template":
            return Shown(mid, self._template(content), raw=told)
        assure(kind in _LARGEST, "Unknown message type", 131051)
        return self._shown_file(mid, kind, content, told)

    def _shown_file(self, mid: str, kind: str, content: Json, told: Json) -> Shown:
        media = self._media.get(content.get("id", ""))
        if media is None:
            refuse(131009, words="Media ID is not valid")
        assure(media.media_type in _TYPES.get(kind, {media.media_type}), "Media upload error", 131053)
        assure(len(media.content) <= _LARGEST[kind], "Media upload error", 131053)
        caption = content.get("caption", "")
        assure(len(caption) <= 1024 and not (caption and kind == "audio"), "Caption")
        assure("filename" not in content or kind == "document", "filename is for documents")
        file = ShownFile(content.get("filename", media.name), media.content, media.media_type)
        return Shown(mid, caption, files=(file,), raw=told)

    def _template(self, content: Json) -> str:
        approved = self.templates.get(content["name"])
        if approved is None or content["language"]["code"] != approved.language:
            refuse(132001, words="Template name does not exist in the translation", status=404)
        variables = [one for part in content["components"] if part["type"] == "body" for one in part["parameters"]]
        assure(len(variables) == approved.variables, "Number of parameters does not match", 132000)
        texts = [str(one["text"]) for one in variables]
        for text in texts:
            is_plain = text.strip() and not re.search(r"[\n\t]| {5}", text) and len(text) <= 1024
            assure(is_plain, "Template format character policy violated", 132007)
        return " ".join(texts)

    async def _upload(self, call: Call) -> Result:
        self.assure(call)
        assure(call.at["number"] == NUMBER, "Object with ID does not exist")
        upload = call.files.get("file")
        if upload is None:
            refuse(100, words="The parameter file is required")
        assure(call.form.get("messaging_product") == "whatsapp", "The parameter messaging_product is required")
        assure(call.form.get("type") == upload.media_type, "Media upload error", 131053)
        assure(0 < len(upload.content) <= 100 * MIB, "Media upload error", 131053)
        return {"id": self.keeps(upload)}

    async def _node(self, call: Call) -> Result:
        self.assure(call)
        node = call.at["id"]
        if node == NUMBER:
            return {"verified_name": "Tea House", "display_phone_number": "+1 555-078-3881", "id": node}
        media = self._media.get(node)
        if media is None:
            refuse(100, 33, words="Unsupported get request. Object does not exist")
        assure(call.query.get("phone_number_id", NUMBER) == NUMBER, "Not the number's media")
        url = f"{self.media_base or self.base}/whatsapp_business/attachments/?mid={node}"
        size = len(media.content)
        return {"url": url, "mime_type": media.media_type, "file_size": size, "id": node, "sha256": "0" * 64}

    async def _file(self, call: Call) -> Result:
        if call.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        media = self._media.get(call.query.get("mid", ""))
        return web.Response(status=404) if media is None else media.content


def _interactive(content: Json) -> tuple[ShownButton, ...]:
    kind, action = content["type"], content["action"]
    assure(0 < len(content["body"]["text"]) <= 1024, "Body must be 1 to 1024 characters long")
    if kind == "button":
        return _replies([one["reply"] for one in action["buttons"]])
    if kind == "list":
        return _rows(action)
    assure(kind == "cta_url" and action["name"] == "cta_url", "Unknown interactive type")
    told = action["parameters"]
    assure(0 < len(told["display_text"]) <= 20 and told["url"].startswith("http"), "Invalid button")
    return (ShownButton(told["display_text"], url=told["url"]),)


def _replies(replies: list[Json]) -> tuple[ShownButton, ...]:
    assure(1 <= len(replies) <= 3, "There are one to three buttons")
    assure(len({one["title"] for one in replies}) == len(replies), "Duplicated title")
    _assure_each(replies, 20, 256)
    return tuple(ShownButton(one["title"], one["id"]) for one in replies)


def _rows(action: Json) -> tuple[ShownButton, ...]:
    assure(0 < len(action["button"]) <= 20 and 1 <= len(action["sections"]) <= 10, "Invalid list")
    assure(len(action["sections"]) == 1 or all(one.get("title") for one in action["sections"]), "Section title")
    rows = [row for section in action["sections"] for row in section["rows"]]
    assure(1 <= len(rows) <= 10, "Total row count exceed max allowed count: 10")
    _assure_each(rows, 24, 200)
    return tuple(ShownButton(row["title"], row["id"]) for row in rows)


def _assure_each(choices: list[Json], longest_title: int, longest_id: int) -> None:
    assure(len({one["id"] for one in choices}) == len(choices), "Duplicated id")
    for one in choices:
        assure(0 < len(one["title"]) <= longest_title and 0 < len(one["id"]) <= longest_id, "Title or id length")
