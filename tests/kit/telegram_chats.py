"""What Telegram keeps of a bot's messages: every chat, every file, and what each user sees."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.kit.telegram_limits import (
    MOST_DOWNLOAD,
    MOST_TEXT,
    Refusal,
    bad,
    caption_of,
    check_upload,
    dimensions,
    markup_of,
    utf16,
    visible,
)

if TYPE_CHECKING:
    from tests.kit.telegram_calls import Call
    from tests.kit.telegram_user import TelegramUser

Json = dict[str, Any]
NOW = 1_760_000_000


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file at Telegram. `kind` is `photo`, `document`, `voice` …"""

    id: str
    kind: str
    name: str
    content: bytes
    media_type: str = ""
    width: int = 0
    height: int = 0

    @property
    def path(self) -> str:
        return f"{self.kind}s/file_{self.id.rpartition('-')[2]}{_suffix(self.name)}"


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button as the user sees it."""

    label: str
    data: str = ""
    url: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as the user sees it: `text` is the text or the caption."""

    id: int
    text: str
    rows: tuple[tuple[ShownButton, ...], ...] = ()
    files: tuple[KeptFile, ...] = ()
    album: str = ""
    raw: Json = field(default_factory=dict, compare=False)

    @property
    def labels(self) -> list[str]:
        return [button.label for row in self.rows for button in row]


