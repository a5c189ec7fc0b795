"""WeChat Pay from the browser to the notice: each device has its way, and a notice is kept and answered with 204."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.payments.wechatpay.provider import WeChatPay
from models import Inbound, Payment
from tests.kit.platforms.wechatpay import WeChatPayServer
from tests.kit.platforms.wechatpay_shop import wechatpay_settings
from tests.unit.web.running import site as running_site
from tests.unit.web.till import DESKTOP, KEY, PATH, PHONE, WECHAT, Till, till_of
from web.settings import WebSettings


@dataclass
class Shop:
    till: Till
    server: WeChatPayServer

    def has(self, **settings: bool) -> None:
        """The merchant is set up in another way."""
        site = self.till.site
        site.runtime.providers["wechatpay"] = WeChatPay(wechatpay_settings(self.server.base, **settings), site.clock)

    async def sheet(self, openid: str) -> str:
        """The page that somebody sees who has tapped the button inside WeChat."""
        sent = await self.till.opens(WECHAT)
        assert "redirect_uri=https%3A%2F%2Fshop.example%2Fcheckout%2F" in sent.location
        self.server.codes[f"code-of-{openid}"] = openid
        return (await self.till.looks(WECHAT, f"{PATH}?code=code-of-{openid}&state=pay")).text


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    # Behind TLS: WeChat Pay takes no other address for its notices.
    settings = WebSettings(public_url="https://shop.example", trusted_proxies=("127.0.0.0/8",))
    async with running_site(tmp_path, settings) as site, WeChatPayServer(site.clock().timestamp()) as server:
        shop = Shop(await till_of(site, "wechatpay"), server)
        shop.has()
        yield shop
        await site.runtime.providers["wechatpay"].close()


async def test_each_device_has_its_way_and_a_trade_of_its_own(shop: Shop) -> None:
    assert 'class="code"' in (await shop.till.opens(DESKTOP)).text
    phone = await shop.till.opens(PHONE)
    assert "&redirect_url=https%3A%2F%2Fshop.example%2Fpaid%2F" in phone.location
    assert "prepay_id=wx" in await shop.sheet("o-ann")
    rows = await Payment.all().order_by("id")
    assert [(row.device, row.reference == row.key) for row in rows] == [
        ("desktop", True), ("phone", True), ("wechat", True),
    ]  # fmt: skip
    assert sorted(shop.server.trades) == sorted(row.key for row in rows)
    assert shop.server.refusals == []


async def test_a_second_person_inside_wechat_is_told_that_the_sheet_is_the_firsts(shop: Shop) -> None:
    for openid, words in (
        ("o-ann", "prepay_id=wx"),
        ("o-bob", "Somebody else has opened this payment"),
        ("o-ann", "prepay_id=wx"),
    ):
        assert words in await shop.sheet(openid)
    assert [row.state for row in await Payment.all()] == ["open"]


async def test_it_is_told_the_address_of_the_phone_and_not_of_the_proxy(shop: Shop) -> None:
    await shop.till.opens(PHONE, **{"X-Forwarded-For": "10.9.9.9, 203.0.113.7"})
    [call] = shop.server.named("h5")
    assert call.json()["scene_info"]["payer_client_ip"] == "203.0.113.7"


async def test_without_the_page_for_phones_a_phone_gets_the_code(shop: Shop) -> None:
    shop.has(h5=False)
    assert 'class="code"' in (await shop.till.opens(PHONE)).text


async def test_a_notice_is_kept_once_and_a_forged_one_never(shop: Shop) -> None:
    site = shop.till.site
    await shop.till.opens(DESKTOP)
    notice = shop.server.pays(KEY) or b""
    hook = f"{site.url}/hooks/pay/wechatpay"
    for signer, status in (("stranger", 401), ("platform", 204), ("platform", 204)):
        headers = shop.server.headers(notice, signer)
        async with site.client.post(hook, data=notice, headers=headers) as answer:
            assert answer.status == status
    probe = shop.server.headers(notice, "platform")
    probe["wechatpay-signature"] = f"WECHATPAY/SIGNTEST/{probe['wechatpay-signature']}"
    async with site.client.post(hook, data=notice, headers=probe) as answer:
        assert answer.status == 401
    [kept] = await Inbound.all()
    assert (kept.kind, kept.key, kept.lane) == ("payment", f"pay:wechatpay:EV-{KEY}", "webchat:ann")
