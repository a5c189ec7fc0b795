"""docs/deploy: what it says to Parley is what Parley knows, and its files agree with each other."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot import config
from bot.cli import parser, run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "deploy"
UNITS = ("parley.service", "parley@.service")
#: From the signal to the end, seconds.
LONGEST = run.DRAIN + run.LAST_WORDS
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::[?-])?[^}]*\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8")))


def example() -> dict[str, str]:
    lines = (FOLDER / "example.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_node_of_the_compose_file_starts_with_what_it_is_told(
    compose: dict[str, Any], node: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    filled = {name: value or "secret1" for name, value in example().items()} | {"TELEGRAM_TOKEN": "42:TEST"}
    for name, value in compose["services"][node]["environment"].items():
        monkeypatch.setenv(name, VARIABLE.sub(lambda found: filled[found[1]], value))
    loaded = config.load()
    nginx = compose["services"]["nginx"]["networks"]["shop"]["ipv4_address"]
    assert loaded.server.trusted_proxies == (nginx,)
    assert loaded.database.url.reveal() == "postgres://parley:secret1@postgres/parley"
    assert loaded.telegram.webhook_url(loaded.server.hook("telegram")) == "https://shop.example/hooks/telegram"
    assert str(loaded.server.data) == compose["services"][node]["volumes"][0].partition(":")[2]
    assert str(loaded.storage.path).startswith("/data/")


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    assert set(VARIABLE.findall((FOLDER / "compose.yaml").read_text("utf-8"))) == set(example())


def test_services_networks_and_volumes_of_the_compose_file_exist(compose: dict[str, Any]) -> None:
    services = compose["services"]
    network = ip_network(compose["networks"]["shop"]["ipam"]["config"][0]["subnet"])
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert "shop" in service["networks"]
        for volume in service.get("volumes", []):
            name = volume.partition(":")[0]
            assert name in compose["volumes"] or name in ("./tls", "./nginx.conf")
        place = service["networks"]["shop"]["ipv4_address"] if isinstance(service["networks"], dict) else None
        assert place is None or ip_address(place) in network
        if "Dockerfile" in str(service.get("build")):
            assert int(service["stop_grace_period"].rstrip("s")) > LONGEST


def test_nginx_asks_the_nodes_of_the_compose_file(compose: dict[str, Any]) -> None:
    named = re.findall(r"^ +server (\w+):(\d+)", (FOLDER / "nginx.conf").read_text("utf-8"), re.MULTILINE)
    assert {name for name, _ in named} == {name for name in compose["services"] if name.startswith("node")}
    assert {int(port) for _, port in named} == {config.Config().server.port}


def test_the_image_starts_a_command_that_there_is() -> None:
    text = (FOLDER / "Dockerfile").read_text("utf-8")
    [words] = re.findall(r"^CMD \[(.*)\]$", text, re.MULTILINE)
    assert parser.build().parse_args(re.findall('"(.*?)"', words)[3:]).run is run.run
    for program in re.findall(r"scripts/\w+", text):
        assert (ROOT / program).is_file()


def unit(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line[:1].isalpha())


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_parley_and_waits_for_it(name: str) -> None:
    told = unit(name)
    words = shlex.split(told["ExecStart"].replace("%i", "1"))
    assert words[1:3] == ["-m", "bot"]
    assert parser.build().parse_args(words[3:]).run is run.run
    assert told["Type"] == "notify"
    assert int(told["TimeoutStopSec"]) > LONGEST
    loaded = config.Config()
    assert f"{told['WorkingDirectory']}/{loaded.server.data}" == told["ReadWritePaths"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (FOLDER / name).read_text("utf-8").replace("/opt/parley/.venv/bin/python", sys.executable)
        (tmp_path / name).write_text(text, "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in verified.stderr.splitlines() if "parley" in line]
    assert (verified.returncode, ours) == (0, [])
