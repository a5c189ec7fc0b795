"""The page that opens a payment on whatever device the customer has."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.core.errors import BadInput
from bot.core.payment import Checkout, PaymentRequest, Terms
from bot.payments.local import LocalPayments
from models import Contact, Conversation, Identity, Inbound, Order, Payment
from tests.unit.web.running import Site
from tests.unit.web.running import site as running_site
from web.settings import WebSettings

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
WECHAT = f"{PHONE} MicroMessenger/8.0.60"


class Wallet(LocalPayments):
    """It is paid by a picture on a desktop, on a page on a phone, and by a sheet inside WeChat."""

    name = "wallet"
    terms = Terms(devices=frozenset({"desktop", "phone", "wechat"}))

    async def create(self, request: PaymentRequest) -> Checkout:
        checkout = await super().create(request)
        self.asked.append(request)
        match request.device:
            case "desktop":
                return Checkout(checkout.reference, url="https://wallet.example/desk", code="wallet://pay/1")
            case "phone":
                return Checkout(checkout.reference, url="https://wallet.example/phone")
        return Checkout(checkout.reference, sheet={"package": "prepay_id=1", "paySign": "<'\""})

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "wallet.db", "s3cret", "https://wallet.example")
        self.asked: list[PaymentRequest] = []
        self.spent: set[str] = set()

    def authorize(self, back: str, state: str) -> str:
        return f"https://open.example/authorize?back={back}&state={state}"

    async def payer(self, code: str) -> str:
        if code in self.spent:
            raise BadInput("spent")
        self.spent.add(code)
        return f"openid-of-{code}"


@dataclass
class Bill:
    wallet: Wallet
    key: str = "key-1"
    path: str = field(default="/checkout/key-1", init=False)


@pytest.fixture
async def bill(site: Site, tmp_path: Path) -> Bill:
    wallet = Wallet(tmp_path)
    site.runtime.providers["wallet"] = wallet
    now = site.clock()
    contact = await Contact.create(created_at=now, updated_at=now)
    identity = await Identity.create(contact=contact, account="webchat", external_id="ann", created_at=now)
    thread = await Conversation.create(
        lane="webchat:ann", identity=identity, contact=contact, account="webchat",
        last_at=now, created_at=now, updated_at=now,
    )  # fmt: skip
    order = await Order.create(
        number="P7K2-4M9Q", contact=contact, state="placed", total=6800, currency="CNY", name="Ann", address="",
        hold_until=now.replace(year=now.year + 1), created_at=now, updated_at=now,
    )  # fmt: skip
    await Payment.create(
        order=order, conversation_id=thread.id, provider="wallet", key="key-1", amount=6800, currency="CNY",
        state="open", url=f"{site.url}/checkout/key-1", created_at=now, updated_at=now,
    )  # fmt: skip
    return Bill(wallet)


async def test_on_a_desktop_there_is_a_picture_and_a_way_on_this_screen(site: Site, bill: Bill) -> None:
    async with site.client.get(
        site.url + bill.path, headers={"User-Agent": DESKTOP, "Accept-Language": "zh"}
    ) as answer:
        page = await answer.text()
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "请用手机扫码付款" in page
    assert '<svg class="code"' in page
    assert 'href="https://wallet.example/desk"' in page
    assert "¥68.00" in page
    row = await Payment.get()
    assert (row.device, row.state, row.url) == ("desktop", "open", f"{site.url}/checkout/key-1")
    assert row.reference


async def test_on_a_phone_it_goes_to_the_providers_page(site: Site, bill: Bill) -> None:
    async with site.client.get(site.url + bill.path, headers={"User-Agent": PHONE}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "https://wallet.example/phone")
    [asked] = bill.wallet.asked
    assert (asked.device, asked.payer, bool(asked.ip), asked.notify_url) == (
        "phone", "", True, f"{site.url}/hooks/pay/wallet",
    )  # fmt: skip


async def test_inside_wechat_it_learns_who_pays_and_opens_the_sheet(site: Site, bill: Bill) -> None:
    async with site.client.get(site.url + bill.path, headers={"User-Agent": WECHAT}, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"].startswith("https://open.example/authorize?back=")
    async with site.client.get(f"{site.url}{bill.path}?code=abc&state=pay", headers={"User-Agent": WECHAT}) as answer:
        page = await answer.text()
    async with site.client.get(
        f"{site.url}{bill.path}?code=abc&state=pay", headers={"User-Agent": WECHAT}, allow_redirects=False
    ) as again:
        assert (again.status, again.headers["Location"][:30]) == (303, "https://open.example/authorize")
    assert [(one.device, one.payer) for one in bill.wallet.asked] == [("wechat", "openid-of-abc")]
    assert 'data-sheet=\'{"package": "prepay_id=1", "paySign": "\\u003c\\u0027\\""}\'' in page


async def test_each_device_has_a_payment_of_its_own_however_often_it_comes_back(site: Site, bill: Bill) -> None:
    for agent in (DESKTOP, PHONE, DESKTOP, PHONE):
        async with site.client.get(
            site.url + bill.path, headers={"User-Agent": agent}, allow_redirects=False
        ) as answer:
            assert answer.status in (200, 303)
    rows = await Payment.all().order_by("id")
    assert [row.device for row in rows] == ["desktop", "phone"]
    assert [row.url for row in rows] == [f"{site.url}/checkout/{row.key}" for row in rows]
    assert len({one.key for one in bill.wallet.asked}) == 2


async def test_where_it_cannot_be_paid_it_says_where_it_can(site: Site, bill: Bill) -> None:
    bill.wallet.terms = Terms(devices=frozenset({"desktop", "phone"}))
    async with site.client.get(site.url + bill.path, headers={"User-Agent": WECHAT}) as answer:
        assert "open this page in your browser" in await answer.text()
    assert bill.wallet.asked == []


async def test_what_is_over_or_paid_is_said_and_not_opened(site: Site, bill: Bill) -> None:
    async with site.client.get(f"{site.url}{bill.path}/fate") as answer:
        assert await answer.json() == {"fate": None}
    await Order.all().update(state="cancelled")
    async with site.client.get(site.url + bill.path, headers={"User-Agent": DESKTOP}) as answer:
        assert "can no longer be paid" in await answer.text()
    await Payment.all().update(state="paid")
    async with site.client.get(site.url + bill.path, headers={"User-Agent": DESKTOP}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/paid/key-1?lang=en")
    assert bill.wallet.asked == []
    assert await site.status("GET", "/checkout/nothing") == 404


async def test_who_comes_back_before_the_notice_has_the_provider_asked(site: Site, bill: Bill) -> None:
    await Payment.all().update(reference="r-1")
    del site.runtime.providers["wallet"]  # and with it that it is a bank of our own
    for _ in range(3):
        async with site.client.get(f"{site.url}/paid/key-1") as answer:
            assert 'data-fate="/checkout/key-1/fate"' in await answer.text()
    [hint] = await Inbound.all()
    assert (hint.kind, hint.lane) == ("payment", "webchat:ann")


@pytest.mark.parametrize("test_bank", [False, True])
async def test_only_where_no_money_moves_the_pages_say_so(tmp_path: Path, test_bank: bool) -> None:
    async with (
        running_site(tmp_path, WebSettings(test_bank=test_bank)) as site,
        site.client.get(f"{site.url}/privacy") as answer,
    ):
        assert ("nothing is charged" in await answer.text()) is test_bank
