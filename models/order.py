"""Orders: a state machine with an audit row for each step, and the stock that open orders hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.catalogue import Product, Variant
    from models.contact import Contact
    from models.staff import Staff


class Order(Model):
    """What a contact bought. The states and who may change them: services/orders.py."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(32, unique=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="orders", on_delete=fields.CASCADE
    )
    contact_id: int
    conversation_id = fields.BigIntField(null=True)
    account = fields.CharField(64, default="")  # the channel it came from, kept for the reports
    # see services/order_states.py: STATES
    state = fields.CharField(16)
    total = fields.BigIntField()
    currency = fields.CharField(3)
    name = fields.CharField(200)
    phone = fields.CharField(64, default="")
    address = fields.TextField()
    country = fields.CharField(2, default="")  # where it goes, by ISO 3166; "" where nobody asked
    postal = fields.CharField(2000, default="")  # JSON of the address in parts; "" where it was told as one text
    note = fields.CharField(1000, default="")  # what the customer wants us to know
    hold_until = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    review_asked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "order"
        indexes = (
            Index(fields=("contact_id", "created_at"), name="ix_order_contact"),
            Index(fields=("state", "hold_until"), name="ix_order_hold"),
            Index(fields=("created_at", "id"), name="ix_order_created"),
            Index(fields=("updated_at", "id"), name="ix_order_updated"),
            Index(fields=("review_asked_at", "delivered_at"), name="ix_order_review"),
        )


class OrderLine(Model):
    """One variant of a product in an order, with name and price as they were at that moment."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="lines", on_delete=fields.CASCADE
    )
    order_id: int
    product: fields.ForeignKeyNullableRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    product_id: int | None
    variant: fields.ForeignKeyNullableRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name=None, null=True, on_delete=fields.SET_NULL
    )
    variant_id: int | None
    sku = fields.CharField(64)
    name = fields.CharField(200)
    quantity = fields.IntField()
    price = fields.BigIntField()  # one piece, minor units
    cancelled = fields.IntField(default=0)  # pieces that are not sent any more

    class Meta:
        table = "order_line"
        indexes = (
            Index(fields=("order_id",), name="ix_order_line_order"),
            Index(fields=("product_id",), name="ix_order_line_product"),
        )


class OrderCharge(Model):
    """What an order costs besides its lines; those not included in others make, with the lines, its total."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="charges", on_delete=fields.CASCADE
    )
    order_id: int
    kind = fields.CharField(16)  # discount | shipping | tax
    name = fields.CharField(64)  # the code, the method, the country
    title = fields.CharField(120, default="")
    amount = fields.BigIntField()  # minor units; of a discount negative
    rate = fields.IntField(default=0)  # of a tax, thousandths of a percent
    included = fields.BooleanField(default=False)

    class Meta:
        table = "order_charge"
        indexes = (
            Index(fields=("order_id",), name="ix_order_charge_order"),
            Index(fields=("kind", "name"), name="ix_order_charge_name"),
        )


class OrderEvent(Model):
    """One step of an order, written in the same transaction as the step."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="events", on_delete=fields.CASCADE
    )
    order_id: int
    from_state = fields.CharField(16, default="")
    to_state = fields.CharField(16)
    actor = fields.CharField(80)  # "customer" | "bot" | "staff:<id>" | "provider:<name>" | "clock" | "store:<name>"
    note = fields.CharField(300, default="")
    # "changed" by staff, "shipped" one more part, "cancelled" a part, "tracked" the number of what had left came;
    # "" for a step, and for money
    what = fields.CharField(16, default="")
    asked_as = fields.CharField(64, null=True)  # what the desk calls the click; said twice, it is one
    shipment_id = fields.BigIntField(null=True)  # what left by this step
    at = fields.DatetimeField()

    class Meta:
        table = "order_event"
        unique_together = (("order_id", "asked_as"),)
        indexes = (Index(fields=("order_id", "id"), name="ix_order_event_order"),)


class OrderNote(Model):
    """What staff wrote down about an order, for themselves."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="notes", on_delete=fields.CASCADE
    )
    order_id: int
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="order_notes", null=True, on_delete=fields.SET_NULL
    )
    staff_id: int | None
    text = fields.CharField(1000)
    at = fields.DatetimeField()

    class Meta:
        table = "order_note"
        indexes = (
            Index(fields=("order_id", "id"), name="ix_order_note_order"),
            Index(fields=("staff_id",), name="ix_order_note_staff"),
        )


class Shipment(Model):
    """What an order left as; each part may be unknown ("")."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="shipments", on_delete=fields.CASCADE
    )
    order_id: int
    carrier = fields.CharField(80, default="")
    number = fields.CharField(80, default="")  # the carrier's
    url = fields.CharField(500, default="")  # where its way can be followed
    # "<store>:<its id there>" of what a connected shop told of, and what may change as it tells; "" for staff's word
    told_as = fields.CharField(64, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "shipment"
        indexes = (Index(fields=("order_id",), name="ix_shipment_order"),)


class ShipmentLine(Model):
    """How many pieces of a line of the order left in a shipment.

    A shipment has none where it is a further parcel of the one before it, or of a release that sent orders whole.
    """

    id = fields.BigIntField(primary_key=True)
    shipment: fields.ForeignKeyRelation[Shipment] = fields.ForeignKeyField(
        "models.Shipment", related_name="lines", on_delete=fields.CASCADE
    )
    shipment_id: int
    order_line: fields.ForeignKeyRelation[OrderLine] = fields.ForeignKeyField(
        "models.OrderLine", related_name="sent", on_delete=fields.CASCADE
    )
    order_line_id: int
    quantity = fields.IntField()

    class Meta:
        table = "shipment_line"
        indexes = (
            Index(fields=("shipment_id",), name="ix_shipment_line_shipment"),
            Index(fields=("order_line_id",), name="ix_shipment_line_line"),
        )


class StockHold(Model):
    """Stock that an unpaid order keeps for a while."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="holds", on_delete=fields.CASCADE
    )
    order_id: int
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="holds", on_delete=fields.CASCADE
    )
    product_id: int
    variant: fields.ForeignKeyRelation[Variant] = fields.ForeignKeyField(
        "models.Variant", related_name="holds", on_delete=fields.CASCADE
    )
    variant_id: int
    quantity = fields.IntField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "stock_hold"
        unique_together = (("order_id", "variant_id"),)
        indexes = (
            Index(fields=("product_id", "expires_at"), name="ix_stock_hold_product"),
            Index(fields=("variant_id", "expires_at"), name="ix_stock_hold_variant"),
        )
