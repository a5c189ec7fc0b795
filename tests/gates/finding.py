"""What a gate says when a rule is broken: which rule, where, why it is there, what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "handlers", "web", "models", "analytics")
NOT_PYTHON = {"node_modules", "ui", "static", "__pycache__"}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place that breaks one rule."""

    where: str
    rule: str
    why: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}\n    why: {self.why}\n    do:  {self.do}"


def assert_clean(findings: Sequence[Finding]) -> None:
    """Fail with all findings, each readable on its own."""
    listed = "\n\n".join(map(str, sorted(set(findings))))
    assert not findings, f"{len(set(findings))} place(s) break a house rule\n\n{listed}\n"


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed Python file: its dotted name, its path below the root, its tree."""

    module: str
    path: str
    is_package: bool
    tree: ast.Module

    def at(self, node: ast.stmt | ast.expr | ast.comprehension) -> str:
        line = node.target.lineno if isinstance(node, ast.comprehension) else node.lineno
        return f"{self.path}:{line}"


def python_sources(root: Path, packages: Sequence[str] = PACKAGES) -> Iterator[Source]:
    """All Python files of `packages` below `root`, in order of their names."""
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            below = path.relative_to(root)
            if not NOT_PYTHON.intersection(below.parts):
                yield _read(path, below)


def _read(path: Path, below: Path) -> Source:
    is_package = below.name == "__init__.py"
    parts = below.parent.parts if is_package else below.with_suffix("").parts
    tree = ast.parse(path.read_text("utf-8"), below.as_posix())
    return Source(".".join(parts), below.as_posix(), is_package, tree)
