"""What providers say of the money in their own books, and where these and ours do not agree."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.payment import Payment


class Statement(Model):
    """The books of one provider of one day, UTC. See services/reconciliation.py for the states."""

    id = fields.BigIntField(primary_key=True)
    provider = fields.CharField(32)
    day = fields.CharField(10)  # 2026-11-22
    state = fields.CharField(8)  # due | read | asked | done
    attempts = fields.IntField(default=0)
    error = fields.CharField(300, default="")  # why they could not be read the last time
    others = fields.IntField(default=0)  # lines about business that is not ours
    due_at = fields.DatetimeField()  # of the next step; whoever takes it moves this first
    created_at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "statement"
        unique_together = (("provider", "day"),)
        indexes = (Index(fields=("state", "due_at"), name="ix_statement_due"),)


class StatementLine(Model):
    """One line of them: money taken (positive) or given back (negative)."""

    id = fields.BigIntField(primary_key=True)
    statement: fields.ForeignKeyRelation[Statement] = fields.ForeignKeyField(
        "models.Statement", related_name="lines", on_delete=fields.CASCADE
    )
    statement_id: int
    payment: fields.ForeignKeyNullableRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="statement_lines", null=True, on_delete=fields.CASCADE
    )
    payment_id: int | None
    reference = fields.CharField(255)  # the provider's, of this movement
    key = fields.CharField(64)  # ours, as their books have it
    amount = fields.BigIntField()
    currency = fields.CharField(3)
    at = fields.DatetimeField()

    class Meta:
        table = "statement_line"
        indexes = (
            Index(fields=("statement_id",), name="ix_statement_line_statement"),
            Index(fields=("payment_id",), name="ix_statement_line_payment"),
            Index(fields=("key",), name="ix_statement_line_key"),
        )


class Difference(Model):
    """What a provider took, or gave back, and what our books say of it; sums are in minor units."""

    id = fields.BigIntField(primary_key=True)
    payment: fields.ForeignKeyNullableRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="differences", null=True, on_delete=fields.CASCADE
    )
    payment_id: int | None
    provider = fields.CharField(32)
    key = fields.CharField(64)
    side = fields.CharField(8)  # payment | refund
    reference = fields.CharField(255)
    kind = fields.CharField(16)  # missing_here | missing_there | amount | currency
    theirs = fields.BigIntField()
    theirs_currency = fields.CharField(3)
    ours = fields.BigIntField()
    ours_currency = fields.CharField(3)
    day = fields.CharField(10)
    state = fields.CharField(16)  # open | explained | gone
    note = fields.CharField(300, default="")  # staff's explanation
    staff_id = fields.BigIntField(null=True)
    found_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "difference"
        unique_together = (("provider", "key", "side"),)
        indexes = (
            Index(fields=("state", "id"), name="ix_difference_state"),
            Index(fields=("payment_id",), name="ix_difference_payment"),
        )
