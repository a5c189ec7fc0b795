"""The test bank's pages: paying there takes the way of every notice, into the lane of the conversation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.money import Money
from bot.core.payment import PaymentRequest
from bot.core.ports import HookRequest
from bot.payments.local import LocalPayments
from bot.services import privacy
from models import Audit, Contact, Conversation, Effect, Identity, Order, Payment
from models import Inbound as InboundRow
from models.database import transaction
from tests.unit.web.running import Site


@dataclass
class Bill:
    """An open payment in the shop and at the bank."""

    bank: LocalPayments
    key: str
    reference: str
    lane: str


@pytest.fixture
async def bill(site: Site, tmp_path: Path) -> Bill:
    bank = LocalPayments(tmp_path / "bank.db", "0123456789abcdef", site.url, clock=site.clock)
    site.runtime.providers["local"] = bank
    now = site.clock()
    contact = await Contact.create(created_at=now, updated_at=now)
    identity = await Identity.create(contact=contact, account="webchat", external_id="ann", created_at=now)
    thread = await Conversation.create(
        lane="webchat:ann",
        identity=identity,
        contact=contact,
        account="webchat",
        last_at=now,
        created_at=now,
        updated_at=now,
    )
    order = await Order.create(
        number="P7K2-4M9Q",
        contact=contact,
        state="placed",
        total=6800,
        currency="CNY",
        name="Ann",
        address="",
        created_at=now,
        updated_at=now,
    )
    wanted = PaymentRequest("key-1", "P7K2-4M9Q", Money(6800, "CNY"), "<b>Longjing</b>", f"{site.url}/paid/key-1", "zh")
    checkout = await bank.create(wanted)
    await Payment.create(
        order=order,
        conversation_id=thread.id,
        provider="local",
        key="key-1",
        reference=checkout.reference,
        url=checkout.url,
        amount=6800,
        currency="CNY",
        state="open",
        created_at=now,
        updated_at=now,
    )
    return Bill(bank, "key-1", checkout.reference, thread.lane)


async def page(site: Site, path: str) -> str:
    async with site.client.get(site.url + path) as response:
        assert response.status == 200
        return await response.text()


async def test_the_page_speaks_the_payers_language_and_escapes_the_words(site: Site, bill: Bill) -> None:
    chinese = await page(site, f"/pay/{bill.reference}")
    assert "支付 ¥68.00（测试）" in chinese
    assert "&lt;b&gt;Longjing&lt;/b&gt;" in chinese
    assert "Pay ¥68.00 (test)" in await page(site, f"/pay/{bill.reference}?lang=en")


@pytest.mark.parametrize(("act", "said"), [("pay", "Paid. Thank you"), ("decline", "Not paid")])
async def test_a_click_becomes_one_notice_in_the_lane(site: Site, bill: Bill, act: str, said: str) -> None:
    for _ in range(2):  # an impatient customer clicks twice
        async with site.client.post(
            f"{site.url}/pay/{bill.reference}", data={"act": act}, headers={"Origin": site.url}, allow_redirects=False
        ) as response:
            assert (response.status, response.headers["Location"]) == (303, "/paid/key-1?lang=zh")
    (notice,) = site.runtime.accepted
    assert (notice.kind, notice.data, notice.lane) == ("payment", "key-1", bill.lane)
    assert said in await page(site, "/paid/key-1?lang=en")


async def test_a_redirect_stands_in_the_log_as_what_it_was(
    site: Site, bill: Bill, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "parley.access")
    async with site.client.post(
        f"{site.url}/pay/{bill.reference}", data={"act": "pay"}, headers={"Origin": site.url}, allow_redirects=False
    ) as response:
        assert response.status == 303
    (record,) = caplog.records
    assert (record.__dict__["route"], record.__dict__["status"]) == ("/pay/{reference}", 303)


async def test_another_sites_click_pays_nothing(site: Site, bill: Bill) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}):
        assert await site.status("POST", f"/pay/{bill.reference}", data={"act": "pay"}, headers=headers) == 403
    assert (await bill.bank.fetch(bill.reference)).state == "open"


async def test_a_notice_that_the_bank_did_not_sign_leaves_no_row(site: Site, bill: Bill) -> None:
    notice = await bill.bank.pay(bill.reference)
    for body, headers in (
        (notice.body, {}),
        (notice.body + b" ", notice.headers),
        (notice.body, notice.headers | {"x-parley-signature": "1,é"}),
        (notice.body, notice.headers | {"x-parley-signature": ""}),
    ):
        assert await site.status("POST", "/hooks/pay/local", data=body, headers=headers) == 401
    assert await InboundRow.all().count() == 0
    assert await site.status("POST", "/hooks/pay/local", data=notice.body, headers=notice.headers) == 200
    assert [inbound.data for inbound in site.runtime.accepted] == ["key-1"]
    site.clock.passes(hours=1)
    assert await site.status("POST", "/hooks/pay/local", data=b"", headers={}) == 401
    forged = [(row.action, row.object) for row in await Audit.all().order_by("id")]  # however many come in an hour
    assert forged == [("hook.forged", f"pay:local from 127.0.0.1 ({count})") for count in (1, 4)]


async def test_a_notice_after_the_payer_was_forgotten_is_kept_without_them(site: Site, bill: Bill) -> None:
    notice = await bill.bank.pay(bill.reference)
    payment = await Payment.get()
    async with transaction():
        order = await Order.get(id=payment.order_id)
        await privacy.erase(order.contact_id, site.clock())
    for _ in range(2):  # a bank says it until it is answered, and sometimes again
        assert await site.status("POST", "/hooks/pay/local", data=notice.body, headers=notice.headers) == 200
    assert (site.runtime.accepted, await Conversation.all().count(), await Identity.all().count()) == ([], 0, 0)
    at_erasure, at_notice = await Effect.all().order_by("id")
    assert at_erasure.key == "settle:forgotten:key-1"
    (told,) = await bill.bank.parse(HookRequest("POST", "/", {}, notice.headers, notice.body))
    assert (at_notice.key, at_notice.kind) == (f"settle:pay:local:{told.id}", "settle")
    assert (at_notice.lane, at_notice.payload, at_notice.conversation_id) == (
        "payment:key-1", '{"payment": "key-1"}', None,
    )  # fmt: skip


async def test_unknown_payments_are_not_here(site: Site, bill: Bill) -> None:
    for path in ("/pay/nothing", "/paid/nothing", "/pay/%00"):
        assert await site.status("GET", path) == 404
