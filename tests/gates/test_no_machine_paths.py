"""No committed file names a folder of the machine it was written on."""

from __future__ import annotations

from pathlib import Path

from tests.gates.committed import committed_files, path_findings
from tests.gates.finding import ROOT, assert_clean

DEEP = 3  # "/" and two names; shorter ones, such as "/app", are words of a document, too


def folders_of_this_machine() -> set[str]:
    return {str(path) for path in (ROOT, Path.home()) if len(path.parts) >= DEEP}


def test_no_committed_file_names_a_folder_of_this_machine() -> None:
    folders = folders_of_this_machine()
    if folders:
        assert_clean(path_findings(ROOT, committed_files(ROOT), folders))


def test_a_folder_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('data = "/srv/ann/parley/var"\nother = "/srv/ann/parley-two"\n')
    [finding] = path_findings(tmp_path, [file], {"/srv/ann/parley"})
    assert finding.where == "settings.toml:1"
