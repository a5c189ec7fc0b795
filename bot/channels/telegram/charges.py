"""Reads what Telegram tells of payments: the question before one, the payment, and its refund.

Source: https://core.telegram.org/bots/api#precheckoutquery, #successfulpayment, #refundedpayment
"""

from __future__ import annotations

from bot.channels._reading import MOST_NAME, Json, integer, moment, needed, obj, text
from bot.core import charges
from bot.core.errors import BadInput
from bot.core.message import Inbound, InboundKind
from bot.core.money import Money

#: Characters of a charge's id; Telegram names no limit.
MOST_ID = 255
#: Bytes: https://core.telegram.org/bots/api#createinvoicelink
MOST_PAYLOAD = 128


def question(account: str, key: str, query: Json) -> Inbound:
    """Whether somebody may pay; whoever got our invoice from another may be somebody else than our customer."""
    payer = obj(query, "from")
    return Inbound(
        account=account,
        key=key,
        sender=str(integer(payer, "id")),
        kind="may_pay",
        data=text(query, "invoice_payload", MOST_PAYLOAD),
        locale=text(payer, "language_code", MOST_NAME),
        native=dict(charges.native(_sum(query), id=needed(query, "id"))),
    )


def of_message(account: str, key: str, message: Json) -> Inbound | None:
    """The charge, or its refund, that a message tells of; None for other messages."""
    if message.get("successful_payment") is not None:
        return _charge(account, key, message, obj(message, "successful_payment"), "charged")
    if message.get("refunded_payment") is not None:
        return _charge(account, key, message, obj(message, "refunded_payment"), "charged_back")
    return None


def _charge(account: str, key: str, message: Json, told: Json, kind: InboundKind) -> Inbound:
    charge = needed(told, "telegram_payment_charge_id", MOST_ID)
    other = text(told, "provider_payment_charge_id", MOST_ID)
    return Inbound(
        account=account,
        key=key,
        sender=str(integer(obj(message, "chat"), "id")),
        kind=kind,
        data=text(told, "invoice_payload", MOST_PAYLOAD),
        sent_at=moment(integer(message, "date")),
        native=dict(charges.native(_sum(told), id=charge, other_id=other)),
    )


def _sum(told: Json) -> Money:
    currency, amount = text(told, "currency", 3), integer(told, "total_amount")
    if len(currency) != 3 or amount < 0:
        raise BadInput("a payment needs a currency and an amount")
    return Money(amount, currency)
