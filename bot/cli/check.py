"""`check`: the whole installation as one table: what is there, what is wrong, and how to mend it."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.cli import session
from bot.cli.finding import Finding, render, verdict
from bot.core.errors import ConfigError

if TYPE_CHECKING:
    from bot.config import Config

NAME = "check"
SUMMARY = "look at everything: configuration, database, channels, commands, reports"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How to say it, and whether to ask outside."""
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--markdown", action="store_true", help="print docs/channels.md instead")
    outside = parser.add_mutually_exclusive_group()
    outside.add_argument(
        "--online", dest="offline", action="store_false", default=False,
        help="ask channels, payment providers and shops who we are there, as without this option",
    )  # fmt: skip
    outside.add_argument("--offline", action="store_true", help="ask none of them")


def run(args: argparse.Namespace) -> int:
    """Print the table; fails when something is wrong."""
    if args.markdown:
        from bot.cli import channels

        print(channels.markdown(), end="")
        return session.DONE
    return session.finish(_check(args))


async def _check(args: argparse.Namespace) -> int:
    findings = [finding async for finding in _findings(args)]
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        print(render(findings), verdict(findings), sep="\n\n")
    return session.FAILED if any(finding.state == "wrong" for finding in findings) else session.DONE


async def _findings(args: argparse.Namespace) -> AsyncIterator[Finding]:
    from bot import config
    from bot.cli import probes

    try:
        loaded, file = session.configured(args), config.config_file(args.config)
    except config.Mistakes as error:
        for mistake in error.mistakes:
            where = ": ".join(filter(None, (mistake.key, mistake.words)))
            yield Finding(probes.CONFIGURATION, mistake.place, "wrong", where)
        return
    except ConfigError as error:
        yield Finding(probes.CONFIGURATION, "file", "wrong", str(error))
        return
    for finding in probes.configuration(loaded, file):
        yield finding
    async for finding in _parts(loaded, args):
        yield finding


async def _parts(config: Config, args: argparse.Namespace) -> AsyncIterator[Finding]:
    from bot.cli import channels_probe, nodes_probe, payments_probe, probes, relay_probe, stores_probe

    async for finding in probes.database(config):
        yield finding
    yield await relay_probe.relay(config)
    async for finding in nodes_probe.nodes(config):
        yield finding
    yield await probes.files(config)
    async for finding in channels_probe.all_channels(config, offline=args.offline):
        yield finding
    async for finding in payments_probe.all_providers(config, offline=args.offline):
        yield finding
    async for finding in stores_probe.all_stores(config, offline=args.offline):
        yield finding
    for finding in probes.commands(config):
        yield finding
    async for finding in probes.reports(config):
        yield finding
    for finding in probes.machine(config):
        yield finding
