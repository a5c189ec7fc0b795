"""What channels keep between two messages: notes that nodes share, what a customer's act allows, calls held open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.conversation import Conversation


class ChannelNote(Model):
    """A short text of a channel account, such as its access token; times are the database's, in seconds since 1970."""

    name = fields.CharField(150, primary_key=True)
    text = fields.TextField(default="")
    until = fields.FloatField(null=True)  # null: until it is replaced
    claimed_until = fields.FloatField(default=0)  # somebody does until then what all need done once

    class Meta:
        table = "channel_note"


class Opening(Model):
    """What one act of the customer allows us to send, on channels with a reply window, a quota or reply tokens."""

    id = fields.BigIntField(primary_key=True)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="openings", on_delete=fields.CASCADE
    )
    conversation_id: int
    token = fields.CharField(255, default="")  # what an answer must carry
    at = fields.DatetimeField()
    until = fields.DatetimeField()
    most = fields.IntField(null=True)  # messages; null: any number
    used = fields.IntField(default=0)

    class Meta:
        table = "opening"
        indexes = (Index(fields=("conversation_id", "at"), name="ix_opening_conversation"),)


class OpenCall(Model):
    """A platform's call for which an answer is awaited; the same event is the same call at each of its tries.

    Times are the database's, in seconds since 1970. Whoever holds the call collects what was said for it.
    """

    id = fields.BigIntField(primary_key=True)
    account = fields.CharField(64)
    key = fields.CharField(191)  # of the inbound
    recipient = fields.CharField(191)
    until = fields.FloatField()  # this try is given up then
    hope = fields.FloatField()  # another one may come until then
    tries = fields.IntField(default=1)
    said = fields.TextField(default="")  # base64
    effect = fields.CharField(191, default="")  # the key of what was said
    collected = fields.BooleanField(default=False)

    class Meta:
        table = "open_call"
        unique_together = (("account", "key"),)
        indexes = (Index(fields=("account", "recipient"), name="ix_open_call_recipient"),)
