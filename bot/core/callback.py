"""Typed buttons: `class Buy(Callback): sku: str; qty: int = 1` packs into a short text and comes back typed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, dataclass_transform, get_type_hints

from bot.core.errors import BadInput

#: These beginnings belong to the runtime: an answer to a question, the control of dialogs, and a reference
#: (`bot/core/reference.py`) in place of data that a channel has no room for.
RESERVED = frozenset({"a", "d", "m"})


@dataclass_transform(frozen_default=True)
class Callback:
    """Base of all button data. Fields are `str`, `int` or `bool`; the class name in lower case is the prefix."""

    prefix: ClassVar[str] = ""

    def __init_subclass__(cls, prefix: str = "") -> None:
        cls.prefix = prefix or cls.__name__.lower()
        if cls.prefix in RESERVED or ":" in cls.prefix:
            raise ValueError(
                f"{cls.__name__}: the prefix {cls.prefix!r} is taken; write class {cls.__name__}(Callback, prefix=…)"
            )
        dataclass(frozen=True)(cls)

    def pack(self) -> str:
        """`buy:A%3A1:2`, of any length: what is too long for a channel stays with its message."""
        return ":".join([self.prefix, *(_quote(_write(getattr(self, field.name))) for field in fields(self))])  # type: ignore[arg-type]

    @classmethod
    def unpack(cls, data: str) -> Self:
        """The inverse of `pack`. Raises `BadInput` for what another version or a stranger made."""
        prefix, *values = data.split(":")
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        if prefix != cls.prefix or len(values) != len(names):
            raise BadInput("this button is from another version")
        hints = get_type_hints(cls)
        try:
            return cls(**{name: _read(hints[name], _unquote(value)) for name, value in zip(names, values, strict=True)})
        except ValueError as error:
            raise BadInput("this button cannot be read") from error


def _write(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _read(kind: type, value: str) -> Any:
    return bool(int(value)) if kind is bool else kind(value)


def _quote(value: str) -> str:
    return value.replace("%", "%25").replace(":", "%3A")


def _unquote(value: str) -> str:
    return value.replace("%3A", ":").replace("%25", "%")
