"""No committed file names a package host; and the gate sees one that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.committed import (
    PUBLIC_HOSTS,
    committed_files,
    host_findings,
    hosts_of,
    registry_hosts,
)
from tests.gates.finding import ROOT, assert_clean


def test_no_committed_file_names_a_package_host() -> None:
    assert_clean(host_findings(ROOT, committed_files(ROOT), registry_hosts()))


@pytest.mark.parametrize("host", sorted(PUBLIC_HOSTS))
def test_a_public_host_is_seen(tmp_path: Path, host: str) -> None:
    file = tmp_path / "some.lock"
    file.write_text(f"# first line\n--index-url https://{host.upper()}/simple\n")
    [finding] = host_findings(tmp_path, [file], set(PUBLIC_HOSTS))
    assert finding.where == "some.lock:2"


def test_the_machines_own_mirror_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://user:secret@mirror.example:8443/simple")
    file = tmp_path / "notes.md"
    file.write_text("packages come from mirror.example")
    [finding] = host_findings(tmp_path, [file], registry_hosts())
    assert finding.where == "notes.md:1"


def test_a_longer_name_is_another_host(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("not-mirror.example, mirror.example-shop.test, www.mirror.example")
    assert host_findings(tmp_path, [file], {"mirror.example"}) == []


def test_hosts_are_found_in_settings() -> None:
    settings = "global.index-url='https://one.example/simple https://two.example:80/x'"
    assert hosts_of(settings) == {"one.example", "two.example"}


def test_files_that_git_ignores_are_left_out() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in committed_files(ROOT)}
    assert "pyproject.toml" in files
    assert not any("node_modules/" in name or name.startswith(".venv/") for name in files)
