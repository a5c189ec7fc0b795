"""The lake equals the database after every update, reads only what is new, and knows nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics import lake, manifest, sqlite
from analytics.columnar import from_csv
from models import Contact, Order
from models.database import fetch
from tests.analytics import shop
from tests.analytics.conftest import EVERY
from tests.analytics.shop import NOW, Shop


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks of few rows, all in this process."""
    monkeypatch.setattr(lake, "BLOCK", 64)
    monkeypatch.setattr(lake, "FEW_BLOCKS", 1_000_000)


@pytest.fixture
async def tea(database: str) -> Shop:
    tea = Shop(11)
    await tea.open()
    return tea


async def _update(url: str, folder: Path, **options: object) -> lake.Update:
    """In a thread: PostgreSQL's side has a loop of its own."""
    return await asyncio.to_thread(lake.update, url, folder, now=NOW + timedelta(days=1), **options)  # type: ignore[arg-type]


def _table(folder: Path, name: str) -> pa.Table:
    blocks = manifest.read(folder).part(name).blocks
    return pa.concat_tables(pq.read_table(folder / blocks[number].file, partitioning=None) for number in sorted(blocks))


async def _check(folder: Path) -> None:
    rows = await fetch('SELECT id, state, total FROM "order" ORDER BY id')
    kept = _table(folder, "orders").to_pydict()
    assert list(zip(kept["id"], kept["state"], kept["total"], strict=True)) == [
        (row["id"], row["state"], row["total"]) for row in rows
    ]
    lines = await fetch(
        "SELECT l.order_id, l.sku, l.quantity, l.price, l.cancelled, o.state FROM order_line l "
        'JOIN "order" o ON o.id=l.order_id '
        "ORDER BY l.order_id, l.sku, l.quantity, l.price, l.cancelled"
    )
    kept = _table(folder, "order_lines").to_pydict()
    names = ("order_id", "sku", "quantity", "price", "cancelled", "state")
    assert sorted(zip(*(kept[name] for name in names), strict=True)) == [
        tuple(row[name] for name in names) for row in lines
    ]


@pytest.mark.parametrize("database", EVERY, indirect=True)
async def test_only_what_is_new_or_changed_is_read(tea: Shop, database: str, tmp_path: Path) -> None:
    await tea.sell(300, changed_at=NOW)
    first = await _update(database, tmp_path / "lake")
    assert first.rows_read >= 300 * 2
    assert len(first.manifest.part("orders").blocks) == 5
    await _check(tmp_path / "lake")

    later = NOW + timedelta(hours=1)
    await tea.sell(1, changed_at=later)
    # The overlap: rows changed within 15 minutes before the last mark are read once more, and that is all of these.
    await _update(database, tmp_path / "lake")
    await tea.change(5, later + timedelta(hours=1))
    changed = await fetch('SELECT count(*) AS n FROM "order" WHERE updated_at>=?', (later - timedelta(minutes=15),))
    lines = await fetch(
        'SELECT count(*) AS n FROM order_line WHERE order_id IN (SELECT id FROM "order" WHERE updated_at>=?)',
        (later - timedelta(minutes=15),),
    )
    third = await _update(database, tmp_path / "lake", only=("orders",))
    assert third.rows_read == changed[0]["n"] + lines[0]["n"] < 40
    await _check(tmp_path / "lake")


@pytest.mark.parametrize("database", EVERY, indirect=True)
async def test_rows_that_are_gone_go(tea: Shop, database: str, tmp_path: Path) -> None:
    await tea.sell(200)
    await _update(database, tmp_path / "lake")
    await Contact.filter(id__in=[3, 4]).delete()
    await Order.filter(id__gte=180).delete()
    await _update(database, tmp_path / "lake")
    await _check(tmp_path / "lake")


async def test_erase_drops_rows_at_once(tea: Shop, database: str, tmp_path: Path) -> None:
    await tea.sell(100)
    await _update(database, tmp_path / "lake")
    assert lake.erase(tmp_path / "lake", "orders", [5, 70, 4_000]) == 2
    assert not {5, 70} & set(_table(tmp_path / "lake", "orders")["id"].to_pylist())
    assert not {5, 70} & set(_table(tmp_path / "lake", "order_lines")["order_id"].to_pylist())
    await Order.filter(id__in=[5, 70]).delete()
    await _update(database, tmp_path / "lake")
    await _check(tmp_path / "lake")


