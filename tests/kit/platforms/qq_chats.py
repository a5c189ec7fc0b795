"""Somebody with QQ, or a group that has the bot: says, taps and sends, and sees what the bot shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.kit.platforms.base import Json
from tests.kit.platforms.people import Person

if TYPE_CHECKING:
    from tests.kit.platforms.qq import QqServer


class QqChat(Person):
    """A private chat with somebody, or a group in which somebody writes: `id` as the channel names it."""

    def __init__(self, server: QqServer, id: str, openid: str, *, in_group: bool) -> None:  # noqa: A002
        super().__init__(server, id)
        self.openid = openid
        self.in_group = in_group
        self.takes_pushes = True
        self.spinning: set[str] = set()
        self.newest = ""  # the id of what was said last, whether or not it was posted
        self.said: dict[str, float] = {}  # ids that can be answered, and when they were said
        self._server = server

    @property
    def member(self) -> Json:
        return {"member_openid": "M-" + self.openid} if self.in_group else {"user_openid": self.openid}

    @property
    def where(self) -> Json:
        if self.in_group:
            return {"group_openid": self.openid, "group_member_openid": "M-" + self.openid}
        return {"user_openid": self.openid}

    def writes(self) -> str:
        """Say something that is not posted to the bot: only that it can be answered; the message's id."""
        self.newest = f"ROBOT1.0_{self._server.new_id()}!"
        self.said[self.newest] = self._server.now
        return self.newest

    async def says(self, text: str, **more: Any) -> str:
        """Send a text; in a group it is said to the bot, behind its name. The message's id."""
        number = self.writes()
        d: Json = {"id": number, "author": self.member, "content": f" {text}" if self.in_group else text}
        if self.in_group:
            d["group_openid"] = self.openid
        self._server.tells(self, self._kind("MESSAGE_CREATE"), d | {"timestamp": self._server.moment} | more)
        return number

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        """Send a picture, with words of its own."""
        return await self.sends_file("image/jpeg", "photo.jpg", content, caption)

    async def sends_file(self, content_type: str, name: str, content: bytes, caption: str = "") -> str:
        """Send any file."""
        url = self._server.keeps(name, content)
        file = {"content_type": content_type, "filename": name, "size": len(content), "url": url}
        return await self.says(caption, attachments=[file])

    async def taps(self, label: str) -> str:
        """Tap the newest button with this label; it spins until the tap is acknowledged. The interaction's id."""
        _, button = self.button(label)
        number = f"30540ff7-{self._server.new_id()}"
        self.spinning.add(number)
        found = next(b for b in self._buttons() if b["action"]["data"] == button.data)
        d = {
            "id": number,
            "type": 11,
            "chat_type": 1 if self.in_group else 2,
            "scene": "group" if self.in_group else "c2c",
            "timestamp": self._server.moment,
            "data": {"type": 11, "resolved": {"button_data": button.data, "button_id": found["id"]}},
            "version": 1,
            **self.where,
        }
        self._server.tells(self, "INTERACTION_CREATE", d)
        return number

    async def blocks(self) -> None:
        """Take the bot off one's list; it hears of that."""
        self.has_blocked = True
        await self.turns("GROUP_DEL_ROBOT" if self.in_group else "FRIEND_DEL")

    async def turns(self, kind: str, **more: Any) -> str:
        """Any event about the whole conversation; the event's id."""
        who = self.where if self.in_group else {"openid": self.openid}
        number = self._server.tells(self, kind, {**who, "timestamp": int(self._server.now), **more})
        self.said[number] = self._server.now
        return number

    def _kind(self, what: str) -> str:
        return f"GROUP_AT_{what}" if self.in_group else f"C2C_{what}"

    def _buttons(self) -> list[Json]:
        shown = [shown.raw for shown in reversed(self.shown) if "keyboard" in shown.raw]
        return [button for raw in shown for row in raw["keyboard"]["content"]["rows"] for button in row["buttons"]]
