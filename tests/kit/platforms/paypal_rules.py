"""What PayPal refuses of an order that is to be made: limits and forms, as its schema and its errors have them.

Source: developer.paypal.com/api/orders/v2
"""

from __future__ import annotations

import re
from typing import Any

from tests.kit.platforms.base import Json, Refusal

WHOLE = {"HUF", "JPY", "TWD"}
CURRENCIES = WHOLE | set(
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD".split()  # noqa: SIM905
)
UNIT = {"reference_id": 256, "custom_id": 127, "invoice_id": 127, "description": 127, "soft_descriptor": 22}
CONTEXT = {
    "return_url": r"https?://\S+",
    "cancel_url": r"https?://\S+",
    "user_action": "CONTINUE|PAY_NOW",
    "shipping_preference": "GET_FROM_FILE|NO_SHIPPING|SET_PROVIDED_ADDRESS",
    "payment_method_preference": "UNRESTRICTED|IMMEDIATE_PAYMENT_REQUIRED",
    "locale": "[a-z]{2}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?",
    "contact_preference": "NO_CONTACT_INFO|UPDATE_CONTACT_INFO|RETAIN_CONTACT_INFO",
    "landing_page": "LOGIN|GUEST_CHECKOUT|NO_PREFERENCE",
    "brand_name": ".{1,127}",
}


def refuse(issue: str, status: int = 422, at: str = "") -> Any:
    """PayPal's form of an error."""
    names = {400: "INVALID_REQUEST", 403: "NOT_AUTHORIZED", 404: "RESOURCE_NOT_FOUND", 422: "UNPROCESSABLE_ENTITY"}
    detail = {"issue": issue, "description": f"{issue} {at}"} | ({"field": at} if at else {})
    said = {"name": names[status], "details": [detail], "debug_id": "90957fca61718"}
    raise Refusal(status, said, {"Paypal-Debug-Id": "90957fca61718"})


def check_order(asked: Json) -> None:
    """Raise `Refusal` unless an order can be made of it."""
    _known(asked, {"intent", "purchase_units", "payment_source"}, "/")
    if asked.get("intent") not in ("CAPTURE", "AUTHORIZE"):
        refuse("INVALID_PARAMETER_VALUE", 400, "/intent")
    [unit] = asked["purchase_units"]
    _known(unit, {*UNIT, "amount"}, "/purchase_units/0")
    for name, most in UNIT.items():
        if name in unit and not 1 <= len(unit[name]) <= most:
            refuse("INVALID_STRING_LENGTH", 400, f"/purchase_units/0/{name}")
    check_amount(unit["amount"])
    _known(asked["payment_source"], {"paypal"}, "/payment_source")
    _known(asked["payment_source"]["paypal"], {"experience_context"}, "/payment_source/paypal")
    context = asked["payment_source"]["paypal"]["experience_context"]
    _known(context, set(CONTEXT), "/payment_source/paypal/experience_context")
    for name, value in context.items():
        if not re.fullmatch(CONTEXT[name], value):
            refuse("INVALID_PARAMETER_VALUE", 400, name)
    if not {"return_url", "cancel_url"} <= context.keys():
        refuse("MISSING_REQUIRED_PARAMETER", 400, "return_url")


def check_amount(amount: Json) -> None:
    """Raise `Refusal` unless this can be paid."""
    _known(amount, {"currency_code", "value"}, "/amount")
    currency, value = amount["currency_code"], amount["value"]
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,6})?", value):
        refuse("INVALID_PARAMETER_SYNTAX", 400, "/amount/value")
    if currency not in CURRENCIES:
        refuse("CURRENCY_NOT_SUPPORTED", at="/amount/currency_code")
    decimals = value.partition(".")[2]
    if len(decimals) > 2 or (currency in WHOLE and decimals):
        refuse("DECIMAL_PRECISION", at="/amount/value")
    if float(value) == 0:
        refuse("CANNOT_BE_ZERO_OR_NEGATIVE", at="/amount/value")
    if float(value) > 999_999_999:
        refuse("MAX_VALUE_EXCEEDED", at="/amount/value")


def _known(given: Json, names: set[str], at: str) -> None:
    if unknown := given.keys() - names:
        refuse("UNKNOWN_FIELD", 400, f"{at}/{min(unknown)}")
