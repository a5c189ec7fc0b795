"""How somebody proves that two addresses are theirs: the code that one shows and the other enters, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.contact import Identity


class PersonCode(Model):
    """A code for one use, of which we keep the hash; `identity` asked for it, `entered` is where it was entered."""

    id = fields.BigIntField(primary_key=True)
    code_hash = fields.CharField(64, unique=True)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="codes", on_delete=fields.CASCADE
    )
    identity_id: int
    shown = fields.BooleanField(default=True)  # others may have seen it: whoever asked for it is asked to confirm
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    entered: fields.ForeignKeyNullableRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="entered_codes", null=True, on_delete=fields.CASCADE
    )
    entered_id: int | None
    claimed_at = fields.DatetimeField(null=True)  # since when whoever was shown it is asked
    joined_at = fields.DatetimeField(null=True)  # the talk went along: once for each code

    class Meta:
        table = "person_code"
        indexes = (
            Index(fields=("identity_id",), name="ix_person_code_identity"),
            Index(fields=("entered_id",), name="ix_person_code_entered"),
            Index(fields=("expires_at",), name="ix_person_code_expires"),
        )


class PersonLink(Model):
    """A proof: what `asked` was shown was entered at `entered`. Who is linked, over any number of proofs, is one."""

    id = fields.BigIntField(primary_key=True)
    asked: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="links", on_delete=fields.CASCADE
    )
    asked_id: int
    entered: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="entered_links", on_delete=fields.CASCADE
    )
    entered_id: int
    made_at = fields.DatetimeField()

    class Meta:
        table = "person_link"
        unique_together = (("asked_id", "entered_id"),)
        indexes = (Index(fields=("entered_id",), name="ix_person_link_entered"),)
