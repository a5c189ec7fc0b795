"""Who may have reports: managers who work here, and nobody in a chat that is not theirs."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.services.staff import view
from models import Conversation, Staff


async def check_manager(staff_id: int) -> None:
    """Raise `Refused("managers_only")` for anybody else."""
    staff = await Staff.get_or_none(id=staff_id, active=True)
    if staff is None or not view(staff).may("manager"):
        raise Refused("managers_only")


async def check_linked(conversation_id: int) -> None:
    """Raise `Refused`, "no_conversation" or "not_linked", unless this is the linked chat of a manager."""
    conversation = await Conversation.get_or_none(id=conversation_id).select_related("identity__staff")
    if conversation is None:
        raise Refused("no_conversation")
    staff = conversation.identity.staff
    if staff is None or not staff.active or not view(staff).may("manager"):
        raise Refused("not_linked")
