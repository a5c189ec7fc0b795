"""`reconcile`: reads the books of the providers of one day now, and prints where they differ from ours."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bot.cli import session, terminal
from bot.core.errors import BadInput, ParleyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.core.money import Money
    from bot.core.payment import PaymentProvider
    from bot.services.agreement import Disagreement

NAME = "reconcile"
SUMMARY = "compare the books of payment providers with ours"

WORDS = {
    "missing_here": "only they have it",
    "missing_there": "only we have it",
    "amount": "another amount",
    "currency": "another currency",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which day, and of whom."""
    parser.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="a day, UTC (default: yesterday)")
    parser.add_argument("--provider", metavar="NAME", help="one provider (default: all that are set up)")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-01") from error


def run(args: argparse.Namespace) -> int:
    """Read, compare, tell."""
    return session.finish(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from bot.app_payments import make_providers
    from bot.app_stores import make_stores

    config, now = session.configured(args), _now()
    day = args.day or now.date() - timedelta(days=1)
    if day >= now.date():
        raise BadInput(f"{day} is not over yet (UTC); providers have no books of it")
    async with session.database(config):
        connected = make_stores(config)
        providers = await make_providers(config, _now, connected)
        try:
            told = [await tell(bank, day, _now) for bank in _chosen(providers, args.provider)]
        finally:
            for bank in providers.values():
                await bank.close()
            for one in connected:
                await one.store.close()
    return session.DONE if all(told) else session.FAILED


def _now() -> datetime:
    return datetime.now(UTC)


def _chosen(providers: dict[str, PaymentProvider], name: str | None) -> list[PaymentProvider]:
    if name is not None and name not in providers:
        raise BadInput(f"there is no provider {name!r}; set up are: {', '.join(providers) or 'none'}")
    return [one for one in providers.values() if name in (None, one.name)]


async def tell(bank: PaymentProvider, day: date, clock: Callable[[], datetime]) -> bool:
    """Read the books of a day and print where they differ; whether they could be read."""
    from bot.runtime.reconciling import read
    from bot.services import reconciliation

    taken = await reconciliation.again(bank.name, day, clock())
    try:
        await read(bank, taken, clock)
    except (ParleyError, TimeoutError) as error:
        words = str(error) or type(error).__name__
        await reconciliation.not_read(taken, words, clock())
        terminal.complain(f"{bank.name}: the books of {day} could not be read: {words}")
        return False
    found = [(one.about.key, differs) async for one in reconciliation.compared(taken) for differs in one.differs]
    print(f"{bank.name}: the books of {day} {f'differ in {len(found)}' if found else 'agree with ours'}.")
    if found:
        print(terminal.table([_row(key, differs) for key, differs in found]))
        print("A Parley that runs asks the provider about each of them; what stays is at the desk, under Orders.")
    return True


def _row(key: str, one: Disagreement) -> tuple[str, ...]:
    return (key, one.side, WORDS[one.kind], f"theirs {_sum(one.theirs)}", f"ours {_sum(one.ours)}", one.reference)


def _sum(money: Money) -> str:
    return f"{money.decimal} {money.currency}" if money.amount else "–"
