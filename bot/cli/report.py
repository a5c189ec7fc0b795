"""`report run`: makes a report now, prints its numbers, and leaves the picture and the spreadsheet in a folder."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli import session, terminal
from bot.core.errors import BadInput
from bot.core.period import Period, chosen_days, last_period

if TYPE_CHECKING:
    from analytics.child import Made
    from bot.config import Config

NAME = "report"
SUMMARY = "make a report now"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`run NAME` and `list`."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    make = verbs.add_parser("run", help="count, draw, and write picture and spreadsheet")
    make.add_argument("name", metavar="NAME", help="a name from `report list`")
    make.add_argument(
        "--period", choices=("day", "week", "month"), default="week", help="the last whole one (default: week)"
    )
    make.add_argument("--from", dest="first", type=_day, metavar="YYYY-MM-DD", help="first day, instead of --period")
    make.add_argument("--to", dest="last", type=_day, metavar="YYYY-MM-DD", help="last day; with --from")
    make.add_argument("--language", choices=("en", "zh"), help="default: the shop's first language")
    make.add_argument(
        "--out", type=session.path, default=Path(), metavar="FOLDER", help="where the files go (default: here)"
    )
    make.set_defaults(verb=_run)
    verbs.add_parser("list", help="the reports that there are").set_defaults(verb=_list)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-01") from error


def run(args: argparse.Namespace) -> int:
    """Do the verb."""
    return session.finish(args.verb(args))


async def _list(args: argparse.Namespace) -> int:
    from analytics.report import all_reports

    language = session.configured(args).shop.languages[0]
    rows = [
        (name, report.info.title[language], report.info.description[language]) for name, report in all_reports().items()
    ]
    print(terminal.table(rows))
    return session.DONE


async def _run(args: argparse.Namespace) -> int:
    from analytics.report import find_report

    config = session.configured(args)
    report = find_report(args.name)
    period = _period(args, config.shop.timezone)
    language = args.language or config.shop.languages[0]
    async with session.database(config, writes=False):
        pass  # says in a sentence when there is none
    with tempfile.TemporaryDirectory(prefix="parley-report-") as folder:
        made = await _make(config, report.info.name, period, language, Path(folder))
        files = _keep(made, language, Path(folder), args.out)
    _tell(made.results[language], files)
    return session.DONE


def _period(args: argparse.Namespace, timezone: str) -> Period:
    if (args.first is None) != (args.last is None):
        raise BadInput("--from and --to belong together; for the last whole week, say --period week")
    if args.first is not None:
        return chosen_days(args.first, args.last, timezone)
    return last_period(args.period, datetime.now(UTC), timezone)


async def _make(config: Config, name: str, period: Period, language: str, output: Path) -> Made:
    from analytics.child import Job, running_child
    from bot.app import spark_settings

    lake, progress = config.reports.lake, terminal.Progress()
    job = Job(name, period, config.database.url.reveal(), lake, output, datetime.now(UTC), (language,))

    async def hear(words: str) -> None:
        progress.say(words)

    progress.say("starting")
    try:
        async with running_child(spark_settings(config), lake / "spark") as child:
            return await child.make(job, hear)
    finally:
        progress.done()


def _keep(made: Made, language: str, folder: Path, target: Path) -> list[Path]:
    try:
        target.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(folder / name, target / name)) for name in made.files[language].values()]
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror}; name another folder with --out") from error


def _tell(result: dict[str, Any] | Any, files: list[Path]) -> None:
    print(f"{terminal.colour(result['title'], terminal.BOLD)} · {result['period']}")
    print(terminal.table([(one["label"], one["value"], one["change"]) for one in result["headline"]]))
    print()
    for words in result["words"]:
        print(words)
    print()
    for file in files:
        print(file)
