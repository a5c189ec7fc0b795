"""The two durable queues: what happened outside, and what must happen outside.

What is pending or parked has partial indexes, which live in the migrations: there a done row costs nothing.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bot.core.shard import shard_of


class Inbound(Model):
    """One event from outside, kept before it is acknowledged. `(account, key)` decides what is a duplicate."""

    id = fields.BigIntField(primary_key=True)
    account = fields.CharField(64)
    key = fields.CharField(191)
    lane = fields.CharField(255)
    kind = fields.CharField(16)
    payload = fields.TextField()  # JSON of core.message.Inbound
    state = fields.CharField(8, default="pending")  # pending | done | parked
    attempts = fields.SmallIntField(default=0)
    error = fields.CharField(500, default="")
    received_at = fields.DatetimeField()
    shard = fields.SmallIntField(default=-1)  # of the lane; -1: nobody has said yet

    class Meta:
        table = "inbound"
        unique_together = (("account", "key"),)
        indexes = (Index(fields=("lane",), name="ix_inbound_lane"),)


class Effect(Model):
    """One thing to do outside, once its transaction has committed. Effects of one lane keep their order."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(191, unique=True)  # the idempotency key
    kind = fields.CharField(32)  # send | store | call | report | ...
    lane = fields.CharField(255)
    conversation_id = fields.BigIntField(null=True)
    message_seq = fields.IntField(null=True)
    author = fields.CharField(16, default="system")  # bot effects are void after a takeover
    epoch = fields.IntField(default=0)
    payload = fields.TextField()
    state = fields.CharField(10, default="pending")  # pending | held | quiet | done | parked | cancelled
    attempts = fields.SmallIntField(default=0)
    due_at = fields.DatetimeField()
    error = fields.CharField(500, default="")
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    shard = fields.SmallIntField(default=-1)  # of the lane; -1: nobody has said yet

    async def save(self, *args: Any, **kwargs: Any) -> None:
        """With the shard of its lane, so that nobody who makes one must know of it."""
        self.shard = shard_of(self.lane)
        await super().save(*args, **kwargs)

    class Meta:
        table = "effect"
        indexes = (Index(fields=("conversation_id", "id"), name="ix_effect_conversation"),)
