"""Shapes of the desk: staff, their chats and ready-made replies, channels, and what could not be done."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

from bot.services import canned
from bot.services.staff import ROLES
from web.values import Limits, Shop, Time, most, one_of

Role = Annotated[str, one_of(ROLES)]


class Staff(TypedDict):
    """Somebody who works at the desk."""

    id: int
    login: str
    name: str
    role: Role
    locale: str
    timezone: str
    must_change_password: bool
    active: bool


class LoggedIn(TypedDict):
    """`csrf` is what every change carries in `X-CSRF-Token`."""

    staff: Staff
    csrf: str


class Me(LoggedIn):
    """Who asks, and what the desk must know."""

    colleagues: list[Staff]
    shop: Shop
    limits: Limits


class OneStaff(TypedDict):
    """An account, as it is now."""

    staff: Staff


class NewPassword(TypedDict):
    """A one-time password, told this once."""

    password: str


class MadeStaff(OneStaff, NewPassword):
    """A new account with its one-time password."""


class AllStaff(TypedDict):
    """Every account."""

    items: list[Staff]


class LinkCode(TypedDict):
    """What to say to the bot, so that a chat is a manager's."""

    code: str
    expires_at: Time


class LinkedChat(TypedDict):
    """A chat of one's own."""

    id: int
    name: str
    account: str
    channel: str
    reachable: bool
    conversation_id: int | None
    subscriptions: int


class LinkedChats(TypedDict):
    """One's own chats."""

    items: list[LinkedChat]


class CannedReply(TypedDict):
    """A ready-made reply."""

    name: str
    text: str


class CannedReplies(TypedDict):
    """The team's ready-made replies; `version` is "" while there are none."""

    items: list[CannedReply]
    version: str


class Failure(TypedDict):
    """What could not be done."""

    kind: Literal["effect", "inbound", "webhook"]
    id: int
    what: str
    error: str
    attempts: int
    at: Time
    conversation_id: int | None


class Failures(TypedDict):
    """All that could not be done."""

    items: list[Failure]


class Channel(TypedDict):
    """An account that is on, and what its platform can show; spans of time are in seconds."""

    account: str
    channel: str
    capabilities: dict[str, Any]
    state: Literal["on"]


class Channels(TypedDict):
    """All accounts that are on."""

    items: list[Channel]


class Login(TypedDict):
    """Who logs in."""

    login: Annotated[str, most(200)]
    password: Annotated[str, most(1000)]


class PasswordChange(TypedDict):
    """The password that was, and the one that shall be."""

    old: Annotated[str, most(1000)]
    new: Annotated[str, most(1000)]


class MeChange(TypedDict, total=False):
    """What somebody changes of their own account; null leaves it."""

    name: Annotated[str, most(120, 1)] | None
    locale: Annotated[str, most(16)] | None
    timezone: Annotated[str, most(64)] | None


class StaffChange(MeChange, total=False):
    """What an admin changes of an account."""

    role: Role | None
    active: bool | None


class NewStaff(TypedDict):
    """An account to make; without language and time zone it has those of whoever makes it."""

    login: Annotated[str, most(64)]
    name: Annotated[str, most(120, 1)]
    role: Role
    locale: NotRequired[Annotated[str, most(16)] | None]
    timezone: NotRequired[Annotated[str, most(64)] | None]


class WrittenReply(TypedDict):
    """A ready-made reply; neither part may be blank."""

    name: Annotated[str, most(24, 1)]
    text: Annotated[str, most(1000, 1)]


class WrittenReplies(TypedDict):
    """The whole list, and the version that it was made from."""

    items: Annotated[list[WrittenReply], Meta(max_length=canned.MOST)]
    version: Annotated[str, most(16)]
