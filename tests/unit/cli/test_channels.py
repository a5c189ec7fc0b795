"""The channel table is made from the records of the adapters."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli import channels
from tests.kit.profiles import PROFILES

ROOT = Path(__file__).parents[3]


def test_the_page_in_the_repository_is_current() -> None:
    written = (ROOT / "docs/channels.md").read_text("utf-8")
    assert written == channels.markdown(), "write it anew: python -m bot check --markdown > docs/channels.md"


def test_a_profile_is_called_as_its_channel() -> None:
    assert [name for name, profile in PROFILES.items() if profile.channel != name] == []


def test_facts_are_readable() -> None:
    assert channels.facts(PROFILES["wechat"]) == (
        "10 buttons of 42 characters", "2048 bytes", "10 MiB", "amr mpeg 2 MiB, mp4 10 MiB", "yes", "no",
        "48 h, 5 messages", "no",
    )  # fmt: skip
    assert channels.brief(PROFILES["telegram"]).startswith("100 buttons of 64 characters; text 4096 UTF-16 units;")


def test_a_chat_as_a_channel_that_there_is_not_names_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "--as", "pigeon"]) != 0
    told = capsys.readouterr().err
    assert all(name in told for name in ("pigeon", *PROFILES))
