"""Alipay by the front door: the page of a payment, its code, and a notice that comes in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.services import settlement
from models import Contact, Conversation, Identity, Inbound, Order, Payment
from models.database import transaction
from tests.kit.platforms.alipay import APP_ID, AlipayServer
from tests.kit.platforms.alipay_shop import Shop
from tests.unit.web.running import Site
from tests.unit.web.running import site as running_site

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
KEY = "5f0e1d2c3b4a59687786958493a2b1c0"


@dataclass
class Till:
    site: Site
    server: AlipayServer

    async def opens(self, agent: str) -> tuple[int, str]:
        """The customer opens the link in the chat: what is shown, or where it leads."""
        address = f"{self.site.url}/checkout/{KEY}"
        async with self.site.client.get(address, headers={"User-Agent": agent}, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()

    async def hears(self, notice: bytes) -> tuple[int, bytes]:
        """Alipay posts a notice."""
        kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        async with self.site.client.post(f"{self.site.url}/hooks/pay/alipay", data=notice, headers=kind) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    async with running_site(tmp_path) as site:
        now = site.clock()
        async with AlipayServer(now.timestamp()) as server:
            provider = Shop(server).provider()
            site.runtime.providers["alipay"] = provider
            await _bill(now)
            yield Till(site, server)
            await provider.close()


async def _bill(now: datetime) -> None:
    contact = await Contact.create(created_at=now, updated_at=now)
    identity = await Identity.create(contact=contact, account="webchat", external_id="ann", created_at=now)
    thread = await Conversation.create(
        lane="webchat:ann", identity=identity, contact=contact, account="webchat",
        last_at=now, created_at=now, updated_at=now,
    )  # fmt: skip
    order = await Order.create(
        number="P7K2-4M9Q", contact=contact, state="placed", total=6800, currency="CNY", name="Ann", address="",
        hold_until=now + timedelta(minutes=30), created_at=now, updated_at=now,
    )  # fmt: skip
    await Payment.create(
        order=order, conversation_id=thread.id, provider="alipay", key=KEY, amount=6800, currency="CNY",
        state="open", created_at=now, updated_at=now,
    )  # fmt: skip


async def test_a_code_is_scanned_and_the_notice_comes_to_the_lane_of_the_order(till: Till) -> None:
    status, page = await till.opens(DESKTOP)
    assert status == 200
    assert '<svg class="code"' in page
    [code] = till.server.codes
    assert till.server.scans(code).words["out_trade_no"] == KEY
    notice = till.server.pays(KEY) or b""
    for _ in range(2):  # they say it until it is answered, and sometimes again
        assert await till.hears(notice) == (200, b"success")
    [kept] = till.site.runtime.accepted
    assert (kept.kind, kept.data, kept.lane) == ("payment", KEY, "webchat:ann")
    truth = await till.site.runtime.providers["alipay"].fetch((await Payment.get()).reference)
    async with transaction():
        assert (await settlement.settle(KEY, truth, till.site.clock())).outcome == "paid"


async def test_who_looked_at_the_code_goes_on_to_the_page_on_a_phone(till: Till) -> None:
    await till.opens(DESKTOP)
    status, address = await till.opens(PHONE)
    assert (status, till.server.opens(address).words["subject"]) == (303, "P7K2-4M9Q")
    rows = await Payment.all().order_by("id")
    assert [row.device for row in rows] == ["desktop", "phone"]
    assert [row.reference for row in rows] == [row.key for row in rows]
    assert rows[1].url == f"{till.site.url}/checkout/{rows[1].key}"  # theirs is longer than we keep


async def test_a_forged_notice_leaves_no_row(till: Till) -> None:
    till.server.opens((await till.opens(PHONE))[1])
    notice = till.server.pays(KEY) or b""
    for forged in (notice.replace(b"68.00", b"0.01"), notice[:-9], notice + b"&a=b", b"", b"\xff", b"{}"):
        status, body = await till.hears(forged)
        assert (status, body == b"success") == (401, False)
    assert await Inbound.all().count() == 0
    foreign = till.server.posted({"notify_id": "1", "out_trade_no": "of_another_shop", "app_id": APP_ID})
    assert await till.hears(foreign) == (200, b"success")
    assert await Inbound.all().count() == 0
