"""What the shop sells, where it lies, what it costs, and what lies in a contact's cart.

A product has variants, and a product without options has one: carts, orders and holds name a variant, always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.attachment import Attachment
    from models.contact import Contact
    from models.order import Order

Words = dict[str, str]
"""A text by language: {"en": …, "zh": …}."""


class FromStore(Model):
    """A row that a connected shop may be the truth for: where it is there, and when it was changed there last."""

    store = fields.CharField(32, null=True)
    external_id = fields.CharField(128, null=True)
    external_updated_at = fields.DatetimeField(null=True)

    class Meta:
        abstract = True


class Category(Model):
    """What a category is called. Products name it by its code, which is its name in languages that are not here."""

    code = fields.CharField(64, primary_key=True)
    name: Words = fields.JSONField()

    class Meta:
        table = "category"


class Product(FromStore):
    """A thing for sale, in one or several variants; `options` names what they differ in, such as size and colour."""

    id = fields.BigIntField(primary_key=True)
    sku = fields.CharField(64, unique=True)
    category = fields.CharField(64, default="")
    name: Words = fields.JSONField()
    description: Words = fields.JSONField()
    options: list[Words] = fields.JSONField(default=list)
    picture: fields.ForeignKeyNullableRelation[Attachment] = fields.ForeignKeyField(
        "models.Attachment", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    picture_id: int | None
    position = fields.IntField(default=0)
    active = fields.BooleanField(default=True)
    updated_at = fields.DatetimeField()
    # The release before sells by these while nodes change over; nothing here reads them. In no currency, it sells none.
    price = fields.BigIntField(default=0)
    currency = fields.CharField(3, default="")
    stock = fields.IntField(default=0)
    variants: fields.ReverseRelation[Variant]

    class Meta:
        table = "product"
        unique_together = (("store", "external_id"),)
        indexes = (
            Index(fields=("active", "position"), name="ix_product_position"),
            Index(fields=("category", "id"), name="ix_product_category"),
        )


class ProductPicture(Model):
    """A picture of a product, in their order; `product.picture` is the first. `address`: where a shop has it."""

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, on_delete=fields.CASCADE
    )
    product_id: int
    picture: fields.ForeignKeyRelation[Attachment] = fields.ForeignKeyField(
        "models.Attachment", related_name=None, on_delete=fields.CASCADE
    )
    picture_id: int
    position = fields.IntField(default=0)
    address = fields.TextField()

    class Meta:
        table = "product_picture"
        unique_together = (("product_id", "picture_id"),)
        indexes = (Index(fields=("picture_id",), name="ix_product_picture_file"),)


class Variant(FromStore):
    """What can be bought: `option_values` says which one of each of the product's options it is, in their order."""

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="variants", on_delete=fields.CASCADE
    )
    product_id: int
    sku = fields.CharField(64, unique=True)
    barcode = fields.CharField(64, default="")
    option_values: list[Words] = fields.JSONField(default=list)
    picture: fields.ForeignKeyNullableRelation[Attachment] = fields.ForeignKeyField(
        "models.Attachment", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    picture_id: int | None
    position = fields.IntField(default=0)
    active = fields.BooleanField(default=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "variant"
        unique_together = (("store", "external_id"),)
        indexes = (
            Index(fields=("product_id", "position"), name="ix_variant_product"),
            Index(fields=("picture_id",), name="ix_variant_picture"),
        )


class Price(Model):
    """What one piece of a variant costs in a currency, in its minor units; `compare_at` is what it is compared with."""

    id = fields.BigIntField(primary_key=True)
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name="prices", on_delete=fields.CASCADE
    )
    variant_id: int
    currency = fields.CharField(3)
    amount = fields.BigIntField()
    compare_at = fields.BigIntField(null=True)

    class Meta:
        table = "price"
        unique_together = (("variant_id", "currency"),)


class Place(FromStore):
    """A warehouse or a shop where pieces lie; pieces of one that is not active are not sold."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(64, unique=True)
    name: Words = fields.JSONField()
    position = fields.IntField(default=0)
    active = fields.BooleanField(default=True)

    class Meta:
        table = "place"
        unique_together = (("store", "external_id"),)


class Stock(Model):
    """How many pieces of a variant lie at a place; what open orders hold lies there, too, and is in `stock_hold`."""

    id = fields.BigIntField(primary_key=True)
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name="stock", on_delete=fields.CASCADE
    )
    variant_id: int
    place: fields.ForeignKeyRelation[Place] = fields.ForeignKeyField(
        "models.Place", related_name=None, on_delete=fields.CASCADE
    )
    place_id: int
    pieces = fields.IntField()

    class Meta:
        table = "stock"
        unique_together = (("variant_id", "place_id"),)


class StockPick(Model):
    """Where an order's sold pieces were taken from, so that they go back there."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="picks", on_delete=fields.CASCADE
    )
    order_id: int
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name=None, on_delete=fields.CASCADE
    )
    variant_id: int
    place: fields.ForeignKeyRelation[Place] = fields.ForeignKeyField(
        "models.Place", related_name=None, on_delete=fields.CASCADE
    )
    place_id: int
    quantity = fields.IntField()

    class Meta:
        table = "stock_pick"
        unique_together = (("order_id", "variant_id", "place_id"),)


class CartLine(Model):
    """So many of a variant in a contact's cart, at the price that the contact was shown, in `currency`."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="cart", on_delete=fields.CASCADE
    )
    contact_id: int
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, on_delete=fields.CASCADE
    )
    product_id: int
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name=None, on_delete=fields.CASCADE
    )
    variant_id: int
    quantity = fields.IntField()
    price_seen = fields.BigIntField()
    currency = fields.CharField(3)
    created_at = fields.DatetimeField()
    reminded_at = fields.DatetimeField(null=True)  # of the whole cart, once

    class Meta:
        table = "cart_line"
        unique_together = (("contact_id", "variant_id"),)
        indexes = (Index(fields=("reminded_at", "created_at"), name="ix_cart_line_reminded"),)


class StockAlert(Model):
    """A contact who wants to be told, in that conversation, when a variant is back; the row goes when they are."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name=None, on_delete=fields.CASCADE
    )
    contact_id: int
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name=None, on_delete=fields.CASCADE
    )
    variant_id: int
    conversation_id = fields.BigIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "stock_alert"
        unique_together = (("contact_id", "variant_id"),)
        indexes = (Index(fields=("variant_id",), name="ix_stock_alert_variant"),)


class StockTold(Model):
    """A contact who was told that a variant is back: until then a piece is left for them."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name=None, on_delete=fields.CASCADE
    )
    contact_id: int
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name=None, on_delete=fields.CASCADE
    )
    variant_id: int
    at = fields.DatetimeField()
    until = fields.DatetimeField()

    class Meta:
        table = "stock_told"
        indexes = (
            Index(fields=("variant_id",), name="ix_stock_told_variant"),
            Index(fields=("contact_id",), name="ix_stock_told_contact"),
            Index(fields=("until",), name="ix_stock_told_until"),
        )