@pytest.mark.parametrize("database", EVERY, indirect=True)
async def test_nobody_is_in_the_lake(tea: Shop, database: str, tmp_path: Path) -> None:
    await tea.sell(50)
    await tea.praise(50)
    await tea.talk(100)
    made = await _update(database, tmp_path / "lake")
    assert all(
        made.manifest.part(name).rows for name in ("orders", "order_lines", "reviews", "messages", "conversations")
    )
    for file in (tmp_path / "lake").rglob("*.parquet"):
        columns = pq.read_table(file, partitioning=None).to_pydict()
        assert not {"contact_id", "identity_id", "staff_id", "name", "phone", "address", "text"} & set(columns) - {
            "name"
        }
        if "products" not in str(file):
            assert "name" not in columns
            assert "anary" not in str(columns)


@pytest.mark.parametrize("database", EVERY, indirect=True)
async def test_text_and_nulls_survive(tea: Shop, database: str, tmp_path: Path) -> None:
    odd = ['quo"te', "com,ma", "新\n行", "", " edge "]
    await tea.sell(len(odd))
    for number, sku in enumerate(odd, start=1):
        await shop.write("UPDATE order_line SET sku=? WHERE order_id=?", [(sku, number)])
        await shop.write('UPDATE "order" SET paid_at=? WHERE id=?', [(None, number)])
    await _update(database, tmp_path / "lake")
    kept = _table(tmp_path / "lake", "order_lines").to_pydict()
    assert dict(zip(kept["order_id"], kept["sku"], strict=True)) == dict(enumerate(odd, start=1))
    assert set(kept["paid_at"]) == {None}


@pytest.mark.parametrize("database", EVERY, indirect=True)
async def test_times_after_many_nulls(
    tea: Shop, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's driver gives a column the type of the first rows that it hands over."""
    monkeypatch.setattr(sqlite, "BATCH_ROWS", "2")
    await tea.sell(10)
    await shop.write('UPDATE "order" SET paid_at=NULL WHERE id<?', [(8,)])
    await shop.write('UPDATE "order" SET paid_at=? WHERE id>=?', [(NOW.replace(microsecond=999_999), 8)])
    await _update(database, tmp_path / "lake")
    paid = _table(tmp_path / "lake", "orders")["paid_at"].to_pylist()
    assert paid == [None] * 7 + [NOW.replace(microsecond=0)] * 3


async def test_a_killed_update_leaves_the_lake_as_it_was(tea: Shop, database: str, tmp_path: Path) -> None:
    """The process dies after it wrote files and before they are the lake's."""
    await tea.sell(100)
    await _update(database, tmp_path / "lake")
    before = manifest.read(tmp_path / "lake")
    await tea.sell(100)
    code = (
        "import os, signal, sys, pathlib, datetime\n"
        "from analytics import lake, manifest\n"
        "manifest.publish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "lake.update(sys.argv[1], pathlib.Path(sys.argv[2]), now=datetime.datetime.now(datetime.UTC))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, database, str(tmp_path / "lake"), env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert await process.wait() == -signal.SIGKILL
    assert manifest.read(tmp_path / "lake") == before
    assert _table(tmp_path / "lake", "orders").num_rows == 100
    await _update(database, tmp_path / "lake")
    await _check(tmp_path / "lake")


async def test_two_updates_at_once_wait_for_each_other(tea: Shop, database: str, tmp_path: Path) -> None:
    await tea.sell(150)
    await asyncio.gather(*(_update(database, tmp_path / "lake") for _ in range(3)))
    await _check(tmp_path / "lake")


@pytest.mark.parametrize("database", EVERY, indirect=True)
async def test_many_blocks_are_read_by_processes(
    tea: Shop, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake, "FEW_BLOCKS", 2)
    await tea.sell(200)
    shares: list[float] = []
    await _update(database, tmp_path / "lake", tell=shares.append)
    await _check(tmp_path / "lake")
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_old_files_are_swept(tea: Shop, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "KEEP_SECONDS", -1.0)
    for _ in range(3):
        await tea.sell(10)
        made = await _update(database, tmp_path / "lake")
    named = {block.file for part in made.manifest.parts.values() for block in part.blocks.values()}
    there = {str(file.relative_to(tmp_path / "lake")) for file in (tmp_path / "lake").glob("*/*.parquet")}
    assert {file for file in there if not file.startswith("empty/")} == named


async def test_a_lake_of_another_version_is_made_anew(
    tea: Shop, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tea.sell(20)
    await _update(database, tmp_path / "lake")
    monkeypatch.setattr(manifest, "VERSION", manifest.VERSION + 1)
    assert manifest.read(tmp_path / "lake") == manifest.Manifest()
    await _update(database, tmp_path / "lake")
    await _check(tmp_path / "lake")


def test_csv_with_an_empty_last_field() -> None:
    rows = from_csv(b'1,"a","CNY",5,"web",\n', lake.TABLES[0].columns)
    assert rows.to_pylist()[0]["paid_at"] is None
