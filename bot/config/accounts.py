"""`[channels.<account>]`: each table is read by what its kind says can be set."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.channels import OWN, kind, kinds
from bot.channels._account import ChannelSettings
from bot.config.mistakes import words
from bot.settings.checks import nearest

KEY = "channels"
#: An account is part of an address, and of the name of a conversation.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
#: `telegram` has a section of its own; `pay` and `file` begin addresses and lanes of other things.
_TAKEN = frozenset({OWN, "telegram", "pay", "file"})


@dataclass(frozen=True, slots=True)
class Wrong:
    """A key, from `channels` on, and the sentence about it."""

    keys: tuple[str, ...]
    words: str


def read(written: Any, hook: Callable[[str], str]) -> tuple[dict[str, ChannelSettings], list[Wrong]]:
    """The accounts by name, and every mistake; `hook` is where the platform of an account posts."""
    if not isinstance(written, Mapping):
        return {}, [Wrong((KEY,), f"must be tables: write [{KEY}.<account>] and its keys below")]
    found: dict[str, ChannelSettings] = {}
    wrong: list[Wrong] = []
    for account, table in written.items():
        settings, mistakes = _account(str(account), table, hook)
        wrong += [Wrong((KEY, str(account), *one.keys), one.words) for one in mistakes]
        if settings is not None:
            found[account] = settings
    return found, wrong


def _account(account: str, table: Any, hook: Callable[[str], str]) -> tuple[ChannelSettings | None, list[Wrong]]:
    if account in _TAKEN:
        return None, [Wrong((), f"this name is taken; {account}-2, or any other of a-z, 0-9 and -, is not")]
    if not _NAME.fullmatch(account):
        return None, [Wrong((), "an account is called by a-z, 0-9 and -, at most 40 characters")]
    if not isinstance(table, Mapping):
        return None, [Wrong((), f"must be a table: write [{KEY}.{account}] and its keys below")]
    name = str(table.get("kind", account.partition("-")[0]))  # `line` and `line-2` are of the channel `line`
    if name not in kinds():
        hint = nearest(name, kinds()) or f" There are: {', '.join(kinds())}."
        where = ("kind",) if "kind" in table else ()
        return None, [Wrong(where, f"there is no channel {name!r}.{hint}")]
    return _read(kind(name).Settings, {key: one for key, one in table.items() if key != "kind"}, hook(account))


def _read(
    model: type[ChannelSettings], table: Mapping[str, Any], hook: str
) -> tuple[ChannelSettings | None, list[Wrong]]:
    try:
        settings = model.model_validate(table)
    except ValidationError as error:
        known = ("kind", *model.model_fields)
        told = error.errors(include_url=False, include_input=False)
        return None, [Wrong((key := str(one["loc"][0]),), words(one, ["", "", key], known)) for one in told]
    if missing := settings.missing():
        return None, [Wrong((key,), "is needed") for key in missing]
    problem = settings.problem(hook)
    return (None, [Wrong((), problem)]) if problem else (settings, [])
