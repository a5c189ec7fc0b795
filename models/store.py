"""Connected shops: how far their catalogue was read, what they said last, what is wrong with it, and what they told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.catalogue import Product
    from models.contact import Contact
    from models.order import Order
    from models.review import Review


class StoreSync(Model):
    """How far a shop was read: everything that was changed there before `cursor` is here."""

    store = fields.CharField(32, primary_key=True)
    cursor = fields.TextField(default="")
    state = fields.CharField(16, default="new")  # new | running | idle | waiting | stopped
    done = fields.IntField(default=0)  # products of this round
    total = fields.IntField(null=True)  # of this round, where the shop tells
    began_at = fields.DatetimeField(null=True)  # this round
    caught_up_at = fields.DatetimeField(null=True)
    compared_at = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)
    retry_at = fields.DatetimeField(null=True)
    error = fields.CharField(300, default="")
    asked_at = fields.DatetimeField(null=True)  # staff want it compared now
    differed = fields.IntField(null=True)  # products, when it was compared last
    gone = fields.IntField(null=True)

    class Meta:
        table = "store_sync"


class StoreSeen(Model):
    """What a shop said of a product last: `fields` as they were taken from there, and the digest of all of it."""

    id = fields.BigIntField(primary_key=True)
    store = fields.CharField(32)
    external_id = fields.CharField(128)
    product: fields.ForeignKeyNullableRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    product_id: int | None
    digest = fields.CharField(64, default="")
    said: dict[str, Any] = fields.JSONField(default=dict)
    picture = fields.TextField(default="")
    changed_at = fields.DatetimeField(null=True)  # there

    class Meta:
        table = "store_seen"
        unique_together = (("store", "external_id"),)
        indexes = (Index(fields=("product_id",), name="ix_store_seen_product"),)


class StoreProblem(Model):
    """Something of a shop that cannot be taken as it is, or that staff have to do; the row goes when it can.

    Told again, what staff did stays done, unless it is something else then.
    """

    id = fields.BigIntField(primary_key=True)
    store = fields.CharField(32)
    external_id = fields.CharField(128)
    code = fields.CharField(32)
    title = fields.CharField(200, default="")
    facts: dict[str, Any] = fields.JSONField(default=dict)
    at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    done_by = fields.BigIntField(null=True)

    class Meta:
        table = "store_problem"
        unique_together = (("store", "external_id", "code"),)


class StoreConflict(Model):
    """A field that was changed here and is something else in the shop: what won, and what was lost."""

    id = fields.BigIntField(primary_key=True)
    store = fields.CharField(32)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, on_delete=fields.CASCADE
    )
    product_id: int
    field = fields.CharField(100)
    ours = fields.TextField()
    theirs = fields.TextField()
    at = fields.DatetimeField()

    class Meta:
        table = "store_conflict"
        unique_together = (("product_id", "field"),)
        indexes = (Index(fields=("store", "id"), name="ix_store_conflict_store"),)


class StoreHint(Model):
    """A shop's word that something changed there, each delivery once; it is asked for what is so, and the row kept."""

    id = fields.BigIntField(primary_key=True)
    store = fields.CharField(32)
    key = fields.CharField(128)
    topic = fields.CharField(64)
    about = fields.CharField(16)
    external_id = fields.CharField(128)
    at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)
    retry_at = fields.DatetimeField(null=True)

    class Meta:
        table = "store_hint"
        unique_together = (("store", "key"),)
        indexes = (Index(fields=("done_at", "id"), name="ix_store_hint_done"),)


class StoreOrder(Model):
    """An order that a shop is to have, or has: it is found there by our number, so it is made there once."""

    order: fields.OneToOneRelation[Order] = fields.OneToOneField(
        "models.Order", primary_key=True, related_name=None, on_delete=fields.CASCADE
    )
    order_id: int
    store = fields.CharField(32)
    state = fields.CharField(16)  # billed | due | sent | pay | refused | ending | ended
    external_id = fields.CharField(128, default="")
    tries = fields.IntField(default=0)
    retry_at = fields.DatetimeField(null=True)
    error = fields.CharField(300, default="")
    at = fields.DatetimeField()
    paid = fields.BooleanField(default=False)  # as the shop knows

    class Meta:
        table = "store_order"
        indexes = (
            Index(fields=("store", "state"), name="ix_store_order_state"),
            Index(fields=("store", "external_id"), name="ix_store_order_external"),
        )


class StoreReview(Model):
    """A review that a shop is to have of ours (found there by its `key`), or one that was written there."""

    id = fields.BigIntField(primary_key=True)
    store = fields.CharField(32)
    key = fields.CharField(160)
    state = fields.CharField(16)  # due | sent | refused | ending | theirs
    external_id = fields.CharField(128, default="")
    review: fields.ForeignKeyNullableRelation[Review] = fields.ForeignKeyField(
        "models.Review", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    review_id: int | None
    contact: fields.ForeignKeyNullableRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    contact_id: int | None  # who wrote it there, where their address is known here
    product: fields.ForeignKeyNullableRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    product_id: int | None
    # of one that was written there
    shown = fields.BooleanField(default=False)
    stars = fields.SmallIntField(default=0)
    text = fields.TextField(default="")
    name = fields.CharField(80, default="")
    written_at = fields.DatetimeField(null=True)
    # of one that is to be sent there, or taken away
    tries = fields.IntField(default=0)
    retry_at = fields.DatetimeField(null=True)
    error = fields.CharField(300, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "store_review"
        unique_together = (("store", "key"),)
        indexes = (
            Index(fields=("store", "state"), name="ix_store_review_state"),
            Index(fields=("store", "external_id"), name="ix_store_review_external"),
            Index(fields=("state", "written_at", "id"), name="ix_store_review_written"),
            Index(fields=("review_id",), name="ix_store_review_review"),
            Index(fields=("contact_id",), name="ix_store_review_contact"),
            Index(fields=("product_id",), name="ix_store_review_product"),
        )
