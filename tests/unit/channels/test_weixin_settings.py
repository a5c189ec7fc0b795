"""What an operator may write for WeChat and for WeCom."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.channels import wechat, wecom
from bot.config import accounts

KEY = "a" * 43
OA: dict[str, Any] = {"app_id": "wx0123456789abcdef", "secret": "s", "token": "hushHush"}
KF: dict[str, Any] = {"corp_id": "ww0123456789abcdef", "secret": "s", "token": "hushHush", "encoding_aes_key": KEY}


def hook(account: str) -> str:
    return f"https://shop.example/hooks/{account}"


def test_whole_tables_are_accounts() -> None:
    read, wrong = accounts.read({"wechat": OA, "wechat-2": OA, "wecom": KF}, hook)
    assert (list(read), wrong) == (["wechat", "wechat-2", "wecom"], [])
    assert "hushHush" not in repr(read["wechat"])


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (OA | {"app_id": "gh_1"}, "app_id"),
        (OA | {"token": "no!"}, "token"),
        (OA | {"encoding_aes_key": KEY[:-1]}, "encoding_aes_key"),
        (OA | {"holds": 5}, "holds"),
    ],
)
def test_what_is_written_wrong_is_named(table: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as error:
        wechat.Settings.model_validate(table)
    assert error.value.errors()[0]["loc"] == (key,)


def test_what_is_missing_is_named() -> None:
    assert wechat.Settings().missing() == ("app_id", "token", "secret")
    assert wechat.Settings.model_validate(OA | {"api": False, "secret": ""}).missing() == ()
    assert wecom.Settings().missing() == ("corp_id", "secret", "token", "encoding_aes_key")
    assert wechat.Settings.model_validate(OA | {"previous_aes_key": KEY}).problem("")
    with pytest.raises(ValidationError):
        wecom.Settings.model_validate(KF | {"corp_id": "x"})


def test_keys_are_tried_in_order() -> None:
    told = wechat.Settings.model_validate(OA | {"encoding_aes_key": KEY, "previous_aes_key": "b" * 43})
    assert told.aes_keys == (KEY, "b" * 43)
