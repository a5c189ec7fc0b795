"""A value that is used but never shown: not by `repr`, not by `str`, not in a log, not in an error."""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

ENV, FILE = "env:", "file:"


class Secret:
    """Written as `env:NAME`, `file:path` or the plain value; false when it is empty."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; hand it on, never keep or print it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(hidden)" if self._value else "Secret(empty)"

    __str__ = __repr__

    @classmethod
    def resolve(cls, written: str) -> Secret:
        """Follow `env:NAME` or `file:path`. ValueError says what is missing and what to do."""
        if written.startswith(ENV):
            return cls(_from_environment(written.removeprefix(ENV)))
        if written.startswith(FILE):
            return cls(_from_file(Path(written.removeprefix(FILE)).expanduser()))
        return cls(written)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._accept)

    @classmethod
    def _accept(cls, written: object) -> Secret:
        if isinstance(written, Secret):
            return written
        if not isinstance(written, str):
            raise ValueError("must be text in quotes, env:NAME or file:path")  # pydantic hears ValueError only
        return cls.resolve(written)


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(f"the environment variable {name} is not set; set it before starting Parley")
    return value


def _from_file(path: Path) -> str:
    try:
        value = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ValueError(f"the file {path} cannot be read ({why}); check its path and its permissions") from error
    if not value:
        raise ValueError(f"the file {path} is empty; write the secret into it, on one line")
    return value
