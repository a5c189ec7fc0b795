"""`bot check` asks each payment provider whose money it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.cli.finding import Finding
from bot.cli.payments_probe import all_providers
from bot.config import Config, Mistakes
from bot.config.load import load
from tests.kit.platforms.stripe import KEY, SECRET, StripeServer
from tests.kit.telegram_server import TelegramServer


async def looked_at(stripe: dict[str, Any], *, offline: bool = False) -> Finding:
    config = Config.model_validate({"payments": {"stripe": stripe}})
    found = {one.name: one async for one in all_providers(config, offline=offline)}
    assert found["local"].state == "ok"
    return found["stripe"]


async def test_what_is_not_set_up_says_how() -> None:
    finding = await looked_at({})
    assert (finding.state, finding.cure[:30]) == ("off", "in [payments.stripe] copy `sec")


async def test_it_says_whose_account_it_is_and_where_notices_go() -> None:
    async with StripeServer(0) as server:
        told = {"secret_key": KEY, "webhook_secret": SECRET, "api_base": server.base}
        finding = await looked_at(told)
        assert (finding.state, finding.detail) == (
            "ok", "Parley Tea (test mode), notices http://127.0.0.1:8080/hooks/pay/stripe",
        )  # fmt: skip
        assert (await looked_at(told, offline=True)).detail.endswith("not asked (--offline)")
        finding = await looked_at(told | {"secret_key": "sk_test_other"})
        assert (finding.state, "payments.stripe.secret_key" in finding.detail) == ("wrong", True)


async def stars(server: TelegramServer, star: str, account: str = "telegram", **shop: Any) -> Finding:
    told = {"payments": {"telegram_stars": {"star": star, "account": account}}, "shop": shop}
    bot = {"token": server.token, "api_base": server.base}
    config = Config.model_validate(told | {"telegram": bot})
    return next(iter([one async for one in all_providers(config, offline=False) if one.name == "telegram_stars"]))


async def test_a_bot_is_paid_in_its_chats_and_in_the_shops_currency() -> None:
    async with TelegramServer() as server:
        finding = await stars(server, "0.09 CNY")
        assert (finding.state, finding.detail) == ("ok", "@parley_test_bot, paid in the chats of telegram")
        finding = await stars(server, "0.013 USD")
        assert finding.state == "wrong"
        assert "it takes USD and the shop sells in CNY" in finding.detail
        assert (await stars(server, "0.013 USD", currencies=["telegram=USD"])).state == "ok"
        assert (await stars(server, "0.013 USD", currencies=["webchat=USD"])).state == "wrong"
        finding = await stars(server, "0.09 CNY", account="telegram-2")
        assert finding.state == "wrong"
        assert "payments.telegram_stars.account: there is no Telegram bot 'telegram-2'" in finding.detail


def test_half_a_provider_is_told_with_the_key_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[payments.stripe]\nsecret_key = "sk_test_x"\n')
    with pytest.raises(Mistakes, match="payments: stripe: webhook_secret is needed, too; copy `secret_key`"):
        load(file)
