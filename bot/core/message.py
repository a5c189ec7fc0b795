"""What comes in, what the bot says, and what goes out on the wire: plain values, the same on every channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any, Literal

import msgspec

FileKind = Literal["image", "audio", "video", "file"]
InboundKind = Literal[
    "message",  # text, files or both, from the customer
    "callback",  # a tapped button; `data` is what the button carried
    # The customer opened the conversation (Telegram /start, a new web chat); `data` is what their link brought, and
    # `about` the words or the tap that came along with it.
    "started",
    "payment",  # a provider's notice; `data` is the payment's key
    # A payment inside the platform's client, see `bot.core.charges`; `data` is what our invoice carries.
    "may_pay",  # the platform asks whether it may charge now, and waits for our answer
    "charged",  # it has charged
    "charged_back",  # it has given a charge back
    "result",  # an effect that a dialog waits for has ended; `data` is the dialog's id
    "timer",  # a reminder or expiry of a dialog is due; `data` is "remind:<dialog>" or "expire:<dialog>"
    "order",  # an order took a step outside of the conversation; `data` is its number
    "offer",  # staff put an order together for the customer, who is to pay it; `data` is its number, `text` "changed"
    "news",  # the shop tells many something, also this customer; `data` is the broadcast's id
    "review",  # an order came some days ago: how was it? `data` is its number
    "cart",  # something lies in the customer's cart for long: do they want it?
    "back",  # a variant that the customer waits for can be bought again; `data` is its sku
    "nudge",  # a question waits at another address of the customer's: `text` is the question, `data` the channel
    "report",  # a report is ready for this chat; `data` is the run's id
    "person",  # another address of theirs: `data` is "claimed:<code>", "joined:…", "declined:…" or "parted:<proof>"
    # The customer blocked us, or lets us write again: `data` is "blocked" or "open"; or lets us answer only, or write
    # unasked again: "answers" or "unasked"; or wants no news of the shop, or wants them again: "no_news" or "news". Of
    # these `text` is the platform's own word.
    "reach",
    "status",  # what became of the message `about`: `data` is "delivered", "read" or "failed", `text` says why
    "edited",  # the customer changed the message `about`, and `text` is how it reads now
    "deleted",  # the customer took the message `about` back
    "echo",  # a person answered in the platform's own client: the bot is silent for a while
    "returned",  # who answered in the platform's own client has ended that: the bot may speak again
    "resumed",  # staff gave the conversation back to the bot
    "forget",  # the platform tells that this person wants their data deleted; `sender` is who there, `data` their code
    "unknown",  # an update of a kind we do not handle: stored, counted, not answered
]
#: What a message is about that nobody waits for: news of own orders, a manager's reports, reminders of what was begun,
#: and what a shop tells many. "" is an answer, or something that cannot wait.
About = Literal["", "orders", "reports", "reminders", "news"]
#: Too many came to go on answering them; the platform told of a message and does not give it.
Held = Literal["", "too_many", "unfetched", "nobodys"]
#: Kinds that come from the customer, and so show in the thread.
FROM_CUSTOMER: frozenset[str] = frozenset({"message", "callback", "started"})


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that is still at the platform; `ref` is whatever the channel's `fetch` needs."""

    kind: FileKind
    ref: str
    name: str = ""
    media_type: str = ""
    size: int | None = None
    attachment: int | None = None  # set when the file is ours already (a web chat upload)


class Allowance(msgspec.Struct, frozen=True):
    """What one act of the customer allows us: to send `messages` (None: any number) within `seconds`."""

    seconds: float
    messages: int | None = None


