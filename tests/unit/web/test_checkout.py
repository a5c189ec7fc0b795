"""The page that opens a payment on whatever device the customer has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.message import Button
from bot.core.payment import Checkout, PaymentRequest, Terms
from bot.payments.local import LocalPayments
from bot.services import order_states
from models import Inbound, Order, Payment
from tests.unit.web.running import Site
from tests.unit.web.running import site as running_site
from tests.unit.web.test_going_on import MakeBrowser
from tests.unit.web.till import DESKTOP, KEY, PATH, PHONE, WECHAT, Till, till_of
from web.qr import picture
from web.settings import WebSettings
from web.views import button, time


class Wallet(LocalPayments):
    """It is paid by a picture on a desktop, on a page on a phone, and by a sheet inside WeChat."""

    name = "wallet"
    terms = Terms(devices=frozenset({"desktop", "phone", "wechat"}))

    async def create(self, request: PaymentRequest) -> Checkout:
        if self.fails:
            raise self.fails
        checkout = await super().create(request)
        self.asked.append(request)
        await self.answers.wait()
        match request.device:
            case "desktop":
                return Checkout(checkout.reference, url="https://wallet.example/desk", code="wallet://pay/1")
            case "phone":
                return Checkout(checkout.reference, url="https://wallet.example/phone")
        return Checkout(checkout.reference, sheet={"package": "prepay_id=1", "paySign": "<'\""})

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "wallet.db", "s3cret", "https://wallet.example")
        self.asked: list[PaymentRequest] = []
        self.fails: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.spent: set[str] = set()

    def authorize(self, back: str, state: str) -> str:
        return f"https://open.example/authorize?back={back}&state={state}"

    async def payer(self, code: str) -> str:
        if code in self.spent:
            raise BadInput("spent")
        self.spent.add(code)
        return f"openid-of-{code}"


@pytest.fixture
async def till(site: Site) -> Till:
    return await till_of(site, "wallet")


@pytest.fixture
async def wallet(site: Site, tmp_path: Path) -> AsyncIterator[Wallet]:
    made = Wallet(tmp_path)
    site.runtime.providers["wallet"] = made
    yield made
    await made.close()


async def test_a_link_that_is_looked_at_opens_nothing(till: Till, wallet: Wallet) -> None:
    for agent in (DESKTOP, PHONE, WECHAT, "facebookexternalhit/1.1", "TelegramBot (like TwitterBot)", ""):
        shown = await till.looks(agent)
        assert (shown.status, shown.cached, shown.location) == (200, "no-store", "")
        assert "¥68.00" in shown.text
    row = await Payment.get()
    assert (wallet.asked, row.device, row.reference) == ([], "any", "")
    assert await till.site.status("POST", PATH, headers={"Origin": "https://elsewhere.example"}) == 403


async def test_on_a_desktop_there_is_a_picture_and_a_way_on_this_screen(till: Till, wallet: Wallet) -> None:
    page = await till.opens(DESKTOP, **{"Accept-Language": "zh"})
    assert (page.status, page.cached) == (200, "no-store")
    assert "请用手机扫码付款" in page.text
    assert '<svg class="code"' in page.text
    assert 'href="https://wallet.example/desk"' in page.text
    assert "¥68.00" in page.text
    row = await Payment.get()
    assert (row.device, row.state, row.url) == ("desktop", "open", f"{till.site.url}{PATH}")
    assert row.reference


async def test_the_chat_box_gets_the_picture_by_the_link(till: Till, wallet: Wallet, browser_of: MakeBrowser) -> None:
    ann, link = await browser_of(lang="zh"), f"{till.site.url}{PATH}"
    told = await ann.calls("pay_code", {"url": link})
    await till.order.refresh_from_db()
    assert till.order.hold_until is not None
    assert told == {
        "ok": True, "qr": picture("wallet://pay/1"), "title": "¥68.00", "until": time(till.order.hold_until),
        "seconds": (till.order.hold_until - till.site.clock()).total_seconds(),
        "text": "请用手机扫码付款。{time} 前有效，支付成功后，这里会显示订单凭据。",
    }  # fmt: skip
    assert [(one.key, one.device) for one in wallet.asked] == [(KEY, "desktop")]
    await Order.all().update(hold_until=till.site.clock() + timedelta(days=3))
    told = await ann.calls("pay_code", {"url": link})
    assert (told["until"], told["seconds"]) == (time(till.site.clock() + timedelta(hours=2)), 7200)
    none = {"ok": True, "qr": None, "title": "", "text": "", "until": "", "seconds": 0}
    assert await (await browser_of(agent=PHONE)).calls("pay_code", {"url": link}) == none
    assert await ann.calls("pay_code", {"url": "https://elsewhere.example/checkout/1"}) == none
    wallet.fails = Refused("wrong_amount")
    assert await ann.calls("pay_code", {"url": link}) == none
    wallet.fails = ProviderUnavailable("down")
    assert (await ann.calls("pay_code", {"url": link}))["ok"] is False
    wallet.fails, wallet.terms = None, Terms(devices=frozenset({"phone"}))
    assert await ann.calls("pay_code", {"url": link}) == none
    await Order.all().update(state="expired")
    assert await ann.calls("pay_code", {"url": link}) == none
    for _ in range(6):
        last = await ann.calls("pay_code", {"url": link})
    assert last["error"]["code"] == "rate_limited"  # type: ignore[index]


async def test_who_waits_for_a_picture_can_write_meanwhile(till: Till, wallet: Wallet, browser_of: MakeBrowser) -> None:
    ann, link = await browser_of(), f"{till.site.url}{PATH}"
    wallet.answers.clear()
    picture_comes = asyncio.create_task(ann.calls("pay_code", {"url": link}))
    async with asyncio.timeout(30):
        while not wallet.asked:
            await asyncio.sleep(0.01)
    assert (await ann.says("Is it green?"))["ok"] is True
    assert not picture_comes.done()
    wallet.answers.set()
    assert (await picture_comes)["qr"] == picture("wallet://pay/1")


@pytest.mark.parametrize(
    ("state", "url", "scans"),
    [
        ("", f"https://shop.example{PATH}", True),
        ("done", f"https://shop.example{PATH}", False),
        ("", "https://bank.example/pay/7", False),
    ],
)
def test_only_a_link_that_may_lead_to_a_picture_says_so(state: Literal["", "done"], url: str, scans: bool) -> None:
    assert button(Button("Pay", url=url), state)["scans"] is scans


async def test_on_a_phone_it_goes_to_the_providers_page(till: Till, wallet: Wallet) -> None:
    page = await till.opens(PHONE)
    assert (page.status, page.location) == (303, "https://wallet.example/phone")
    [asked] = wallet.asked
    assert (asked.device, asked.payer, asked.ip, asked.notify_url) == (
        "phone", "", "127.0.0.1", f"{till.site.url}/hooks/pay/wallet",
    )  # fmt: skip


async def test_inside_wechat_it_learns_who_pays_and_opens_the_sheet(till: Till, wallet: Wallet) -> None:
    sent = await till.opens(WECHAT)
    assert (sent.status, sent.location[:40]) == (303, "https://open.example/authorize?back=http")
    page = await till.looks(WECHAT, f"{PATH}?code=abc&state=pay")
    again = await till.looks(WECHAT, f"{PATH}?code=abc&state=pay")
    assert (again.status, '<form method="post"' in again.text) == (200, True)
    assert [(one.device, one.payer) for one in wallet.asked] == [("wechat", "openid-of-abc")]
    assert 'data-sheet=\'{"package": "prepay_id=1", "paySign": "\\u003c\\u0027\\""}\'' in page.text


async def test_each_device_has_a_payment_of_its_own_however_often_it_comes_back(till: Till, wallet: Wallet) -> None:
    for agent in (DESKTOP, PHONE, DESKTOP, PHONE):
        assert (await till.opens(agent)).status in (200, 303)
    rows = await Payment.all().order_by("id")
    assert [row.device for row in rows] == ["desktop", "phone"]
    assert [row.url for row in rows] == [f"{till.site.url}/checkout/{row.key}" for row in rows]
    assert len({one.key for one in wallet.asked}) == 2


async def test_where_it_cannot_be_paid_it_says_where_it_can(till: Till, wallet: Wallet) -> None:
    wallet.terms = Terms(devices=frozenset({"desktop", "phone"}))
    assert "open this page in your browser" in (await till.looks(WECHAT)).text
    assert wallet.asked == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unauthorised("payments.wallet.key is wrong"), "This way does not work just now"),
        (Refused("wrong_amount"), "This way does not work just now"),
        (Refused("taken"), "Somebody else has opened this payment"),
        (Refused("expired"), "can no longer be paid"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_cannot_be_opened_says_why_and_the_log_says_what_to_do(
    till: Till, wallet: Wallet, caplog: pytest.LogCaptureFixture, error: Exception, words: str
) -> None:
    wallet.fails = error
    page = await till.opens(PHONE)
    assert (page.status, words in page.text, "log in" in page.text) == (200, True, False)
    cures = [vars(line)["cure"] for line in caplog.records if vars(line).get("action") == "checkout.closed"]
    assert cures == ([str(error)] if "just now" in words else [])


@pytest.mark.parametrize(
    ("payment", "order", "fate"),
    [
        ("open", "placed", None),
        ("created", "placed", None),
        ("open", "paid", "done"),  # by another payment
        ("failed", "shipped", "done"),
        ("open", "packed, unpaid", "over"),  # to be paid in another way
        ("paid", "cancelled", "done"),
        ("refunded", "refunded", "done"),
        ("mismatch", "paid", "done"),
        ("mismatch", "placed", "waits"),
        ("mismatch", "expired", "waits"),
        ("open", "cancelled", "over"),
        ("created", "expired", "over"),
        ("open", "refunded", "over"),
        ("failed", "placed", "over"),
    ],
)
async def test_a_link_says_what_became_of_the_money(
    till: Till, wallet: Wallet, payment: str, order: str, fate: str | None
) -> None:
    await Payment.all().update(state=payment)
    state, _, unpaid = order.partition(", ")
    paid_at = till.site.clock() if state in order_states.EARNED and not unpaid else None
    await Order.all().update(state=state, paid_at=paid_at)
    assert await till.fate() == fate
    shown = await till.looks()
    assert shown.location == (f"/paid/{KEY}?lang=en" if fate in ("done", "waits") else "")
    assert ("can no longer be paid" in shown.text) is (fate == "over")
    assert "Nothing was charged" not in shown.text
    paid = await till.looks(path=f"/paid/{KEY}")
    assert ("Paid. Thank you" in paid.text) is (fate == "done")
    assert ("Nearly there" in paid.text) is (payment != "failed" and fate != "done")
    # Only what may still change is looked at again by itself.
    assert ("data-fate" in paid.text) is (fate is None)
    assert wallet.asked == []


async def test_a_link_of_no_payment_leads_nowhere(site: Site) -> None:
    assert await site.status("GET", "/checkout/nothing") == 404


async def test_who_comes_back_before_the_notice_has_the_provider_asked(till: Till) -> None:
    await Payment.all().update(reference="r-1", state="open")  # of a provider that is no bank of our own
    for _ in range(3):
        assert "data-fate" in (await till.looks(path=f"/paid/{KEY}")).text
    [hint] = await Inbound.all()
    assert (hint.kind, hint.lane) == ("payment", "webchat:ann")


@pytest.mark.parametrize("test_bank", [False, True])
async def test_only_where_no_money_moves_the_pages_say_so(tmp_path: Path, test_bank: bool) -> None:
    async with (
        running_site(tmp_path, WebSettings(test_bank=test_bank)) as site,
        site.client.get(f"{site.url}/privacy") as answer,
    ):
        assert ("nothing is charged" in await answer.text()) is test_bank
