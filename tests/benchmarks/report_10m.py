"""A sales report over 10,000,000 orders: seconds and memory, cold, and for a second period.

    python -m tests.benchmarks.report_10m [--orders 10000000] [--rounds 3] [--keep FOLDER]

Writes a database with raw SQL (not measured), then measures from "make this report" to its picture and spreadsheet:
with no lake at all and all orders in the period, the middle one of some rounds, and once more after 1% more orders.
Prints one JSON object. Beside the seconds it tells what the report took of the processor, what others took meanwhile,
and for how long the whole machine stood still, as virtual ones do while they are copied: only with little of both do
the seconds say something.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.child import Job, Made, running_child
from analytics.settings import SparkSettings
from bot.core.period import Period, chosen_days
from models.database import close_database, migrate, open_database

START = datetime(2025, 11, 1, tzinfo=UTC)
SECONDS_BETWEEN = 3  # orders; ten million of them fill 347 days
ZONE = "Asia/Shanghai"
LINES_PER_TWO = 3  # order lines for two orders
STANDSTILL = 3.0  # seconds: who has to wait longer for a processor waits for the whole machine

ORDERS = """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO "order" (
  id, number, contact_id, account, state, total, currency, name, phone, address, paid_at, created_at, updated_at
)
SELECT i, 'A-' || i, 1 + i % 1000,
  CASE i % 7 WHEN 0 THEN 'telegram' WHEN 1 THEN 'wechat' WHEN 2 THEN 'weibo' ELSE 'webchat' END,
  CASE i % 10 WHEN 7 THEN 'cancelled' WHEN 8 THEN 'refunded' WHEN 9 THEN 'paid' ELSE 'completed' END,
  6800 * (1 + i % 3), 'CNY', 'Wang Xiaoming', '13800138000', '12 Tea Street, Hangzhou, Zhejiang',
  CASE WHEN i % 10 <> 7 THEN strftime(:format, :start + i * :step + 240, 'unixepoch') END,
  strftime(:format, :start + i * :step, 'unixepoch'),
  strftime(:format, :start + i * :step + 7200, 'unixepoch')
