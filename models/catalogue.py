"""What the shop sells, and what lies in a contact's cart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.attachment import Attachment
    from models.contact import Contact


class Product(Model):
    """A thing for sale. `stock` counts what is on the shelf; what open orders hold is in `stock_hold`."""

    id = fields.BigIntField(primary_key=True)
    sku = fields.CharField(64, unique=True)
    category = fields.CharField(64, default="")
    name: dict[str, str] = fields.JSONField()  # {"en": …, "zh": …}
    description: dict[str, str] = fields.JSONField()
    price = fields.BigIntField()  # minor units
    currency = fields.CharField(3)
    stock = fields.IntField(default=0)
    picture: fields.ForeignKeyNullableRelation[Attachment] = fields.ForeignKeyField(
        "models.Attachment", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    picture_id: int | None
    position = fields.IntField(default=0)
    active = fields.BooleanField(default=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "product"
        indexes = (Index(fields=("active", "position"), name="ix_product_position"),)


class CartLine(Model):
    """So many of a product in a contact's cart, at the price that the contact was shown."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="cart", on_delete=fields.CASCADE
    )
    contact_id: int
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, on_delete=fields.CASCADE
    )
    product_id: int
    quantity = fields.IntField()
    price_seen = fields.BigIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "cart_line"
        unique_together = (("contact_id", "product_id"),)
