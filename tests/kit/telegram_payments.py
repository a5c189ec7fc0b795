"""Telegram's payments: invoices by link, the question before a charge, charges, and the bot's transactions in Stars.

    link = ...                                # what the bot got from createInvoiceLink
    paid = await server.cashier.pays(ann, link)
    assert paid.problem == ""                 # what Telegram shows who cannot pay

As strict as core.telegram.org/bots/api#payments: an answer that is late, missing or given twice is none.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.kit.telegram_limits import bad

if TYPE_CHECKING:
    from tests.kit.telegram_server import TelegramServer
    from tests.kit.telegram_user import TelegramUser

Json = dict[str, Any]

#: https://core.telegram.org/bots/payments/currencies.json, as far as tests pay: the least and the most.
CURRENCIES = {"USD": (100, 1_000_000), "CNY": (711, 7_112_000), "JPY": (157, 1_570_000), "XTR": (1, 10_000)}
MOST_TITLE, MOST_WORDS, MOST_PAYLOAD = 32, 255, 128
#: Seconds that Telegram waits for the answer to a pre-checkout query.
PATIENCE = 10.0
PROVIDER_TOKEN = "284685063:TEST:NzY4YzA4"
LATE = "the bot did not answer in time"


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as the bot made it."""

    title: str
    words: str
    payload: str
    currency: str
    total: int


@dataclass(frozen=True, slots=True)
class Paid:
    """What came of it: the id of the charge, or the `problem` that the payer is shown."""

    charge: str = ""
    problem: str = ""


@dataclass
class Taken:
    """A charge."""

    id: str
    user: TelegramUser
    bill: Bill
    told: Json
    refunded: bool = False


