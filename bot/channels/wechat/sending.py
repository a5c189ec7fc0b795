"""Sends one wire through the customer-service API: its messages in order, its files uploaded once while they last."""

from __future__ import annotations

from functools import partial

from bot.channels._reading import Json
from bot.channels._steps import Step, Steps
from bot.channels._weixin_calls import Calls
from bot.channels._weixin_media import Uploads
from bot.core.errors import BadInput, Unshown
from bot.core.message import Attachment, Button, Wire
from bot.core.ports import OpenFile, Sent

#: As what a file is shown, and the name that says so.
SHOWN = {
    "image/jpeg": ("image", "image.jpg"),
    "image/png": ("image", "image.png"),
    "image/gif": ("image", "image.gif"),
    "audio/amr": ("voice", "voice.amr"),
    "audio/mpeg": ("voice", "voice.mp3"),
    "video/mp4": ("video", "video.mp4"),
}


class Sender:
    """One account's. `text_limit` is bytes of UTF-8."""

    def __init__(self, calls: Calls, open_file: OpenFile, text_limit: int) -> None:
        self._calls = calls
        self._uploads = Uploads(calls, open_file)
        self._text_limit = text_limit
        self._steps = Steps()

    async def send(self, recipient: str, wire: Wire, key: str) -> Sent:
        """All messages of a wire. Under the same `key` it goes on with the one that failed. Raises as `Calls.post`."""
        steps: list[Step] = [partial(self._file, recipient, file) for file in wire.files]
        if wire.text or wire.rows:
            steps.append(partial(self._post, recipient, self.words(wire)))
        if not steps:
            raise BadInput("a WeChat message needs a text or a file")
        return await self._steps.take(key, steps)

    def words(self, wire: Wire) -> Json:
        """A text, as a menu where it has buttons. Raises `BadInput` for one that is too long."""
        if len(wire.text.encode("utf-8", "replace")) > self._text_limit:
            raise BadInput(f"a WeChat text has at most {self._text_limit} bytes")
        if not wire.rows:
            return {"msgtype": "text", "text": {"content": wire.text}}
        items = [_item(button) for row in wire.rows for button in row]
        return {"msgtype": "msgmenu", "msgmenu": {"head_content": wire.text, "list": items, "tail_content": ""}}

    async def media_id(self, file: Attachment) -> str:
        """The id of a picture at WeChat, uploaded where it is not known any more. Raises as `Calls.upload`."""
        return await self._uploads.media_id(*_shown(file), file)

    async def _file(self, recipient: str, file: Attachment) -> str:
        kind, name = _shown(file)
        titled = {"title": file.name} if kind == "video" else {}

        async def post(media_id: str) -> None:
            await self._post(recipient, {"msgtype": kind, kind: {"media_id": media_id, **titled}})

        await self._uploads.send(kind, name, file, post)
        return ""

    async def _post(self, recipient: str, message: Json) -> str:
        """WeChat gives no id of what was sent."""
        await self._calls.post("/cgi-bin/message/custom/send", {"touser": recipient, **message})
        return ""


def _shown(file: Attachment) -> tuple[str, str]:
    shown = SHOWN.get(file.media_type)
    if shown is None:
        raise Unshown("WeChat shows JPEG, PNG and GIF, and plays AMR, MP3 and MP4")
    return shown


def _item(button: Button) -> Json:
    return {"id": button.data, "content": button.label}
