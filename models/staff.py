"""Staff accounts, their sessions, the codes that link a chat to an account, and login throttling."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Staff(Model):
    """Somebody who works here: agent, manager or admin."""

    id = fields.BigIntField(primary_key=True)
    login = fields.CharField(64, unique=True)
    name = fields.CharField(120)
    role = fields.CharField(16)  # agent | manager | admin
    password_hash = fields.CharField(255)  # Argon2id
    locale = fields.CharField(16, default="en")
    timezone = fields.CharField(64, default="UTC")
    active = fields.BooleanField(default=True)
    must_change_password = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff"


class StaffSession(Model):
    """A logged-in browser. The cookie holds the token, we keep its SHA-256."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(64, unique=True)
    csrf = fields.CharField(64)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="sessions", on_delete=fields.CASCADE
    )
    staff_id: int
    user_agent = fields.CharField(200, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "staff_session"
        indexes = (Index(fields=("staff_id",), name="ix_session_staff"),)


class LinkCode(Model):
    """A one-time code from the desk that links the chat in which it is said to a staff account."""

    id = fields.BigIntField(primary_key=True)
    code_hash = fields.CharField(64, unique=True)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="link_codes", on_delete=fields.CASCADE
    )
    staff_id: int
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "link_code"


class LoginAttempt(Model):
    """Failed logins by login name and by address, for throttling."""

    id = fields.BigIntField(primary_key=True)
    subject = fields.CharField(191, unique=True)  # "login:<name>" | "addr:<address>" | "code:<sort>[:<identity>]"
    failures = fields.IntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "login_attempt"
