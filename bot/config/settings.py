"""The whole configuration as one frozen value, with every default and every rule between sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, get_args, get_origin

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from bot.channels._account import ChannelSettings
from bot.channels.telegram.settings import Settings as Telegram
from bot.config.sections import (
    Database,
    Demo,
    Handlers,
    Limits,
    Log,
    Payments,
    Redis,
    Reports,
    Server,
    Shop,
    Storage,
    Stores,
    Webhooks,
)
from bot.config.selling import Selling
from bot.settings.checks import ROLES
from bot.settings.secret import Secret
from bot.settings.section import Section

#: Where things lie below `server.data` unless they are told their own place.
BELOW_DATA = {
    ("database", "url"): "sqlite://{data}/parley.db",
    ("storage", "path"): "{data}/files",
    ("reports", "lake"): "{data}/lake",
}


class Config(Section):
    """`Config()` is all defaults; `load()` reads the file and the environment."""

    shop: Shop = Field(default=Shop(), description="The shop as customers see it.")
    selling: Selling = Field(default=Selling(), description="What orders cost besides the goods.")
    server: Server = Field(default=Server(), description="Where Parley listens, and where people reach it.")
    database: Database = Field(default=Database(), description="Where the rows are.")
    redis: Redis = Field(default=Redis(), description="What connects the nodes where several serve one database.")
    storage: Storage = Field(default=Storage(), description="Where files are.")
    limits: Limits = Field(default=Limits(), description="How much one person may send.")
    telegram: Telegram = Field(default=Telegram(), description="The Telegram bot; without a token there is none.")
    channels: Mapping[str, ChannelSettings] = Field(
        default={}, description="More channels, and more accounts of one: [channels.<account>], see below."
    )
    payments: Payments = Field(default=Payments(), description="Ways to pay.")
    stores: Stores = Field(default=Stores(), description="Shops that are connected.")
    webhooks: Webhooks = Field(default=Webhooks(), description="Webhooks to other programs.")
    reports: Reports = Field(default=Reports(), description="How managers' reports are counted.")
    handlers: Handlers = Field(default=Handlers(), description="What answers.")
    demo: Demo = Field(default=Demo(), description="A shop to try.")
    log: Log = Field(default=Log(), description="What the server writes about its work.")

    @model_validator(mode="before")
    @classmethod
    def _follow_data(cls, written: Any) -> Any:
        """Who moves `server.data` moves everything that was not given a place of its own."""
        match written:
            case {"server": {"data": data}}:
                return _with_defaults(written, str(data).rstrip("/"))
        return written

    @field_validator("database")
    @classmethod
    def _sqlite_is_one_process(cls, database: Database, info: ValidationInfo) -> Database:
        server = info.data.get("server")
        if server and len(server.roles) < len(ROLES) and database.url.reveal().startswith("sqlite:"):
            raise ValueError(
                f"SQLite serves one process, which does everything, but this one is to be {', '.join(server.roles)} "
                "only; leave server.roles and --role out, or use PostgreSQL or MariaDB"
            )
        return database

    @field_validator("telegram")
    @classmethod
    def _webhook_needs_tls(cls, telegram: Telegram, info: ValidationInfo) -> Telegram:
        # Here and not in a check of the whole, so that it is told together with mistakes elsewhere.
        server = info.data.get("server")
        if server and (problem := telegram.problem(server.hook("telegram"))):
            raise ValueError(problem)
        return telegram

    def accounts(self) -> dict[str, ChannelSettings]:
        """Every channel account that is switched on, by its name; the web chat is always there and not among them."""
        telegram = {} if self.telegram.missing() else {"telegram": self.telegram}
        return {**telegram, **self.channels}

    def secrets(self) -> Iterator[str]:
        """Every secret that is set, for the log's redaction."""
        sections = [getattr(self, name) for name in type(self).model_fields if name != "channels"]
        for section in (*sections, *self.channels.values()):
            yield from _secrets(section)

    @classmethod
    def keys_below(cls, keys: list[str]) -> tuple[str, ...]:
        """The keys that may follow `keys`, such as ["payments", "local"] or, in a list, "1"; none below a value."""
        kind: object = cls
        for key in keys:
            if get_origin(kind) is tuple:
                kind = get_args(kind)[0]
            else:
                kind = kind.model_fields[key].annotation if _is_table(kind) and key in kind.model_fields else None
        return tuple(kind.model_fields) if _is_table(kind) else ()


def _is_table(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _secrets(section: BaseModel) -> Iterator[str]:
    for _, value in section:
        if isinstance(value, Secret) and value:
            yield value.reveal()
        elif isinstance(value, BaseModel):
            yield from _secrets(value)


def _with_defaults(written: Mapping[str, Any], data: str) -> dict[str, Any]:
    tree = dict(written)
    for (section, key), place in BELOW_DATA.items():
        inside = tree.get(section, {})
        if isinstance(inside, Mapping):
            tree[section] = {key: place.format(data=data), **inside}
    return tree
