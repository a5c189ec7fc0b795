"""Sends one wire: its messages in order, each under an id of its own, so that none is sent twice.

Source: developer.work.weixin.qq.com/document/path/94677, "send messages", and /95122, "send messages on events".
"""

from __future__ import annotations

from base64 import b32encode
from contextlib import suppress
from functools import partial
from hashlib import blake2b

from bot.channels._reading import Json
from bot.channels._steps import Recent, Step, Steps
from bot.channels._weixin_calls import Calls
from bot.channels._weixin_media import Uploads
from bot.channels.wecom.meanings import KeyTaken
from bot.channels.wecom.settings import CAPABILITIES
from bot.core.errors import BadInput, Unshown, WindowClosed
from bot.core.message import Attachment, Button, Wire
from bot.core.ports import OpenFile, Sent

ABOVE = "⬆️"
#: As what a file is shown up to so many bytes, seconds; any other is one to be loaded.
SHOWN = {
    "image/jpeg": ("image", 10 << 20),
    "image/png": ("image", 10 << 20),
    "audio/amr": ("voice", 2 << 20),
    "video/mp4": ("video", 10 << 20),
}


#: Files of so many bytes WeCom does not take yet.
TOO_SMALL = 5


class Sender:
    """One company's. `text_limit` is bytes of UTF-8."""

    def __init__(self, calls: Calls, open_file: OpenFile, text_limit: int) -> None:
        self._calls = calls
        self._uploads = Uploads(calls, open_file)
        self._text_limit = text_limit
        self._steps = Steps()
        self._welcomed: Recent[str, bool] = Recent()

    async def send(self, recipient: str, wire: Wire, key: str, welcome: str, *, in_window: bool) -> Sent:
        """Its messages in order. Raises as `Calls.post`, `WindowClosed` for what only a welcome could carry, `Unshown`.

        `welcome` is the code of an opened conversation, which carries one text or menu.
        """

        async def said(number: int, piece: Attachment | Json) -> str:
            msgid = message_id(f"{key}:{number}")
            if not await self._welcome(piece, msgid, welcome):
                if not in_window:
                    raise WindowClosed("the person has to write first")
                await self._send(recipient, piece, msgid)
            return msgid

        steps: list[Step] = [partial(said, number, piece) for number, piece in enumerate(self._pieces(wire))]
        return await self._steps.take(key, steps)

    def _pieces(self, wire: Wire) -> list[Attachment | Json]:
        if len(wire.text.encode("utf-8", "replace")) > self._text_limit:
            raise BadInput(f"a WeCom text has at most {self._text_limit} bytes")
        pieces: list[Attachment | Json] = [*wire.files]
        head = wire.text
        if wire.text and (not wire.rows or len(wire.text.encode("utf-8", "replace")) > CAPABILITIES.menu_limit):
            pieces.append({"msgtype": "text", "text": {"content": wire.text}})
            head = ABOVE
        if wire.rows:
            items = [_item(button) for row in wire.rows for button in row]
            pieces.append({"msgtype": "msgmenu", "msgmenu": {"head_content": head or ABOVE, "list": items}})
        if not pieces:
            raise BadInput("a WeCom message needs a text or a file")
        return pieces

    async def _welcome(self, piece: Attachment | Json, msgid: str, code: str) -> bool:
        """Whether it went out as a welcome; a code that is over, or used, is of no use."""
        if not code or self._welcomed.get(code) or isinstance(piece, Attachment):
            return False
        try:
            await self._calls.post("/cgi-bin/kf/send_msg_on_event", {"code": code, "msgid": msgid, **piece})
        except BadInput as error:
            self._welcomed.put(code, True)
            return isinstance(error, KeyTaken)
        self._welcomed.put(code, True)
        return True

    async def _send(self, recipient: str, piece: Attachment | Json, msgid: str) -> None:
        customer, _, desk = recipient.rpartition("@")
        asked = {"touser": customer, "open_kfid": desk, "msgid": msgid}
        with suppress(KeyTaken):
            if isinstance(piece, Attachment):
                await self._file(asked, piece)
            else:
                await self._calls.post("/cgi-bin/kf/send_msg", asked | piece)

    async def _file(self, asked: Json, file: Attachment) -> None:
        if file.size <= TOO_SMALL:
            raise Unshown(f"WeCom takes files of more than {TOO_SMALL} bytes")
        try:
            await self._file_as(_kind(file), asked, file)
        except Unshown:
            await self._file_as("file", asked, file)

    async def _file_as(self, kind: str, asked: Json, file: Attachment) -> None:
        async def post(media_id: str) -> None:
            await self._calls.post("/cgi-bin/kf/send_msg", {**asked, "msgtype": kind, kind: {"media_id": media_id}})

        await self._uploads.send(kind, file.name or kind, file, post)


def _kind(file: Attachment) -> str:
    kind, most = SHOWN.get(file.media_type, ("file", 0))
    return kind if file.size <= most else "file"


def message_id(key: str) -> str:
    """32 of A-Z and 2-7, the same for the same key."""
    return b32encode(blake2b(key.encode(), digest_size=20).digest()).decode()


def _item(button: Button) -> Json:
    if button.url:
        return {"type": "view", "view": {"url": button.url, "content": button.label}}
    return {"type": "click", "click": {"id": button.data, "content": button.label}}
