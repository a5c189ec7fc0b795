"""What customers are told of the steps of their orders: each by a message that is found again by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.capabilities import Capabilities
from bot.services.rows import moment
from models.database import as_time, fetch, marks

_STEP, _CHANGE, _PART, _CANCELLED, _TRACKED = "order", "change", "parcel", "cancelled", "tracked"


def name(number: str, state: str) -> str:
    """The `client_id` of the message, and the key of the inbound that leads to it."""
    return f"{_STEP}:{number}:{state}"


def part_name(number: str, shipment_id: int) -> str:
    """`name` of a part that left: unlike a state it stays so, whatever comes after it."""
    return f"{_PART}:{number}:{shipment_id}"


def cancelled_name(number: str, version: int) -> str:
    """`name` of a part that is not sent any more; see `order_states.version`."""
    return f"{_CANCELLED}:{number}:{version}"


def tracked_name(number: str, version: int) -> str:
    """`name` of a parcel whose number came after it had left; see `order_states.version`."""
    return f"{_TRACKED}:{number}:{version}"


def change_name(number: str, version: int) -> str:
    """`name` of what staff changed; see `order_states.version`."""
    return f"{_CHANGE}:{number}:{version}"


@dataclass(frozen=True, slots=True)
class Told:
    """How one step was told: where, and how far its message has come (see `Message.delivery` and `error`).

    `silence` is for how long the customer had said nothing there; None where they never did.
    """

    conversation_id: int
    account: str
    delivery: str
    error: str
    silence: timedelta | None

    def by_template(self, capabilities: Capabilities | None) -> bool:
        """Whether it left, outside of the reply window, as the platform's template."""
        if capabilities is None or capabilities.proactive != "template" or capabilities.reply_window is None:
            return False
        has_left = self.delivery in ("sent", "delivered", "read")
        return has_left and (self.silence is None or self.silence > capabilities.reply_window)


_TOLD = (
    "SELECT m.client_id, m.conversation_id, c.account, m.delivery, m.error, m.at, (SELECT w.at FROM message w "
    "WHERE w.conversation_id = m.conversation_id AND w.seq < m.seq AND w.author = 'customer' "
    "ORDER BY w.seq DESC LIMIT 1) AS wrote_at FROM message m JOIN conversation c ON c.id = m.conversation_id "
    "WHERE c.contact_id IN (SELECT COALESCE(p.id, k.id) FROM contact k "
    "LEFT JOIN contact p ON p.person_id = k.person_id WHERE k.id = ?) AND m.client_id IN ({names})"
)


async def is_kept(conversation_id: int, account: str, called: str) -> bool:
    """Whether the message of that name is in a conversation, or what leads to it waits to be handled."""
    found = await fetch(
        "SELECT 1 FROM inbound WHERE account = ? AND key = ? "
        "UNION ALL SELECT 1 FROM message WHERE conversation_id = ? AND client_id = ?",
        (account, called, conversation_id, called),
    )
    return bool(found)


async def told(contact_id: int, names: Sequence[str]) -> dict[str, Told]:
    """How a person was told by the messages of these names; those that are not there are left out."""
    if not names:
        return {}
    rows = await fetch(_TOLD.format(names=marks(len(names))), (contact_id, *names))
    return {
        row["client_id"]: Told(
            row["conversation_id"],
            row["account"],
            row["delivery"],
            row["error"],
            _between(as_time(row["wrote_at"]), moment(row["at"])),
        )
        for row in rows
    }


def _between(wrote_at: datetime | None, at: datetime) -> timedelta | None:
    return at - wrote_at if wrote_at else None


_NOW = (
    "SELECT state, (SELECT MAX(e.id) FROM order_event e WHERE e.order_id = o.id AND e.what = 'changed') AS changed "
    'FROM "order" o WHERE number = ?'
)


async def is_overtaken(conversation_id: int, seq: int) -> bool:
    """Whether the order has gone on since this message about a step of it, or a change, was written."""
    found = await fetch("SELECT client_id FROM message WHERE conversation_id = ? AND seq = ?", (conversation_id, seq))
    named = (found[0]["client_id"] or "") if found else ""
    kind, _, which = named.partition(":")
    if kind not in (_STEP, _CHANGE):
        return False
    number, _, of = which.rpartition(":")
    rows = await fetch(_NOW, (number,))
    if kind == _STEP:
        return bool(rows) and rows[0]["state"] != of
    return bool(rows) and (rows[0]["state"] != "placed" or str(rows[0]["changed"]) != of)
