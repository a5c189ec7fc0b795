"""The process that answers customers never imports Spark, however it is composed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.gates.finding import ROOT, python_sources

SERVING = ("bot", "handlers", "web", "models")
SPARK = ("pyspark", "py4j")
ASK = """\
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
print(sorted({spark!r} & sys.modules.keys()))
"""


def spark_seen_by(modules: list[str], folder: Path) -> str:
    """What of Spark a fresh process in `folder` holds after importing `modules`."""
    code = ASK.format(modules=modules, spark=set(SPARK))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_bot_process_has_no_spark() -> None:
    modules = [source.module for source in python_sources(ROOT, SERVING)]
    assert spark_seen_by(modules, ROOT) == "[]", "import it in the child process only: analytics/runner.py"


def test_spark_by_a_detour_is_seen(tmp_path: Path) -> None:
    (tmp_path / "detour.py").write_text("import pyspark")
    (tmp_path / "innocent.py").write_text("import detour")
    assert spark_seen_by(["innocent"], tmp_path) == "['py4j', 'pyspark']"
