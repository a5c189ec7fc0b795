"""A message of the shop to many who want its news, and for each of them the row that it goes to them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.conversation import Conversation


class Broadcast(Model):
    """What is said, to whom, and how far it has come: everybody up to identity `reached` has their row.

    `planned_at` is when all had theirs; it runs until nobody waits for their copy any more.
    """

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
    planned_at = fields.DatetimeField(null=True)
    stepped_at = fields.DatetimeField(null=True)  # when it last had its turn
    staff_id = fields.BigIntField(null=True)
    client_id = fields.CharField(64, null=True)  # the sender's own id: a second send of it is the same broadcast
    counts = fields.TextField(default="")  # JSON of services.broadcasts.Counts, as they were at `counted_at`
    counted_at = fields.DatetimeField(null=True)
    send_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "broadcast"
        unique_together = (("staff_id", "client_id"),)
        indexes = (Index(fields=("state", "send_at"), name="ix_broadcast_state"),)


class BroadcastCopy(Model):
    """One recipient, a person at one of their addresses; the message has the broadcast's client id."""

    id = fields.BigIntField(primary_key=True)
    broadcast: fields.ForeignKeyRelation[Broadcast] = fields.ForeignKeyField(
        "models.Broadcast", related_name="copies", on_delete=fields.CASCADE
    )
    broadcast_id: int
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name=None, on_delete=fields.CASCADE
    )
    conversation_id: int
    person = fields.BigIntField(null=True)  # the contact of the conversation
    account = fields.CharField(64, default="")  # that of the conversation
    due_at = fields.DatetimeField(null=True)  # when they are to be told; null: they are, or are left out

    class Meta:
        table = "broadcast_copy"
        unique_together = (("broadcast_id", "conversation_id"), ("broadcast_id", "person"))
        indexes = (
            Index(fields=("conversation_id",), name="ix_broadcast_copy_conversation"),
            Index(fields=("broadcast_id", "due_at", "account"), name="ix_broadcast_copy_due"),
        )
