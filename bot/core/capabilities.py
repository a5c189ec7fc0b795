"""What a channel can do, as data: the renderer, the desk, `check` and the docs all read these records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Unit = Literal["characters", "utf16", "bytes"]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Media:
    """What a platform plays within the chat: a media type, as files of ours have it, and how many bytes at most."""

    media_type: str
    most: int


@dataclass(frozen=True, slots=True)
class Carousel:
    """Cards beside each other as a message of their own: how many, and what each has room for, in characters."""

    cards: int
    title: int
    text: int  # price and text, a line each
    buttons: int  # of one card


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Limits of one channel account. Zero buttons means that choices become a numbered menu."""

    channel: str
    buttons: int = 0  # most buttons under one message
    button_rows: int = 0  # most rows; 0: as many as buttons need
    button_label: int = 0  # longest label, characters
    button_data: int = 0  # longest callback data, UTF-8 bytes
    link_buttons: bool = False  # a button may open a URL
    lists: bool = False  # many buttons stand in a list behind one more, which has a name
    cards: bool = False  # shows cards natively (picture, price, buttons in one)
    carousel: Carousel | None = None  # what a card there has room for; None: for all that stands on it
    stars: bool = False  # shows a star control natively
    forms: bool = False  # shows a question in parts as a form
    text_limit: int = 4096
    text_unit: Unit = "characters"
    menu_limit: int = 0  # longest text above buttons; a longer one is a message before them, 0: as `text_limit`
    caption_limit: int = 0  # longest text beside a file; 0: text and file are two messages
    images: bool = True
    files: bool = True
    media: tuple[Media, ...] = ()  # sound and films that it plays, also where it has no other files
    files_per_message: int = 1
    mixes: bool = False  # pictures and other files go in one message
    image_bytes: int = 10 * MIB
    gif_bytes: int = 0  # the largest GIF that moves there; any other is a still JPEG
    file_bytes: int = 50 * MIB
    message_bytes: int | None = None  # all files of a message together; None: each counts alone
    forgeable: bool = False  # anybody may write as anybody: what comes in proves nothing of who wrote it
    typing: bool = False
    edits: bool = False
    reply_window: timedelta | None = None  # how long after the customer wrote we may answer; None: no window
    reply_quota: int | None = None  # messages within the window; None: no quota
    staff_window: timedelta | None = None  # how long people, not the bot, may answer; None: as the bot
    proactive: Literal["yes", "template", "no"] = "yes"
    tokens: bool = False  # an answer carries a token of what it answers, and each is good for so many
    gathers: bool = False  # every message counts: words that one turn says go out with what it says behind them
    profiles: bool = False  # the platform is asked for a new person's name and language
    receipts: bool = False  # the platform says what was delivered and read
    hands_over: bool = False  # who wants a person is given to one in the platform's own client
    language: str = ""  # what people there speak who have not said, and whose platform does not: a tag such as "zh"
    stored_delivery: bool = False  # the message row itself is the delivery (our own web chat): no send effect
