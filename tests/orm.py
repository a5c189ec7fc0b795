"""The ORM prepares its queries once for each engine and process: Tortoise does it at every opening of a database.

A scenario opens its database anew before each step, and spent a quarter of its time on that.
"""

from __future__ import annotations

from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

_build = Apps._build_initial_querysets
_built: dict[type[Model], type[BaseDBAsyncClient]] = {}


def _build_when_new(apps: Apps) -> None:
    wanted = {model: type(model._meta.db) for app in apps.apps.values() for model in app.values()}
    if wanted != _built:
        _build(apps)
        _built.clear()
        _built.update(wanted)


def prepare_once() -> None:
    """From here on; what is prepared depends on nothing but the models and the kind of connection."""
    Apps._build_initial_querysets = _build_when_new  # type: ignore[method-assign]
