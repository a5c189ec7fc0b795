"""A message of the shop to many who want its news, and for each of them the row that it goes to them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.conversation import Conversation


class Broadcast(Model):
    """What is said, to whom, and how far it has come: everybody up to conversation `reached` has their row."""

    id = fields.BigIntField(primary_key=True)
    text = fields.TextField(default="")
    picture_id = fields.BigIntField(null=True)  # an attachment of the shop's own
    label = fields.CharField(64, default="")  # of the button below it, which starts `command`
    command = fields.CharField(64, default="")
    accounts = fields.TextField(default="[]")  # JSON; empty: all
    language = fields.CharField(16, default="")  # "": all
    bought = fields.CharField(3, default="")  # "yes" | "no"; "": all
    state = fields.CharField(10, default="scheduled")  # scheduled | running | stopped | done
    reached = fields.BigIntField(default=0)
    staff_id = fields.BigIntField(null=True)
    send_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "broadcast"
        indexes = (Index(fields=("state", "send_at"), name="ix_broadcast_state"),)


class BroadcastCopy(Model):
    """One recipient; the message is that of the conversation with the broadcast's client id."""

    id = fields.BigIntField(primary_key=True)
    broadcast: fields.ForeignKeyRelation[Broadcast] = fields.ForeignKeyField(
        "models.Broadcast", related_name="copies", on_delete=fields.CASCADE
    )
    broadcast_id: int
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name=None, on_delete=fields.CASCADE
    )
    conversation_id: int

    class Meta:
        table = "broadcast_copy"
        unique_together = (("broadcast_id", "conversation_id"),)
        indexes = (Index(fields=("conversation_id",), name="ix_broadcast_copy_conversation"),)
