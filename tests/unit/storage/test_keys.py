"""Keys are random, dated and ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot.storage.keys import check_key, new_key

NOW = datetime(2026, 11, 5, tzinfo=UTC)


def test_a_key_tells_kind_and_month_and_nothing_else() -> None:
    assert re.fullmatch(r"image/2026/11/[a-z2-7]{26}\.jpg", new_key("image", NOW, "jpg"))
    assert re.fullmatch(r"report/2026/11/[a-z2-7]{26}", new_key("report", NOW))


def test_keys_do_not_repeat_and_are_accepted() -> None:
    keys = {check_key(new_key("file", NOW, "7z")) for _ in range(1000)}
    assert len(keys) == 1000


@pytest.mark.parametrize(("kind", "extension"), [("", "jpg"), ("a/b", ""), ("..", ""), ("image", "j/pg"), ("图", "")])
def test_names_do_not_become_keys(kind: str, extension: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a key"):
        new_key(kind, NOW, extension)
