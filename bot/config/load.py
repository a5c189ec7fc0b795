"""Reads the configuration from config.toml and the environment, and finds every mistake in one go."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from bot.config import accounts
from bot.config.mistakes import Mistake, Mistakes, words
from bot.config.settings import Config
from bot.core.errors import ConfigError
from bot.settings.checks import nearest

PREFIX, DELIMITER = "PARLEY_", "__"
DEFAULT_FILE = Path("config.toml")
Tree = dict[str, Any]


class _Environment(Config, BaseSettings):
    """The same sections, as pydantic-settings reads them from PARLEY_SECTION__KEY."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, enable_decoding=False, extra="forbid"
    )


def load(path: Path | None = None, overrides: Mapping[str, Mapping[str, object]] | None = None) -> Config:
    """The configuration: `overrides` win over the environment, that over the file, that over the defaults.

    The file is `path`, else PARLEY_CONFIG, else config.toml in the working directory if there is one.
    Raises `Mistakes` (a `ConfigError`) with everything that is wrong.
    """
    file = config_file(path)
    written = _read(file) if file else {}
    tree = _merge(_merge(written, EnvSettingsSource(_Environment)()), overrides or {})
    tables, found = tree.pop(accounts.KEY, {}), _unknown_variables()
    config = Config()
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        found = [*_mistakes(error, file), *found]
    opened, wrong = accounts.read(tables, config.server.hook)
    found += [Mistake(_place(one.keys, file), ".".join(one.keys), one.words) for one in wrong]
    if found:
        raise Mistakes(found)
    return config.model_copy(update={accounts.KEY: opened})


def config_file(path: Path | None = None) -> Path | None:
    """The file that `load` reads; None when there is none to read. ConfigError when a named one is missing."""
    named = path or (Path(os.environ["PARLEY_CONFIG"]) if os.environ.get("PARLEY_CONFIG") else None)
    if named is None:
        return DEFAULT_FILE if DEFAULT_FILE.exists() else None
    if not named.is_file():
        raise ConfigError(f"{named}: there is no such file; `python -m bot init --config {named}` writes one")
    return named


def _read(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: it cannot be read ({error.strerror}); check its permissions") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: it is not UTF-8; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: it is not TOML: {error}") from error


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> Tree:
    merged = dict(low)
    for key, value in high.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(under, value) if both and isinstance(under, Mapping) else value
    return merged


def _unknown_variables() -> list[Mistake]:
    """pydantic-settings passes over variables of sections that do not exist; a typing error there must be heard."""
    found = []
    for name in sorted(os.environ):
        section, delimiter, _ = name.removeprefix(PREFIX).partition(DELIMITER)
        if name.startswith(PREFIX) and delimiter and section.lower() not in Config.model_fields:
            words = f"there is no section {section.lower()}.{nearest(section, Config.model_fields)}"
            found.append(Mistake(f"environment variable {name}", "", words))
    return found


def _mistakes(error: ValidationError, file: Path | None) -> Iterator[Mistake]:
    for details in error.errors(include_url=False, include_input=False):
        # Parts that pydantic adds for members of a union or a list are no keys of ours.
        keys = _keys(details["loc"], is_unknown=details["type"] == "extra_forbidden")
        said = words(details, keys, Config.keys_below(keys[:-1]))
        keys = list(takewhile(lambda key: not key.isdigit(), keys))
        yield Mistake(_place(keys, file), ".".join(keys), _entry(details["loc"][len(keys) :]) + said)


def _keys(location: tuple[int | str, ...], *, is_unknown: bool) -> list[str]:
    keys: list[str] = []
    for part in map(str, location):
        if part not in Config.keys_below(keys) and not (is_unknown and len(keys) < len(location)):
            break
        keys.append(part)
    return keys


def _entry(location: tuple[int | str, ...]) -> str:
    """Which table of a list is meant, counted from one, and which key of it: `entry 2, cost: `; "" outside of lists."""
    if not location or not isinstance(location[0], int):
        return ""
    return ", ".join([f"entry {location[0] + 1}", *(part for part in location[1:] if isinstance(part, str))]) + ": "


def _place(keys: Sequence[str], file: Path | None) -> str:
    variable = PREFIX + DELIMITER.join(keys).upper()
    if variable in {name.upper() for name in os.environ}:
        return f"environment variable {variable}"
    if file is None:
        return "configuration"
    line = _line(file.read_text("utf-8"), keys)
    return f"{file}, line {line}" if line else str(file)


def _line(text: str, keys: Sequence[str]) -> int:
    """Where the key is written, 1 for the first line; 0 when it cannot be told."""
    table, here = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = header[1].replace('"', "").replace(" ", "")
            here = number if table == ".".join(keys) else here
        elif pair := re.match(r"\s*([A-Za-z0-9_.\"-]+)\s*=", line):
            key = pair[1].replace('"', "")
            if f"{table}.{key}".lstrip(".") == ".".join(keys):
                return number
    return here
