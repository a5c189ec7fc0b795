"""The whole configuration as one frozen value, with every default and every rule between sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from bot.config.checks import ROLES
from bot.config.secret import Secret
from bot.config.sections import (
    Database,
    Demo,
    Handlers,
    Limits,
    Log,
    Payments,
    Redis,
    Reports,
    Section,
    Server,
    Shop,
    Storage,
    Telegram,
    is_https,
)

#: Where things lie below `server.data` unless they are told their own place.
BELOW_DATA = {
    ("database", "url"): "sqlite://{data}/parley.db",
    ("storage", "path"): "{data}/files",
    ("reports", "lake"): "{data}/lake",
}


class Config(Section):
    """`Config()` is all defaults; `load()` reads the file and the environment."""

    shop: Shop = Field(default=Shop(), description="The shop as customers see it.")
    server: Server = Field(default=Server(), description="Where Parley listens, and where people reach it.")
    database: Database = Field(default=Database(), description="Where the rows are.")
    redis: Redis = Field(default=Redis(), description="What connects the nodes where several serve one database.")
    storage: Storage = Field(default=Storage(), description="Where files are.")
    limits: Limits = Field(default=Limits(), description="How much one person may send.")
    telegram: Telegram = Field(default=Telegram(), description="The Telegram bot; without a token there is none.")
    payments: Payments = Field(default=Payments(), description="Ways to pay.")
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
        if telegram.token and telegram.webhook is True and server and not is_https(server.url):
            raise ValueError(
                "webhook is true, but Telegram posts to https only; set server.public_url to the https address "
                "of this server, or telegram.webhook to false for long polling"
            )
        return telegram

    @property
    def telegram_webhook_url(self) -> str:
        """Where Telegram posts updates; empty means long polling."""
        wanted = is_https(self.server.url) if self.telegram.webhook == "auto" else self.telegram.webhook
        return f"{self.server.url}/hooks/telegram" if wanted else ""

    def secrets(self) -> Iterator[str]:
        """Every secret that is set, for the log's redaction."""
        for section in type(self).model_fields:
            for _, value in getattr(self, section):
                if isinstance(value, Secret) and value:
                    yield value.reveal()

    @classmethod
    def keys_below(cls, keys: list[str]) -> tuple[str, ...]:
        """The keys that may follow `keys`, such as ["payments", "local"]; none below a value."""
        model: type[BaseModel] | None = cls
        for key in keys:
            kind = model.model_fields[key].annotation if model and key in model.model_fields else None
            model = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        return tuple(model.model_fields) if model else ()


def _with_defaults(written: Mapping[str, Any], data: str) -> dict[str, Any]:
    tree = dict(written)
    for (section, key), place in BELOW_DATA.items():
        inside = tree.get(section, {})
        if isinstance(inside, Mapping):
            tree[section] = {key: place.format(data=data), **inside}
    return tree
