"""One customer's phone: what stands in the chat, oldest first, and all that the person can do there.

A line as the page gets it; `by` is "customer", "shop" or "event":

    {"id": 3, "by": "shop", "at": 1760000000.1, "subject": "", "text": "How was it?", "event": "", "state": "",
     "files": [FILE], "keys": [{"style": "chips", "title": "", "rows": [[{"label": "5 ★", "url": "", "at": 0}]]}],
     "cards": {…} or null, "is_edited": false, "is_deleted": false, "can": ["edit", "delete"]}

`state` of a customer's line is "sent", "taken" (the shop answered 200 to the webhook, or fetched the mail) or "seen"
(the shop said so).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from bot.core.errors import BadInput
from tests.kit.demo import deeds
from tests.kit.demo.cards import cards_of
from tests.kit.demo.cast import Part
from tests.kit.demo.keys import keys_of
from tests.kit.platforms.base import Json


@dataclass(slots=True)
class Line:
    """`wire` is the platform's own id of what the customer said."""

    id: int
    by: str
    at: float
    text: str = ""
    event: str = ""
    files: tuple[Any, ...] = ()
    wire: Any = None
    shown: int = -1  # place in `person.shown`
    state: str = ""
    is_edited: bool = False
    is_deleted: bool = False


@dataclass(slots=True)
class OwnFile:
    """What the customer sent."""

    name: str
    content: bytes
    media_type: str


