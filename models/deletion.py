"""What became of people's wishes to be forgotten that a platform handed on."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Deletion(Model):
    """One wish. Nothing in it tells whose it was; the person has the code, by which they find it."""

    id = fields.BigIntField(primary_key=True)
    account = fields.CharField(64)
    code = fields.CharField(64, unique=True)
    asked_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    messages = fields.IntField(null=True)  # that were there to be deleted; null: nobody has looked yet
    files = fields.IntField(null=True)
    orders = fields.IntField(null=True)  # whose figures stay

    class Meta:
        table = "deletion"
        indexes = (Index(fields=("asked_at",), name="ix_deletion_asked"),)