FROM n
"""
LINES = """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO order_line (order_id, product_id, sku, name, quantity, price)
SELECT 1 + (i - 1) * 2 / 3, 1 + i % 40, 'TEA-' || (1 + i % 40), 'Longjing Green Tea', 1 + i % 3, 6800 FROM n
"""


async def _empty_shop(path: Path) -> None:
    await open_database(f"sqlite://{path}")
    await migrate()
    await close_database()
    with _quick(path) as connection:
        now = START.isoformat(" ")
        connection.executemany(
            "INSERT INTO product (id,sku,name,description,price,currency,stock,position,active,updated_at) "
            "VALUES (?,?,?,'{}',6800,'CNY',9,?,1,?)",
            [(n, f"TEA-{n}", json.dumps({"en": f"Tea {n}", "zh": f"茶 {n}"}), n, now) for n in range(1, 41)],
        )
        connection.executemany(
            "INSERT INTO contact (id,name,created_at,updated_at) VALUES (?,'',?,?)",
            [(n, now, now) for n in range(1, 1001)],
        )


@contextmanager
def _quick(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    yield connection
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def sell(path: Path, first: int, last: int) -> None:
    """Add the orders `first` to `last` and their lines; the other indexes are made afterwards, which is faster."""
    with _quick(path) as connection:
        wanted = "SELECT name, sql FROM sqlite_master WHERE type='index' AND sql NOT NULL AND tbl_name LIKE 'order%'"
        indexes = connection.execute(wanted).fetchall() if first == 1 else []
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        values = {"start": int(START.timestamp()), "step": SECONDS_BETWEEN, "format": "%Y-%m-%d %H:%M:%S.123456+00:00"}
        connection.execute(ORDERS, {**values, "first": first, "last": last})
        connection.execute(LINES, {"first": (first - 1) * 3 // 2 + 1, "last": last * LINES_PER_TWO // 2})
        for _, sql in indexes:
            connection.execute(sql)


def _take_back(path: Path, orders: int) -> None:
    """Drop what an earlier run on a kept database has sold last."""
    with _quick(path) as connection:
        connection.execute("DELETE FROM order_line WHERE order_id>?", (orders,))
        connection.execute('DELETE FROM "order" WHERE id>?', (orders,))


class Watch:
    """What the processes of a group take together: peak memory (PSS: shared pages count once) and processor seconds.

    The seconds tell what the report costs whatever else the machine does at the time.
    """

    def __init__(self, group: int) -> None:
        self.group, self.peak = group, 0
        self.seconds: dict[str, float] = {}
        self.standstill = 0.0
        self._busy_before = _busy_seconds()

    async def watch(self) -> None:
        while True:
            began = time.monotonic()
            self.peak = max(self.peak, await asyncio.to_thread(self._now))
            await asyncio.sleep(0.5)
            late = time.monotonic() - began - 0.5
            self.standstill += late if late > STANDSTILL else 0.0

    @property
    def processor_seconds(self) -> float:
        return sum(self.seconds.values())

    @property
    def others_seconds(self) -> float:
        """What all that is not in the group has taken since the beginning."""
        return max(_busy_seconds() - self._busy_before - self.processor_seconds, 0.0)

    def _now(self) -> int:
        total = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.group:
                    self.seconds[folder.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                    lines = (folder / "smaps_rollup").read_text().splitlines()
                    total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            except (OSError, StopIteration, IndexError):
                continue  # it has just ended
        return total * 1024


def _busy_seconds() -> float:
    """Processor seconds of the whole machine since it started."""
    user, nice, system, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


async def measure(path: Path, folder: Path, period: Period) -> dict[str, Any]:
    """One report in a process of its own, as the bot makes it."""
    output = folder / "output"
    output.mkdir(exist_ok=True)
    started = time.monotonic()
    async with running_child(SparkSettings(), folder / "spark") as child:
        watch = Watch(child.pid)
        watcher = asyncio.create_task(watch.watch())
        made = await child.make(
            Job("sales", period, f"sqlite://{path}", folder / "lake", output, datetime.now(UTC)), _hear
        )
        watcher.cancel()
    return {
        "seconds": round(time.monotonic() - started, 1),
        "peak_mb": round(watch.peak / 2**20),
        "processor_seconds": round(watch.processor_seconds, 1),
        "others_seconds": round(watch.others_seconds, 1),
        "standstill_seconds": round(watch.standstill, 1),
        "rows_read": made.rows_read,
        "stages": made.seconds,
        "orders_counted": _orders(made),
    }


async def _hear(progress: str) -> None:
    print(progress, file=sys.stderr)


def _orders(made: Made) -> int:
    return int(made.results["en"]["headline"][1]["value"].replace(",", ""))


def _check(path: Path, period: Period, counted: int) -> None:
    sql = (
        "SELECT count(*) FROM \"order\" WHERE state IN ('paid','preparing','packed','shipped','delivered','completed') "
        "AND paid_at>=? AND paid_at<?"
    )
    with _quick(path) as connection:
        span = (period.starts_at.isoformat(" "), period.ends_at.isoformat(" "))
        (wanted,) = connection.execute(sql, span).fetchone()
    if wanted != counted:
        raise SystemExit(f"the report counts {counted} orders, SQL counts {wanted}")


async def run(orders: int, rounds: int, folder: Path) -> dict[str, object]:
    """All measurements, each checked against a direct count."""
    path, more = folder / "shop.db", orders // 100
    if not path.exists():
        await _empty_shop(path)
        await asyncio.to_thread(sell, path, 1, orders)
    await asyncio.to_thread(_take_back, path, orders)
    first = START.date()
    whole = chosen_days(first, _day(orders), ZONE)
    colds: list[dict[str, Any]] = []
    for _ in range(rounds):
        shutil.rmtree(folder / "lake", ignore_errors=True)
        shutil.rmtree(folder / "spark", ignore_errors=True)
        colds.append(await measure(path, folder, whole))
        _check(path, whole, colds[-1]["orders_counted"])
    cold = sorted(colds, key=lambda one: one["seconds"])[rounds // 2] | {"seconds_each": [c["seconds"] for c in colds]}
    await asyncio.to_thread(sell, path, orders + 1, orders + more)
    week = chosen_days(_day(orders + more) - timedelta(days=7), _day(orders + more), ZONE)
    second = await measure(path, folder, week)
    _check(path, week, second["orders_counted"])
    return {"orders": orders, "cold": cold, "second_period": second}


def _day(order: int) -> date:
    return (START + timedelta(seconds=order * SECONDS_BETWEEN)).date() + timedelta(days=1)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often the report is made without a lake")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the database, to measure again without writing it again"
    )
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        print(json.dumps(asyncio.run(run(options.orders, options.rounds, options.keep)), indent=1))
        return
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        print(json.dumps(asyncio.run(run(options.orders, options.rounds, Path(folder))), indent=1))


if __name__ == "__main__":
    main()
