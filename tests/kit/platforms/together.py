"""One Parley with an account on every stage, each at its own fake platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bot.demo
from bot.app import App, build, opened
from bot.config import Config, accounts
from tests.kit.platforms.nearby import let_in
from tests.kit.platforms.stages import PUBLIC, Stage
from tests.servers import free_port

Table = Callable[[Stage, Any], Mapping[str, Any]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Together:
    """The application, and the servers by the names of their accounts."""

    app: App
    servers: Mapping[str, Any]


@asynccontextmanager
async def all_together(
    stages: Sequence[Stage],
    folder: Path,
    database: str,
    told: Mapping[str, Any],
    *,
    table: Table = lambda stage, server: stage.table(server),
    clock: Callable[[], datetime] = _now,
) -> AsyncIterator[Together]:
    """Started, and hearing whatever happens; `told` are further sections of the configuration."""
    async with AsyncExitStack() as stack:
        servers = {stage.name: await stack.enter_async_context(stage.server()) for stage in stages}
        tables = {stage.name: {"kind": stage.channel, **table(stage, servers[stage.name])} for stage in stages}
        config = _config(folder, database, told, tables)
        await stack.enter_async_context(opened(config))
        app = await build(config, clock=clock)
        if config.demo.shop:
            await bot.demo.fill(app.storage, clock())
        local = f"http://127.0.0.1:{config.server.port}"
        for stage in stages:
            stage.prepare(servers[stage.name], local)
            let_in(app.runtime.channels[stage.name])
        await app.start()
        stack.push_async_callback(app.stop)
        for name, server in servers.items():
            if hasattr(server, "posting"):
                server.posting.begin(f"{local}/hooks/{name}")
        yield Together(app, servers)


def _config(folder: Path, database: str, told: Mapping[str, Any], tables: Mapping[str, Any]) -> Config:
    server = {"port": free_port(), "public_url": PUBLIC, "data": str(folder), "edge": False}
    config = Config.model_validate({"server": server, "database": {"url": database}, **told})
    read, wrong = accounts.read(tables, config.server.hook)
    assert not wrong
    return config.model_copy(update={"channels": read})
