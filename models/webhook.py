"""Webhooks that leave: who wants to be told of what, what happened, and how each telling went."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class WebhookEndpoint(Model):
    """An address that wants to be told. `paused` it goes on to collect, `gone` (it answered 410) it does not."""

    id = fields.BigIntField(primary_key=True)
    url = fields.CharField(500)
    events = fields.TextField()  # JSON list of names and of groups: "order.paid", "review.*"
    secret = fields.CharField(120)  # whsec_…
    old_secret = fields.CharField(120, default="")  # signs beside the other one until then
    old_until = fields.DatetimeField(null=True)
    state = fields.CharField(16, default="active")  # active | paused | gone
    reason = fields.CharField(16, default="")  # of a pause: "staff" | "failing"
    failing_since = fields.DatetimeField(null=True)  # no call went well since
    rest_until = fields.DatetimeField(null=True)  # it asked to be left alone
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "webhook_endpoint"


class WebhookEvent(Model):
    """What happened, written in the transaction in which it did. `key` is the webhook-id."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(40, unique=True)
    name = fields.CharField(64)
    subject = fields.CharField(64)  # "order:12"
    body = fields.TextField()  # the very JSON that is signed
    spread = fields.BooleanField(default=False)  # there is a delivery for everyone who wants it
    at = fields.DatetimeField()

    class Meta:
        table = "webhook_event"
        indexes = (Index(fields=("spread", "id"), name="ix_webhook_event_spread"),)


class WebhookDelivery(Model):
    """One event for one endpoint. Until `due_at` whoever wrote `claim` has it; what became of a try is of the last."""

    id = fields.BigIntField(primary_key=True)
    event: fields.ForeignKeyRelation[WebhookEvent] = fields.ForeignKeyField(
        "models.WebhookEvent", related_name="deliveries", on_delete=fields.CASCADE
    )
    event_id: int
    endpoint: fields.ForeignKeyRelation[WebhookEndpoint] = fields.ForeignKeyField(
        "models.WebhookEndpoint", related_name="deliveries", on_delete=fields.CASCADE
    )
    endpoint_id: int
    state = fields.CharField(16, default="waiting")  # waiting | delivered | failed
    attempts = fields.IntField(default=0)
    due_at = fields.DatetimeField()
    claim = fields.CharField(32, default="")
    status = fields.IntField(null=True)  # HTTP
    error = fields.CharField(32, default="")  # why there is none: see services/webhook_outbox.py
    answer = fields.CharField(300, default="")  # its first characters
    took_ms = fields.IntField(null=True)
    tried_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "webhook_delivery"
        unique_together = (("event_id", "endpoint_id"),)
        indexes = (
            Index(fields=("endpoint_id", "state", "due_at"), name="ix_webhook_delivery_due"),
            Index(fields=("endpoint_id", "id"), name="ix_webhook_delivery_log"),
        )
