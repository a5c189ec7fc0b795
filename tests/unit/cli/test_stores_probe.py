"""`bot check` asks each connected shop whose it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.finding import Finding
from bot.cli.stores_probe import all_stores
from bot.config import Config, Mistakes, load
from models import Product, StoreConflict, StoreProblem, StoreSync
from models.database import close_database, open_database
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


async def test_how_far_it_was_read_and_what_is_wrong_is_shown(sqlite_url: str) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    await open_database(sqlite_url)
    await StoreSync.create(store="woocommerce", state="waiting", error="WooCommerce asks to wait")
    about = {"store": "woocommerce", "external_id": "7", "title": "Longjing", "at": now}
    await StoreProblem.create(code="no_price", facts={"sku": "tea-1"}, **about)
    row = await Product.create(sku="tea", name={"en": "Tea"}, description={}, updated_at=now)
    lost = {"store": "woocommerce", "product_id": row.id, "field": "name", "at": now}
    await StoreConflict.create(ours="Dragon Well", theirs="Longjing", **lost)
    await close_database()
    told = {"stores": {"woocommerce": TOLD | {"url": "https://shop.example"}}, "database": {"url": sqlite_url}}
    config = Config.model_validate(told)
    findings = [one async for one in all_stores(config, offline=True) if one.name.startswith("woocommerce ")]
    assert [(one.name, one.state, one.detail) for one in findings] == [
        ("woocommerce is read", "note", "WooCommerce asks to wait"),
        ("woocommerce problem", "note", "no_price: 7 Longjing (sku tea-1)"),
        ("woocommerce conflict", "note", "tea, name: 'Longjing' is sold, 'Dragon Well' was lost"),
    ]
