"""The build hook makes what it should, once, and fails in words."""

from __future__ import annotations

import gettext
import hashlib
import os
from pathlib import Path

import pytest

import hatch_build

CATALOGUE = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Thank you!"
msgstr "谢谢！"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "zh" / "LC_MESSAGES" / "parley.po"
    file.parent.mkdir(parents=True)
    file.write_text(CATALOGUE, "utf-8")
    return file


def test_a_catalogue_is_compiled_beside_its_source(tmp_path: Path, source: Path) -> None:
    hatch_build.compile_catalogues(tmp_path)
    texts = gettext.translation("parley", tmp_path, languages=["zh"])
    assert texts.gettext("Thank you!") == "谢谢！"
    assert sorted(path.name for path in source.parent.iterdir()) == ["parley.mo", "parley.po"]


def test_a_changed_catalogue_is_compiled_again(tmp_path: Path, source: Path) -> None:
    hatch_build.compile_catalogues(tmp_path)
    source.write_text(CATALOGUE.replace("谢谢", "多谢"), "utf-8")
    later = source.with_suffix(".mo").stat().st_mtime_ns + 1_000_000
    os.utime(source, ns=(later, later))
    hatch_build.compile_catalogues(tmp_path)
    with source.with_suffix(".mo").open("rb") as file:
        texts = gettext.GNUTranslations(file)
    assert texts.gettext("Thank you!") == "多谢！"


def test_a_broken_catalogue_is_named(tmp_path: Path, source: Path) -> None:
    source.write_text('msgid "a"\nmsgst "b"\n', "utf-8")
    with pytest.raises(hatch_build.BuildFailed, match=r"parley\.po cannot be read"):
        hatch_build.compile_catalogues(tmp_path)


def test_the_fingerprint_sees_sources_only(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "main.ts").write_text("1")
    first = hatch_build.fingerprint(tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "other.js").write_text("1")
    (tmp_path / "desk" / "x.tsbuildinfo").write_text("1")
    assert hatch_build.fingerprint(tmp_path) == first
    (tmp_path / "desk" / "main.ts").write_text("2")
    changed = hatch_build.fingerprint(tmp_path)
    (tmp_path / "desk" / "main.ts").rename(tmp_path / "desk" / "start.ts")
    assert len({first, changed, hatch_build.fingerprint(tmp_path)}) == 3


def test_no_browser_side_is_no_error(tmp_path: Path) -> None:
    hatch_build.build_browser_side(tmp_path / "ui", tmp_path / "static")
    assert list(tmp_path.iterdir()) == []


FAKE_VITE = """\
const {mkdirSync, writeFileSync, appendFileSync} = require('node:fs')
mkdirSync('../static', {recursive: true})
writeFileSync('../static/shop.js', 'built')
appendFileSync('../runs', process.argv.slice(2).join(' ') + '\\n')
"""


@pytest.fixture
def ui(tmp_path: Path) -> Path:
    """A browser side with one app, whose packages are there and whose Vite is ours."""
    folder = tmp_path / "ui"
    (folder / "node_modules" / "vite" / "bin").mkdir(parents=True)
    (folder / "node_modules" / "vite" / "bin" / "vite.js").write_text(FAKE_VITE)
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    (folder / "vite.shop.config.ts").write_text("export default {}")
    lock = hashlib.sha256(b"{}").hexdigest()
    (folder / "node_modules" / ".parley-lock").write_text(lock)
    return folder


def test_an_unchanged_browser_side_is_built_once(tmp_path: Path, ui: Path) -> None:
    static, runs = tmp_path / "static", tmp_path / "runs"
    hatch_build.build_browser_side(ui, static)
    hatch_build.build_browser_side(ui, static)
    assert runs.read_text() == "build --config vite.shop.config.ts\n"
    assert (static / "shop.js").read_text() == "built"
    (ui / "shop.ts").write_text("new")
    hatch_build.build_browser_side(ui, static)
    assert runs.read_text().count("\n") == 2


def test_a_failed_build_shows_its_last_words_and_is_tried_again(tmp_path: Path, ui: Path) -> None:
    vite = ui / "node_modules" / "vite" / "bin" / "vite.js"
    vite.write_text("console.error('no such import: tea'); process.exit(3)")
    for _ in range(2):
        with pytest.raises(hatch_build.BuildFailed, match=r"(?s)no such import: tea.*ended with 3"):
            hatch_build.build_browser_side(ui, tmp_path / "static")
