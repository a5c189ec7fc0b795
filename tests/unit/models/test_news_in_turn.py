"""Broadcasts of an earlier release go on in a newer one: whom they had told is told no second time."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from models.database import client, execute, fetch, transaction
from models.migrate import FOLDER, available, run

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
NEWS_IN_TURN = 21


async def until(number: int, dialect: str, folder: Path) -> None:
    """Apply the migrations up to this one."""
    (folder / dialect).mkdir(parents=True, exist_ok=True)
    for migration in available(dialect):
        if migration.number <= number:
            shutil.copy(FOLDER / dialect / f"{migration.name}.sql", folder / dialect)
    await run(client(), dialect, folder)


async def test_who_was_told_has_their_row_once_and_what_runs_begins_anew(bare: str, tmp_path: Path) -> None:
    """Contacts 1 and 2 are one person, who was told twice by the first broadcast and once by the second."""
    await until(NEWS_IN_TURN - 1, bare, tmp_path)
    people = [(1, 1), (2, 1), (3, None)]
    insert = "INSERT INTO {} ({}) VALUES ({})"
    tables = {
        ("contact", "id, created_at, updated_at, person_id, delivery"): [(id_, NOW, NOW, of, "") for id_, of in people],
        ("identity", "id, contact_id, account, external_id, created_at"): [
            (10 + id_, id_, "telegram", str(id_), NOW) for id_, _ in people
        ],
        ("conversation", "id, lane, identity_id, contact_id, account, last_at, created_at, updated_at"): [
            (100 + id_, str(id_), 10 + id_, id_, "telegram", NOW, NOW, NOW) for id_, _ in people
        ],
        ("broadcast", "id, state, reached, send_at, created_at"): [
            (1, "done", 103, NOW, NOW),
            (2, "running", 102, NOW, NOW),
        ],
        ("broadcast_copy", "broadcast_id, conversation_id"): [(1, 101), (1, 102), (1, 103), (2, 102)],
    }
    async with transaction() as connection:
        for (table, columns), rows in tables.items():
            sql = insert.format(table, columns, ",".join("?" * len(rows[0])))
            await execute(connection, [(sql, rows)])
    await until(NEWS_IN_TURN, bare, tmp_path)
    copies = await fetch("SELECT broadcast_id, conversation_id, person, due_at FROM broadcast_copy ORDER BY id")
    assert [tuple(row.values()) for row in copies] == [
        (1, 101, 1, None), (1, 102, None, None), (1, 103, 3, None), (2, 102, 1, None),
    ]  # fmt: skip
    assert [row["reached"] for row in await fetch("SELECT reached FROM broadcast ORDER BY id")] == [103, 0]
