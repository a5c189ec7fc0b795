"""Writes the commented config.toml and the configuration tables of the documents, from the models alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from pydantic import BaseModel

from bot import channels
from bot.config import accounts
from bot.config.settings import Config
from bot.settings.secret import Secret

HEAD = """\
# The configuration of Parley. Every key is here with its default, as a comment: take the # away to change it.
# Each can also be an environment variable, which wins: PARLEY_SECTION__KEY, such as PARLEY_SERVER__PORT=9000.
# A secret may be written as "env:NAME" or "file:path". `python -m bot check` says what is wrong, and the cure.
# Paths are relative to the folder in which Parley is started.
"""
CHANNELS = """\
# More channels, and more accounts of one: a table each, called [channels.<account>]. Its name is part of the address to
# which the platform posts, https://…/hooks/<account>. It begins with its channel, or `kind` says which that is.
# [channels.telegram-2]
# token = "env:SECOND_BOT"
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `section` is dotted, `default` as TOML writes it."""

    section: str
    name: str
    default: str
    description: str


def all_keys(model: type[BaseModel] = Config, section: str = "") -> Iterator[Key]:
    """Every key, section by section."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        dotted = f"{section}.{name}".lstrip(".")
        if dotted == accounts.KEY:
            for channel in _channels():
                yield from all_keys(channels.kind(channel).Settings, f"{dotted}.{channel}")
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from all_keys(kind, dotted)
        else:
            yield Key(section, name, _toml(field.default), field.description or "")


def _channels() -> list[str]:
    """Those that have no section of their own."""
    return [name for name in channels.kinds() if name not in Config.model_fields]


def example() -> str:
    """The text of config.example.toml, and of what `init` writes."""
    lines, section = [HEAD.rstrip()], ""
    for key in all_keys():
        if key.section != section:
            section = key.section
            # A table without its keys would be an account that cannot be opened.
            mark = "# " if _is_of_channel(section) else ""
            lines += ["", f"# {_about(section)}", f"{mark}[{section}]"]
        lines += [f"# {line}" for line in wrap(key.description, 110)]
        lines.append(f"# {key.name} = {key.default}")
    return "\n".join([*lines, "", *CHANNELS.splitlines()]) + "\n"


def markdown() -> str:
    """A table for the README: every key but those of channels, payment providers and connected shops."""
    return _table((f"{key.section}.{key.name}", key) for key in all_keys() if not _has_its_own_page(key.section))


def channel_markdown(channel: str) -> str:
    """A table of what an account of this channel can be told."""
    return _table((key.name, key) for key in all_keys(channels.kind(channel).Settings))


def payment_markdown(provider: str) -> str:
    """A table of what a payment provider can be told."""
    return _table((key.name, key) for key in all_keys() if key.section == f"payments.{provider}")


def store_markdown(store: str) -> str:
    """A table of what a connected shop can be told."""
    return _table((key.name, key) for key in all_keys() if key.section == f"stores.{store}")


def _table(keys: Iterable[tuple[str, Key]]) -> str:
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for name, key in keys:
        default = "" if key.default == '""' else f"`{key.default}`"
        rows.append(f"| `{name}` | {default} | {key.description.replace('|', '&#124;')} |")
    return "\n".join(rows)


def _has_its_own_page(section: str) -> bool:
    is_of_provider = section.startswith("payments.") and section != "payments.local"
    return _is_of_channel(section) or is_of_provider or section.startswith("stores.")


def _is_of_channel(section: str) -> bool:
    return section.startswith(f"{accounts.KEY}.")


def _about(section: str) -> str:
    if _is_of_channel(section):
        return str(channels.kind(section.rpartition(".")[2]).Settings.__doc__).strip()
    model: Any = Config
    description = ""
    for part in section.split("."):
        field = model.model_fields[part]
        description, model = field.description, field.annotation
    return str(description)


def _toml(value: Any) -> str:
    match value:
        case Secret():
            return json.dumps(value.reveal())
        case Path():
            return json.dumps(str(value))
        case tuple():
            return json.dumps(list(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)
