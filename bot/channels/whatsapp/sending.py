"""Sends the messages of a wire, and uploads their files."""

from __future__ import annotations

import re
from functools import partial

from bot.channels._meta.graph import Graph
from bot.channels._meta.keys import key_of
from bot.channels._reading import Json
from bot.channels._steps import Recent, Step, Steps
from bot.channels.whatsapp.plan import Media, Piece
from bot.core.errors import BadInput, ChannelUnavailable
from bot.core.message import Attachment
from bot.core.ports import OpenFile, Sent
from bot.http import Upload

#: An id within the business: a country, a dot, and up to 128 letters and digits.
_USER = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
#: The longest word of ours that WhatsApp brings back with what became of a message.
MOST_OPAQUE = 512


class Sender:
    """`number` is the id of the number that sends; `open_file` gives the bytes of a file."""

    def __init__(self, graph: Graph, number: str, open_file: OpenFile) -> None:
        self._graph = graph
        self._number = number
        self._open_file = open_file
        self._steps = Steps()
        self._uploaded: Recent[int, str] = Recent()

    async def send(self, recipient: str, pieces: list[Piece], key: str) -> Sent:
        """Its messages in order. Under the same `key` it goes on with the call that failed."""
        steps: list[Step] = [partial(self._piece, recipient, piece, key) for piece in pieces]
        return await self._steps.take(key, steps)

    async def saw(self, message: str) -> None:
        """Mark a customer's message as read, and show that an answer is coming."""
        seen: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": message}
        await self._graph.call("POST", f"{self._number}/messages", json=seen | {"typing_indicator": {"type": "text"}})

    async def _piece(self, recipient: str, piece: Piece, key: str) -> str:
        if isinstance(piece, Media):
            return await self._media(recipient, piece, key)
        return await self._post(recipient, piece, key)

    async def _media(self, recipient: str, media: Media, key: str) -> str:
        """A file that WhatsApp has already is not uploaded again, unless it was forgotten there."""
        if known := self._uploaded.get(media.file.id):
            try:
                return await self._post(recipient, _shown(media, known), key)
            except BadInput:
                self._uploaded.drop(media.file.id)
        uploaded = await self._upload(media.file)
        self._uploaded.put(media.file.id, uploaded)
        return await self._post(recipient, _shown(media, uploaded), key)

    async def _upload(self, file: Attachment) -> str:
        def opened() -> Upload:
            return Upload("file", file.name or "file", file.media_type, self._open_file(file))

        form = {"messaging_product": "whatsapp", "type": file.media_type}
        found = await self._graph.call("POST", f"{self._number}/media", form=form, upload=opened)
        return _id(found)

    async def _post(self, recipient: str, content: Json, key: str) -> str:
        whom = "recipient" if _USER.fullmatch(recipient) else "to"
        message = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            whom: recipient,
            "biz_opaque_callback_data": key[:MOST_OPAQUE],
            **content,
        }
        sent = await self._graph.call("POST", f"{self._number}/messages", json=message)
        messages = sent.get("messages")
        return key_of(_id(messages[0] if isinstance(messages, list) and messages else {}))


def _shown(media: Media, uploaded: str) -> Json:
    content = {"id": uploaded}
    if media.caption:
        content["caption"] = media.caption
    if media.kind == "document":
        content["filename"] = media.file.name or "file"
    return {"type": media.kind, media.kind: content}


def _id(found: object) -> str:
    told = found.get("id") if isinstance(found, dict) else None
    if not isinstance(told, str) or not told:
        raise ChannelUnavailable("WhatsApp answered what cannot be read")
    return told
