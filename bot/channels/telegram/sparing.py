"""Imports aiogram without building the models that nobody uses: each is built when it is first used.

aiogram has pydantic build all of its six hundred models as soon as it is imported. That takes most of a start, and
150 MB of memory; a bot uses a dozen of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel


def import_aiogram() -> None:
    """Does nothing where somebody has imported it already; then everything is built."""
    if "aiogram" in sys.modules:
        return
    with _building_later():
        import aiogram.methods
        import aiogram.types
    names = {**vars(aiogram.types), **vars(aiogram.methods)}
    for base in (aiogram.types.TelegramObject, aiogram.methods.TelegramMethod, aiogram.methods.Response):
        _build_with(base, names)


@contextmanager
def _building_later() -> Iterator[None]:
    """While the block runs, aiogram's models stay as they were declared."""
    whole = BaseModel.__dict__["model_rebuild"]

    def model_rebuild(cls: Any, /, **options: Any) -> Any:
        return None if cls.__module__.startswith("aiogram.") else whole.__get__(None, cls)(**options)

    _set(BaseModel, classmethod(model_rebuild))
    try:
        yield
    finally:
        _set(BaseModel, whole)


def _build_with(base: Any, names: Mapping[str, Any]) -> None:
    """Models below `base` find each other by these names, which their own modules tell type checkers only."""

    def model_rebuild(cls: Any, /, **options: Any) -> Any:
        options["_types_namespace"] = {**names, **(options.get("_types_namespace") or {})}
        return super(base, cls).model_rebuild(**options)

    _set(base, classmethod(model_rebuild))


def _set(model: Any, method: Any) -> None:
    model.model_rebuild = method
