"""What a channel has to be told when its platform stands on this machine, which no setting may say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    if hasattr(channel, "_sender"):
        channel._sender._link = link


@contextmanager
def waits_at_most(channel: Any, seconds: float) -> Iterator[None]:
    """A call that begins inside the block is given up after so long; a new connection of e-mail is, too."""
    holder, name = _limit(channel)
    before = getattr(holder, name)
    setattr(holder, name, before.model_copy(update={"timeout": seconds}) if name == "_settings" else seconds)
    try:
        yield
    finally:
        setattr(holder, name, before)


def _limit(channel: Any) -> tuple[Any, str]:
    """Where a channel has its limit for a call: beside its HTTP client, or in what its connections are made of."""
    if hasattr(channel, "_api"):
        return channel._api, "_timeout"
    if hasattr(channel, "_sender") and hasattr(channel._sender, "_places"):
        return channel._sender, "_settings"
    return channel._client._session, "timeout"
