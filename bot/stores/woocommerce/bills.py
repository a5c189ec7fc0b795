"""A bill in WooCommerce's words: an order that waits for its money, which its customer pays on a page of the shop's.

Source: woocommerce.github.io/woocommerce-rest-api-docs, "Orders" and "Order refunds"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.billing import Bill, Billed, Taking
from bot.core.errors import BadInput, StoreUnavailable
from bot.core.money import Money
from bot.stores.woocommerce import orders

#: Where an order there has the key of our payment, and our number: it is no order of ours until it is paid.
KEY, NUMBER = "_parley_bill", "_parley_number"
#: Who has the link can pay these, and nobody else.
_WAITS = frozenset({"pending", "failed", "checkout-draft"})
#: Its way to pay on delivery: WooCommerce dates such an order as paid the moment it is to be sent.
_ON_DELIVERY = "cod"


def content(bill: Bill) -> dict[str, Any]:
    """What makes it: at our prices, with no taxes of the shop's; the customer chooses there how to pay."""
    made = orders.content(bill.order)
    del made["payment_method"], made["payment_method_title"]
    extras = [{"name": one.title[:255], "total": str(one.amount.decimal), "tax_status": "none"} for one in bill.extras]
    told = [one for one in made["meta_data"] if one["key"] != orders.MARK]
    told += [{"key": KEY, "value": bill.key}, {"key": NUMBER, "value": bill.order.number}]
    return made | {
        "status": "pending",
        "set_paid": False,
        "fee_lines": made["fee_lines"] + extras,
        "meta_data": told,
    }


def key_of(row: Mapping[str, Any]) -> str:
    """Our key of the payment that an order of the shop is for; "" for none of ours."""
    return next((str(one.get("value")) for one in row.get("meta_data") or () if one.get("key") == KEY), "")


def is_open(row: Mapping[str, Any]) -> bool:
    """Whether it can be paid, and nobody has begun to."""
    return not _paid_at(row) and row.get("status") in _WAITS


def _paid_at(row: Mapping[str, Any]) -> Any:
    """When its money came, UTC; None for not yet."""
    return row.get("date_completed_gmt" if row.get("payment_method") == _ON_DELIVERY else "date_paid_gmt")


def read(row: Mapping[str, Any]) -> Billed:
    """An order of the API. Raises `StoreUnavailable` for what is none.

    One that was chosen to be paid later, as in cash, is open: nobody has paid it, though nobody can pay it by its link.
    """
    try:
        is_paid, status = bool(_paid_at(row)), row["status"]
        back = -sum((Decimal(str(one["total"])) for one in row.get("refunds") or ()), Decimal(0))
        is_gone = not is_paid and status in ("cancelled", "trash", "refunded")
        return Billed(
            id=str(row["id"]),
            url=str(row.get("payment_url") or ""),
            total=str(row["total"]),
            state="paid" if is_paid else "gone" if is_gone else "open",
            currency=str(row["currency"]),
            order=str(row["id"]) if is_paid else "",
            paid=str(row["total"]) if is_paid else "",
            refunded=str(back) if is_paid and back > 0 else "",
            is_reserved=not is_paid and not is_gone and not is_open(row),
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise StoreUnavailable(f"WooCommerce answered with what is no order ({type(error).__name__})") from None


def refund(amount: Money, key: str) -> dict[str, Any]:
    """What gives so much back to where it came from; its pieces are counted where the order ends."""
    return {"amount": str(amount.decimal), "reason": key, "api_refund": True, "api_restock": False}


def given(rows: Sequence[Mapping[str, Any]], key: str) -> str | None:
    """The sum of the refund with this key.

    Raises `StoreUnavailable` for one that its gateway has not confirmed: it is there before the money moves.
    """
    for one in rows:
        if one.get("reason") == key:
            if not one.get("refunded_payment"):
                raise StoreUnavailable("WooCommerce has begun to give this back, and does not say whether it did")
            return str(one["amount"]).removeprefix("-")
    return None


def assure_left(row: Mapping[str, Any], amount: Money) -> None:
    """Raise `BadInput` where so much was not paid, or is not left of it."""
    billed = read(row)
    left = Decimal(billed.paid or "0") - Decimal(billed.refunded or "0")
    if billed.currency != amount.currency or amount.decimal > left:
        raise BadInput(f"WooCommerce has {left} {billed.currency} of this order")


def takings(row: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]], day: date) -> Iterator[Taking]:
    """What was booked for an order on that day, UTC."""
    key, currency = key_of(row), str(row["currency"])
    if (at := _moment(_paid_at(row))) and at.date() == day:
        yield Taking(key, str(row["id"]), str(row["total"]), currency, at)
    for one in refunds:
        if (at := _moment(one.get("date_created_gmt"))) and at.date() == day:
            yield Taking(key, f"{row['id']}-{one['id']}", f"-{str(one['amount']).removeprefix('-')}", currency, at)


def since(day: date) -> str:
    """Money of that day moved for orders that were changed after this."""
    return f"{datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"


def _moment(told: Any) -> datetime | None:
    return datetime.fromisoformat(str(told)).replace(tzinfo=UTC) if told else None
