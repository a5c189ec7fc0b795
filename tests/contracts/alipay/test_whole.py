"""Alipay by the front door: the page of a payment, its code, and a notice that comes in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.services import settlement
from models import Inbound, Payment
from models.database import transaction
from tests.kit.platforms.alipay import APP_ID, AlipayServer
from tests.kit.platforms.alipay_shop import Shop
from tests.unit.web import till as tills
from tests.unit.web.running import site as running_site
from tests.unit.web.till import DESKTOP, KEY, PHONE, till_of


@dataclass
class Till(tills.Till):
    server: AlipayServer

    async def hears(self, notice: bytes) -> tuple[int, bytes]:
        """Alipay posts a notice."""
        kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        async with self.site.client.post(f"{self.site.url}/hooks/pay/alipay", data=notice, headers=kind) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    async with running_site(tmp_path) as site, AlipayServer(site.clock().timestamp()) as server:
        provider = Shop(server).provider()
        site.runtime.providers["alipay"] = provider
        made = await till_of(site, "alipay", url="")
        yield Till(site, made.order, made.payment, server)
        await provider.close()


async def test_a_code_is_scanned_and_the_notice_comes_to_the_lane_of_the_order(till: Till) -> None:
    page = await till.opens(DESKTOP)
    assert page.status == 200
    assert '<svg class="code"' in page.text
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
    phone = await till.opens(PHONE)
    assert (phone.status, till.server.opens(phone.location).words["subject"]) == (303, "P7K2-4M9Q")
    rows = await Payment.all().order_by("id")
    assert [row.device for row in rows] == ["desktop", "phone"]
    assert [row.reference for row in rows] == [row.key for row in rows]
    assert rows[1].url == f"{till.site.url}/checkout/{rows[1].key}"  # theirs is longer than we keep


async def test_a_forged_notice_leaves_no_row(till: Till) -> None:
    till.server.opens((await till.opens(PHONE)).location)
    notice = till.server.pays(KEY) or b""
    for forged in (notice.replace(b"68.00", b"0.01"), notice[:-9], notice + b"&a=b", b"", b"\xff", b"{}"):
        status, body = await till.hears(forged)
        assert (status, body == b"success") == (401, False)
    assert await Inbound.all().count() == 0
    foreign = till.server.posted({"notify_id": "1", "out_trade_no": "of_another_shop", "app_id": APP_ID})
    assert await till.hears(foreign) == (200, b"success")
    assert await Inbound.all().count() == 0
