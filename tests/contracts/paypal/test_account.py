"""The app at PayPal: its token, what it may do, and answers that are none."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import ProviderUnavailable, Unauthorised
from tests.kit import wire_faults
from tests.kit.platforms.paypal_gate import EVENTS
from tests.kit.platforms.paypal_shop import ORDER, Shop, paypal


async def test_one_token_serves_all_until_it_ends(shop: Shop) -> None:
    await asyncio.gather(*(shop.provider.create(replace(ORDER, key=f"k{n}")) for n in range(5)))
    assert shop.server.count("token") == 1
    shop.server.now += 32400
    await shop.provider.create(replace(ORDER, key="later"))
    assert shop.server.count("token") == 2


async def test_a_token_that_is_taken_back_is_fetched_anew_once(shop: Shop) -> None:
    await shop.provider.create(ORDER)
    shop.server.forgets_tokens()
    await asyncio.gather(*(shop.provider.create(replace(ORDER, key=f"k{n}")) for n in range(5)))
    assert shop.server.count("token") == 2


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"client_id": "other"}, r"payments\.paypal\.client_id"),
        ({"client_secret": "other"}, r"payments\.paypal\.client_secret in its sandbox"),
        ({"webhook_id": "0AB"}, r"payments\.paypal\.webhook_id"),
    ],
)
async def test_a_wrong_key_is_told_by_its_name(shop: Shop, wrong: dict[str, str], named: str) -> None:
    provider = paypal(shop.server, **wrong)
    with pytest.raises(Unauthorised, match=named) as told:
        await provider.who()
    assert "other" not in str(told.value)
    await provider.close()


async def test_it_says_whose_money_it_takes_and_what_is_switched_off(shop: Shop) -> None:
    told = "app APP-80W284485P519543T (sandbox), whose notices go to https://shop.example/hooks/pay/paypal"
    assert await shop.provider.who() == told
    shop.server.scopes = "https://uri.paypal.com/services/payments/payment"
    shop.server.forgets_tokens()
    assert await shop.provider.who() == f"{told}; switched off for it: Customer disputes, Transaction search"
    shop.server.events = EVENTS[:1]
    with pytest.raises(Unauthorised, match=r"does not hear of PAYMENT\.CAPTURE\.COMPLETED, "):
        await shop.provider.who()


async def test_disputes_that_may_not_be_read_keep_nobody_from_paying(shop: Shop) -> None:
    shop.server.scopes = "https://uri.paypal.com/services/payments/payment"
    reference = await shop.sells()
    shop.server.disputes(reference)
    assert (await shop.provider.fetch(reference)).state == "paid"
    assert shop.server.count("disputes") == 0


@pytest.mark.parametrize(
    "fault", [wire_faults.Status(503), wire_faults.TooMany(7), wire_faults.Garbage(), wire_faults.Hang()], ids=str
)
async def test_no_clear_answer_is_no_answer(shop: Shop, fault: wire_faults.Fault) -> None:
    reference = (await shop.provider.create(ORDER)).reference
    provider = paypal(shop.server, timeout=1.0 if isinstance(fault, wire_faults.Hang) else 30.0)
    shop.server.fails("order", fault)
    with pytest.raises(ProviderUnavailable) as told:
        await provider.fetch(reference)
    assert told.value.after == (7 if isinstance(fault, wire_faults.TooMany) else None)
    await provider.close()
