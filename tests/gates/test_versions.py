"""Locks, packages and the changelog are in step; and the gate sees when they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.gates.finding import ROOT, assert_clean
from tests.gates.locks import pins, violations

FILES = (
    "pyproject.toml",
    "requirements.lock",
    "requirements-test.lock",
    "requirements-uv.lock",
    "CHANGELOG.md",
    "web/ui/package.json",
    "web/ui/package-lock.json",
)


def test_versions_are_in_step() -> None:
    assert_clean(violations(ROOT))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


BROKEN = [
    ("pyproject.toml", '"aiohttp>=', '"aiohttp>=999,!=', "aiohttp is not in step"),
    ("pyproject.toml", '"orjson>=', '"some-new-package", "orjson>=', "some-new-package is not in"),
    ("pyproject.toml", '"pytest>=9', '"pytest>=99', "pytest is not in step"),
    ("requirements.lock", "    --hash=sha256:", "    --hash=md5:", "has no hash"),
    ("requirements.lock", "\norjson==", "\norjson==0.", "orjson differs between the locks"),
    ("web/ui/package.json", '"version": "', '"version": "9', "another version"),
    ("CHANGELOG.md", "## ", "### ", "no section for"),
    ("web/ui/package-lock.json", '"packages"', '"resolved": "x", "packages"', "`resolved`"),
]


@pytest.mark.parametrize(("name", "old", "new", "rule"), BROKEN)
def test_a_step_apart_is_seen(copy: Path, name: str, old: str, new: str, rule: str) -> None:
    text = (copy / name).read_text("utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new), "utf-8")
    assert rule in "\n".join(finding.rule for finding in violations(copy))


def test_a_lock_is_read_with_its_markers(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n"
        "    --hash=sha256:aa \\\n"
        "    --hash=sha256:bb\n"
        "My_Package==1.0\n"
    )
    assert [(pin.name, pin.version, pin.has_hash) for pin in pins(lock)] == [
        ("numpy", "2.4.6", True),
        ("my-package", "1.0", False),
    ]
