"""A backup of PostgreSQL leaves out the index of words, which is made anew from the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.backup import postgres
from bot.services import search
from bot.services.search.sources import MESSAGES
from models import Message
from models.database import close_database, fetch, open_database
from tests.servers import Postgres
from tests.unit.services.shop import NOW, Shop

BEHIND = 1 << MESSAGES.part


def quietly(_: str) -> None:
    """Nobody watches."""


async def counts() -> dict[str, int]:
    return {
        name: (await fetch(f"SELECT count(*) AS n FROM {name}"))[0]["n"]
        for name in ("message", "message_search", "message_search_part", "message_search_changed")
    }


async def test_it_is_left_out_and_made_anew(
    empty_postgres: str, postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(postgres_server._bin), prepend=":")
    dump, copy = tmp_path / postgres.ENTRY, await postgres_server.create_database()
    await open_database(empty_postgres)
    ann = await Shop().customer()
    for id_, text in ((1, "zebra"), (BEHIND, "behind it")):
        await Message.create(id=id_, conversation_id=ann.conversation_id, seq=id_, author="customer", text=text, at=NOW)
    while await search.index_some(rest=0):
        pass
    await Message.filter(id=1).update(text="okapi")
    full = await counts()
    await close_database()
    _, rows, _ = await postgres.snapshot(empty_postgres, dump, quietly)
    await postgres.load(copy, dump, rows.migrations, quietly)
    assert (await postgres.read(copy, quietly)).tables == rows.tables
    await open_database(copy)
    assert await counts() == {"message": 2, "message_search": 0, "message_search_part": 0, "message_search_changed": 0}
    assert [found.said.seq for found in await search.conversations("okapi") if found.said] == [1]
    while await search.index_some(rest=0):
        pass
    assert (await counts())["message_search_part"] == full["message_search_part"] == 1
    await close_database()
    await postgres_server.drop_database(copy)
