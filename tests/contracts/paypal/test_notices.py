"""PayPal's notices: who signed them, and which payment they are about."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from bot.core.errors import BadInput, ProviderUnavailable, Unauthorised
from bot.core.money import Money
from bot.core.ports import HookRequest
from bot.payments.paypal.certificates import MOST_KEPT, system_roots
from tests.kit import wire_faults
from tests.kit.platforms import paypal_keys as keys
from tests.kit.platforms.paypal_gate import CERTIFICATE
from tests.kit.platforms.paypal_shop import ORDER, Shop, hook

BODY = b'{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"custom_id":"k","note":"\xe8\x8c\xb6"}}'
#: Its checksum is above 2^31, and is written without a sign.
HIGH_CHECKSUM = b"{}"


def named(notice: HookRequest, address: str) -> HookRequest:
    return replace(notice, headers={**notice.headers, "paypal-cert-url": address})


async def test_what_paypal_signed_is_taken_and_its_certificate_is_fetched_once(shop: Shop) -> None:
    for body in (BODY, b"", HIGH_CHECKSUM, BODY * 1000):
        await shop.provider.verify(shop.hears(body))
    shop.server.now += 3 * 86400  # it may be brought again for days
    for _ in range(3):
        await shop.provider.verify(hook(BODY, shop.server.headers(BODY)))
    assert shop.server.count("certificate") == 2  # and is looked at anew once a day


async def test_what_another_webhook_was_told_is_not_ours(shop: Shop) -> None:
    with pytest.raises(Unauthorised, match=r"payments\.paypal\.webhook_id"):
        await shop.provider.verify(hook(BODY, shop.server.headers(BODY, webhook="0AB")))


@pytest.mark.parametrize("leaf", ["live", "another name", "over", "stranger"])
async def test_a_certificate_that_is_not_theirs_proves_nothing(shop: Shop, leaf: str) -> None:
    shop.server.chain = keys.chain(leaf)
    for _ in range(2):
        with pytest.raises(Unauthorised, match="a certificate that is not PayPal's"):
            await shop.provider.verify(shop.hears(BODY, leaf))
    assert shop.server.count("certificate") == 1
    shop.server.chain = keys.chain("signer")
    shop.server.now += 61
    await shop.provider.verify(shop.hears(BODY))


@pytest.mark.parametrize("chain", [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
async def test_what_is_no_certificate_proves_nothing(shop: Shop, chain: bytes) -> None:
    shop.server.chain = chain
    with pytest.raises(Unauthorised, match="not PayPal's"):
        await shop.provider.verify(shop.hears(BODY))


async def test_a_leaf_without_its_chain_proves_nothing(shop: Shop) -> None:
    shop.server.chain = keys.chain("signer").split(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
    with pytest.raises(Unauthorised, match="not PayPal's"):
        await shop.provider.verify(shop.hears(BODY))


@pytest.mark.parametrize(
    "address",
    [
        f"http://api.sandbox.paypal.com/v1/notifications/certs/{CERTIFICATE}",
        f"https://api.paypal.com/v1/notifications/certs/{CERTIFICATE}",
        f"https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/{CERTIFICATE}",
        f"https://evil.example/v1/notifications/certs/{CERTIFICATE}",
        f"https://api.sandbox.paypal.com@evil.example/v1/notifications/certs/{CERTIFICATE}",
        f"https://api.sandbox.paypal.com:8443/v1/notifications/certs/{CERTIFICATE}",
        f"https://api.sandbox.paypal.com/v1/notifications/certs/../../oauth2/{CERTIFICATE}",
        f"https://api.sandbox.paypal.com/v1/notifications/certs/{CERTIFICATE}?x=1",
        f"https://api.sandbox.paypal.com/v1/notifications/certs/{CERTIFICATE}#x",
        "https://api.sandbox.paypal.com/v1/notifications/certs/",
        "https://[",
        "",
    ],
)
async def test_a_certificate_elsewhere_is_not_even_asked_for(shop: Shop, address: str) -> None:
    with pytest.raises(Unauthorised, match="a certificate that is not PayPal's"):
        await shop.provider.verify(named(shop.hears(BODY), address))
    assert shop.server.calls == []


async def test_without_the_certificate_nothing_is_taken_and_nothing_is_refused(shop: Shop) -> None:
    for fault in (wire_faults.Status(503), wire_faults.Status(403), wire_faults.TooMany(1)):
        shop.server.fails("certificate", fault)
        with pytest.raises(ProviderUnavailable):
            await shop.provider.verify(shop.hears(BODY))
    await shop.provider.verify(shop.hears(BODY))


async def test_names_that_strangers_make_up_fill_no_memory_and_displace_no_good_one(shop: Shop) -> None:
    await shop.provider.verify(shop.hears(BODY))
    for number in range(MOST_KEPT + 5):
        made_up = f"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-{number}"
        with pytest.raises(Unauthorised):
            await shop.provider.verify(named(shop.hears(BODY), made_up))
    assert len(shop.provider._certificates._kept) == MOST_KEPT
    asked = shop.server.count("certificate")
    await shop.provider.verify(shop.hears(BODY))
    assert shop.server.count("certificate") == asked


def test_the_roots_of_this_machine_are_read() -> None:
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    read = [one.public_bytes(serialization.Encoding.DER) for one in system_roots()]
    assert read
    assert set(read) <= set(known)


async def test_each_kind_of_notice_finds_its_payment(shop: Shop) -> None:
    reference = await shop.opens()
    approved = shop.server.approves(reference)
    await shop.provider.fetch(reference)
    await shop.provider.refund(reference, Money(600, "USD"), "r1")
    [refund] = shop.server.orders[reference]["purchase_units"][0]["payments"]["refunds"]
    by_hand = {name: value for name, value in refund.items() if name != "custom_id"}
    for body in (
        approved,
        shop.server.tells(reference),
        shop.server.event("PAYMENT.CAPTURE.REFUNDED", refund, "WH-1"),
        shop.server.event("PAYMENT.CAPTURE.REFUNDED", by_hand, "WH-2"),
        shop.server.disputes(reference),
    ):
        assert body is not None
        [notice] = await shop.provider.parse(hook(body))
        assert notice.key == ORDER.key
    assert (await shop.provider.fetch(reference)).disputed


async def test_what_is_of_others_is_no_business_of_ours(shop: Shop) -> None:
    stranger: dict[str, Any] = {"disputed_transactions": [{"seller_transaction_id": "0" * 17}]}
    for kind, about in (("CUSTOMER.DISPUTE.CREATED", stranger), ("INVOICING.INVOICE.PAID", {}), ("VAULT.X", {"a": 1})):
        assert await shop.provider.parse(hook(shop.server.event(kind, about, "WH-1"))) == []
    for broken in ({"disputed_transactions": ["x"]}, {"disputed_transactions": 1}):
        with pytest.raises(BadInput):
            await shop.provider.parse(hook(shop.server.event("CUSTOMER.DISPUTE.CREATED", broken, "WH-1")))
