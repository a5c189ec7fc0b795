"""Payments, apart from orders: one order may see many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.order import Order


class Payment(Model):
    """One attempt to be paid. `key` is our idempotency key, `reference` the provider's id."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="payments", on_delete=fields.CASCADE
    )
    order_id: int
    conversation_id = fields.BigIntField(null=True)
    provider = fields.CharField(32)
    key = fields.CharField(64, unique=True)
    reference = fields.CharField(191, default="")
    url = fields.CharField(1000, default="")
    device = fields.CharField(8, default="any")  # for which it was opened: see bot/core/payment.py
    code = fields.CharField(1000, default="")  # of an earlier release, which kept what a picture to scan holds
    amount = fields.BigIntField()
    currency = fields.CharField(3)
    state = fields.CharField(16)  # created | open | paid | failed | mismatch | refunded
    captured = fields.BigIntField(default=0)  # what the provider says it took, right or wrong
    captured_currency = fields.CharField(3, default="")
    refunded = fields.BigIntField(default=0)  # of what was captured
    #: Of a bill of a connected shop, until when the shop keeps its pieces: our order may wait longer.
    kept_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "payment"
        indexes = (
            Index(fields=("order_id",), name="ix_payment_order"),
            Index(fields=("provider", "reference"), name="ix_payment_reference"),
            Index(fields=("updated_at",), name="ix_payment_updated"),
            Index(fields=("provider", "state", "id"), name="ix_payment_state"),
        )


class PaymentEvent(Model):
    """One step of a payment: created, opened, notice, fetched, settled, mismatch, refund."""

    id = fields.BigIntField(primary_key=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="events", on_delete=fields.CASCADE
    )
    payment_id: int
    action = fields.CharField(32)
    note = fields.CharField(300, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "payment_event"
        indexes = (Index(fields=("payment_id", "id"), name="ix_payment_event_payment"),)


class Refund(Model):
    """Money that staff give back of what a payment captured. `key` is our idempotency key at the provider."""

    id = fields.BigIntField(primary_key=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="refunds", on_delete=fields.CASCADE
    )
    payment_id: int
    key = fields.CharField(96, unique=True)
    asked_as = fields.CharField(96)  # what the desk calls this wish: said twice, it is one
    amount = fields.BigIntField()  # minor units of what was captured
    state = fields.CharField(16)  # asked | given | failed | unknown
    reason = fields.CharField(300, default="")  # staff's
    error = fields.CharField(300, default="")  # why it failed, or is not known
    staff_id = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "refund"
        unique_together = (("payment_id", "asked_as"),)


class Receipt(Model):
    """Money that no provider tells of: what staff confirmed to have received, or (negative) to have given back."""

    id = fields.BigIntField(primary_key=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="receipts", on_delete=fields.CASCADE
    )
    payment_id: int
    key = fields.CharField(96)  # what the desk calls it, or the refund's: written down once
    amount = fields.BigIntField()  # minor units
    currency = fields.CharField(3)
    note = fields.CharField(300, default="")
    staff_id = fields.BigIntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "receipt"
        unique_together = (("payment_id", "key"),)
        indexes = (Index(fields=("at",), name="ix_receipt_at"),)


class Charge(Model):
    """What a platform told of the money of a payment inside its client; there is nobody else to ask for it."""

    id = fields.BigIntField(primary_key=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="charges", on_delete=fields.CASCADE
    )
    payment_id: int
    account = fields.CharField(64)  # the channel account that told it
    charge = fields.CharField(255)  # the platform's id of it
    other = fields.CharField(255, default="")  # that of whoever moved the money, if another
    amount = fields.BigIntField()  # minor units
    currency = fields.CharField(3)
    refunded = fields.BigIntField(default=0)  # of it, as far as the platform told
    at = fields.DatetimeField()

    class Meta:
        table = "charge"
        unique_together = (("account", "charge"), ("payment_id",))
        indexes = (Index(fields=("at",), name="ix_charge_at"),)


class LedgerEntry(Model):
    """Half of a posting: the rows of one `cause` sum to zero. Which accounts there are: services/ledger.py."""

    id = fields.BigIntField(primary_key=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="entries", on_delete=fields.CASCADE
    )
    payment_id: int
    cause = fields.CharField(191)
    account = fields.CharField(64)
    amount = fields.BigIntField()  # minor units; what an account gets is positive
    currency = fields.CharField(3)
    at = fields.DatetimeField()

    class Meta:
        table = "ledger_entry"
        unique_together = (("cause", "account", "currency"),)
        indexes = (
            Index(fields=("payment_id",), name="ix_ledger_entry_payment"),
            Index(fields=("account", "at"), name="ix_ledger_entry_account"),
        )
