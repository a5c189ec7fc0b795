"""What `check` says of the nodes that share a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import nodes_probe, probes
from bot.cli.nodes_probe import Member
from bot.config import Config
from bot.runtime import roll
from models.database import close_database, open_database

ALL = frozenset({"web", "worker", "scheduler"})


def said(members: list[Member], **sections: object) -> list[tuple[str, str]]:
    return [(one.name, one.state) for one in nodes_probe.findings(Config.model_validate(sections), members)]


def test_nodes_of_one_machine_are_in_order() -> None:
    assert said([Member("a", ALL), Member("a", ALL)]) == [("alive", "ok")]


def test_nobody_runs() -> None:
    assert said([]) == [("alive", "off")]


def test_a_role_that_nobody_has_is_wrong() -> None:
    web, worker = Member("a", frozenset({"web"})), Member("a", frozenset({"worker"}))
    assert said([web]) == [("alive", "ok"), ("worker", "wrong"), ("scheduler", "wrong")]
    assert said([web, worker]) == [("alive", "ok"), ("scheduler", "wrong")]


@pytest.mark.parametrize(("workers", "idle"), [(1, 0), (3, 0), (22, 0), (30, 8), (32, 0), (64, 0), (70, 6)])
def test_workers_without_a_share_are_told(workers: int, idle: int) -> None:
    found = [one for one in nodes_probe.findings(Config(), [Member("a", ALL)] * workers) if one.name == "shares"]
    assert [one.detail.split()[0] for one in found] == ([str(idle)] if idle else [])


def test_files_and_the_test_bank_of_several_machines_must_be_shared() -> None:
    apart = [Member("a", ALL), Member("b", ALL)]
    assert said(apart) == [("alive", "ok"), ("files", "note"), ("test bank", "note")]
    s3 = {"kind": "s3", "bucket": "b", "region": "r"}
    assert said(apart, storage=s3, payments={"local": {"enabled": False}}) == [("alive", "ok")]


async def test_the_database_knows_who_is_alive(empty_postgres: str) -> None:
    await open_database(empty_postgres)
    await roll.enter("alpha:1", ["web", "worker"], "", lease=60.0)
    await roll.enter("beta:1", ["web"], "", lease=-1.0)
    await close_database()
    config = Config.model_validate({"database": {"url": empty_postgres}})
    found = [one async for one in nodes_probe.nodes(config)]
    assert [(one.name, one.state) for one in found] == [("alive", "ok"), ("scheduler", "wrong")]
    assert "alpha" in found[0].detail
    assert "beta" not in found[0].detail


async def test_sqlite_has_no_nodes(tmp_path: Path) -> None:
    config = Config.model_validate({"database": {"url": f"sqlite://{tmp_path / 'parley.db'}"}})
    assert [one async for one in nodes_probe.nodes(config)] == []


def test_an_https_address_without_a_trusted_proxy_is_told() -> None:
    for proxies, states in (([], ["note"]), (["127.0.0.1"], [])):
        server = {"public_url": "https://shop.example", "trusted_proxies": proxies}
        found = probes.configuration(Config.model_validate({"server": server}), None)
        assert [one.state for one in found if one.name == "proxy"] == states
