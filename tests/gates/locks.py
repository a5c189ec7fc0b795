"""The locks say what pyproject.toml asks for, with hashes, and each other's versions."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.gates.finding import Finding

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<rest>.*)$")
DO = "run scripts/lock and commit what it writes"


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock at one version, for some or all machines."""

    name: str
    version: str
    has_hash: bool


def violations(root: Path) -> list[Finding]:
    """Where locks and pyproject.toml disagree."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["dependencies"]
    tests = project["optional-dependencies"]["test"]
    return [
        *_lock_findings(root / "requirements.lock", asked),
        *_lock_findings(root / "requirements-test.lock", [*asked, *tests]),
        *_lock_findings(root / "requirements-uv.lock", ["uv"]),
        *_subset_findings(root / "requirements.lock", root / "requirements-test.lock"),
        *_subset_findings(root / "requirements-uv.lock", root / "requirements-test.lock"),
        *_version_findings(root, project["version"]),
    ]


def pins(lock: Path) -> Iterator[Pin]:
    """All pins of a lock; a package may have several, for different machines."""
    for entry in lock.read_text("utf-8").replace("\\\n", " ").splitlines():
        if found := PIN.match(entry):
            has_hash = "--hash=sha256:" in entry
            yield Pin(canonicalize_name(found["name"]), found["version"], has_hash)


def _lock_findings(lock: Path, asked: list[str]) -> Iterator[Finding]:
    pinned = list(pins(lock))
    for pin in pinned:
        if not pin.has_hash:
            why = "without a hash anybody between us and the package can change it"
            yield Finding(lock.name, f"{pin.name} has no hash", why, DO)
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        versions = [Version(pin.version) for pin in pinned if pin.name == name]
        fits = [v for v in versions if requirement.specifier.contains(v, prereleases=True)]
        if not versions or len(fits) < len(versions):
            said = ", ".join(map(str, versions)) or "nothing"
            why = f"pyproject.toml asks for {requirement}, the lock has {said}"
            yield Finding(lock.name, f"{name} is not in step with pyproject.toml", why, DO)


def _subset_findings(small: Path, large: Path) -> Iterator[Finding]:
    missing = {(p.name, p.version) for p in pins(small)} - {(p.name, p.version) for p in pins(large)}
    for name, version in sorted(missing):
        why = f"what the tests see must be what runs: {large.name} has no {name} {version}"
        yield Finding(small.name, f"{name} differs between the locks", why, DO)


def _version_findings(root: Path, version: str) -> Iterator[Finding]:
    package = root / "web" / "ui" / "package.json"
    if json.loads(package.read_text("utf-8"))["version"] != version:
        why = f"one product has one version, and pyproject.toml says {version}"
        yield Finding("web/ui/package.json", "another version", why, f"set it to {version}")
    if not re.search(rf"^## \[?{re.escape(version)}", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE):
        why = "whoever upgrades wants to know what changed"
        yield Finding("CHANGELOG.md", f"no section for {version}", why, f"add `## {version}`")
    if '"resolved"' in (root / "web" / "ui" / "package-lock.json").read_text("utf-8"):
        why = "it names where this machine gets packages"
        do = "write it with web/ui/.npmrc in force: npm install --prefix web/ui"
        yield Finding("web/ui/package-lock.json", "has lines with `resolved`", why, do)
