"""Who works on what, where several nodes share a database; times are the database's own, in seconds since 1970.

A node that stopped renewing its row is buried by any other, and with the row goes all that it had. Whatever a node
commits is checked against its row in the same transaction, so one that was buried while it slept commits nothing.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Node(Model):
    """One process. The id is its fencing number: a process that was buried comes back under another one."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(100)  # for people
    roles = fields.CharField(40)  # by comma
    session = fields.CharField(40)  # what its database connections are called
    place = fields.CharField(200)  # machine and process: who is on the same machine can see whether it lives
    until = fields.FloatField()  # its lease
    knows = fields.BigIntField(default=0)  # the youngest node that it has heard of

    class Meta:
        table = "node"


class Shard(Model):
    """One share of the lanes. Only its node runs turns and effects of these lanes."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    node_id = fields.BigIntField(null=True)

    class Meta:
        table = "shard"


class Duty(Model):
    """What exactly one node does, by name, such as asking a platform for what is new."""

    name = fields.CharField(100, primary_key=True)
    node_id = fields.BigIntField(null=True)

    class Meta:
        table = "duty"


class Errand(Model):
    """What staff want of a lane that another node works on: its node does it, and the row carries the result back."""

    id = fields.BigIntField(primary_key=True)
    shard = fields.SmallIntField()
    conversation_id = fields.BigIntField()
    verb = fields.CharField(16)
    payload = fields.TextField()  # JSON of the verb's arguments
    state = fields.CharField(8, default="asked")  # asked | taken | done
    result = fields.TextField(default="")  # JSON
    until = fields.FloatField()  # the caller's patience

    class Meta:
        table = "errand"
        indexes = (Index(fields=("conversation_id",), name="ix_errand_conversation"),)
