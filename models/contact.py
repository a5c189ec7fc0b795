"""A contact is a person as one of their addresses knows them; an identity is that address on one channel account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.staff import Staff


class Contact(Model):
    """What we know of a person through one address; contacts with the same `person_id` are one person.

    Of these that holds which was told last: `name_at` and its like say when, null where it came with the first message.
    """

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(200, default="")
    locale = fields.CharField(16, default="")  # chosen by the customer; empty: as the channel says
    phone = fields.CharField(64, default="")
    email = fields.CharField(254, default="")
    delivery = fields.TextField(default="")  # JSON of `contacts.Address`, offered at the next checkout
    person_id = fields.BigIntField(null=True)  # that of all contacts who proved to be one person; null: nobody else is
    name_at = fields.DatetimeField(null=True)
    locale_at = fields.DatetimeField(null=True)
    delivery_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "contact"
        indexes = (
            Index(fields=("person_id",), name="ix_contact_person"),
            Index(fields=("email",), name="ix_contact_email"),
        )


class Identity(Model):
    """One address of a contact: `external_id` is the platform's id within `account`."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="identities", on_delete=fields.CASCADE
    )
    contact_id: int
    account = fields.CharField(64)
    external_id = fields.CharField(191)
    name = fields.CharField(200, default="")
    locale = fields.CharField(16, default="")  # as the platform says
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="identities", null=True, on_delete=fields.SET_NULL
    )
    staff_id: int | None  # a manager's linked chat
    reachable = fields.BooleanField(default=True)  # false once the platform says that we are blocked
    timezone = fields.CharField(64, default="")  # where this person's clock is, as far as we know
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity"
        unique_together = (("account", "external_id"),)
        indexes = (Index(fields=("external_id",), name="ix_identity_external"),)


class IdentityAlias(Model):
    """Another id by which a platform may tell of the person whom it and we know as `external_id`."""

    id = fields.BigIntField(primary_key=True)
    account = fields.CharField(64)
    alias = fields.CharField(191)
    external_id = fields.CharField(191)

    class Meta:
        table = "identity_alias"
        unique_together = (("account", "alias"),)
        indexes = (Index(fields=("account", "external_id"), name="ix_identity_alias_known"),)


class Visitor(Model):
    """A browser with a web chat: whoever holds the token (we keep its SHA-256) is this visitor."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(64, unique=True)
    external_id = fields.CharField(64, unique=True)  # the identity's external_id on account "webchat"
    locale = fields.CharField(16, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()

    class Meta:
        table = "visitor"
