"""Which Java reports run on, and that the one of the wheel starts with the flag that it does not know."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from analytics.java import find_java_home, java_version, wheel_java_home

FLAG = "--add-modules=jdk.incubator.vector"


def _fake_java(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return java


def test_the_wheel_starts_with_sparks_flags(tmp_path: Path) -> None:
    for _ in range(2):  # the second time everything is there
        java = wheel_java_home(tmp_path) / "bin" / "java"
    assert subprocess.run([java, FLAG, "-Xmx64m", "-version"], capture_output=True, check=False).returncode == 0
    assert java_version(str(java)) >= 17
    real = (tmp_path / "java" / "lib").readlink().parent / "bin" / "java"
    assert subprocess.run([real, FLAG, "-version"], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(("said", "version"), [("17.0.15", 17), ("1.8.0_402", 8), ("25.0.2", 25), ("21", 21)])
def test_versions(tmp_path: Path, said: str, version: int) -> None:
    assert java_version(str(_fake_java(tmp_path, said))) == version


def test_what_is_set_or_new_enough_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(_fake_java(tmp_path / "new", "17.0.1").parent), prepend=":")
    assert find_java_home(tmp_path / "data") == ""
    monkeypatch.setenv("PATH", str(_fake_java(tmp_path / "old", "11.0.2").parent), prepend=":")
    assert find_java_home(tmp_path / "data") == str(tmp_path / "data" / "java")
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    assert find_java_home(tmp_path / "data") == "/opt/java"


def test_something_that_is_no_java(tmp_path: Path) -> None:
    assert java_version(str(tmp_path / "nothing")) == 0
