"""A run from its row to its files, and every way in which it can fail, said in a sentence."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from PIL import Image

from analytics import child as child_module
from analytics import deliver
from analytics.child import Child, Job, ReportCrashed, running_child
from analytics.settings import SparkSettings
from bot.core.errors import StorageUnavailable
from bot.core.ports import StoredFile
from bot.services import report_runs
from bot.storage.local import LocalStorage
from models import Attachment, ReportRun
from tests.analytics.shop import NOW, WEEK, Shop, count_sales


@pytest.fixture
def database(sqlite_database: str) -> str:
    return sqlite_database


@pytest.fixture
async def run(database: str) -> ReportRun:
    tea = Shop(31)
    await tea.open()
    await tea.sell(200)
    run_id = await report_runs.claim_slot("sales", WEEK, NOW)
    return await ReportRun.get(id=run_id)


class World:
    """What a run needs; the report process is the one that all tests share, so that Spark starts once."""

    def __init__(self, database: str, folder: Path, storage: LocalStorage) -> None:
        self.database, self.folder, self.storage = database, folder, storage
        self.changed: list[int] = []

    async def make(self, run: ReportRun, *, is_last_try: bool = True, spark: SparkSettings | None = None) -> None:
        await deliver.run_report(
            run.id,
            database_url=self.database,
            lake_dir=self.folder / "lake",
            spark=spark or SparkSettings(),
            storage=self.storage,
            clock=lambda: NOW,
            is_last_try=is_last_try,
            changed=self.changed.append,
        )
        await run.refresh_from_db()


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    storage = LocalStorage(tmp_path / "files")
    yield World(database, tmp_path, storage)
    await storage.close()


@pytest.fixture
def shared_child(child: Child, monkeypatch: pytest.MonkeyPatch) -> Child:
    @asynccontextmanager
    async def already_running(settings: SparkSettings, data: Path) -> AsyncIterator[Child]:
        yield child

    monkeypatch.setattr(deliver, "running_child", already_running)
    return child


async def test_a_run_is_made_once_and_kept(world: World, run: ReportRun, shared_child: Child, tmp_path: Path) -> None:
    await world.make(run)
    assert (run.state, run.error, run.progress, run.finished_at) == ("done", "", "", NOW)
    stored = json.loads(run.result)
    counted = await count_sales(WEEK, "CNY")
    for language in ("en", "zh"):
        assert report_runs.localised(stored, language)["headline"][1]["value"] == str(counted["orders"])
        for part, row_id in report_runs.files_of(stored, language).items():
            row = await Attachment.get(id=row_id)
            content = b"".join([chunk async for chunk in world.storage.open(row.storage_key)])
            assert (row.state, row.size, row.conversation_id) == ("stored", len(content), None)
            (tmp_path / part).write_bytes(content)
        with Image.open(tmp_path / "picture") as picture:
            assert picture.size[0] == 1080
        with (tmp_path / "sheet").open("rb") as sheet:
            assert len(load_workbook(sheet).sheetnames) >= 4
    assert set(world.changed) == {run.id}
    await world.make(run)
    assert await Attachment.all().count() == 4


async def test_a_store_that_is_away_is_tried_again(
    world: World, run: ReportRun, shared_child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: object, **options: object) -> StoredFile:
        raise StorageUnavailable("the file store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(world.storage, "put", away)
        with pytest.raises(StorageUnavailable):
            await world.make(run, is_last_try=False)
        await run.refresh_from_db()
        assert (run.state, run.error) == ("due", "the file store does not answer")
    await world.make(run)
    assert (run.state, run.error) == ("done", "")


async def test_what_cannot_be_made_fails_with_a_sentence(world: World, run: ReportRun, shared_child: Child) -> None:
    await ReportRun.filter(id=run.id).update(report="nothing")
    await world.make(run, is_last_try=False)
    assert run.state == "failed"
    assert run.error == "there is no report 'nothing'; there are reviews, sales, service"
    await world.make(run)
    assert run.state == "failed"


async def test_no_java_is_a_sentence(world: World, run: ReportRun) -> None:
    await world.make(run, spark=SparkSettings(java_home="/nowhere"))
    assert run.state == "failed"
    assert run.error == "Spark could not start the Java of /nowhere; set JAVA_HOME to a Java 17 or newer, or unset it"


async def test_no_database_is_a_sentence(world: World, run: ReportRun, shared_child: Child) -> None:
    world.database = "sqlite:///nowhere/shop.db"
    await world.make(run)
    assert run.error == "the database cannot be read: there is no readable file /nowhere/shop.db"


async def test_what_nobody_foresaw_ends_the_run_too(
    world: World, run: ReportRun, shared_child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object, **options: object) -> StoredFile:
        raise ZeroDivisionError

    monkeypatch.setattr(world.storage, "put", broken)
    with pytest.raises(ZeroDivisionError):
        await world.make(run)
    await run.refresh_from_db()
    assert run.state == "failed"


async def test_a_killed_process_is_a_sentence_and_leaves_nobody_behind(database: str, tmp_path: Path) -> None:
    await Shop(32).open()
    job = Job("sales", WEEK, database, tmp_path / "lake", tmp_path, datetime.now(UTC))

    async with running_child(SparkSettings(), tmp_path / "spark") as process:

        async def kill(progress: str) -> None:
            if progress == "counting":
                os.kill(process.pid, signal.SIGKILL)

        with pytest.raises(ReportCrashed, match="memory ran out"):
            await process.make(job, kill)
        group = process.pid
    with pytest.raises(ProcessLookupError):
        await _group_is_gone(group)


async def test_a_hanging_process_is_stopped(database: str, tmp_path: Path) -> None:
    await Shop(33).open()
    job = Job("sales", WEEK, database, tmp_path / "lake", tmp_path, datetime.now(UTC))

    async def hear(progress: str) -> None:
        pass

    async with running_child(SparkSettings(timeout=0.2), tmp_path / "spark") as process:
        with pytest.raises(ReportCrashed, match="took longer than 1 min"):
            await process.make(job, hear)
        group = process.pid
    with pytest.raises(ProcessLookupError):
        await _group_is_gone(group)


async def _group_is_gone(group: int) -> None:
    """Raises ProcessLookupError once no process of the group is left; killed ones need a moment to be reaped."""
    for _ in range(1_500):
        os.killpg(group, 0)
        await asyncio.sleep(0.02)


async def test_the_last_words_of_a_process_are_told(
    world: World, run: ReportRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho the disk is gone >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(child_module.sys, "executable", str(broken))
    with pytest.raises(ReportCrashed):
        await world.make(run, is_last_try=False)
    await world.make(run)
    assert (run.state, run.error) == ("failed", "the report process ended unexpectedly (code 3): the disk is gone")
