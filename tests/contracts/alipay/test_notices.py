"""Notices, and the other side's own client: what it signs is taken, what we sign it takes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from bot.core.errors import BadInput, Unauthorised
from bot.payments.alipay.provider import Alipay
from tests.kit.platforms import alipay_keys as made
from tests.kit.platforms.alipay import APP_ID
from tests.kit.platforms.alipay_shop import ORDER, Shop, client, hook, words_of


async def test_what_we_sign_their_client_verifies_and_signs_alike(bare: Shop, alone: Alipay) -> None:
    words = words_of((await alone.create(replace(ORDER, device="phone"))).url)
    signature = words.pop("sign")
    theirs = client(made.pem(made.APP), made.public_pem(made.APP))
    assert dict(parse_qsl(theirs.sign_data(dict(words))))["sign"] == signature
    assert theirs._verify("&".join(f"{name}={words[name]}" for name in sorted(words)), signature)


async def test_what_their_client_signs_is_taken(bare: Shop, alone: Alipay) -> None:
    words = {
        "notify_id": "1",
        "out_trade_no": "k",
        "app_id": APP_ID,
        "subject": "a+b c=龙井 & 1%",
        "total_amount": "1.00",
    }
    signs = client(made.pem(made.ALIPAY), made.public_pem(made.ALIPAY))
    body = signs.sign_data(dict(words)) + "&sign_type=RSA2"
    await alone.verify(hook(body.replace("龙井", "%E9%BE%99%E4%BA%95").encode()))
    [notice] = await alone.parse(hook(body.encode()))
    assert (notice.id, notice.key) == ("1", "k")


async def test_their_client_verifies_what_the_gateway_here_says(bare: Shop, alone: Alipay) -> None:
    said: list[str] = []
    bare.server.alters = lambda text: said.append(text) or text  # type: ignore[func-returns-value]
    await alone.create(ORDER)
    theirs = client(made.pem(made.APP), made.public_pem(made.ALIPAY))
    found = theirs._verify_and_return_sync_response(said[0], "alipay_trade_precreate_response")
    assert found["code"] == "10000"


async def test_a_notice_comes_in_and_is_answered_with_seven_letters(shop: Shop, provider: Alipay) -> None:
    notice = shop.paid(await provider.create(ORDER))
    await provider.verify(notice)
    [told] = await provider.parse(notice)
    assert told.key == ORDER.key
    answer = provider.answer()
    assert (answer.status, answer.body) == (200, b"success")


async def test_every_changed_bit_is_refused(shop: Shop, provider: Alipay) -> None:
    body = shop.paid(await provider.create(ORDER)).body
    for at in range(len(body)):
        with pytest.raises(Unauthorised):
            await provider.verify(hook(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]))


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[: len(body) // 2],
        lambda body: body + b"&total_amount=0.01",
        lambda body: b"total_amount=0.01&" + body,
        lambda body: body + b"&extra=1",
        lambda body: body.replace(b"sign_type=RSA2", b"sign_type=RSA"),
        lambda body: body.replace(b"&sign_type=RSA2", b""),
        lambda body: body.replace(b"sign=", b"sing="),
        lambda body: body.split(b"&sign=")[0] + b"&sign=&sign_type=RSA2",
        lambda body: body.split(b"&sign=")[0] + "&sign=ä&sign_type=RSA2".encode(),
        lambda body: body.split(b"&sign=")[0] + b"&sign=%C3%A4&sign_type=RSA2",
        lambda body: body.split(b"&sign=")[0] + b"&sign=%ff%fe&sign_type=RSA2",
        lambda body: body.split(b"&sign=")[0] + b"&sign=AAAA&sign_type=RSA2",
        lambda _body: b"",
        lambda _body: b"{}",
    ],
)
async def test_forged_notices_are_refused(bare: Shop, alone: Alipay, change: Callable[[bytes], bytes]) -> None:
    notice = bare.paid(await alone.create(ORDER))
    with pytest.raises(Unauthorised, match="not signed by Alipay"):
        await alone.verify(hook(change(notice.body)))


async def test_one_signed_by_the_app_itself_is_forged(alone: Alipay) -> None:
    signs = client(made.pem(made.APP), made.public_pem(made.APP))
    body = signs.sign_data({"notify_id": "1", "out_trade_no": "k", "app_id": APP_ID}) + "&sign_type=RSA2"
    with pytest.raises(Unauthorised):
        await alone.verify(hook(body.encode()))


async def test_the_same_notice_a_day_later_is_the_same_and_another_state_another(bare: Shop, alone: Alipay) -> None:
    first = bare.paid(await alone.create(ORDER))
    bare.server.now += 25 * 3600
    again = hook(bare.server.notice(ORDER.key))
    assert again != first
    for notice in (first, again):
        await alone.verify(notice)
    assert await alone.parse(again) == await alone.parse(first)
    await alone.refund(ORDER.key, ORDER.amount, "r1")
    closed = hook(bare.server.notice(ORDER.key))
    assert (await alone.parse(closed))[0].id != (await alone.parse(first))[0].id
    # The older one comes last, which changes nothing: what is asked for counts.
    await alone.verify(again)
    assert (await alone.fetch(ORDER.key)).state == "refunded"


async def test_a_notice_for_another_app_is_no_business_of_ours(bare: Shop, alone: Alipay) -> None:
    bare.paid(await alone.create(ORDER))
    assert await alone.parse(hook(bare.server.notice(ORDER.key, app_id="2021000000000002"))) == []
    with pytest.raises(BadInput, match="a notice has"):
        await alone.parse(hook(bare.server.notice(ORDER.key, notify_id="")))
