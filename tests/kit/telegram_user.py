"""A person with Telegram on the phone: says, sends and taps, and sees what the bot shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from tests.kit.telegram_chats import KeptFile, Shown, ShownButton
    from tests.kit.telegram_server import TelegramServer

Json = dict[str, Any]


class TelegramUser:
    """What a person does returns the update's id; the bot hears of it when it next listens."""

    def __init__(self, server: TelegramServer, id: int, name: str, locale: str) -> None:  # noqa: A002
        self.id = id
        self.name = name
        self.locale = locale
        self.shown: list[Shown] = []
        self.spinning: set[str] = set()  # tapped buttons that still wait for the bot's answer
        self.wrote: list[int] = []  # ids of messages, not of updates
        self.looks_at: Shown | None = None  # whose buttons are tapped; None: the newest that fits
        self.typing_seen = 0
        self.has_blocked = False
        self.is_deactivated = False
        self._server = server
        self._read = 0

    @property
    def chat(self) -> Json:
        return {"id": self.id, "type": "private", "first_name": self.name}

    @property
    def person(self) -> Json:
        person = {"id": self.id, "is_bot": False, "first_name": self.name}
        return person | ({"language_code": self.locale} if self.locale else {})

    async def says(self, text: str) -> int:
        """Send a text; commands too."""
        entities = []
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            entities = [{"type": "bot_command", "offset": 0, "length": length}]
        return await self._sends({"text": text} | ({"entities": entities} if entities else {}))

    async def starts(self, payload: str = "") -> int:
        """Open the bot, by its own link when there is a payload."""
        return await self.says(f"/start {payload}".strip())

    async def sends_photo(self, content: bytes | None = None, caption: str = "") -> int:
        """Send a picture; without `content` a small red one."""
        return await self._sends_file("photo", "photo.jpg", content or picture(), caption)

    async def sends_document(
        self, name: str, content: bytes, media_type: str = "application/pdf", caption: str = ""
    ) -> int:
        """Send a file as it is."""
        return await self._sends_file("document", name, content, caption, media_type)

    async def sends_voice(self, content: bytes = b"OggS voice") -> int:
        """Send a voice message."""
        return await self._sends_file("voice", "voice.oga", content, media_type="audio/ogg")

    async def sends_album(self, contents: list[bytes], caption: str = "") -> list[int]:
        """Send pictures together: several updates of one group, the caption on the first."""
        group = {"media_group_id": f"group-{self._server.chats.new_id()}"}
        return [
            await self._sends_file("photo", "photo.jpg", c, "" if n else caption, extra=group)
            for n, c in enumerate(contents)
        ]

    async def sends(self, **fields: Any) -> int:
        """Send a message with any fields of the Bot API: `location`, `contact`, `dice` …"""
        return await self._sends(fields)

    async def edits(self, message_id: int, text: str) -> int:
        """Change an earlier text."""
        message = self._message({"text": text, "edit_date": int(self._server.chats.now())}) | {"message_id": message_id}
        return await self._server.happens("edited_message", message)

    async def taps(self, label: str) -> int:
        """Tap the newest button with this label. It spins until the bot answers the tap."""
        shown, button = self._find(label)
        query = str(self._server.chats.new_id())
        self.spinning.add(query)
        event = {"id": query, "from": self.person, "chat_instance": "9", "data": button.data}
        return await self._server.happens("callback_query", event | {"message": shown.raw})

    async def blocks(self) -> int:
        """Block the bot; it hears of that too."""
        self.has_blocked = True
        return await self._membership("kicked", "member")

    async def unblocks(self) -> int:
        """Open the chat again."""
        self.has_blocked = False
        return await self._membership("member", "kicked")

    async def reads(self, timeout: float = 30.0) -> Shown:
        """The next message that was not read yet; waits for it."""
        await self._server.until(lambda: len(self.shown) > self._read, timeout)
        self._read += 1
        return self.shown[self._read - 1]

    async def sees(self, text: str, timeout: float = 30.0) -> Shown:
        """The newest message that contains `text`; waits for it."""

        def found() -> list[Shown]:
            return [shown for shown in self.shown if text in shown.text]

        await self._server.until(found, timeout)
        return found()[-1]

    async def stops_spinning(self, timeout: float = 30.0) -> None:
        """Wait until the bot has answered every tap."""
        await self._server.until(lambda: not self.spinning, timeout)

    def show(self, shown: Shown) -> None:
        """Called by the server."""
        self.shown.append(shown)

    def _find(self, label: str) -> tuple[Shown, ShownButton]:
        for shown in [self.looks_at] if self.looks_at else reversed(self.shown):
            for row in shown.rows:
                for button in row:
                    if button.label == label and button.data:
                        return shown, button
        labels = [shown.labels for shown in self.shown]
        raise LookupError(f"{self.name} sees no button {label!r} to tap, only {labels}")

    def _message(self, fields: Json) -> Json:
        known = {"message_id": self._server.chats.new_id(), "date": int(self._server.chats.now())}
        return known | {"chat": self.chat, "from": self.person} | fields

    async def _sends(self, fields: Json) -> int:
        message = self._message(fields)
        self.wrote.append(message["message_id"])
        return await self._server.happens("message", message)

    async def _sends_file(
        self,
        kind: str,
        name: str,
        content: bytes,
        caption: str = "",
        media_type: str = "",
        extra: Json | None = None,
    ) -> int:
        from tests.kit.telegram_chats import describe

        file: KeptFile = self._server.chats.keep(kind, name, content, media_type)
        fields = describe(file) | ({"caption": caption} if caption else {}) | (extra or {})
        return await self._sends(fields)

    async def _membership(self, now: str, before: str) -> int:
        bot = {"id": 1, "is_bot": True, "first_name": "Parley test"}
        return await self._server.happens(
            "my_chat_member",
            {
                "chat": self.chat,
                "from": self.person,
                "date": int(self._server.chats.now()),
                "old_chat_member": {"user": bot, "status": before},
                "new_chat_member": {"user": bot, "status": now, "until_date": 0},
            },
        )


def picture(width: int = 40, height: int = 30, colour: str = "red", kind: str = "JPEG") -> bytes:
    """A real picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()
