"""What somebody allowed us to write to one of their addresses, or forbade: a row for each time, as the proof of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.contact import Identity


class Consent(Model):
    """One yes or no; of several of a kind the newest counts."""

    id = fields.BigIntField(primary_key=True)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="consents", on_delete=fields.CASCADE
    )
    identity_id: int
    kind = fields.CharField(16)  # orders | reminders | news
    given = fields.BooleanField(default=False)
    # asked: said yes or no to a question | word: STOP, START and the like | switch: the platform's own | staff
    way = fields.CharField(16)
    said = fields.CharField(500, default="")  # the question that was answered, the word, or why staff changed it
    staff_id = fields.BigIntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "consent"
        indexes = (
            Index(fields=("identity_id", "kind", "id"), name="ix_consent_identity"),
            Index(fields=("kind", "given", "identity_id"), name="ix_consent_kind"),
        )
