"""Keys of the API for other sites and programs, and the orders that came by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.order import Order


class ApiKey(Model):
    """A key that staff made for a site or a program. It is shown once; we keep its SHA-256."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(120)
    key_hash = fields.CharField(64, unique=True)
    scopes = fields.CharField(200)  # names with a space between: see services/api_keys.py
    staff_id = fields.BigIntField(null=True)  # who made it; null: the command line
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"


class ApiOrder(Model):
    """A request that became an order, so that the same request again gets the same answer."""

    id = fields.BigIntField(primary_key=True)
    key: fields.ForeignKeyRelation[ApiKey] = fields.ForeignKeyField(
        "models.ApiKey", related_name="orders", on_delete=fields.CASCADE
    )
    key_id: int
    request_hash = fields.CharField(64)  # of the caller's Idempotency-Key
    body_hash = fields.CharField(64, default="")  # of what was asked for; empty once the customer was forgotten
    answer = fields.TextField(default="")
    order: fields.ForeignKeyNullableRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="api_orders", null=True, on_delete=fields.CASCADE
    )
    order_id: int | None
    created_at = fields.DatetimeField()

    class Meta:
        table = "api_order"
        unique_together = (("key_id", "request_hash"),)
        indexes = (Index(fields=("order_id",), name="ix_api_order_order"),)
