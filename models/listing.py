"""What products are found and listed by: rows that are written anew with each change of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.catalogue import Product


class ProductSearch(Model):
    """What a product is found by, folded: its names, skus, barcodes and values, as of its `updated_at`."""

    product: fields.OneToOneRelation[Product] = fields.OneToOneField(
        "models.Product", primary_key=True, related_name=None, on_delete=fields.CASCADE
    )
    product_id: int
    text = fields.TextField()
    updated_at = fields.DatetimeField()
    listed = fields.BooleanField(default=False)  # `ForSale` was written with it; the release before does not

    class Meta:
        table = "product_search"


class ForSale(Model):
    """What lists of products go by: a product that is sold in a currency, and what its cheapest variant costs there."""

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, on_delete=fields.CASCADE
    )
    product_id: int
    currency = fields.CharField(3)
    lowest = fields.BigIntField()
    position = fields.IntField()
    category = fields.CharField(64, default="")

    class Meta:
        table = "for_sale"
        unique_together = (("product_id", "currency"),)
        indexes = (
            Index(fields=("currency", "position", "product_id"), name="ix_for_sale_position"),
            Index(fields=("currency", "lowest", "product_id"), name="ix_for_sale_lowest"),
            Index(fields=("currency", "category", "position", "product_id"), name="ix_for_sale_category"),
            Index(fields=("currency", "product_id"), name="ix_for_sale_newest"),
        )
