"""A link to pay says in the chat, live and after a reload, and on its page, what has become of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.core.events import OrderChanged
from bot.core.message import Button, Reply
from bot.core.money import Money
from bot.core.payment import PaymentRequest
from bot.payments.local import LocalPayments
from bot.services import order_states
from models import Conversation, Message, Order, Payment
from tests.unit.web.running import Browser, Site

MakeBrowser = Callable[..., Awaitable[Browser]]


@dataclass
class Offer:
    """Ann is asked in the chat to pay her order."""

    ann: Browser
    bank: LocalPayments
    order: Order
    payment: Payment
    seq: int

    async def becomes(self, site: Site, payment: str, order: str) -> None:
        """The rows change, and live screens are told of the order."""
        await Payment.filter(id=self.payment.id).update(state=payment)
        paid_at = site.clock() if order in order_states.EARNED else None
        await Order.filter(id=self.order.id).update(state=order, paid_at=paid_at)
        site.runtime.bus.publish(OrderChanged(self.order.id))

    def updates(self) -> list[Any]:
        return [body for event, body in self.ann.heard if event == "update"]


@pytest.fixture
async def offer(site: Site, browser_of: MakeBrowser, tmp_path: Path) -> Offer:
    bank = LocalPayments(tmp_path / "bank.db", "0123456789abcdef", site.url, clock=site.clock)
    site.runtime.providers["local"] = bank
    ann = await browser_of()
    await ann.says("one tin of Longjing")
    await ann.hears(lambda: len(ann.texts) == 2)
    talk, now = await Conversation.get(), site.clock()
    times = {"created_at": now, "updated_at": now}
    order = await Order.create(
        number="P7K2-4M9Q",
        contact_id=talk.contact_id,
        conversation_id=talk.id,
        account="webchat",
        state="placed",
        total=6800,
        currency="CNY",
        name="Ann",
        address="",
        **times,
    )
    opened = await bank.create(PaymentRequest("key-1", order.number, Money(6800, "CNY"), "Longjing", site.url, "en"))
    payment = await Payment.create(
        order=order,
        conversation_id=talk.id,
        provider="local",
        key="key-1",
        reference=opened.reference,
        url=opened.url,
        amount=6800,
        currency="CNY",
        state="open",
        **times,
    )
    talk.last_seq += 1
    await talk.save()
    body = msgspec.json.encode(Reply("Please pay", (Button("Pay ¥68.00", url=opened.url),))).decode()
    await Message.create(conversation=talk, seq=talk.last_seq, author="bot", text="Please pay", body=body, at=now)
    return Offer(ann, bank, order, payment, talk.last_seq)


async def page(site: Site, path: str) -> str:
    async with site.client.get(site.url + path) as response:
        assert response.status == 200
        return await response.text()


@pytest.mark.parametrize(
    ("payment", "order", "state"),
    [
        ("created", "placed", ""),
        ("open", "placed", ""),
        ("paid", "paid", "done"),
        ("paid", "shipped", "done"),
        ("refunded", "refunded", "done"),
        ("failed", "placed", "over"),
        ("mismatch", "placed", "over"),
        ("open", "expired", "over"),
        ("open", "cancelled", "over"),
    ],
)
async def test_the_button_tells_what_became_of_the_payment(
    site: Site, browser_of: MakeBrowser, offer: Offer, payment: str, order: str, state: str
) -> None:
    await offer.becomes(site, payment, order)
    again: Any = (await browser_of(offer.ann.token)).session["messages"]
    assert [(button["label"], button["state"]) for message in again for button in message["buttons"]] == [
        ("Pay ¥68.00", state)
    ]


async def test_an_open_chat_sees_it_change(site: Site, browser_of: MakeBrowser, offer: Offer) -> None:
    ann = offer.ann = await browser_of(offer.ann.token)
    bob = await browser_of()
    await offer.becomes(site, "paid", "paid")
    await ann.hears(offer.updates)
    (update,) = offer.updates()
    assert (update["seq"], update["buttons"][0]["state"]) == (offer.seq, "done")
    assert [event for event, _ in bob.heard] == ["session"]


async def test_the_page_says_that_it_is_paid_already(site: Site, offer: Offer) -> None:
    await offer.bank.pay(offer.payment.reference)
    path = f"/pay/{offer.payment.reference}"
    english, chinese = await page(site, path), await page(site, f"{path}?lang=zh")
    assert "This is paid already" in english
    assert "这笔款项已支付" in chinese
    assert "<form" not in english + chinese


async def test_a_declined_payment_says_how_to_try_again(site: Site, offer: Offer) -> None:
    await offer.bank.decline(offer.payment.reference)
    html = await page(site, f"/pay/{offer.payment.reference}")
    assert "This payment was declined" in html
    assert "/orders" in html


async def test_nobody_is_let_pay_for_an_order_that_is_over(site: Site, offer: Offer) -> None:
    path = f"/pay/{offer.payment.reference}"
    assert "<form" in await page(site, path)
    await offer.becomes(site, "open", "expired")
    html = await page(site, path)
    assert "This can no longer be paid" in html
    assert "<form" not in html
    # The page was open since before the order ended.
    assert await site.status("POST", path, data={"act": "pay"}, headers={"Origin": site.url}) == 303
    assert (await offer.bank.fetch(offer.payment.reference)).state == "open"
    assert site.runtime.accepted[1:] == []


@pytest.mark.parametrize(("payment", "order"), [("open", "paid"), ("mismatch", "placed")])
async def test_what_needs_no_paying_leads_to_what_became_of_it(
    site: Site, offer: Offer, payment: str, order: str
) -> None:
    await offer.becomes(site, payment, order)
    url = f"{site.url}/pay/{offer.payment.reference}"
    async with site.client.get(url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers.get("Location")) == (303, "/paid/key-1?lang=en")
