"""Who of the staff did what."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Audit(Model):
    """One action of a member of staff, in the same transaction as the action."""

    id = fields.BigIntField(primary_key=True)
    staff_id = fields.BigIntField(null=True)
    action = fields.CharField(64)  # "take_over", "review.accept", "contact.erase", …
    object = fields.CharField(120, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "audit"
        indexes = (Index(fields=("at", "id"), name="ix_audit_at"),)