class Chats:
    """Every chat with the bot and every file in them."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = lambda: NOW  # seconds since 1970
        self.users: dict[int, TelegramUser] = {}
        self._files: dict[str, KeptFile] = {}
        self._ids = itertools.count(1)
        self._methods = {
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "senddocument": self._send_document,
            "sendanimation": self._send_animation,
            "sendmediagroup": self._send_media_group,
            "editmessagereplymarkup": self._edit_markup,
            "sendchataction": self._chat_action,
            "answercallbackquery": self._answer_callback,
            "getfile": self._get_file,
        }

    def perform(self, method: str, call: Call) -> Any:
        """The result of one method. Raises `Refusal`."""
        perform = self._methods.get(method.lower())
        if perform is None:
            raise Refusal(404, "Not Found: method not found")
        return perform(call)

    def new_id(self) -> int:
        return next(self._ids)

    def keep(self, kind: str, name: str, content: bytes, media_type: str = "") -> KeptFile:
        """Put a file at Telegram, as a user or a bot that uploads does."""
        width, height = dimensions(content) if kind == "photo" else (0, 0)
        file_id = f"{kind}-{self.new_id()}"
        file = KeptFile(file_id, kind, name, content, media_type, width, height)
        self._files[file_id] = file
        return file

    def at_path(self, path: str) -> KeptFile | None:
        return next((file for file in self._files.values() if file.path == path), None)

    def _chat(self, call: Call) -> TelegramUser:
        if not call.fields.get("chat_id"):
            raise bad("chat_id is empty")
        try:
            user = self.users[int(call.fields["chat_id"])]
        except (KeyError, ValueError):
            raise bad("chat not found") from None
        if user.is_deactivated:
            raise Refusal(403, "Forbidden: user is deactivated")
        if user.has_blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return user

    def _send_message(self, call: Call) -> Json:
        user = self._chat(call)
        text = visible(call.fields.get("text"), call.fields.get("parse_mode"))
        if not text:
            raise bad("message text is empty")
        if utf16(text) > MOST_TEXT:
            raise bad("message is too long")
        return self._show(user, text, markup_of(call.fields))

    def _send_photo(self, call: Call) -> Json:
        return self._send_file(call, "photo", call.fields.get("photo"))

    def _send_document(self, call: Call) -> Json:
        return self._send_file(call, "document", call.fields.get("document"))

    def _send_animation(self, call: Call) -> Json:
        return self._send_file(call, "animation", call.fields.get("animation"))

    def _send_file(self, call: Call, kind: str, source: Any) -> Json:
        user, caption, markup = self._chat(call), caption_of(call.fields), markup_of(call.fields)
        return self._show(user, caption, markup, (self._take(call, kind, source, kind),))

    def _send_media_group(self, call: Call) -> list[Json]:
        user, media = self._chat(call), call.fields.get("media")
        if not isinstance(media, list) or not media:
            raise bad("parameter media is required")
        if len(media) > 10:
            raise bad("too much messages to send as an album")
        kinds = {item.get("type") for item in media}
        if "animation" in kinds:
            raise bad("animations can't be sent as an album")
        if "document" in kinds and len(kinds) > 1:
            raise bad("document can't be mixed with other media types")
        ready = [(caption_of(item), self._take(call, item["type"], item.get("media"), item["type"])) for item in media]
        album = f"album-{self.new_id()}"
        return [self._show(user, caption, None, (file,), album) for caption, file in ready]

    def _take(self, call: Call, kind: str, source: Any, field_name: str) -> KeptFile:
        """An upload under `attach://` or the field's own name, or a file id of before."""
        part = str(source).removeprefix("attach://") if source else field_name
        if part in call.files:
            name, content = call.files[part]
            check_upload(kind, content)
            return self.keep(kind, name, content)
        known = self._files.get(str(source))
        if known is None:
            raise bad("wrong remote file identifier specified: Wrong string length")
        if known.kind != kind:
            raise bad(f"can't use file of type {known.kind} as {kind}")
        return known

    def _show(
        self,
        user: TelegramUser,
        text: str,
        markup: Json | None,
        files: tuple[KeptFile, ...] = (),
        album: str = "",
    ) -> Json:
        raw: Json = {
            "message_id": self.new_id(),
            "date": int(self.now()),
            "chat": user.chat,
            "from": {"id": 1, "is_bot": True, "first_name": "Parley test"},
        }
        raw |= {"caption" if files else "text": text} if text else {}
        raw |= {"reply_markup": markup} if markup else {}
        raw |= {"media_group_id": album} if album else {}
        for file in files:
            raw |= describe(file)
        user.show(Shown(raw["message_id"], text, _rows(markup), files, album, raw))
        return raw

    def _edit_markup(self, call: Call) -> Json:
        user = self._chat(call)
        number = int(call.fields.get("message_id") or 0)
        before = next((shown for shown in user.shown if shown.id == number), None)
        if before is None:
            raise bad("message to edit not found")
        markup = markup_of(call.fields)
        if _rows(markup) == before.rows:
            raise bad(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        raw = {k: v for k, v in before.raw.items() if k != "reply_markup"}
        raw |= {"reply_markup": markup} if markup else {}
        after = Shown(before.id, before.text, _rows(markup), before.files, before.album, raw)
        user.shown[user.shown.index(before)] = after
        return raw

    def _chat_action(self, call: Call) -> bool:
        user = self._chat(call)
        if call.fields.get("action") != "typing":
            raise bad("wrong parameter action in request")
        user.typing_seen += 1
        return True

    def _answer_callback(self, call: Call) -> bool:
        query = str(call.fields.get("callback_query_id"))
        for user in self.users.values():
            if query in user.spinning:
                user.spinning.remove(query)
                return True
        raise bad("query is too old and response timeout expired or query ID is invalid")

    def _get_file(self, call: Call) -> Json:
        file = self._files.get(str(call.fields.get("file_id")))
        if file is None:
            raise bad("invalid file_id")
        if len(file.content) > MOST_DOWNLOAD:
            raise bad("file is too big")
        found = {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_path": file.path}
        return found | {"file_size": len(file.content)}


def describe(file: KeptFile) -> Json:
    """The file's field of a `Message`."""
    known: Json = {
        "file_id": file.id,
        "file_unique_id": f"u{file.id}",
        "file_size": len(file.content),
    }
    if file.kind != "photo":
        named = {"file_name": file.name} if file.kind == "document" else {"duration": 3}
        told = known | named | {"mime_type": file.media_type}
        return {file.kind: told} | ({"document": told} if file.kind == "animation" else {})
    large = known | {"width": file.width, "height": file.height}
    small = {"file_id": f"small-{file.id}", "file_size": 1200}
    return {"photo": [large | small | {"width": file.width // 2, "height": file.height // 2}, large]}


def _rows(markup: Json | None) -> tuple[tuple[ShownButton, ...], ...]:
    return tuple(
        tuple(ShownButton(b["text"], b.get("callback_data", ""), b.get("url", ""), b.get("style", "")) for b in row)
        for row in (markup or {}).get("inline_keyboard", [])
    )


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}" if "." in name else ""
