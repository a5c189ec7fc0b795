"""`backup`: writes everything into one zip file or a folder, while the server goes on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli import session, terminal

if TYPE_CHECKING:
    from bot.backup.making import Places
    from bot.backup.manifest import Manifest
    from bot.config import Config

NAME = "backup"
SUMMARY = "write everything into one file or folder; the server may go on"
MIB = 2**20
#: More names than this are not read.
MOST_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and whether to fetch what lies in a bucket."""
    parser.add_argument(
        "target", type=session.path, metavar="FILE|DIR", help="new zip file (backup.zip), else the name of a new folder"
    )
    parser.add_argument(
        "--files", action="store_true",
        help="copy the files out of the bucket, too (those of a local folder always are in the backup)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write it, and say what is in it."""
    return session.finish(_backup(args))


async def _backup(args: argparse.Namespace) -> int:
    from bot.backup.making import back_up

    config, progress = session.configured(args), terminal.Progress()
    here = places(config)
    try:
        with_files = args.files or config.storage.kind == "local"
        made = await back_up(here, args.target, with_files=with_files, tell=progress.say)
    finally:
        progress.done()
        await here.storage.close()
    print(_told(args.target, made))
    for words, keys in (("is missing in", made.files.missing), ("is damaged in", made.files.damaged)):
        for key in keys[:MOST_SHOWN]:
            terminal.complain(f"A file {words} the store: {key}")
    return session.FAILED if made.files.damaged else session.DONE


def _told(target: Path, made: Manifest) -> str:
    rows = sum(table.rows for table in made.rows.tables.values())
    held = len(made.files.named) - len(made.files.missing)
    where = f"{held} files" if made.files.copied else f"no files: {held} stay in {made.files.place}"
    return (
        f"{target} holds Parley as of {made.made_at:%Y-%m-%d %H:%M:%S} UTC: {rows} rows (schema {made.rows.schema}), "
        f"{where}, {made.size / MIB:.1f} MiB.\n"
        "It has everybody's data in it: keep it where only you can read it. config.toml is not in it."
    )


def places(config: Config) -> Places:
    """Where this configuration keeps things."""
    from bot.app import make_storage
    from bot.backup.making import Places

    told = config.storage
    bucket = f"{told.provider}: {'/'.join(part for part in (told.bucket, told.prefix) if part)}"
    return Places(
        database_url=config.database.url.reveal(),
        storage=make_storage(config),
        storage_place=f"the folder {told.path}" if told.kind == "local" else f"the bucket {bucket}",
        files_folder=told.path if told.kind == "local" else None,
        lake=config.reports.lake,
        lake_files=_lake_files,
        bank=config.server.data / "test-bank.db",
    )


def _lake_files(lake: Path) -> list[str]:
    """What the lake's table of contents names, and the files that stand for tables without rows."""
    from analytics.manifest import read

    named = [block.file for part in read(lake).parts.values() for block in part.blocks.values()]
    return sorted(named) + sorted(str(path.relative_to(lake)) for path in lake.glob("empty/*.parquet"))
