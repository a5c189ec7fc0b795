"""WeChat Pay from the browser to the notice: each device has its way, and a notice is kept and answered with 204."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.payments.wechatpay.provider import WeChatPay
from models import Contact, Conversation, Identity, Inbound, Order, Payment
from tests.kit.platforms.wechatpay import WeChatPayServer
from tests.kit.platforms.wechatpay_shop import wechatpay_settings
from tests.unit.web.running import Site
from tests.unit.web.running import site as running_site
from web.settings import WebSettings

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
WECHAT = f"{PHONE} MicroMessenger/8.0.60"
KEY = "4f0c9d4f0c9d4f0c9d4f0c9d4f0c9d4f"
PATH = f"/checkout/{KEY}"


@dataclass
class Shop:
    site: Site
    server: WeChatPayServer


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    # Behind TLS: WeChat Pay takes no other address for its notices.
    settings = WebSettings(public_url="https://shop.example")
    async with running_site(tmp_path, settings) as site, WeChatPayServer(site.clock().timestamp()) as server:
        provider = WeChatPay(wechatpay_settings(server.base), site.clock)
        site.runtime.providers["wechatpay"] = provider
        await order(site)
        yield Shop(site, server)
        await provider.close()


async def order(site: Site) -> None:
    now = site.clock()
    contact = await Contact.create(created_at=now, updated_at=now)
    identity = await Identity.create(contact=contact, account="webchat", external_id="ann", created_at=now)
    thread = await Conversation.create(
        lane="webchat:ann", identity=identity, contact=contact, account="webchat",
        last_at=now, created_at=now, updated_at=now,
    )  # fmt: skip
    placed = await Order.create(
        number="P7K2-4M9Q", contact=contact, state="placed", total=6800, currency="CNY", name="Ann", address="",
        hold_until=now + timedelta(minutes=30), created_at=now, updated_at=now,
    )  # fmt: skip
    await Payment.create(
        order=placed, conversation_id=thread.id, provider="wechatpay", key=KEY, amount=6800, currency="CNY",
        state="open", url=f"https://shop.example{PATH}", created_at=now, updated_at=now,
    )  # fmt: skip


async def test_each_device_has_its_way_and_a_trade_of_its_own(shop: Shop) -> None:
    site = shop.site
    async with site.client.get(site.url + PATH, headers={"User-Agent": DESKTOP}) as answer:
        assert 'class="code"' in await answer.text()
    async with site.client.get(site.url + PATH, headers={"User-Agent": PHONE}, allow_redirects=False) as answer:
        assert "&redirect_url=https%3A%2F%2Fshop.example%2Fpaid%2F" in answer.headers["Location"]
    async with site.client.get(site.url + PATH, headers={"User-Agent": WECHAT}, allow_redirects=False) as answer:
        assert "redirect_uri=https%3A%2F%2Fshop.example%2Fcheckout%2F" in answer.headers["Location"]
    shop.server.codes["c0de"] = "o-ann"
    async with site.client.get(f"{site.url}{PATH}?code=c0de&state=pay", headers={"User-Agent": WECHAT}) as answer:
        assert "prepay_id=wx" in await answer.text()
    rows = await Payment.all().order_by("id")
    assert [(row.device, row.reference == row.key) for row in rows] == [
        ("desktop", True), ("phone", True), ("wechat", True),
    ]  # fmt: skip
    assert sorted(shop.server.trades) == sorted(row.key for row in rows)
    assert shop.server.refusals == []


async def test_a_notice_is_kept_once_and_a_forged_one_never(shop: Shop) -> None:
    site = shop.site
    async with site.client.get(site.url + PATH, headers={"User-Agent": DESKTOP}):
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
