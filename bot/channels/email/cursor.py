"""Up to where a folder was read: a uid under the folder's validity, and enough to go on where that changes.

When a server gives out new uids, the mails that were read are told from the others by when they arrived and by their
keys: of the last ones, which stand here, and of the week, which the inbox knows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

#: Keys of so many mails are remembered.
MOST_RECENT = 64
#: Servers put mails that come at the same time in any order.
MARGIN = timedelta(days=1)


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`at` is when the newest mail that was read arrived, seconds since 1970; `recent` are the last mails' keys.

    `box` says whose folder it is, see `box_of`: uids of another mean nothing here. "" is of a time that did not ask.
    """

    validity: int
    uid: int
    at: float
    recent: tuple[str, ...] = ()
    box: str = ""

    def moved(self, uid: int, received: datetime | None, keys: tuple[str, ...]) -> Cursor:
        """Behind one more mail."""
        at = max(self.at, received.timestamp()) if received else self.at
        return replace(self, uid=max(uid, self.uid), at=at, recent=(*self.recent, *keys)[-MOST_RECENT:])

    @property
    def since(self) -> datetime:
        """What arrived before was read."""
        return datetime.fromtimestamp(self.at, UTC) - MARGIN


def box_of(host: str, user: str, folder: str) -> str:
    """What tells this folder from every other one, and nothing about it."""
    return blake2b("\0".join((host.lower(), user, folder)).encode(), digest_size=8).hexdigest()


def encoded(cursor: Cursor) -> str:
    """As it is kept."""
    return msgspec.json.encode(cursor).decode()


def decoded(text: str) -> Cursor | None:
    """What was kept; None for nothing, and for what nobody wrote."""
    try:
        return msgspec.json.decode(text, type=Cursor) if text else None
    except msgspec.MsgspecError:
        return None
