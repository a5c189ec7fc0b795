"""A file: a reference until an effect has streamed it into the store, shown only once it is stored."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Attachment(Model):
    """One file. `state`: pending | stored | failed. Keys are generated, never made of names."""

    id = fields.BigIntField(primary_key=True)
    conversation_id = fields.BigIntField(null=True)  # null: the shop's own (a product picture, a report)
    contact_id = fields.BigIntField(null=True)
    message_seq = fields.IntField(null=True)
    kind = fields.CharField(8)  # image | audio | video | file
    name = fields.CharField(255, default="")
    media_type = fields.CharField(100, default="")
    size = fields.BigIntField(default=0)
    sha256 = fields.CharField(64, default="")
    state = fields.CharField(8, default="pending")
    error = fields.CharField(300, default="")
    storage_key = fields.CharField(191, default="")  # the original bytes
    display_key = fields.CharField(191, default="")  # images: re-encoded for showing
    thumb_key = fields.CharField(191, default="")
    width = fields.IntField(default=0)
    height = fields.IntField(default=0)
    source = fields.TextField(default="")  # JSON of core.message.FileRef, while it is still at the platform
    public = fields.BooleanField(default=False)  # anybody may see it (product pictures, accepted reviews)
    created_at = fields.DatetimeField()

    class Meta:
        table = "attachment"
        indexes = (
            Index(fields=("conversation_id", "message_seq"), name="ix_attachment_message"),
            Index(fields=("contact_id",), name="ix_attachment_contact"),
        )