@dataclass
class Cashier:
    """The money of one bot. `patience` is seconds."""

    server: TelegramServer
    provider_token: str = PROVIDER_TOKEN
    patience: float = PATIENCE
    bills: dict[str, Bill] = field(default_factory=dict)  # by link
    taken: dict[str, Taken] = field(default_factory=dict)  # by charge
    transactions: list[Json] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)  # to questions, in time or not
    loses_updates: bool = False  # a charge is made, and the bot never hears of it
    _asked: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def methods(self) -> dict[str, Callable[[Json], Awaitable[Any]]]:
        """By the lower-case name of the method."""
        return {
            "createinvoicelink": self._create,
            "answerprecheckoutquery": self._answer,
            "getstartransactions": self._transactions,
            "refundstarpayment": self._refund,
        }

    async def pays(self, user: TelegramUser, link: str) -> Paid:
        """Open the link and pay."""
        bill = self.bills[link]
        if problem := await self.asks(user, bill):
            return Paid(problem=problem)
        return Paid(charge=await self.charges(user, bill))

    async def asks(self, user: TelegramUser, bill: Bill) -> str:
        """Ask the bot; "" when it allows, else the problem that the payer is shown."""
        query = f"q{next(self._ids)}"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[query] = answer
        await self.server.happens("pre_checkout_query", {"id": query, "from": user.person} | _sum(bill))
        try:
            async with asyncio.timeout(self.patience):
                return await answer
        except TimeoutError:
            return LATE
        finally:
            del self._asked[query]

    async def charges(self, user: TelegramUser, bill: Bill) -> str:
        """Take the money and tell the bot; the id of the charge."""
        charge = f"{'stx' if bill.currency == 'XTR' else ''}charge-{next(self._ids)}-" + "x" * 60
        paid = _sum(bill) | {"telegram_payment_charge_id": charge}
        paid |= {"provider_payment_charge_id": "" if bill.currency == "XTR" else f"pi_{charge[:12]}"}
        self.taken[charge] = Taken(charge, user, bill, paid)
        if bill.currency == "XTR":
            partner = {"type": "user", "transaction_type": "invoice_payment", "user": user.person}
            partner |= {"invoice_payload": bill.payload}
            self.transact(charge, int(paid["total_amount"]), source=partner)
        if not self.loses_updates:
            await self.tells(charge)
        return charge

    async def tells(self, charge: str) -> int:
        """Tell the bot of a charge, once more or at last; the update's id."""
        taken = self.taken[charge]
        return await taken.user.sends(successful_payment=taken.told)

    def transact(self, id: str, amount: int, **partner: Json) -> None:  # noqa: A002
        """Add to the bot's transactions."""
        at = int(self.server.chats.now())
        self.transactions.append({"id": id, "amount": amount, "date": at} | partner)

    async def _create(self, fields: Json) -> str:
        title, words, payload = (str(fields.get(name) or "") for name in ("title", "description", "payload"))
        currency, prices = str(fields.get("currency") or ""), fields.get("prices")
        if not 1 <= len(title) <= MOST_TITLE:
            raise bad("INVOICE_TITLE_INVALID")
        if not 1 <= len(words.encode("utf-16-le")) // 2 <= MOST_WORDS:
            raise bad("INVOICE_DESCRIPTION_INVALID")
        if not 1 <= len(payload.encode()) <= MOST_PAYLOAD:
            raise bad("INVOICE_PAYLOAD_INVALID")
        if currency not in CURRENCIES:
            raise bad("CURRENCY_INVALID")
        if not isinstance(prices, list) or not prices or not all(_is_price(one) for one in prices):
            raise bad("can't parse prices JSON object")
        if currency == "XTR" and (len(prices) != 1 or fields.get("provider_token")):
            raise bad("STARS_INVOICE_INVALID")
        if currency != "XTR" and fields.get("provider_token") != self.provider_token:
            raise bad("PAYMENT_PROVIDER_INVALID")
        total, (least, most) = sum(one["amount"] for one in prices), CURRENCIES[currency]
        if not least <= total <= most:
            raise bad("CURRENCY_TOTAL_AMOUNT_INVALID")
        link = f"https://t.me/$invoice{next(self._ids)}"
        self.bills[link] = Bill(title, words, payload, currency, total)
        return link

    async def _answer(self, fields: Json) -> bool:
        self.answers.append(fields)
        answer = self._asked.get(str(fields.get("pre_checkout_query_id")))
        if answer is None or answer.done():
            raise bad("query is too old and response timeout expired or query ID is invalid")
        if not isinstance(fields.get("ok"), bool):
            raise bad("can't parse ok")
        if not fields["ok"] and not fields.get("error_message"):
            raise bad("error_message must be non-empty")
        answer.set_result("" if fields["ok"] else str(fields["error_message"]))
        return True

    async def _transactions(self, fields: Json) -> Json:
        offset, limit = int(fields.get("offset") or 0), int(fields.get("limit") or 100)
        if offset < 0 or not 1 <= limit <= 100:
            raise bad("invalid offset or limit")
        return {"transactions": self.transactions[offset : offset + limit]}

    async def _refund(self, fields: Json) -> bool:
        taken = self.taken.get(str(fields.get("telegram_payment_charge_id")))
        if taken is None or taken.bill.currency != "XTR":
            raise bad("CHARGE_ID_INVALID")
        if fields.get("user_id") != taken.user.id:
            raise bad("USER_ID_INVALID")
        if taken.refunded:
            raise bad("CHARGE_ALREADY_REFUNDED")
        await self.gives_back(taken.id)
        return True

    async def gives_back(self, charge: str) -> None:
        """Give Stars back, as the bot or Telegram's own support does; the bot is told."""
        taken = self.taken[charge]
        taken.refunded = True
        partner = {"type": "user", "transaction_type": "invoice_payment", "user": taken.user.person}
        partner |= {"invoice_payload": taken.bill.payload}
        self.transact(charge, int(taken.told["total_amount"]), receiver=partner)
        told = {name: value for name, value in taken.told.items() if name != "provider_payment_charge_id"}
        await taken.user.sends(refunded_payment=told)


def _sum(bill: Bill) -> Json:
    return {"currency": bill.currency, "total_amount": bill.total, "invoice_payload": bill.payload}


def _is_price(one: Any) -> bool:
    return isinstance(one, dict) and bool(one.get("label")) and type(one.get("amount")) is int
