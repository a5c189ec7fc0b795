"""PayPal's books of a day: what its transaction search lists, by pages.

Source: developer.paypal.com/docs/api/transaction-search/v1, transaction event codes
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.core.errors import ProviderUnavailable
from bot.core.payment import Booking
from bot.payments.paypal.calls import Calls, good, issue
from bot.payments.paypal.orders import moment, money

#: What was done is listed so much later.
DELAY = timedelta(hours=3)
PAGE = 500
#: Payments received; refunds, reversals and charge-backs.
CODES = ("T00", "T1106", "T1107", "T1201", "T1202")
#: Done, or done and later given back in whole; not what is pending or was denied.
DONE = ("S", "V")
#: A window of time is halved when more happened in it than they list; they do not cut a second.
SECOND = timedelta(seconds=1)


async def booked(calls: Calls, day: date, now: Callable[[], datetime]) -> AsyncIterator[Booking]:
    """What was taken and given back on a day, UTC. Raises `ProviderUnavailable`, also when it is too early."""
    begin = datetime.combine(day, time(), UTC)
    end = begin + timedelta(days=1)
    if now() < end + DELAY:
        raise ProviderUnavailable(f"PayPal lists all of {day} from {end + DELAY:%H:%M} UTC on the day after")
    windows = [(begin, end)]
    while windows:
        first, last = windows.pop()
        page = pages = 1
        while page <= pages:
            told = await _page(calls, first, last, page)
            if told is None:
                middle = first + (last - first) // 2
                windows += [(middle.replace(microsecond=0), last), (first, middle.replace(microsecond=0))]
                break
            _assure_whole(told, end)
            for booking in _bookings(told):
                if first <= booking.at < last:
                    yield booking
            page, pages = page + 1, int(told.get("total_pages") or 1)


async def _page(calls: Calls, first: datetime, last: datetime, page: int) -> Mapping[str, Any] | None:
    """One page; None where the window holds more than they list."""
    query = {
        "start_date": _written(first),
        "end_date": _written(last),
        "fields": "transaction_info",
        "balance_affecting_records_only": "Y",
        "page_size": str(PAGE),
        "page": str(page),
    }
    answer = await calls.get("/v1/reporting/transactions", query)
    if issue(answer) == "RESULTSET_TOO_LARGE" and last - first > SECOND:
        return None
    return good(answer)


def _assure_whole(told: Mapping[str, Any], end: datetime) -> None:
    refreshed = told.get("last_refreshed_datetime")
    if refreshed and moment(refreshed) < end:
        raise ProviderUnavailable(f"PayPal lists what happened until {moment(refreshed):%Y-%m-%d %H:%M} UTC so far")


def _bookings(told: Mapping[str, Any]) -> list[Booking]:
    found = []
    for row in told.get("transaction_details") or []:
        line = row.get("transaction_info") or {}
        known = str(line.get("transaction_event_code", "")).startswith(CODES)
        if known and line.get("transaction_status") in DONE:
            at, key = moment(line.get("transaction_initiation_date")), str(line.get("custom_field") or "")
            found.append(Booking(str(line.get("transaction_id", "")), money(line.get("transaction_amount")), at, key))
    return found


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
