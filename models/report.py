"""Reports: who subscribed, one row for each run, one row for each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.conversation import Conversation
    from models.staff import Staff


class ReportSubscription(Model):
    """A staff member wants a report in a conversation at local times, as a five-field cron line."""

    id = fields.BigIntField(primary_key=True)
    report = fields.CharField(32)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="subscriptions", on_delete=fields.CASCADE
    )
    staff_id: int
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="subscriptions", on_delete=fields.CASCADE
    )
    conversation_id: int
    cron = fields.CharField(64)  # "0 9 * * mon"
    timezone = fields.CharField(64)
    locale = fields.CharField(16, default="en")
    active = fields.BooleanField(default=True)
    next_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "report_subscription"
        unique_together = (("report", "conversation_id", "cron", "timezone"),)
        indexes = (Index(fields=("active", "next_at"), name="ix_subscription_next"),)


class ReportRun(Model):
    """One run. `slot` makes it the only one: "2026-11-23T01:00Z/weekly" or "now:<id>" for a run on demand."""

    id = fields.BigIntField(primary_key=True)
    report = fields.CharField(32)
    slot = fields.CharField(80)
    period_start = fields.DatetimeField()
    period_end = fields.DatetimeField()
    timezone = fields.CharField(64)
    state = fields.CharField(10, default="due")  # due | running | done | failed
    progress = fields.CharField(200, default="")
    result = fields.TextField(default="")  # JSON, as the report's page shows it
    error = fields.CharField(500, default="")
    created_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "report_run"
        unique_together = (("report", "slot"),)
        indexes = (Index(fields=("report", "created_at"), name="ix_report_run_created"),)


class ReportDelivery(Model):
    """A run goes to a conversation exactly once."""

    id = fields.BigIntField(primary_key=True)
    run: fields.ForeignKeyRelation[ReportRun] = fields.ForeignKeyField(
        "models.ReportRun", related_name="deliveries", on_delete=fields.CASCADE
    )
    run_id: int
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name=None, on_delete=fields.CASCADE
    )
    conversation_id: int
    locale = fields.CharField(16, default="en")
    state = fields.CharField(10, default="due")  # due | sent | failed
    created_at = fields.DatetimeField()

    class Meta:
        table = "report_delivery"
        unique_together = (("run_id", "conversation_id"),)
