"""Turns what validation found into sentences: the place, the key, what is wrong, the cure; all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from bot.core.errors import ConfigError
from bot.settings.checks import nearest


@dataclass(frozen=True, slots=True)
class Mistake:
    """`place` is the file with its line, or the environment variable; `key` is dotted."""

    place: str
    key: str
    words: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.words) if part)


class Mistakes(ConfigError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


#: What pydantic says, in words for somebody who edits a file.
_PLAIN = {
    "missing": "is needed",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "path_type": "must be a path in quotes",
    "tuple_type": 'must be a list, like ["one", "two"]',
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def words(details: ErrorDetails, keys: Sequence[str], known: Sequence[str]) -> str:
    """The sentence for what is wrong with the key; `known` are the keys that there are in its place."""
    context: Mapping[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            what = "key" if len(keys) > 1 else "section"
            hint = nearest(keys[-1], known) or f" There are: {', '.join(known)}."
            return f"there is no such {what}.{hint}"
        case "value_error":
            return str(context["error"])
        case "model_type" | "model_attributes_type" if isinstance(details["loc"][-1], int):
            return 'must be a table in braces, like {name = "…"}'
        case "model_type" | "model_attributes_type":
            return f"must be a table: write [{'.'.join(keys)}] and its keys below"
        case "literal_error":
            return f"must be one of {context['expected']}"
        case kind if kind in _PLAIN:
            return _PLAIN[kind].format(**context)
        case _:
            return details["msg"][:1].lower() + details["msg"][1:]
