"""`bot check` asks each connected shop whose it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.finding import Finding
from bot.cli.stores_probe import all_stores
from bot.config import Config, Mistakes, load
from tests.kit.platforms.woocommerce import HOOK_SECRET, KEY, SECRET, WooCommerceServer

TOLD = {"consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": HOOK_SECRET}

HOOK = "http://127.0.0.1:8080/hooks/store/woocommerce"


async def found(told: dict[str, Any], *, offline: bool = False) -> Finding:
    config = Config.model_validate({"stores": {"woocommerce": told}})
    return next(iter([one async for one in all_stores(config, offline=offline) if one.name == "woocommerce"]))


async def test_a_shop_says_whose_it_is_and_a_wrong_key_is_told() -> None:
    async with WooCommerceServer(datetime(2026, 11, 23, tzinfo=UTC)) as server:
        told = TOLD | {"url": server.base}
        assert (await found({})).state == "off"
        assert (await found(told, offline=True)).detail == f"webhooks {HOOK}, not asked (--offline)"
        assert (await found(told)).detail == f"{server.base}, in EUR, webhooks {HOOK}"
        refused = await found(told | {"consumer_key": "ck_other"})
        assert (refused.state, "stores.woocommerce" in refused.detail) == ("wrong", True)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"webhook_secret": ""}, "webhook_secret is needed, too"),
        ({"url": "http://shop.example"}, "must begin with https://"),
        ({"webhook_secret": "a&b"}, "must have none of"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(tmp_path: Path, wrong: dict[str, str], words: str) -> None:
    told = TOLD | {"url": "https://shop.example"} | wrong
    file = tmp_path / "config.toml"
    file.write_text("[stores.woocommerce]\n" + "".join(f'{key} = "{value}"\n' for key, value in told.items()))
    with pytest.raises(Mistakes, match=words):
        load(file, {})
