"""Stripe beyond what every provider does: secrets that roll, thin events, disputes, currencies, lost answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe as sdk

from bot.core.errors import BadInput, Final, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import PaymentRequest
from bot.core.ports import HookRequest
from bot.payments.stripe import Settings
from bot.payments.stripe.provider import Stripe
from tests.kit import wire_faults
from tests.kit.platforms.stripe import KEY, SECRET, StripeServer

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ORDER = PaymentRequest(
    key="4f0c9d", order_number="P7K2-4M9Q", amount=Money(13600, "CNY"), description="2 × Longjing",
    return_url="https://shop.example/paid/4f0c9d", locale="zh", made_at=NOW, expires_at=NOW + timedelta(minutes=30),
)  # fmt: skip


@dataclass
class Shop:
    server: StripeServer

    def provider(self, **settings: Any) -> Stripe:
        told = {"secret_key": KEY, "webhook_secret": SECRET, "api_base": self.server.base, "timeout": 1.0} | settings
        return Stripe(Settings(**told), lambda: datetime.fromtimestamp(self.server.now, UTC))


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with StripeServer(NOW.timestamp()) as server:
        yield Shop(server)


@pytest.fixture
async def provider(shop: Shop) -> AsyncIterator[Stripe]:
    made = shop.provider()
    yield made
    await made.close()


def hook(body: bytes, signature: str = "") -> HookRequest:
    return HookRequest("POST", "/hooks/pay/stripe", {}, {"stripe-signature": signature}, body)


def signed_by_the_sdk(body: bytes, secret: str = SECRET, at: datetime = NOW) -> HookRequest:
    stamp = str(int(at.timestamp()))
    value = sdk.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", secret)
    return hook(body, f"t={stamp},v1={value}")


async def test_what_their_client_signs_is_taken_and_what_we_expect_their_client_takes(
    shop: Shop, provider: Stripe
) -> None:
    body = shop.server.event("checkout.session.completed", {"client_reference_id": "k"}, "evt_1")
    await provider.verify(signed_by_the_sdk(body))
    theirs = shop.server.signed(body, 0)
    assert sdk.WebhookSignature.verify_header(body.decode(), theirs.headers["stripe-signature"], SECRET)


async def test_while_a_secret_is_rolled_both_are_good(shop: Shop) -> None:
    provider = shop.provider(old_webhook_secret="whsec_before")
    body = b'{"id": "evt_1"}'
    for secret in (SECRET, "whsec_before"):
        await provider.verify(signed_by_the_sdk(body, secret))
    with pytest.raises(Unauthorised, match="not signed"):
        await provider.verify(signed_by_the_sdk(body, "whsec_stranger"))
    with pytest.raises(Unauthorised, match="not signed"):
        await shop.provider().verify(signed_by_the_sdk(body, ""))


async def test_an_event_is_good_for_five_minutes(shop: Shop, provider: Stripe) -> None:
    await provider.verify(signed_by_the_sdk(b"{}", at=NOW - timedelta(seconds=299)))
    with pytest.raises(Unauthorised, match="too old"):
        await provider.verify(signed_by_the_sdk(b"{}", at=NOW - timedelta(seconds=301)))


async def test_a_thin_event_is_refused_with_the_cure(provider: Stripe) -> None:
    with pytest.raises(BadInput, match="choose snapshot events"):
        await provider.parse(hook(b'{"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter"}'))


async def test_what_is_of_another_mode_or_of_other_things_is_no_business_of_ours(shop: Shop, provider: Stripe) -> None:
    live = json.loads(shop.server.event("checkout.session.completed", {"client_reference_id": "k"}, "evt_1"))
    assert len(await provider.parse(hook(json.dumps(live).encode()))) == 1
    assert await provider.parse(hook(json.dumps(live | {"livemode": True}).encode())) == []
    for kind, about in (("invoice.paid", {}), ("charge.refunded", {}), ("checkout.session.completed", {})):
        assert await provider.parse(hook(shop.server.event(kind, about, "evt_2"))) == []


async def test_a_dispute_and_a_refund_find_their_payment(shop: Shop, provider: Stripe) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.pays(session)
    [notice] = await provider.parse(hook(shop.server.disputes(session)))
    assert notice.key == ORDER.key
    assert (await provider.fetch(session)).disputed
    stranger = shop.server.event("charge.refunded", {"payment_intent": "pi_of_another_shop"}, "evt_9")
    assert await provider.parse(hook(stranger)) == []


#: docs.stripe.com/currencies: what Stripe calls by another unit than a hundredth, and what it takes of these.
BY_UNITS = "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF"
BY_THOUSANDTHS = "BHD JOD KWD OMR TND"
UNITS = [
    *[(Money(6800, currency), 6800) for currency in BY_UNITS.split()],
    *[(Money(12500, currency), 12500) for currency in BY_THOUSANDTHS.split()],
    (Money(1250, "USD"), 1250),
    (Money(1250, "HUF"), 1250),
    (Money(1250, "TWD"), 1250),
    (Money(680000, "MGA"), 6800),  # hundredths in the world, none at Stripe
    (Money(900, "ISK"), 90000),  # none in the world, hundredths at Stripe
    (Money(900, "UGX"), 90000),
]


async def test_amounts_are_in_their_unit_and_come_back_in_ours(shop: Shop, provider: Stripe) -> None:
    for amount, told in UNITS:
        session = (await provider.create(replace(ORDER, key=amount.currency, amount=amount))).reference
        assert (amount.currency, shop.server.sessions[session]["amount_total"]) == (amount.currency, told)
        shop.server.pays(session)
        assert (await provider.fetch(session)).paid == amount


@pytest.mark.parametrize(
    "amount",
    [Money(12345, "KWD"), Money(399, "CNY"), Money(100_000_000, "CNY"), Money(49, "USD"), Money(680001, "MGA")],
)
async def test_decimals_and_sums_that_they_have_not_are_refused(provider: Stripe, amount: Money) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await provider.create(replace(ORDER, amount=amount))


async def test_an_answer_that_was_lost_is_the_same_session_the_next_time(shop: Shop, provider: Stripe) -> None:
    shop.server.fails("create", wire_faults.Lost())
    with pytest.raises(ProviderUnavailable):
        await provider.create(ORDER)
    shop.server.now += 120  # a new try says the same words
    checkout = await provider.create(ORDER)
    assert [*shop.server.sessions] == [checkout.reference]


@pytest.mark.parametrize("changed", [{"locale": "en"}, {"return_url": "https://new.example/paid/4f0c9d"}], ids=str)
async def test_other_words_for_the_same_payment_open_it_all_the_same(
    shop: Shop, provider: Stripe, changed: dict[str, str]
) -> None:
    shop.server.fails("create", wire_faults.Lost())
    with pytest.raises(ProviderUnavailable):
        await provider.create(ORDER)
    other = replace(ORDER, **changed)  # type: ignore[arg-type]
    first, second = await provider.create(other), await provider.create(other)
    assert first == second
    assert first.reference in shop.server.sessions


async def test_what_stripe_never_takes_is_no_outage(provider: Stripe) -> None:
    with pytest.raises(Final, match=r"Stripe opens no such payment \(400\): nothing was charged") as told:
        await provider.create(replace(ORDER, amount=Money(5000, "IRR")))
    assert not isinstance(told.value, Refused | Unauthorised)


@pytest.mark.parametrize(
    ("intent", "state"), [("processing", "open"), ("requires_payment_method", "failed"), ("canceled", "failed")]
)
async def test_a_debit_that_takes_days_is_open_until_the_bank_says(
    shop: Shop, provider: Stripe, intent: str, state: str
) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.promises(session, intent)
    assert (await provider.fetch(session)).state == state


async def test_a_refund_that_stripe_refuses_says_why(shop: Shop, provider: Stripe) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.pays(session)
    shop.server.disputes(session)
    with pytest.raises(Refused, match="charge_disputed"):
        await provider.refund(session, Money(600, "CNY"), "r1")


async def test_a_refund_whose_answer_was_lost_is_made_once(shop: Shop, provider: Stripe) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.pays(session)
    shop.server.fails("refund", wire_faults.Cut())
    with pytest.raises(ProviderUnavailable):
        await provider.refund(session, Money(600, "CNY"), "r1")
    shop.server.forgets_keys()  # asked again a day later
    assert (await provider.refund(session, Money(600, "CNY"), "r1")).amount.amount == 600
    assert (await provider.fetch(session)).refunded == 600


async def test_what_an_earlier_release_asked_for_with_other_words_is_not_known(shop: Shop, provider: Stripe) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.pays(session)
    await provider.refund(session, Money(600, "CNY"), "r1")
    shop.server.refunds[0]["metadata"].pop("refund")
    with pytest.raises(ProviderUnavailable, match="400"):
        await provider.refund(session, Money(700, "CNY"), "r1")
    assert (await provider.fetch(session)).refunded == 600


async def test_what_is_given_back_in_the_dashboard_is_in_the_books_by_our_key(shop: Shop, provider: Stripe) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.pays(session)
    [notice] = await provider.parse(hook(shop.server.gives_back(session, 600)))
    assert notice.key == ORDER.key
    shop.server.bounces("")
    found = [(one.amount.amount, one.key) async for one in provider.books(NOW.date())]
    assert sorted(found) == [(-600, ORDER.key), (600, ORDER.key), (13600, ORDER.key)]


async def test_a_session_that_could_not_be_opened_for_long_is_opened_for_longer(shop: Shop, provider: Stripe) -> None:
    """Stripe was away for half an hour: what the request alone says is too near by now."""
    for minutes, ends in ((31, 90), (51, 90), (71, 120)):
        shop.server.now = NOW.timestamp() + minutes * 60
        await provider.create(ORDER)
        assert int(shop.server.named("create")[-1].form["expires_at"]) - NOW.timestamp() == ends * 60
    assert len(shop.server.sessions) == 2


async def test_what_they_do_not_know_cannot_be_closed(provider: Stripe) -> None:
    with pytest.raises(Refused, match="no_payment"):
        await provider.void("cs_of_another_account")


@pytest.mark.parametrize(
    "fault", [wire_faults.Status(503), wire_faults.TooMany(7), wire_faults.Garbage(), wire_faults.Hang()], ids=str
)
async def test_no_clear_answer_is_no_answer(shop: Shop, provider: Stripe, fault: wire_faults.Fault) -> None:
    session = (await provider.create(ORDER)).reference
    shop.server.fails("session", fault)
    with pytest.raises(ProviderUnavailable) as told:
        await provider.fetch(session)
    assert told.value.after == (7 if isinstance(fault, wire_faults.TooMany) else None)
    assert (await provider.fetch(session)).state == "open"


async def test_a_session_outlives_a_short_hold_and_is_closed_by_us(shop: Shop, provider: Stripe) -> None:
    await provider.create(ORDER)
    await provider.create(replace(ORDER, key="long", expires_at=NOW + timedelta(days=3)))
    ends = [int(call.form["expires_at"]) - NOW.timestamp() for call in shop.server.named("create")]
    assert ends == [3600, 23 * 3600]


async def test_a_key_that_they_do_not_know_is_told_with_its_name(shop: Shop) -> None:
    provider = shop.provider(secret_key="sk_test_wrong")
    with pytest.raises(Unauthorised, match=r"payments\.stripe\.secret_key"):
        await provider.who()
    await provider.close()


async def test_it_says_whose_money_it_takes(provider: Stripe) -> None:
    assert await provider.who() == "Parley Tea (test mode)"
