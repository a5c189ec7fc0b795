"""Sends through the Send API of Messenger and Instagram.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath

import orjson

from bot.channels._account import Around
from bot.channels._meta.events import MARK
from bot.channels._meta.graph import Graph, NotPermitted
from bot.channels._meta.keys import key_of
from bot.channels._reading import Json
from bot.channels._steps import Recent, Step, Steps
from bot.core.capabilities import Carousel
from bot.core.carousel import lines
from bot.core.errors import BadInput, ChannelUnavailable, Unshown, WindowClosed
from bot.core.message import Attachment, Button, Card, Wire
from bot.core.ports import Address, Sent
from bot.http import Upload

#: A button template: so many buttons, under a text of so many characters.
MOST_LINKS, MOST_TEMPLATE_TEXT = 3, 640
#: A carousel of cards: https://developers.facebook.com/docs/messenger-platform/reference/templates/generic
CAROUSEL = Carousel(cards=10, title=80, text=80, buttons=3)
#: Stands over buttons that have no words of their own.
ABOVE = "⬆️"

_KINDS = {"image": "image", "audio": "audio", "video": "video"}

Piece = Json | Attachment
"""The `message` of one call, or a file that is one."""


@dataclass(frozen=True, slots=True)
class Reach:
    """To whom a message goes and how: `tagged`, a person answers after the bot's window."""

    recipient: str
    tagged: bool = False

    @property
    def fields(self) -> Json:
        kind = (
            {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if self.tagged else {"messaging_type": "RESPONSE"}
        )
        return {"recipient": {"id": self.recipient}, **kind}


def plan(wire: Wire, link: Address) -> list[Piece]:
    """The messages of one wire, in order: its files, its cards, its words, the buttons under the last of them.

    Meta fetches the pictures of cards by their `link`.
    """
    buttons = [button for row in wire.rows for button in row]
    cards = [_carousel(wire.cards, link)] if wire.cards else []
    pieces: list[Piece] = [*wire.files, *cards, *_words(wire.text.strip() and wire.text, buttons)]
    if not pieces:
        raise BadInput("a message needs a text or a file")
    return pieces


def _words(text: str, buttons: Sequence[Button]) -> list[Piece]:
    links = [button for button in buttons if button.url]
    replies = [button for button in buttons if not button.url]
    if not links:
        said: list[Json] = [{"text": text or ABOVE}] if text or replies else []
    elif len(buttons) <= MOST_LINKS:
        # Few enough to stand together; there they stay, while quick replies go away with the next message.
        return [*_before(text), _template(text, buttons)]
    else:
        chunks = [links[start : start + MOST_LINKS] for start in range(0, len(links), MOST_LINKS)]
        said = [*_before(text), *(_template("" if n else text, chunk) for n, chunk in enumerate(chunks))]
        said += [{"text": ABOVE}] if replies else []
    if replies:
        said[-1] = said[-1] | {"quick_replies": [_quick(button) for button in replies]}
    return [*said]


def _before(text: str) -> list[Json]:
    """A text that is too long for a template goes before it."""
    return [{"text": text}] if len(text) > MOST_TEMPLATE_TEXT else []


def _carousel(cards: Sequence[Card], link: Address) -> Json:
    payload = {"template_type": "generic", "elements": [_element(card, link) for card in cards]}
    return {"attachment": {"type": "template", "payload": payload}}


def _element(card: Card, link: Address) -> Json:
    told = {"subtitle": lines(card), "image_url": _address(card.image, link) if card.image else ""}
    buttons = {"buttons": [_button(button) for button in card.buttons]} if card.buttons else {}
    return {"title": card.title, **{name: one for name, one in told.items() if one}, **buttons}


def _address(picture: Attachment, link: Address) -> str:
    """A card without its picture still sells."""
    try:
        return link(picture)
    except BadInput:
        return ""


def _template(text: str, buttons: Sequence[Button]) -> Json:
    shown = text if 0 < len(text) <= MOST_TEMPLATE_TEXT else ABOVE
    payload = {"template_type": "button", "text": shown, "buttons": [_button(button) for button in buttons]}
    return {"attachment": {"type": "template", "payload": payload}}


def _button(button: Button) -> Json:
    if button.url:
        return {"type": "web_url", "title": button.label, "url": button.url}
    return {"type": "postback", "title": button.label, "payload": button.data}


def _quick(button: Button) -> Json:
    return {"content_type": "text", "title": button.label, "payload": button.data}


class Sender:
    """`home` is the account's id at Meta, below which messages are posted; `around` has our files."""

    def __init__(self, graph: Graph, home: str, around: Around, *, mark: bool, plain_names: bool) -> None:
        self._graph = graph
        self._path = f"{home}/messages"
        self._open_file = around.open_file
        self._link = around.link
        self._mark = {"metadata": MARK} if mark else {}
        self._plain_names = plain_names
        self._steps = Steps()
        self._uploaded: Recent[int, str] = Recent()
        self._sent: Recent[str, bool] = Recent()
        self._said: Recent[tuple[str, str], bool] = Recent()

    def is_ours(self, person: str, message: str, text: str) -> bool:
        """Whether an echo is of what was sent here: by its id, or by its words where it came before the answer did."""
        return bool(self._sent.get(message) or self._said.get((person, text)))

    async def send(self, reach: Reach, wire: Wire, key: str) -> Sent:
        """Its messages in order. Raises as `Graph.call`, `WindowClosed` where a tag is not permitted, and `Unshown`."""
        steps: list[Step] = [partial(self._piece, reach, piece) for piece in plan(wire, self._link)]
        try:
            return await self._steps.take(key, steps)
        except NotPermitted:
            if reach.tagged:
                raise WindowClosed("the app has no permission for answers after the window") from None
            raise
        except BadInput as error:
            if len(wire.files) == len(steps) == 1:
                raise Unshown(str(error)) from None
            raise

    async def action(self, recipient: str, action: str) -> None:
        """`typing_on` or `mark_seen`."""
        await self._graph.call("POST", self._path, json={"recipient": {"id": recipient}, "sender_action": action})

    async def _piece(self, reach: Reach, piece: Piece) -> str:
        if isinstance(piece, Attachment):
            message = await self._file(reach, piece)
        else:
            if "text" in piece and not self._mark:
                self._said.put((reach.recipient, piece["text"]), True)
            message = _message_id(await self._post(reach, piece))
        self._sent.put(message, True)
        return message

    async def _post(self, reach: Reach, message: Json) -> Json:
        return await self._graph.call("POST", self._path, json={**reach.fields, "message": message | self._mark})

    async def _file(self, reach: Reach, file: Attachment) -> str:
        """A file that Meta has already is not uploaded again, unless it was forgotten there."""
        if known := self._uploaded.get(file.id):
            attachment = {"type": _kind(file), "payload": {"attachment_id": known}}
            try:
                return _message_id(await self._post(reach, {"attachment": attachment}))
            except BadInput:
                self._uploaded.drop(file.id)
        attachment = {"type": _kind(file), "payload": {"is_reusable": True}}
        fields = {**reach.fields, "message": {"attachment": attachment, **self._mark}}
        form = {name: one if isinstance(one, str) else orjson.dumps(one).decode() for name, one in fields.items()}
        sent = await self._graph.call("POST", self._path, form=form, upload=partial(self._upload, file))
        if isinstance(kept := sent.get("attachment_id"), str):
            self._uploaded.put(file.id, kept)
        return _message_id(sent)

    def _upload(self, file: Attachment) -> Upload:
        name = file.name or "file"
        if self._plain_names and not name.isascii():
            name = "file" + PurePath(name).suffix.encode("ascii", "ignore").decode()
        return Upload("filedata", name, file.media_type, self._open_file(file))


def _kind(file: Attachment) -> str:
    return _KINDS.get(file.media_type.partition("/")[0], "file")


def _message_id(sent: Json) -> str:
    """The message's id, as webhooks about it are read."""
    found = sent.get("message_id")
    if not isinstance(found, str) or not found:
        raise ChannelUnavailable("Meta answered what cannot be read")
    return key_of(found)
