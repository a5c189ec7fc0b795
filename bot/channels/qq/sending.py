"""Sends one wire: its calls in order, each numbered by the effect's key, so that QQ itself knows a second try."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic
from typing import TypeVar
from urllib.parse import quote

from bot.channels._reading import Json
from bot.channels._steps import Left
from bot.channels.qq.client import ButtonsRefused, Client
from bot.channels.qq.events import GROUP, MESSAGE
from bot.channels.qq.settings import CAPABILITIES
from bot.core.errors import BadInput, ChannelUnavailable, TooLarge, WindowClosed
from bot.core.message import Attachment, Button, Wire
from bot.core.ports import Occasion, OpenFile, Sent

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

TEXT, MARKDOWN, MEDIA = 0, 2, 7
PICTURES = frozenset({"image/png", "image/jpeg"})
PICTURE, VIDEO, VOICE, FILE = 1, 2, 3, 4
MOST_REMEMBERED = 4096
#: A file that QQ has is uploaded anew so many seconds before QQ forgets it.
EARLY = 60.0
#: What Markdown would read as more than a letter.
_MARKS = str.maketrans({mark: "\\" + mark for mark in "\\`*_[]()<>#-!~"})

Rows = tuple[tuple[Button, ...], ...]


@dataclass(slots=True)
class Progress:
    """How far a wire has come, and the token that it goes out with: a second try with another one would be another
    message to QQ."""

    token: str = ""
    left: Left = field(default_factory=Left)
    is_said: bool = False  # its words have left, after its files
    first: int = 0  # of the menu's numbers, once it has any


@dataclass(frozen=True, slots=True)
class Chat:
    """Where a recipient is in the API. What is uploaded for people cannot be sent to groups, nor the other way."""

    path: str
    scope: str

    @classmethod
    def of(cls, recipient: str) -> Chat:
        scope, openid = "users", recipient
        if recipient.startswith(GROUP):
            scope, openid = "groups", recipient.removeprefix(GROUP)
        return cls(f"/v2/{scope}/{quote(openid, safe='')}", scope)


class Sender:
    """`open_file` gives the bytes of an attachment; `proactive`: the bot may write without being asked."""

    def __init__(self, client: Client, open_file: OpenFile, *, proactive: bool, buttons: bool) -> None:
        self._client = client
        self._open_file = open_file
        self._proactive = proactive
        self.buttons = buttons  # false from the moment when QQ refused them
        self._progress: OrderedDict[str, Progress] = OrderedDict()
        self._uploaded: OrderedDict[tuple[int, str], tuple[str, float]] = OrderedDict()
        self._numbered: OrderedDict[str, int] = OrderedDict()

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion) -> Sent:
        """Its messages in order. Under the same `key` it goes on with the call that failed."""
        if not wire.files and not wire.text.strip():
            raise BadInput("a QQ message needs a text or a file")
        if len(wire.text) > CAPABILITIES.text_limit:
            raise BadInput(f"a QQ message has at most {CAPABILITIES.text_limit} characters")
        progress = self._progress.get(key) or Progress()
        progress.token = progress.token or self._token(occasion)
        remember(self._progress, key, progress)
        chat = Chat.of(recipient)
        try:
            for number in range(len(progress.left.ids), len(wire.files)):
                progress.left.add(await self._file(chat, wire.files[number], progress.token, f"{key}#{number}"))
            if wire.text and not progress.is_said:
                await self._words(chat, wire, progress, key)
                progress.is_said = True
        except WindowClosed:
            progress.token = ""  # the next try takes what the customer has said by then
            progress.left.closed()
            raise
        return progress.left.sent

    def _token(self, occasion: Occasion) -> str:
        if not occasion.token and not self._proactive:
            raise WindowClosed("QQ: the bot may only answer, and there is no message to answer")
        return occasion.token

    async def _words(self, chat: Chat, wire: Wire, progress: Progress, key: str) -> None:
        token, left = progress.token, progress.left
        said = len(left.ids) - len(wire.files)  # of the texts, those that have left
        if wire.rows and self.buttons and not said:
            body = {"msg_type": MARKDOWN, "markdown": {"content": escaped(wire.text)}, "keyboard": keyboard(wire.rows)}
            try:
                left.add(await self._message(chat, body, token, f"{key}#buttons"))
                return
            except ButtonsRefused as error:
                self.buttons = False
                log.warning("qq.no_buttons: %s", error, extra={"action": "qq.no_buttons"})
        for number, text in enumerate(self._texts(wire, progress, key)):
            if number >= said:
                body = {"msg_type": TEXT, "content": text}
                left.add(await self._message(chat, body, token, f"{key}#text{number}"))

    def _texts(self, wire: Wire, progress: Progress, key: str) -> Sequence[str]:
        """The text, with a numbered menu of its buttons where it has any; two texts where one would be too long."""
        if not wire.rows:
            return (wire.text,)
        # Numbers run on through a turn, as `render` counts them; its keys differ in their last two parts.
        turn = key.rsplit(":", 2)[0]
        progress.first = progress.first or self._numbered.get(turn, 1)
        menu, after = menu_of(wire.rows, progress.first)
        remember(self._numbered, turn, after)
        whole = f"{wire.text}\n{menu}"
        return (whole,) if len(whole) <= CAPABILITIES.text_limit else (wire.text, menu)

    async def _file(self, chat: Chat, file: Attachment, token: str, key: str) -> str:
        known = (file.id, chat.scope)
        was_known = known in self._uploaded
        body = {"msg_type": MEDIA, "content": " ", "media": {"file_info": await self._info(chat, file)}}
        try:
            return await self._message(chat, body, token, key)
        except BadInput:
            if not was_known:
                raise
        self._uploaded.pop(known, None)  # QQ may have forgotten it before its time
        body["media"] = {"file_info": await self._info(chat, file)}
        return await self._message(chat, body, token, key)

    async def _info(self, chat: Chat, file: Attachment) -> str:
        """QQ's word for a file of ours that it has, or gets now."""
        known, until = self._uploaded.get((file.id, chat.scope), ("", 0.0))
        if known and monotonic() < until:
            return known
        if file.size > CAPABILITIES.file_bytes:
            raise TooLarge(CAPABILITIES.file_bytes)
        content = b"".join([chunk async for chunk in self._open_file(file)])
        kind = file_type(file.media_type)
        asked: Json = {"file_type": kind, "srv_send_msg": False, "file_data": b64encode(content).decode()}
        said = await self._client.call(
            "POST", f"{chat.path}/files", asked | ({"file_name": file.name or "file"} if kind == FILE else {})
        )
        info, ttl = said.get("file_info"), said.get("ttl")
        if not isinstance(info, str) or not info:
            raise ChannelUnavailable("QQ answered an upload with what cannot be read")
        lasts = ttl - EARLY if isinstance(ttl, int) and ttl > 0 else float("inf")
        remember(self._uploaded, (file.id, chat.scope), (info, monotonic() + lasts))
        return info

    async def _message(self, chat: Chat, body: Json, token: str, key: str) -> str:
        said = await self._client.call("POST", f"{chat.path}/messages", body | reply(token, key))
        number = said.get("id")
        return number if isinstance(number, str) else ""


