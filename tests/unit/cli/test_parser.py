"""The grammar of the command line, and that asking for help costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import parser

ROOT = Path(__file__).parents[3]
HEAVY = (
    "aiogram", "aiohttp", "tortoise", "pydantic", "pydantic_settings", "structlog", "socketio", "uvloop", "babel",
    "pandas", "pyarrow", "matplotlib", "pyspark", "aiobotocore", "models", "web", "analytics", "handlers",
)  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys; from bot.cli import parser; parser.build(); print(sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_command_the_server_runs() -> None:
    from bot.cli import run

    args = parser.build().parse_args([])
    assert args.run is run.run
    assert (args.host, args.port, args.no_demo, args.open, args.config, args.debug) == (
        None, None, False, False, None, False,
    )  # fmt: skip


@pytest.mark.parametrize("order", [["--config", "a.toml", "check"], ["check", "--config", "a.toml"]])
def test_common_options_may_stand_before_and_after_the_command(order: list[str]) -> None:
    assert parser.build().parse_args(order).config == Path("a.toml")


@pytest.mark.parametrize(("said", "offline"), [([], False), (["--online"], False), (["--offline"], True)])
def test_a_check_asks_outside_unless_it_is_told_not_to(said: list[str], offline: bool) -> None:
    assert parser.build().parse_args(["check", *said]).offline is offline


@pytest.mark.parametrize(
    "wrong",
    [
        ["dance"],
        ["check", "--online", "--offline"],
        ["staff"],
        ["staff", "add"],
        ["report", "run", "sales", "--from", "tomorrow"],
        ["run", "--port", "x"],
    ],
)
def test_what_is_no_command_ends_with_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.build().parse_args(wrong)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser.build().parse_args(["--help"])
    shown = capsys.readouterr().out
    assert [one.NAME for one in parser.COMMANDS if one.NAME not in shown] == []
