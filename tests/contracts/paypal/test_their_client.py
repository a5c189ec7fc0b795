"""PayPal's own client on the other side: it says what we say, and understands the fake."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from paypalserversdk.api_helper import APIHelper
from paypalserversdk.configuration import Environment
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models import (
    amount_with_breakdown,
    money,
    order_request,
    payment_source,
    paypal_wallet,
    paypal_wallet_experience_context,
    purchase_unit_request,
    refund_request,
)
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient
from requests.adapters import HTTPAdapter

from tests.kit.platforms.paypal_gate import CLIENT, SECRET
from tests.kit.platforms.paypal_shop import NOW, ORDER, Shop


class ToTheFake(HTTPAdapter):
    """Sends what is meant for PayPal to the fake."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = urlsplit(base)

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]
        asked = urlsplit(str(request.url))
        request.url = urlunsplit((self._base.scheme, self._base.netloc, asked.path, asked.query, ""))
        return super().send(request, **more)


def theirs(shop: Shop) -> PaypalServersdkClient:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToTheFake(shop.server.base))
    credentials = ClientCredentialsAuthCredentials(o_auth_client_id=CLIENT, o_auth_client_secret=SECRET)
    return PaypalServersdkClient(
        environment=Environment.SANDBOX,
        http_client_instance=session,
        override_http_client_configuration=False,
        client_credentials_auth_credentials=credentials,
    )


def their_order() -> order_request.OrderRequest:
    amount = amount_with_breakdown.AmountWithBreakdown("USD", "136.00")
    unit = purchase_unit_request.PurchaseUnitRequest(
        amount=amount, custom_id=ORDER.key, invoice_id="P7K2-4M9Q-4f0c9d4f", description=ORDER.description
    )
    context = paypal_wallet_experience_context.PaypalWalletExperienceContext(
        return_url=ORDER.return_url,
        cancel_url=ORDER.cancel_url,
        user_action="PAY_NOW",
        shipping_preference="NO_SHIPPING",
        payment_method_preference="IMMEDIATE_PAYMENT_REQUIRED",
        locale="zh-CN",
        contact_preference=APIHelper.SKIP,
        landing_page=APIHelper.SKIP,
    )
    wallet = paypal_wallet.PaypalWallet(experience_context=context)
    return order_request.OrderRequest("CAPTURE", [unit], payment_source=payment_source.PaymentSource(paypal=wallet))


async def test_their_client_says_what_we_say_and_understands_what_the_fake_says(shop: Shop) -> None:
    client = theirs(shop)
    asked = {"body": their_order(), "paypal_request_id": "theirs", "prefer": "return=representation"}
    order = (await asyncio.to_thread(client.orders.create_order, asked)).body
    await shop.provider.create(ORDER)
    their, our = shop.server.named("create")
    assert their.json() == our.json()
    for name in ("PayPal-Request-Id", "Prefer"):
        assert their.headers.get(name), name
        assert our.headers.get(name), name
    shop.server.approves(order.id)
    captured = await asyncio.to_thread(client.orders.capture_order, {"id": order.id, "paypal_request_id": "c"})
    [taken] = captured.body.purchase_units[0].payments.captures
    assert (taken.status, taken.amount.value, taken.custom_id) == ("COMPLETED", "136.00", ORDER.key)
    body = refund_request.RefundRequest(amount=money.Money("USD", "6.00"), custom_id=ORDER.key, invoice_id="r1")
    asked = {"capture_id": taken.id, "paypal_request_id": "r1", "body": body}
    refund = (await asyncio.to_thread(client.payments.refund_captured_payment, asked)).body
    assert (refund.status, refund.amount.value) == ("COMPLETED", "6.00")
    truth = await shop.provider.fetch(order.id)
    assert (truth.state, truth.paid, truth.refunded) == ("paid", ORDER.amount, 600)
    await shop.provider.refund(order.id, replace(ORDER.amount, amount=600), "r2")
    their, our = shop.server.named("refund")
    assert their.json().keys() == our.json().keys()
    assert json.loads(their.body)["amount"] == json.loads(our.body)["amount"]


async def test_their_client_reads_the_books_of_the_fake_as_we_do(shop: Shop) -> None:
    await shop.sells()
    shop.server.now += 2 * 86400
    [ours] = [one async for one in shop.provider.books(NOW.date())]
    asked = {"start_date": "2026-11-23T00:00:00Z", "end_date": "2026-11-24T00:00:00Z", "page_size": 500, "page": 1}
    found = await asyncio.to_thread(theirs(shop).transaction_search.search_transactions, asked)
    [their] = [one.transaction_info for one in found.body.transaction_details]
    assert (their.transaction_id, their.custom_field) == (ours.reference, ours.key)
    assert their.transaction_amount.value == f"{ours.amount.decimal}"
