"""What a channel has to be told when its platform stands on this machine, which no setting may say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.channels._strangers import Strangers
from bot.core.message import Attachment


def let_in(channel: Any) -> None:
    """The platform's files are on this machine here, where nobody else's may be fetched from."""
    strangers = Strangers(lambda _: True)
    for one in (channel, getattr(channel, "_calls", channel)):
        if hasattr(one, "_strangers"):
            one._strangers = strangers


def lives_at(channel: Any, now: Callable[[], float]) -> None:
    """The channel sees whether a call is of now by this clock, seconds since 1970."""
    if hasattr(channel, "_gate"):
        channel._gate.now = now
    for one in (channel, getattr(channel, "_signing", channel)):
        if hasattr(one, "_now"):
            one._now = now


def shows_at(channel: Any, link: Callable[[Attachment], str], preview: Callable[[Attachment], str]) -> None:
    """Files of ours, and small pictures of them, stand at these addresses for the platform."""
    channel._around = replace(channel._around, link=link, preview=preview)
