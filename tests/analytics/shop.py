"""A shop with thousands of random orders, reviews and messages, and direct SQL counts to compare a report with."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from bot.core.period import Period, midnight
from models.database import execute, fetch, transaction

WEEK = Period("week", date(2026, 10, 19), date(2026, 10, 26), "Europe/Berlin")  # ends with a 25-hour Sunday
NOW = datetime(2026, 10, 26, 9, tzinfo=UTC)
ACCOUNTS = ("telegram", "webchat", "wechat")
STATES = (
    "placed",
    "paid",
    "preparing",
    "packed",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "expired",
    "returned",
    "refunded",
)
EARNED = "('paid','preparing','packed','shipped','delivered','completed')"
TIN = {"en": "tin", "zh": "罐装"}  # of the first tea
TEAS = (
    ("LJ", "Longjing", "龙井"),
    ("TGY", "Tieguanyin", "铁观音"),
    ("PE", 'Pu\'er, "aged"', "普洱"),
    ("GW", "Gaiwan", "盖碗"),
)

Row = tuple[Any, ...]


class Shop:
    """Fills the open database; the same seed gives the same rows."""

    def __init__(self, seed: int) -> None:
        self.random, self.cancelled = random.Random(seed), random.Random(seed)
        self.orders = 0
        self.messages: dict[int, int] = {}

    async def open(self) -> None:
        """Products, and a conversation on each channel account."""
        then = NOW - timedelta(days=60)
        products = [
            (number, sku, json.dumps({"en": en, "zh": zh}), "{}", 6800, "CNY", 9, number, True, then)
            for number, (sku, en, zh) in enumerate(TEAS, start=1)
        ]
        contacts = [(number, f"Ann Canary {number}", then, then) for number in range(1, 41)]
        identities = [(number, number, ACCOUNTS[number % 3], f"person-{number}", then) for number in range(1, 41)]
        talks = [
            (number, f"{ACCOUNTS[number % 3]}:person-{number}", number, number, ACCOUNTS[number % 3], then, then, then)
            for number in range(1, 41)
        ]
        await insert("product", "id,sku,name,description,price,currency,stock,position,active,updated_at", products)
        await insert(
            "variant",
            "product_id,sku,option_values,updated_at",
            [
                (number, sku, json.dumps([TIN] if number == 1 else []), then)
                for number, (sku, _, _) in enumerate(TEAS, 1)
            ],
        )
        await insert("contact", "id,name,created_at,updated_at", contacts)
        await insert("identity", "id,contact_id,account,external_id,created_at", identities)
        await insert("conversation", "id,lane,identity_id,contact_id,account,last_at,created_at,updated_at", talks)

    def moment(self) -> datetime:
        """Some time from four weeks before the period to a week after, often near a border of a local day."""
        day = WEEK.first + timedelta(days=self.random.randint(-28, 14))
        if self.random.random() < 0.1:
            return midnight(day, WEEK.timezone) + timedelta(microseconds=self.random.choice([-1, 0, 1, 999_999]))
        return midnight(day, WEEK.timezone) + timedelta(
            seconds=self.random.randint(0, 90_000), microseconds=self.random.randint(0, 999_999)
        )

    async def sell(self, count: int, *, changed_at: datetime = NOW) -> None:
        """So many new orders in any state, each with one to four lines."""
        ids = range(self.orders + 1, self.orders + count + 1)
        self.orders += count
        orders, lines = [], []
        for number in ids:
            state, created = self.random.choice(STATES), self.moment()
            paid = created + timedelta(minutes=self.random.randint(0, 90))
            bought = [
                (self.random.choice(TEAS)[0], self.random.randint(1, 5), self.random.randint(1, 99_999))
                for _ in range(self.random.randint(1, 4))
            ]
            orders.append(
                (number, f"A-{number}", self.random.randint(1, 40), self.random.choice(ACCOUNTS), state,
                 sum(pieces * price for _, pieces, price in bought), self.random.choices(["CNY", "EUR"], [9, 1])[0],
                 "Ann Canary", "13812345678", "12 Canary Street",
                 None if state in ("placed", "cancelled", "expired") else paid, created, changed_at)
            )  # fmt: skip
            lines += [
                (number, sku, "Canary Tea", pieces, price, self.cancelled.choice([0, 0, 0, pieces, pieces // 2]))
                for sku, pieces, price in bought
            ]
        await insert(
            "order",
            "id,number,contact_id,account,state,total,currency,name,phone,address,paid_at,created_at,updated_at",
            orders,
        )
        await insert("order_line", "order_id,sku,name,quantity,price,cancelled", lines)

    async def change(self, count: int, at: datetime) -> None:
        """Refund or pay so many old orders."""
        rows = [
            (self.random.choice(["refunded", "completed"]), self.moment(), at, self.random.randint(1, self.orders))
            for _ in range(count)
        ]
        await write('UPDATE "order" SET state=?, paid_at=?, updated_at=? WHERE id=?', rows)

    async def cancel(self, count: int, at: datetime) -> None:
        """All that was ordered of something in so many old orders, and pieces of other things, are not sent."""
        ids = [(self.cancelled.randint(1, self.orders),) for _ in range(count)]
        await write("UPDATE order_line SET cancelled=quantity WHERE order_id=? AND sku='LJ'", ids)
        await write("UPDATE order_line SET cancelled=1 WHERE order_id=? AND sku<>'LJ' AND cancelled=0", ids)
        await write('UPDATE "order" SET updated_at=? WHERE id=?', [(at, *id_) for id_ in ids])

    async def praise(self, count: int) -> None:
        """So many reviews, some rejected, some without a product."""
        rows = [
            (
                self.random.randint(1, 40),
                self.random.choice([1, 2, 3, 4, None]),
                self.random.choice(ACCOUNTS),
                self.random.randint(1, 5),
                "Canary words",
                self.random.choice(["pending", "accepted", "rejected"]),
                self.moment(),
                NOW,
            )
            for _ in range(count)
        ]
        await insert("review", "contact_id,product_id,account,stars,text,state,created_at,updated_at", rows)

    async def talk(self, count: int) -> None:
        """So many messages, in order of time within each conversation, and some conversations closed."""
        moments = sorted(self.moment() for _ in range(count))
        rows = []
        for at in moments:
            talk = self.random.randint(1, 40)
            self.messages[talk] = self.messages.get(talk, 0) + 1
            author = self.random.choice(["customer", "customer", "bot", "bot", "staff", "note", "event"])
            rows.append((talk, self.messages[talk], author, "Canary text", at))
        await insert("message", "conversation_id,seq,author,text,at", rows)
        closed = [(self.moment(), NOW, self.random.randint(1, 40)) for _ in range(30)]
        await write("UPDATE conversation SET closed_at=?, updated_at=? WHERE id=?", closed)


async def insert(table: str, columns: str, rows: Sequence[Row]) -> None:
    marks = ",".join("?" * len(columns.split(",")))
    names = ",".join(f'"{name}"' for name in columns.split(","))
    await write(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


async def write(sql: str, rows: Sequence[Row]) -> None:
    async with transaction() as connection:
        await execute(connection, [(sql, rows)])


def _bounds(first: date, end: date, timezone: str) -> tuple[datetime, datetime]:
    return midnight(first, timezone), midnight(end, timezone)


async def count_sales(period: Period, currency: str) -> dict[str, Any]:
    """The period's numbers by direct SQL."""
    span = (currency, period.starts_at, period.ends_at)
    where = f"o.currency=? AND o.state IN {EARNED} AND o.paid_at>=? AND o.paid_at<?"
    orders = f'count(*) AS n, coalesce(sum(o.total),0) AS money FROM "order" o WHERE {where}'
    lines = f'FROM order_line l JOIN "order" o ON o.id=l.order_id WHERE {where}'
    total = (await fetch(f"SELECT {orders}", span))[0]
    channels = await fetch(f"SELECT o.account AS account, {orders} GROUP BY o.account", span)
    products = await fetch(
        "SELECT l.sku AS sku, sum(l.quantity-l.cancelled) AS n, sum((l.quantity-l.cancelled)*l.price) AS money "
        f"{lines} AND l.quantity>l.cancelled GROUP BY l.sku",
        span,
    )
    days = []
    for day in period.dates():
        row = await fetch(f"SELECT {orders}", (currency, *_bounds(day, day + timedelta(days=1), period.timezone)))
        days.append((day.isoformat(), row[0]["n"], int(row[0]["money"])))
    return {
        "orders": total["n"],
        "revenue": int(total["money"]),
        "days": days,
        "channels": {row["account"]: (row["n"], int(row["money"])) for row in channels},
        "products": {row["sku"]: (int(row["n"]), int(row["money"])) for row in products},
    }


