"""What customers think, shown on the shop page once staff accepted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.attachment import Attachment
    from models.catalogue import Product
    from models.contact import Contact
    from models.order import Order


class Review(Model):
    """Stars (1 to 5), words and photos about an order or a product."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="reviews", on_delete=fields.CASCADE
    )
    contact_id: int
    conversation_id = fields.BigIntField(null=True)
    order: fields.ForeignKeyNullableRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="reviews", null=True, on_delete=fields.SET_NULL
    )
    order_id: int | None
    product: fields.ForeignKeyNullableRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="reviews", null=True, on_delete=fields.SET_NULL
    )
    product_id: int | None
    account = fields.CharField(64, default="")
    stars = fields.SmallIntField()
    text = fields.TextField(default="")
    display_name = fields.CharField(80, default="")  # what the shop page shows
    locale = fields.CharField(16, default="")
    state = fields.CharField(16, default="pending")  # pending | accepted | rejected
    decided_by = fields.BigIntField(null=True)
    decided_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "review"
        indexes = (
            Index(fields=("state", "created_at"), name="ix_review_state"),
            Index(fields=("contact_id", "created_at"), name="ix_review_contact"),
            Index(fields=("product_id", "state"), name="ix_review_product"),
            Index(fields=("updated_at", "id"), name="ix_review_updated"),
        )


class ReviewPhoto(Model):
    """A photo of a review."""

    id = fields.BigIntField(primary_key=True)
    review: fields.ForeignKeyRelation[Review] = fields.ForeignKeyField(
        "models.Review", related_name="photos", on_delete=fields.CASCADE
    )
    review_id: int
    attachment: fields.ForeignKeyRelation[Attachment] = fields.ForeignKeyField(
        "models.Attachment", related_name=None, on_delete=fields.CASCADE
    )
    attachment_id: int
    position = fields.SmallIntField(default=0)

    class Meta:
        table = "review_photo"
        unique_together = (("review_id", "attachment_id"),)
        indexes = (Index(fields=("attachment_id",), name="ix_review_photo_attachment"),)
