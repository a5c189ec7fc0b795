"""Marks that a function carries, so that the runtime knows what it may do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def reads(service: F) -> F:
    """This service changes no row: a dialog may step back across it."""
    service.__reads__ = True  # type: ignore[attr-defined]
    return service