@dataclass(slots=True)
class Phone:
    """`clock` is seconds since 1970 as the play has it; `held` how many messages wait until this person writes."""

    part: Part
    server: Any
    person: Any
    clock: Callable[[], float]
    lines: list[Line] = field(default_factory=list)
    held: int = 0
    news: bool = True  # whether they take advertising, where the app has a switch for it
    _seen: int = 0  # how many of `person.shown` stand in `lines`

    @property
    def channel(self) -> str:
        return self.part.stage.channel

    @property
    def lane(self) -> str:
        """The conversation, as Parley calls it."""
        return f"{self.part.account}:{self.person.id}"

    # what one sees

    async def look(self) -> None:
        """Bring the chat in step with what the platform shows; the platform tells that it was delivered."""
        while self._seen < len(self.person.shown):
            self._seen += 1
            self._add("shop", shown=self._seen - 1)
            if tell := deeds.DELIVERIES.get(self.channel):
                await tell(self.server, self.person, self.person.shown[self._seen - 1])
        self._mark()

    def _mark(self) -> None:
        if deeds.has_heard_all(self.server):
            for line in self.lines:
                line.state = "taken" if line.state == "sent" else line.state
        seen = getattr(self.person, "seen", ())
        for line in self.lines:
            if line.state == "taken" and (line.wire in seen or "mark_seen" in seen):
                line.state = "seen"

    def state(self) -> Json:
        """Everything about it for the page."""
        labels, _ = deeds.MENUS.get(self.channel, (lambda _: [], None))
        return {
            "account": self.part.account,
            "channel": self.channel,
            "name": self.part.name,
            "locale": self.part.locale,
            "lines": [self._told(line) for line in self.lines],
            "typing": self.person.typing_seen,
            "blocked": self.person.has_blocked,
            "news": self.news if self.channel in deeds.SWITCHES else None,
            "held": self.held,
            "menu": labels(self.server),
            "mail": deeds.letterhead(self.channel, self.person),
            "can": sorted(
                name for name, known in (("place", deeds.PLACES), ("file", deeds.FILES)) if self.channel in known
            ),
        }

    def _told(self, line: Line) -> Json:
        shown = self.person.shown[line.shown] if line.shown >= 0 else None
        files = shown.files if shown else line.files
        told = {"id": line.id, "by": line.by, "at": line.at, "event": line.event, "state": line.state}
        return told | {
            "text": shown.text if shown else line.text,
            "subject": deeds.subject(self.person, line.wire, shown),
            "files": [{"name": file.name, "image": _is_image(file.content)} for file in files],
            "keys": keys_of(self.channel, shown) if shown else [],
            "cards": cards_of(shown) if shown else None,
            "is_edited": line.is_edited,
            "is_deleted": line.is_deleted,
            "can": self._can(line),
        }

    def _can(self, line: Line) -> list[str]:
        if line.by != "customer" or line.wire is None or line.is_deleted:
            return []
        known = (("edit", deeds.EDITS if line.text else {}), ("delete", deeds.DELETES))
        return [name for name, channels in known if self.channel in channels]

    def file(self, line: int, at: int) -> Any:
        """A file of a line: name, bytes and media type. Raises `BadInput`."""
        found = self._line(line)
        files = self.person.shown[found.shown].files if found.shown >= 0 else found.files
        if not 0 <= at < len(files):
            raise BadInput("there is no such file")
        return files[at]

    # what one does

    async def opens(self, told: Mapping[str, Any]) -> None:
        """Begin as people do there: follow, press start, or greet."""
        if self.part.begins:
            await self.says(self.part.begins)
        else:
            self._add("event", event="opens")
            await self.part.stage.opens(self.person)

    async def says(self, told: Mapping[str, Any]) -> None:
        """`text`, and a `subject` where it is a mail."""
        text = str(told.get("text", "")).strip()
        if not text:
            raise BadInput("there are no words to say")
        line = self._add("customer", text=text, state="sent")
        self.part.stage.before(self.server)
        self._named(line, await deeds.words(self.channel)(self.person, text, str(told.get("subject", "")).strip()))

    async def taps(self, told: Mapping[str, Any]) -> None:
        """`line` and `at`: a button of a message."""
        found = self._line(told.get("line"))
        shown = self.person.shown[found.shown]
        buttons = [button for row in shown.rows for button in row] if hasattr(shown, "rows") else shown.buttons
        at = told.get("at")
        if not isinstance(at, int) or not 0 <= at < len(buttons):
            raise BadInput("there is no such button")
        self._add("customer", text=buttons[at].label, event="taps", state="sent")
        # Several cards of one message have the same buttons: only that one is in sight.
        only = {"rows": ((buttons[at],),)} if hasattr(shown, "rows") else {"buttons": (buttons[at],)}
        self.person.looks_at = replace(shown, **only)
        try:
            await self.person.taps(buttons[at].label)
        finally:
            self.person.looks_at = None

    async def picks(self, told: Mapping[str, Any]) -> None:
        """`label`: an entry of the account's own menu."""
        labels, tap = deeds.MENUS.get(self.channel, (lambda _: [], deeds.nothing))
        label = str(told.get("label"))
        if label not in labels(self.server):
            raise BadInput("there is no such entry")
        self._add("customer", text=label, event="taps", state="sent")
        self.part.stage.before(self.server)
        await tap(self.server, self.person, label)

    async def sends(self, name: str, media_type: str, content: bytes) -> None:
        """A picture, which every platform makes a JPEG of, or another file where the platform has such."""
        if _is_image(content):
            file = OwnFile("photo.jpg", _as_jpeg(content), "image/jpeg")
        elif self.channel in deeds.FILES and content:
            file = OwnFile(name or "file", content, media_type or "application/octet-stream")
        else:
            raise BadInput("this platform takes pictures only, and that is none")
        line = self._add("customer", files=(file,), state="sent")
        self.part.stage.before(self.server)
        if file.media_type == "image/jpeg":
            self._named(line, await self.person.sends_photo(file.content))
        else:
            send = deeds.FILES[self.channel]
            self._named(line, await send(self.server, self.person, file.name, file.media_type, file.content))

    async def sends_place(self, told: Mapping[str, Any]) -> None:
        """Where the tea house is."""
        if self.channel not in deeds.PLACES:
            raise BadInput("this platform has no places")
        line = self._add("customer", text=f"{deeds.NAME}\n{deeds.ADDRESS}", event="place", state="sent")
        self.part.stage.before(self.server)
        self._named(line, await deeds.PLACES[self.channel](self.server, self.person))

    async def edits(self, told: Mapping[str, Any]) -> None:
        """`line` and `text`."""
        line, text = self._line(told.get("line")), str(told.get("text", "")).strip()
        if "edit" not in self._can(line) or not text:
            raise BadInput("this cannot be changed")
        await deeds.EDITS[self.channel](self.server, self.person, line.wire, text)
        line.text, line.is_edited = text, True

    async def deletes(self, told: Mapping[str, Any]) -> None:
        """`line`."""
        line = self._line(told.get("line"))
        if "delete" not in self._can(line):
            raise BadInput("this cannot be taken back")
        await deeds.DELETES[self.channel](self.server, self.person, line.wire)
        line.is_deleted = True

    async def blocks(self, told: Mapping[str, Any]) -> None:
        """Block the shop, or follow it no more."""
        self._add("event", event="blocks")
        self.part.stage.before(self.server)
        await self.person.blocks()

    async def returns(self, told: Mapping[str, Any]) -> None:
        """Let it write again."""
        self._add("event", event="returns")
        self.part.stage.before(self.server)
        await deeds.RETURNS[self.channel](self.server, self.person)

    async def switches(self, told: Mapping[str, Any]) -> None:
        """Want no advertising of it any more, or want it again."""
        if self.channel not in deeds.SWITCHES:
            raise BadInput("this app has no switch for advertising")
        self.news = not self.news
        self._add("event", event="news" if self.news else "no_news")
        self.part.stage.before(self.server)
        await deeds.SWITCHES[self.channel](self.server, self.person, self.news)

    async def reads(self, told: Mapping[str, Any]) -> None:
        """The newest message is before the person's eyes."""
        read = deeds.READS.get(self.channel)
        newest = next((line for line in reversed(self.lines) if line.by == "shop"), None)
        if read and newest and newest.state != "read":
            for line in self.lines:
                line.state = "read" if line.by == "shop" else line.state
            await read(self.server, self.person, self.person.shown[newest.shown])

    def _add(self, by: str, **more: Any) -> Line:
        line = Line(len(self.lines), by, self.clock(), **more)
        self.lines.append(line)
        return line

    def _line(self, id_: Any) -> Line:
        if not isinstance(id_, int) or not 0 <= id_ < len(self.lines):
            raise BadInput("there is no such message")
        return self.lines[id_]

    def _named(self, line: Line, number: Any) -> None:
        """Telegram's deeds tell the number of the update, which is not that of the message."""
        line.wire = self.person.wrote[-1] if self.channel == "telegram" else number


def _is_image(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.format in ("JPEG", "PNG", "GIF", "WEBP")
    except OSError:
        return False


def _as_jpeg(content: bytes) -> bytes:
    """As platforms keep what people send."""
    with Image.open(io.BytesIO(content)) as image:
        image.thumbnail((1600, 1600))
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
