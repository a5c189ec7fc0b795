"""What the documents say is so: tables are current, examples run, commands and links exist."""

from __future__ import annotations

import hmac
import io
import re
import sys
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

from analytics.report import Report
from analytics.tables import TABLES
from bot.__main__ import main
from bot.cli import parser
from bot.config import Config, template
from bot.config.sections import Payments, Stores
from bot.core.errors import ChannelUnavailable, Unauthorised
from bot.core.message import Wire
from bot.core.period import chosen_days
from bot.core.ports import HookRequest, Sent
from tests.contracts.channel_contract import Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Routes

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = [ROOT / name for name in (*READMES, "CONTRIBUTING.md")] + sorted((ROOT / "docs").glob("*.md"))


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def example(name: str, number: int) -> str:
    """The Python block of that number."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", text(name), re.DOTALL)
    return blocks[number]


def imported(code: str, name: str, folder: Path) -> ModuleType:
    """The code as a module in a file."""
    (folder / f"{name}.py").write_text(code, "utf-8")
    spec = spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    with patch.dict(sys.modules, {name: module}):  # where what stands in quotes is looked for
        spec.loader.exec_module(module)
    return module


def configuration(name: str) -> list[str]:
    table = re.search(r"<!-- configuration: begin -->\n(.*)<!-- configuration: end -->", text(name), re.DOTALL)
    assert table is not None
    return table[1].splitlines()


def test_the_configuration_table_is_current() -> None:
    assert configuration("README.md") == template.markdown().splitlines(), "put in what template.markdown() gives"


@pytest.mark.parametrize("name", sorted(Payments.model_fields.keys() - {"local"}))
def test_the_table_of_a_payment_provider_is_current(name: str) -> None:
    page = (ROOT / "docs" / "payments.md").read_text("utf-8")
    assert template.payment_markdown(name) in page, f"put in what template.payment_markdown({name!r}) gives"


@pytest.mark.parametrize("name", sorted(Stores.model_fields))
def test_the_table_of_a_connected_shop_is_current(name: str) -> None:
    page = (ROOT / "docs" / "shops.md").read_text("utf-8")
    assert template.store_markdown(name) in page, f"put in what template.store_markdown({name!r}) gives"


def test_the_chinese_table_has_the_same_keys_and_defaults() -> None:
    cells = [[line.split("|")[1:3] for line in configuration(name)[2:]] for name in READMES]
    assert cells[0] == cells[1]


def test_both_readmes_show_the_same_handler() -> None:
    assert example("README.md", 0) == example("README.zh-CN.md", 0)


@pytest.mark.parametrize(("channel", "menu"), [("weibo", "1. Weekday"), ("telegram", "[:1 Weekday]")])
def test_the_handler_of_the_readme_talks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], channel: str, menu: str
) -> None:
    (tmp_path / "hours.py").write_text(example("README.md", 0), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PARLEY_HANDLERS__MODULES", "handlers, hours")
    monkeypatch.setattr(sys, "stdin", io.StringIO("/hours\n二\n"))
    try:
        assert main(["chat", "--as", channel]) == 0
    finally:
        sys.modules.pop("hours", None)
    said = capsys.readouterr().out
    assert menu in said
    assert "From 10 to 16." in said


def test_the_report_of_the_readme_tells(tmp_path: Path) -> None:
    report: Report = imported(example("README.md", 1), "messages", tmp_path).REPORT
    assert set(report.reads) <= {table.name for table in TABLES}
    period = chosen_days(date(2026, 11, 1), date(2026, 11, 2), "UTC")
    result = report.tell({"authors": [{"author": "bot", "count": 1200}]}, period, "en")
    assert [(head.label, head.value) for head in result.headline] == [("bot", "1,200")]
    assert result.words == ["bot: 1,200."]


class Tea(FakePlatform):
    """The platform of the page about adding a channel."""

    def routes(self) -> Routes:
        return {"me": ("GET", "/me", self._me), "send": ("POST", "/messages", self._send)}

    async def _me(self, call: Call) -> Json:
        if call.headers.get("Authorization") != "Bearer key":
            raise Refusal(401, {"code": "unknown"})
        return {"name": "Tea House"}

    async def _send(self, call: Call) -> Json:
        return {"id": f"{call.json()['to']}:{call.json()['text']}:{call.json()['once']}"}


async def test_the_channel_of_the_page_hears_and_says(tmp_path: Path) -> None:
    tea = imported(example("docs/adding-a-channel.md", 0), "tea", tmp_path)
    async with Tea() as server:
        told = {"token": "key", "api_base": server.base}
        channel, wrong = (
            tea.opened(tea.Settings.model_validate(one), around("tea", Shelf().open))
            for one in (told, told | {"token": "other"})
        )
        body = b'{"events": [{"id": "e1", "from": {"id": "ann"}, "type": "text", "text": "hi", "at": 1760000000000}]}'
        signature = {"x-tea-signature": hmac.digest(b"key", body, "sha256").hex()}
        request = HookRequest("POST", "/hooks/tea", {}, signature, body)
        channel.verify(request)
        with pytest.raises(Unauthorised):
            wrong.verify(request)
        [heard] = channel.parse(body)
        assert (heard.account, heard.sender, heard.kind, heard.text) == ("tea", "ann", "message", "hi")
        assert await channel.send("ann", Wire("hello"), "k1") == Sent("ann:hello:k1")
        assert await channel.whoami() == "Tea House"
        with pytest.raises(ChannelUnavailable, match="token"):
            await wrong.whoami()
        await channel.stop()
        await wrong.stop()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"(?:-m bot|`bot|^bot) ([a-z]+)\b", document.read_text("utf-8"), re.MULTILINE))
    assert named <= {command.NAME for command in parser.COMMANDS}


@pytest.mark.parametrize("document", [*READMES, "docs/operations.md"])
def test_keys_that_are_named_exist(document: str) -> None:
    sections = "|".join(Config.model_fields)
    named = set(re.findall(rf"`((?:{sections})\.[a-z_.]+)`", text(document)))
    assert named <= {f"{key.section}.{key.name}" for key in template.all_keys()}