async def count_reviews(period: Period) -> dict[str, Any]:
    """The period's numbers by direct SQL."""
    span = (period.starts_at, period.ends_at)
    what = "FROM review WHERE state<>'rejected' AND created_at>=? AND created_at<?"
    stars = await fetch(f"SELECT stars, count(*) AS n {what} GROUP BY stars", span)
    products = await fetch(
        f"SELECT product_id, count(*) AS n, sum(stars) AS stars {what} AND product_id IS NOT NULL GROUP BY product_id",
        span,
    )
    return {
        "stars": {row["stars"]: row["n"] for row in stars},
        "products": {row["product_id"]: (row["n"], int(row["stars"])) for row in products},
    }


async def count_service(period: Period) -> dict[str, dict[str, Any]]:
    """The period's numbers by channel and for "" all, from plain rows."""
    rows = await fetch(
        "SELECT m.conversation_id AS talk, c.account AS account, m.author AS author, m.at AS at FROM message m "
        "JOIN conversation c ON c.id=m.conversation_id WHERE m.at>=? AND m.at<? "
        "AND m.author IN ('customer','bot','staff') ORDER BY m.conversation_id, m.seq",
        (period.starts_at, period.ends_at),
    )
    talks: dict[tuple[int, str], list[tuple[str, datetime]]] = {}
    for row in rows:
        talks.setdefault((row["talk"], row["account"]), []).append((row["author"], _time(row["at"])))
    closed = await fetch(
        "SELECT account, count(*) AS n FROM conversation WHERE closed_at>=? AND closed_at<? GROUP BY account",
        (period.starts_at, period.ends_at),
    )
    by_account = {account: [t for (_, of), t in talks.items() if of == account] for account in ACCOUNTS}
    numbers = {account: _service(found) for account, found in by_account.items()}
    numbers[""] = _service(list(talks.values()))
    for row in closed:
        numbers[row["account"]]["resolved"] = row["n"]
        numbers[""]["resolved"] += row["n"]
    return numbers


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _service(talks: list[list[tuple[str, datetime]]]) -> dict[str, Any]:
    asked = [talk for talk in talks if any(author == "customer" for author, _ in talk)]
    first = [answer for talk in asked if (answer := _wait(talk, ("bot", "staff"))) is not None]
    person = [answer for talk in asked if (answer := _wait(talk, ("staff",))) is not None]
    authors = [{author for author, _ in talk} for talk in asked]
    return {
        "talks": len(asked),
        "answered": len(first),
        "first": median(first) if first else None,
        "person": median(person) if person else None,
        "handed": sum("staff" in who for who in authors),
        "bot": sum("bot" in who and "staff" not in who for who in authors),
        "resolved": 0,
    }


def _wait(talk: list[tuple[str, datetime]], by: tuple[str, ...]) -> float | None:
    start = next(place for place, (author, _) in enumerate(talk) if author == "customer")
    answer = next((at for author, at in talk[start:] if author in by), None)
    return None if answer is None else (answer - talk[start][1]).total_seconds()
