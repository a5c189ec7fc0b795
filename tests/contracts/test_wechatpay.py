"""WeChat Pay beyond what every provider does: three devices, keys that change, refunds that stop, bills, payers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import wechatpayv3 as sdk
from wechatpayv3 import utils as sdk_utils

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import KnowsPayers, PaymentRequest
from bot.core.ports import HookRequest
from bot.payments.wechatpay import crypto
from bot.payments.wechatpay.provider import WeChatPay
from tests.kit import wire_faults
from tests.kit.platforms import wechatpay_keys as keys
from tests.kit.platforms.wechatpay import WeChatPayServer
from tests.kit.platforms.wechatpay_gate import APP_ID, MCHID, PUBLIC_KEY_ID
from tests.kit.platforms.wechatpay_shop import by_public_key, wechatpay_settings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = "4f0c9d4f0c9d4f0c9d4f0c9d4f0c9d4f"
REFUND = f"refund:{KEY}:1"
ORDER = PaymentRequest(
    key=KEY, order_number="P7K2-4M9Q", amount=Money(13600, "CNY"), description="2 × 龙井",
    return_url="https://shop.example/paid/4f?a=1", locale="zh", device="desktop",
    notify_url="https://shop.example/hooks/pay/wechatpay", made_at=NOW, expires_at=NOW + timedelta(minutes=30),
    payer="o-ann", ip="203.0.113.7",
)  # fmt: skip


@dataclass
class Shop:
    server: WeChatPayServer

    def provider(self, **settings: Any) -> WeChatPay:
        made = wechatpay_settings(self.server.base, **settings)
        return WeChatPay(made, lambda: datetime.fromtimestamp(self.server.now, UTC))

    def hears(self, notice: bytes | None, signer: str = "platform", at: datetime = NOW) -> HookRequest:
        assert notice is not None
        return hook(notice, self.server.headers(notice, signer, at.timestamp()))


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with WeChatPayServer(NOW.timestamp()) as server:
        yield Shop(server)


@pytest.fixture
async def provider(shop: Shop) -> AsyncIterator[WeChatPay]:
    made = shop.provider()
    yield made
    await made.close()


def hook(body: bytes, headers: dict[str, str]) -> HookRequest:
    return HookRequest("POST", "/hooks/pay/wechatpay", {}, headers, body)


async def paid(shop: Shop, provider: WeChatPay) -> None:
    await provider.create(ORDER)
    shop.server.pays(KEY)


# devices


async def test_on_a_desktop_it_is_a_code(shop: Shop, provider: WeChatPay) -> None:
    checkout = await provider.create(ORDER)
    assert checkout.code.startswith("weixin://wxpay/bizpayurl?pr=")
    [call] = shop.server.named("native")
    assert call.json() == {
        "appid": APP_ID, "mchid": MCHID, "description": "2 × 龙井", "out_trade_no": KEY,
        "notify_url": "https://shop.example/hooks/pay/wechatpay", "amount": {"total": 13600, "currency": "CNY"},
        "time_expire": "2026-11-23T17:30:00+08:00",
    }  # fmt: skip


async def test_on_a_phone_it_is_a_page_that_comes_back(shop: Shop, provider: WeChatPay) -> None:
    checkout = await provider.create(replace(ORDER, device="phone"))
    assert parse_qs(urlsplit(checkout.url).query)["redirect_url"] == [ORDER.return_url]
    assert checkout.url.endswith("&redirect_url=https%3A%2F%2Fshop.example%2Fpaid%2F4f%3Fa%3D1")
    assert shop.server.named("h5")[0].json()["scene_info"]["payer_client_ip"] == "203.0.113.7"


async def test_inside_wechat_it_is_a_sheet_that_their_client_signs_alike(shop: Shop, provider: WeChatPay) -> None:
    sheet = (await provider.create(replace(ORDER, device="wechat"))).sheet
    assert shop.server.named("jsapi")[0].json()["payer"] == {"openid": "o-ann"}
    assert set(sheet) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert (sheet["appId"], sheet["timeStamp"], sheet["signType"]) == (APP_ID, str(int(NOW.timestamp())), "RSA")
    assert sheet["package"].startswith("prepay_id=wx")
    lines = [sheet[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
    assert sheet["paySign"] == await asyncio.to_thread(lambda: their_client(shop.server).sign(lines))


async def test_what_is_sold_is_told_as_far_as_there_is_room(shop: Shop, provider: WeChatPay) -> None:
    await provider.create(replace(ORDER, description="x" + "茶" * 60))
    assert shop.server.trades[KEY]["words"] == "x" + "茶" * 42


async def test_a_number_is_one_trade(shop: Shop, provider: WeChatPay) -> None:
    await provider.create(ORDER)
    with pytest.raises(ProviderUnavailable, match=r"403 \(OUT_TRADE_NO_USED\)"):
        await provider.create(replace(ORDER, amount=Money(1, "CNY")))
    with pytest.raises(ProviderUnavailable, match=r"400 \(PARAM_ERROR at /notify_url\)"):
        await provider.create(replace(ORDER, key="another", notify_url="http://shop.example/hooks/pay/wechatpay"))


@pytest.mark.parametrize("amount", [Money(100, "USD"), Money(100, "JPY"), Money(0, "CNY")])
async def test_only_yuan_are_taken(provider: WeChatPay, amount: Money) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await provider.create(replace(ORDER, amount=amount))


async def test_without_the_app_secret_it_is_not_offered_inside_wechat(shop: Shop, provider: WeChatPay) -> None:
    assert provider.terms.devices == {"desktop", "phone", "wechat"}
    assert shop.provider(app_secret="").terms.devices == {"desktop", "phone"}


# who pays


async def test_wechat_says_who_pays_once_for_a_code(shop: Shop, provider: WeChatPay) -> None:
    assert isinstance(provider, KnowsPayers)
    assert provider.authorize("https://shop.example/checkout/1?a=1&b=2", "pay") == (
        f"{shop.server.base}/connect/oauth2/authorize?appid={APP_ID}"
        "&redirect_uri=https%3A%2F%2Fshop.example%2Fcheckout%2F1%3Fa%3D1%26b%3D2"
        "&response_type=code&scope=snsapi_base&state=pay#wechat_redirect"
    )
    shop.server.codes["c0de"] = "o-ann"
    assert await provider.payer("c0de") == "o-ann"
    with pytest.raises(BadInput, match="used before"):
        await provider.payer("c0de")


@pytest.mark.parametrize("wrong", [{"app_id": "wx0000000000000000"}, {"app_secret": "other"}])
async def test_a_wrong_app_is_told_by_its_key(shop: Shop, wrong: dict[str, str]) -> None:
    provider = shop.provider(**wrong)
    with pytest.raises(Unauthorised, match=rf"payments\.wechatpay\.{next(iter(wrong))}") as told:
        await provider.payer("c0de")
    assert "other" not in str(told.value)
    await provider.close()


async def test_who_pays_may_not_be_known_just_now(shop: Shop, provider: WeChatPay) -> None:
    shop.server.fails("openid", wire_faults.Status(502), wire_faults.Garbage())
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await provider.payer("c0de")


# what is signed


def their_client(server: WeChatPayServer, **other: Any) -> sdk.WeChatPay:
    """Their Python client as the merchant, against the same server."""
    client = sdk.WeChatPay(
        wechatpay_type=sdk.WeChatPayType.NATIVE, mchid=MCHID, private_key=keys.private_pem("merchant"),
        cert_serial_no=keys.serial("merchant"), apiv3_key=keys.API_KEY, appid=APP_ID,
        notify_url=ORDER.notify_url, public_key=keys.public_pem("public"), public_key_id=PUBLIC_KEY_ID, **other,
    )  # fmt: skip
    client._core._gate_way = server.base
    return client


async def test_their_client_opens_our_notices_and_signs_as_we_do(shop: Shop, provider: WeChatPay) -> None:
    await provider.create(ORDER)
    notice = shop.server.pays(KEY) or b""
    headers = shop.server.headers(notice, "public")
    found = await asyncio.to_thread(lambda: their_client(shop.server).callback(headers, notice))
    assert (found["event_type"], found["resource"]["out_trade_no"]) == ("TRANSACTION.SUCCESS", KEY)
    theirs = sdk_utils.rsa_sign(sdk_utils.load_private_key(keys.private_pem("merchant")), "a\nb\n")
    assert crypto.sign(crypto.private_key(keys.private_pem("merchant")), "a\nb\n") == theirs


async def test_their_client_can_be_our_merchant(shop: Shop, provider: WeChatPay) -> None:
    """It signs as we must, and takes what our server answers: so the server is one that it knows."""
    shop.server.now = time.time()
    client, amount = their_client(shop.server), {"total": 100, "currency": "CNY"}
    told = {"description": "茶", "out_trade_no": KEY, "amount": amount, "pay_type": sdk.WeChatPayType.NATIVE}
    status, said = await asyncio.to_thread(lambda: client.pay(**told))
    assert (status, "code_url" in said) == (200, True)
    shop.server.pays(KEY)
    status, said = await asyncio.to_thread(lambda: client.refund("refund-1", amount | {"refund": 40}, out_trade_no=KEY))
    assert (status, json.loads(said)["status"]) == (200, "SUCCESS")
    assert shop.server.refusals == []
    assert (await provider.fetch(KEY)).paid == Money(100, "CNY")


def test_the_published_vector_opens() -> None:
    sealed = {
        "algorithm": "AEAD_AES_256_GCM", "nonce": "uluk4a9R25RW", "associated_data": "associatedData",
        "ciphertext": "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=",
    }  # fmt: skip
    assert crypto.opened("a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb", sealed) == b"message"
    with pytest.raises(ValueError, match="another key"):
        crypto.opened("b7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb", sealed)


@pytest.mark.parametrize("signer", ["platform", "public"])
async def test_by_certificate_or_by_public_key(shop: Shop, signer: str) -> None:
    provider = shop.provider(**by_public_key() if signer == "public" else {})
    await provider.create(ORDER)
    notice = shop.hears(shop.server.pays(KEY), signer)
    await provider.verify(notice)
    assert [one.key for one in await provider.parse(notice)] == [KEY]
    assert shop.server.count("certificates") == (1 if signer == "platform" else 0)
    await provider.close()


async def test_while_a_merchant_moves_to_the_public_key_both_are_good(shop: Shop) -> None:
    provider = shop.provider(**by_public_key())
    for signer in ("public", "platform"):
        await provider.verify(shop.hears(b"{}", signer))
    assert PUBLIC_KEY_ID in [call.headers.get("Wechatpay-Serial") for call in shop.server.calls]
    await provider.close()


async def test_a_probe_a_stranger_and_another_scheme_are_refused(shop: Shop, provider: WeChatPay) -> None:
    right = shop.hears(b"{}")
    await provider.verify(right)
    for name, value, words in (
        ("wechatpay-signature", f"WECHATPAY/SIGNTEST/{right.headers['wechatpay-signature']}", "probe"),
        ("wechatpay-signature", keys.signature("stranger", b"x"), "not signed"),
        ("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3", "not signed"),
        ("wechatpay-serial", keys.serial("stranger"), "does not have"),
        ("wechatpay-serial", PUBLIC_KEY_ID, "public_key_id"),
        ("wechatpay-nonce", "other", "not signed"),
        ("wechatpay-timestamp", str(int(NOW.timestamp()) + 1), "not signed"),
    ):
        with pytest.raises(Unauthorised, match=words):
            await provider.verify(replace(right, headers={**right.headers, name: value}))


async def test_a_notice_is_good_for_five_minutes(shop: Shop, provider: WeChatPay) -> None:
    for seconds in (-299, 299):
        await provider.verify(shop.hears(b"{}", at=NOW + timedelta(seconds=seconds)))
    for seconds in (-300, 300):
        with pytest.raises(Unauthorised, match="too long ago"):
            await provider.verify(shop.hears(b"{}", at=NOW + timedelta(seconds=seconds)))


async def test_certificates_are_fetched_when_new_and_twice_a_day(shop: Shop, provider: WeChatPay) -> None:
    for _ in range(3):
        await provider.verify(shop.hears(b"{}"))
    shop.server.now += 60
    shop.server.certificates = ["platform", "next platform"]
    await provider.verify(shop.hears(b"{}", "next platform"))
    assert shop.server.count("certificates") == 2
    shop.server.now += 11 * 3600
    shop.server.fails("certificates", wire_faults.Status(502))
    for _ in range(3):  # the old ones are as good as they were, and it is not asked for each call
        await provider.verify(shop.hears(b"{}", at=datetime.fromtimestamp(shop.server.now, UTC)))
    assert shop.server.count("certificates") == 3
    shop.server.now += 60
    shop.server.certificates = ["next platform"]
    later = datetime.fromtimestamp(shop.server.now, UTC)
    shop.server.signer = "next platform"
    await provider.verify(shop.hears(b"{}", "next platform", later))
    with pytest.raises(Unauthorised, match="does not have"):
        await provider.verify(shop.hears(b"{}", "platform", later))


async def test_made_up_serial_numbers_do_not_have_us_ask_for_each(shop: Shop, provider: WeChatPay) -> None:
    right = shop.hears(b"{}")
    for serial in range(20):
        forged = {**right.headers, "wechatpay-serial": f"{serial:040X}"}
        with pytest.raises(Unauthorised):
            await provider.verify(replace(right, headers=forged))
    assert shop.server.count("certificates") == 1


@pytest.mark.parametrize("answer", ["none", "unreachable"])
async def test_nor_do_they_where_the_certificates_do_not_come(shop: Shop, provider: WeChatPay, answer: str) -> None:
    if answer == "none":  # a merchant that has a public key alone
        shop.server.certificates = []
    else:
        shop.server.fails("certificates", *[wire_faults.Status(502)] * 20)
    right = shop.hears(b"{}")
    for serial in range(20):
        forged = {**right.headers, "wechatpay-serial": f"{serial:040X}"}
        with pytest.raises((Unauthorised, ProviderUnavailable)):
            await provider.verify(replace(right, headers=forged))
    assert shop.server.count("certificates") == 1
    shop.server.now += 5
    with pytest.raises((Unauthorised, ProviderUnavailable)):
        await provider.verify(right)
    assert shop.server.count("certificates") == 2


async def test_many_at_once_fetch_the_certificates_once(shop: Shop, provider: WeChatPay) -> None:
    await asyncio.gather(*(provider.verify(shop.hears(b"{}")) for _ in range(10)))
    assert shop.server.count("certificates") == 1


async def test_where_the_certificates_do_not_come_nothing_can_be_told(shop: Shop, provider: WeChatPay) -> None:
    shop.server.fails("certificates", wire_faults.Status(502), wire_faults.Hang())
    with pytest.raises(ProviderUnavailable, match="answered 502"):
        await provider.verify(shop.hears(b"{}"))
    with pytest.raises(ProviderUnavailable, match="a moment ago"):
        await provider.verify(shop.hears(b"{}"))
    shop.server.now += 5
    with pytest.raises(ProviderUnavailable, match="in time"):  # a notice is answered within five seconds
        await provider.verify(shop.hears(b"{}"))


async def test_certificates_that_somebody_else_signed_are_none(shop: Shop, provider: WeChatPay) -> None:
    shop.server.signer = "stranger"
    with pytest.raises(ProviderUnavailable, match="not signed by any of them"):
        await provider.verify(shop.hears(b"{}"))


async def test_an_answer_that_somebody_else_signed_is_no_answer(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    shop.server.signer = "stranger"
    for call in (provider.fetch(KEY), provider.fetch("nothing"), provider.refund(KEY, ORDER.amount, REFUND)):
        with pytest.raises(ProviderUnavailable, match="not to be trusted"):
            await call


async def test_what_is_none_of_our_business(shop: Shop, provider: WeChatPay) -> None:
    told = {"mchid": MCHID, "out_trade_no": KEY}
    for kind, about in (
        ("COUPON.USE", told),
        ("TRANSACTION.SUCCESS", told | {"mchid": "1900000999"}),
        ("TRANSACTION.SUCCESS", {"mchid": MCHID}),
    ):
        assert await provider.parse(shop.hears(shop.server.notice(kind, about, "EV-1"))) == []


async def test_a_notice_that_the_key_does_not_open_says_which_key(shop: Shop) -> None:
    provider = shop.provider(api_key="x" * 32)
    with pytest.raises(BadInput, match=r"payments\.wechatpay\.api_key"):
        await provider.parse(shop.hears(shop.server.notice("TRANSACTION.SUCCESS", {"mchid": MCHID}, "EV-1")))


async def test_a_notice_of_a_refund_is_about_its_payment(shop: Shop, provider: WeChatPay) -> None:
    about = {"mchid": MCHID, "out_trade_no": KEY, "refund_status": "SUCCESS"}
    [notice] = await provider.parse(shop.hears(shop.server.notice("REFUND.SUCCESS", about, "EV-2")))
    assert (notice.id, notice.key) == ("EV-2", KEY)


# money back


async def test_a_refund_has_a_number_that_staff_find(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    await provider.refund(KEY, Money(600, "CNY"), REFUND)
    assert [*shop.server.refunds] == [f"refund-{KEY}-1"]
    await provider.refund(KEY, Money(1, "CNY"), "r1")
    assert len([*shop.server.refunds][1]) == 64


@pytest.mark.parametrize("fault", [wire_faults.Lost(), wire_faults.Cut(), wire_faults.Garbage()], ids=str)
async def test_a_refund_whose_answer_was_lost_is_made_once(
    shop: Shop, provider: WeChatPay, fault: wire_faults.Fault
) -> None:
    await paid(shop, provider)
    shop.server.fails("refund", fault)
    with pytest.raises(ProviderUnavailable):
        await provider.refund(KEY, ORDER.amount, REFUND)
    for amount in (ORDER.amount, Money(1, "CNY")):
        made = await provider.refund(KEY, amount, REFUND)
        assert (made.amount, len(shop.server.refunds)) == (ORDER.amount, 1)


async def test_what_becomes_of_a_refund_is_told_to_us(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    await provider.refund(KEY, Money(600, "CNY"), REFUND, "https://shop.example/hooks/pay/wechatpay")
    [call] = shop.server.named("refund")
    assert json.loads(call.body)["notify_url"] == "https://shop.example/hooks/pay/wechatpay"


async def test_one_that_the_bank_still_has_to_make_counts_as_given_back(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    shop.server.status = "PROCESSING"
    assert (await provider.refund(KEY, Money(600, "CNY"), REFUND)).state == "given"


@pytest.mark.parametrize("status", ["ABNORMAL", "CLOSED"])
async def test_one_that_was_stopped_says_where_to_finish_it(shop: Shop, provider: WeChatPay, status: str) -> None:
    await paid(shop, provider)
    shop.server.status = status
    made = await provider.refund(KEY, Money(600, "CNY"), REFUND)
    assert made.state == "failed"
    assert re.search(f"stopped refund refund-{KEY}-1 .{status}.*merchant platform", made.reason)


async def test_more_than_is_left_is_refused_and_too_little_money_of_ours_waits(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    shop.server.balance = 100
    with pytest.raises(ProviderUnavailable, match="too little money"):
        await provider.refund(KEY, Money(600, "CNY"), REFUND)
    shop.server.balance = 100_000
    await provider.refund(KEY, Money(600, "CNY"), REFUND)
    with pytest.raises(Refused, match="too_much"):
        await provider.refund(KEY, Money(13001, "CNY"), "another")


async def test_what_was_given_back_at_their_desk_leaves_the_payment_paid(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    shop.server.trades[KEY]["trade_state"] = "REFUND"
    assert (await provider.fetch(KEY)).state == "paid"


# bad days


async def test_an_answer_that_was_lost_is_the_same_trade_the_next_time(shop: Shop, provider: WeChatPay) -> None:
    shop.server.fails("native", wire_faults.Lost())
    with pytest.raises(ProviderUnavailable):
        await provider.create(ORDER)
    shop.server.now += 120
    await provider.create(ORDER)
    assert [*shop.server.trades] == [KEY]


@pytest.mark.parametrize("fault", [wire_faults.Status(503), wire_faults.TooMany(7), wire_faults.Garbage()], ids=str)
async def test_no_clear_answer_is_no_answer(shop: Shop, provider: WeChatPay, fault: wire_faults.Fault) -> None:
    await provider.create(ORDER)
    shop.server.fails("query", fault)
    with pytest.raises(ProviderUnavailable) as told:
        await provider.fetch(KEY)
    assert told.value.after == (7 if isinstance(fault, wire_faults.TooMany) else None)
    assert (await provider.fetch(KEY)).state == "open"


async def test_whoever_hangs_is_not_waited_for_longer_than_the_limit(shop: Shop) -> None:
    hasty = shop.provider(timeout=0.5)
    shop.server.fails("query", wire_faults.Hang())
    with pytest.raises(ProviderUnavailable, match="does not answer: TimeoutError"):
        await hasty.fetch(KEY)
    await hasty.close()


@pytest.mark.parametrize(
    "trade",
    [
        {"trade_state": "SOMETHING"},
        {"trade_state": "SUCCESS", "amount": {}},
        {"out_trade_no": "another"},
        {"mchid": "1900000999"},
    ],
)
async def test_a_signed_answer_may_be_unclear_all_the_same(
    shop: Shop, provider: WeChatPay, trade: dict[str, Any]
) -> None:
    await provider.create(ORDER)
    shop.server.trades[KEY] |= trade
    with pytest.raises(ProviderUnavailable):
        await provider.fetch(KEY)


async def test_one_that_is_being_paid_is_closed_later(shop: Shop, provider: WeChatPay) -> None:
    await provider.create(ORDER)
    shop.server.trades[KEY]["trade_state"] = "USERPAYING"
    with pytest.raises(ProviderUnavailable, match="yet") as told:
        await provider.void(KEY)
    assert told.value.after == 60
    shop.server.trades[KEY]["trade_state"] = "NOTPAY"
    assert (await provider.void(KEY)).state == "failed"
    with pytest.raises(Refused, match="no_payment"):
        await provider.void("nothing")


@pytest.mark.parametrize("reference", ["", "short", "x" * 33, "../../v3/certificates", "a b c d", "äöüäöü"])
async def test_what_can_be_no_number_is_not_asked_for(shop: Shop, provider: WeChatPay, reference: str) -> None:
    for call in (provider.fetch(reference), provider.void(reference), provider.refund(reference, ORDER.amount, "r1")):
        with pytest.raises(Refused, match="no_payment"):
            await call
    assert shop.server.calls == []


# its books


async def books(provider: WeChatPay, day: datetime) -> list[tuple[str, int, datetime]]:
    return [(one.key, one.amount.amount, one.at) async for one in provider.books(day.date())]


async def test_a_day_of_utc_is_in_two_bills_of_china(shop: Shop, provider: WeChatPay) -> None:
    times = [NOW.replace(hour=0, minute=0), NOW.replace(hour=15, minute=59), NOW.replace(hour=23, minute=59)]
    for at, key in zip(times, ("morning", "evening", "nights"), strict=True):
        shop.server.now = at.timestamp()
        await provider.create(replace(ORDER, key=key, description="a,`b`,c", expires_at=None))
        shop.server.pays(key)
    with pytest.raises(ProviderUnavailable, match="10:00 on the next day") as told:
        await books(provider, NOW)
    shop.server.now += told.value.after or 0
    with pytest.raises(ProviderUnavailable, match="2026-11-24"):
        await books(provider, NOW)
    shop.server.now += 86400
    assert await books(provider, NOW) == [
        (key, 13600, at) for key, at in zip(("morning", "evening", "nights"), times, strict=True)
    ]
    assert await books(provider, NOW - timedelta(days=1)) == []


async def test_a_bill_of_many_trades_is_read(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    at, row = shop.server.booked[0]
    goods = row.index(ORDER.description)
    row[goods] = "茶" * 1000
    shop.server.booked = [(at, row)] * 4_000  # 12 MB, in chunks that end anywhere
    shop.server.now += 2 * 86400
    found = await books(provider, NOW)
    assert (len(found), {*found}) == (4_000, {(KEY, 13600, NOW)})


async def test_a_bill_that_is_not_whole_or_not_of_this_form_is_none(shop: Shop, provider: WeChatPay) -> None:
    await paid(shop, provider)
    shop.server.now += 2 * 86400
    shop.server.fails("file", wire_faults.Garbage())
    with pytest.raises(ProviderUnavailable, match="not whole"):
        await books(provider, NOW)
    at, row = shop.server.booked[0]
    for broken in (row[:-1], [*row[:-3], "1.234", *row[-2:]], ["2026-11-23", *row[1:]]):
        shop.server.booked[0] = (at, broken)
        with pytest.raises(ProviderUnavailable, match=r"line 2 of .* another form"):
            await books(provider, NOW)


# its keys


async def test_it_says_whose_money_it_takes(shop: Shop) -> None:
    for settings in ({}, by_public_key()):
        provider = shop.provider(**settings)
        assert await provider.who() == f"merchant {MCHID}"
        await provider.close()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mchid": "1900000999"}, "mchid"),
        ({"serial": "ABCDEF0123456789"}, "serial"),
        ({"private_key": "stranger"}, "private_key"),
        ({"api_key": "x" * 32}, "api_key"),
        ({"public_key": "stranger", "public_key_id": PUBLIC_KEY_ID}, "public_key"),
        ({"public_key": "public", "public_key_id": "PUB_KEY_ID_0"}, "public_key_id"),
    ],
)
async def test_wrong_keys_are_told_by_their_names(shop: Shop, wrong: dict[str, str], named: str) -> None:
    pems = {"private_key": keys.private_pem, "public_key": keys.public_pem}
    provider = shop.provider(**{name: pems[name](value) if name in pems else value for name, value in wrong.items()})
    with pytest.raises(Unauthorised, match=rf"payments\.wechatpay\.{named}"):
        await provider.who()
    await provider.close()


async def test_a_merchant_without_certificates_is_told_of_the_public_key(shop: Shop, provider: WeChatPay) -> None:
    shop.server.certificates = []
    with pytest.raises(Unauthorised, match=r"set payments\.wechatpay\.public_key and"):
        await provider.who()


async def test_an_app_of_another_merchant_is_told(shop: Shop) -> None:
    provider = shop.provider(app_id="wx0000000000000000")
    with pytest.raises(Unauthorised, match=r"payments\.wechatpay\.app_id is not bound"):
        await provider.create(ORDER)
    await provider.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"private_key": "MIIE"}, "apiclient_key.pem"),
        ({"public_key": keys.private_pem("merchant")}, "pub_key.pem"),
        ({"api_key": "short"}, "APIv3 key"),
        ({"mchid": "me"}, "merchant's number"),
        ({"public_key_id": "1234"}, "PUB_KEY_ID_"),
    ],
)
def test_what_is_no_key_is_told_at_the_start(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wechatpay_settings("", **wrong)


def test_half_a_public_key_is_told_at_the_start() -> None:
    assert wechatpay_settings("", public_key_id=PUBLIC_KEY_ID).missing() == ("public_key",)
    assert wechatpay_settings("", public_key=keys.public_pem("public")).missing() == ("public_key_id",)
    assert wechatpay_settings("").missing() == ()