class Inbound(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened outside. `(account, key)` is unique: a second one is the same one."""

    account: str  # the channel account, "telegram" or "webchat"
    key: str  # the platform's own id of the event
    sender: str  # the platform's id of the person: with `account` it names the conversation (the lane)
    kind: InboundKind = "message"
    text: str = ""
    data: str = ""
    files: tuple[FileRef, ...] = ()
    group: str = ""  # an album: inbounds of one group are one message
    name: str = ""  # what the platform calls the sender
    locale: str = ""  # the platform's language tag for the sender
    client_id: str = ""  # the web chat's own id, echoed so that the browser can match its copy
    sent_at: datetime | None = None
    native: dict[str, Any] = {}  # the raw event, for `router.native`
    external_id: str = ""  # the platform's id of this message, by which it later says that it was edited or deleted
    about: str = ""  # the platform's id of an earlier message, of the customer's or of ours; see `kind`
    token: str = ""  # what an answer to this must carry: LINE's reply token, QQ's message id
    alias: str = ""  # by this the platform may tell of the sender later, alone: another id of theirs, or this one
    allows: Allowance | None = None  # where this act allows something else than the channel's ordinary window
    urgent: bool = False  # what is said because of this does not wait for the morning
    automatic: bool = False  # a machine wrote it: it stands in the thread of whom we know, and is not answered
    held: Held = ""  # why nothing answers it, and a person is called; it is `automatic`, too
    shared: bool = False  # several people write here, as in a group: what one of them proves holds for none of them
    unverified: bool = False  # the platform does not vouch for the sender: staff are told
    unproved: bool = False  # anybody may have written it in the sender's name: it opens and asks, and decides nothing
    original: FileRef | None = None  # the whole as it came, for staff, where `text` and `files` are a part of it

    @property
    def unasked(self) -> About:
        """What the words are about that this leads to, where nobody waits for them."""
        return "" if self.urgent else _ABOUT.get(self.kind, "")

    @property
    def is_said(self) -> bool:
        """Whether it stands in the thread: a link that came along with words, which follow, says nothing itself."""
        return self.kind in FROM_CUSTOMER and not (self.kind == "started" and self.about and not self.text)

    @property
    def lane(self) -> str:
        """Order is kept within a lane; a lane is one conversation."""
        return f"{self.account}:{self.sender}"


_ABOUT: Mapping[str, About] = {
    "timer": "reminders",
    "nudge": "reminders",
    "back": "reminders",
    "cart": "reminders",
    "review": "reminders",
    "order": "orders",
    "offer": "orders",
    "report": "reports",
    "news": "news",
}


GIF, JPEG = "image/gif", "image/jpeg"
#: Bytes of the largest picture that we draw, see `bot.storage.images`: what is noise in every pixel takes two thirds.
LARGEST_DRAWN = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that we know: a row of the `attachment` table, as the outside sees it."""

    id: int
    kind: FileKind
    name: str
    media_type: str
    size: int

    def as_sent(self, gif_bytes: int = 0) -> Attachment:
        """As a platform gets it: a picture is a JPEG that we draw, since all show that, or a GIF where that moves."""
        if self.kind != "image" or (self.media_type == GIF and self.size <= gif_bytes):
            return self
        is_jpeg = self.media_type == JPEG
        name = self.name if is_jpeg else f"{PurePath(self.name).stem or 'picture'}.jpg"
        return replace(self, media_type=JPEG, name=name, size=min(self.size, LARGEST_DRAWN))


@dataclass(frozen=True, slots=True)
class Button:
    """`data` comes back as a callback; a button with a `url` opens it instead."""

    label: str
    data: str = ""
    url: str = ""
    style: Literal["", "primary", "danger"] = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One product or thing, with a picture and its actions."""

    title: str
    text: str = ""
    price: str = ""
    image: Attachment | None = None
    buttons: tuple[Button, ...] = ()

    @property
    def picture(self) -> Attachment | None:
        """The image, called as the card is; it stands still."""
        return replace(self.image.as_sent(), name=picture_name(self.title)) if self.image else None


def picture_name(title: str) -> str:
    """What the picture of a card with this title is called, by which a channel finds where it belongs."""
    return f"{title.replace('/', '-')}.jpg"


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line of a cart or an order: `2 × Longjing`, `¥136.00`."""

    label: str
    amount: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A cart or an order: lines and a total, already in the customer's format."""

    title: str
    lines: tuple[SummaryLine, ...]
    total: str


#: What kind of answer the open question wants; a rich channel shows a fitting control.
Input = Literal["", "text", "choice", "stars", "confirm", "files"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: `value` is what stands in it, and `problem` what is wrong with that, in words.

    `fills` is what a browser knows it as (the `autocomplete` of HTML); `options` are what there is to choose, if any.
    """

    name: str
    label: str
    fills: str
    value: str = ""
    problem: str = ""
    required: bool = True
    example: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing said, in the customer's language, before any channel's limits are applied."""

    text: str = ""
    buttons: tuple[Button, ...] = ()
    cards: tuple[Card, ...] = ()
    files: tuple[Attachment, ...] = ()
    summary: Summary | None = None
    input: Input = ""
    form: tuple[Field, ...] = ()  # the answer in parts, sent as lines of "label: value"; words will do as well


@dataclass(frozen=True, slots=True)
class Wire:
    """One message as a channel really sends it: within its limits, ready to go."""

    text: str = ""
    rows: tuple[tuple[Button, ...], ...] = ()
    files: tuple[Attachment, ...] = ()
    cards: tuple[Card, ...] = ()
    summary: Summary | None = None
    input: Input = ""
    form: tuple[Field, ...] = ()
    opens: str = ""  # the word that opens the choices, where the channel shows them as a list
    linked: Attachment | None = None  # a file that the channel cannot show: its address says more than `text`


@dataclass(frozen=True, slots=True)
class Choice:
    """What a number or label that the customer types stands for."""

    label: str
    data: str
    said: str = ""  # how the thread reads a tap where the label alone says too little: "Add to cart · Longjing"
