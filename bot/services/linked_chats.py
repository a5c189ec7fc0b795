"""The chats that a member of staff has linked with a code: shown at the desk, and let go there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.services import audit
from models import Conversation, Identity, ReportSubscription
from models.database import fetch


@dataclass(frozen=True, slots=True)
class LinkedChat:
    """One chat; `name` is what its channel calls the person, and may be empty. `id` is the identity's."""

    id: int
    account: str
    external_id: str
    name: str
    reachable: bool
    conversation_id: int | None
    subscriptions: int


async def of(staff_id: int) -> tuple[LinkedChat, ...]:
    """This account's chats, in the order in which they wrote first."""
    found = await fetch(
        "SELECT i.id, i.account, i.external_id, i.name, i.reachable, c.id AS conversation_id, (SELECT count(*) "
        "FROM report_subscription u WHERE u.conversation_id = c.id AND u.active = ?) AS subscriptions "
        "FROM identity i LEFT JOIN conversation c ON c.identity_id = i.id WHERE i.staff_id = ? ORDER BY i.id",
        (True, staff_id),
    )
    return tuple(
        LinkedChat(
            row["id"],
            row["account"],
            row["external_id"],
            row["name"],
            bool(row["reachable"]),
            row["conversation_id"],
            int(row["subscriptions"]),
        )
        for row in found
    )


async def unlink(staff_id: int, identity_id: int, now: datetime) -> None:
    """Make the chat an ordinary customer's again and end its reports; inside the caller's transaction.

    Raises `Refused("not_found")` for a chat that is not this account's.
    """
    if not await Identity.filter(id=identity_id, staff_id=staff_id).update(staff_id=None):
        raise Refused("not_found")
    talks = await Conversation.filter(identity_id=identity_id).values_list("id", flat=True)
    await ReportSubscription.filter(conversation_id__in=list(talks)).delete()
    await audit.record(staff_id, "chat.unlink", f"identity:{identity_id}", now)
