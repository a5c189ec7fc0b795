"""Small things that outlive a restart: the signing secret, a polling offset, the demo's mark."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Setting(Model):
    """A named value."""

    name = fields.CharField(100, primary_key=True)
    value = fields.TextField()

    class Meta:
        table = "setting"
