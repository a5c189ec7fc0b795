"""The release before, out of the history, and a next one: this program with one more migration."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from models import migrate
from models.engines.engine import Migration
from tests.faults.shop import ROOT

NUMBER = 9001
#: What releases do: columns with a default, and indexes that are built while others write.
GENTLE: Mapping[str, str] = {
    "postgres": """\
-- online
ALTER TABLE "message" ADD COLUMN IF NOT EXISTS "mood" VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE "inbound" ADD COLUMN IF NOT EXISTS "country" VARCHAR(2) NOT NULL DEFAULT '';
DROP INDEX CONCURRENTLY IF EXISTS "ix_message_mood";
CREATE INDEX CONCURRENTLY "ix_message_mood" ON "message" ("mood", "id");
""",
    "mysql": """\
ALTER TABLE `message` ADD COLUMN `mood` VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE `inbound` ADD COLUMN `country` VARCHAR(2) NOT NULL DEFAULT '';
ALTER TABLE `message` ADD INDEX `ix_message_mood` (`mood`, `id`), ALGORITHM=INPLACE, LOCK=NONE;
""",
}
#: Seconds for which nobody else may write.
LOCKED = 15
ROUGH: Mapping[str, str] = {
    "postgres": f'LOCK TABLE "inbound", "message" IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({LOCKED})',
}


#: The release before this one: the last commit that ends with migration 0010. Who releases writes the next one here.
BEFORE = "e6554d7"
#: What is built and not in the history: it is that of this release.
BUILT = ("web/static", "handlers/locale")


def before(folder: Path) -> str:
    """Unpack the release before into `folder`; its commit, "" where the history is not at hand."""
    packed = _git("archive", BEFORE)
    if not packed:
        return ""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    for built in BUILT:
        shutil.copytree(ROOT / built, folder / built, dirs_exist_ok=True)
    return BEFORE


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False).stdout


def has_one_more(scripts: Mapping[str, str]) -> None:
    """The migrations of this release, and one behind them."""
    shipped = migrate.available

    def available(dialect: str, folder: Path = migrate.FOLDER) -> list[Migration]:
        return [*shipped(dialect, folder), Migration(NUMBER, f"{NUMBER}_next_release", scripts[dialect])]

    migrate.available = available


NEXT = "next-release"
VARIANTS = {NEXT: partial(has_one_more, GENTLE), "locks-its-tables": partial(has_one_more, ROUGH)}