def reply(token: str, key: str) -> Json:
    """The fields that make a message an answer: to what, and its number, which is the same at each try."""
    if not token:
        return {}
    kind, number = token.split(":", 1)
    sequence = int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) % (2**31 - 1) + 1
    return {"msg_id" if kind + ":" == MESSAGE else "event_id": number, "msg_seq": sequence}


def escaped(text: str) -> str:
    """A text that Markdown shows as it is; a line ends in two spaces, or it would run into the next."""
    return text.translate(_MARKS).replace("\n", "  \n")


def keyboard(rows: Rows) -> Json:
    """Buttons; the label is in each one's id too, since QQ names only that when it is tapped."""
    numbered = enumerate(rows, 1)
    return {
        "content": {
            "rows": [
                {"buttons": [_button(f"{row}-{at}", button) for at, button in enumerate(buttons, 1)]}
                for row, buttons in numbered
            ]
        }
    }


def _button(place: str, button: Button) -> Json:
    return {
        "id": f"{place}:{button.label}",
        "render_data": {
            "label": button.label,
            "visited_label": button.label,
            "style": 1 if button.style == "primary" else 0,
        },
        "action": {
            "type": 0 if button.url else 1,
            "permission": {"type": 2},
            "data": button.url or button.data,
            "unsupport_tips": button.label,
        },
    }


def menu_of(rows: Rows, first: int) -> tuple[str, int]:
    """Buttons as numbered lines from `first` on, and the number behind the last one; links have no number."""
    lines = []
    for button in (button for row in rows for button in row):
        if button.data:
            lines.append(f"{first}. {button.label}")
            first += 1
        else:
            lines.append(f"{button.label}: {button.url}")
    return "\n".join(lines), first


def file_type(media_type: str) -> int:
    """QQ's number for what it shows as a picture, a film or a voice; all else is a file."""
    if media_type in PICTURES:
        return PICTURE
    if media_type == "video/mp4":
        return VIDEO
    return VOICE if media_type in ("audio/silk", "audio/amr") else FILE


def remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep the newest."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST_REMEMBERED:
        memory.popitem(last=False)
