"""The command line as a person uses it, in an empty folder: its words, its exit codes, and what it leaves behind."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Home:
    """An empty folder in which commands are run."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def bot(self, *arguments: str, stdin: str = "") -> Ended:
        """`python -m bot …` to its end, in this process: it is the same but for a second of imports."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        self.capsys.readouterr()
        code = main(arguments)
        shown = self.capsys.readouterr()
        return Ended(code, shown.out, shown.err)

    def done(self, *arguments: str, stdin: str = "") -> str:
        """What a command prints that must end well."""
        ended = self.bot(*arguments, stdin=stdin)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    def refused(self, *arguments: str, stdin: str = "") -> str:
        """The sentence of a command that must end with 1, without a traceback."""
        ended = self.bot(*arguments, stdin=stdin)
        assert ended.code == 1, ended
        assert "Traceback" not in ended.err
        return ended.err.strip()

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """`run`, and all that it printed up to its last line of welcome; killed if the test leaves it."""
        errors = (self.folder / "errors.txt").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=errors,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        )  # fmt: skip
        try:
            yield process, _welcome(process)
        finally:
            process.kill()
            process.communicate()
            errors.close()


def _welcome(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    while line := process.stdout.readline():
        lines.append(line)
        if "Stop it with Ctrl-C" in line:
            break
    return "".join(lines)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Home]:
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield Home(tmp_path, monkeypatch, capsys)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def port() -> int:
    return free_port()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_the_books_of_a_day_are_read_by_hand(home: Home) -> None:
    home.done("migrate")
    for _ in range(2):
        assert home.done("reconcile", "--day", "2026-01-31") == "local: the books of 2026-01-31 agree with ours.\n"
    assert home.done("reconcile", "--provider", "local").startswith("local: the books of ")
    assert "is not over yet" in home.refused("reconcile", "--day", "2999-01-01")
    assert home.refused("reconcile", "--provider", "bank") == "there is no provider 'bank'; set up are: local"


def test_webhooks_are_kept_at_the_command_line_as_at_the_desk(home: Home) -> None:
    home.done("migrate")
    assert "No webhooks yet" in home.done("webhook", "list")
    made = home.done("webhook", "add", "https://books.example/hook", "--event", "order.*", "--event", "payment.*")
    assert "Webhook 1 is told of order.*, payment.*." in made
    secret = re.findall("whsec_[^\\s\x1b]+", made)
    rotated = re.findall("whsec_[^\\s\x1b]+", home.done("webhook", "rotate", "1"))
    assert (len(secret), len(rotated), secret != rotated) == (1, 1, True)
    listed = home.done("webhook", "list")
    assert listed.splitlines()[1].split() == [
        "1",
        "https://books.example/hook",
        "order.*",
        "payment.*",
        "active",
        "0",
        "0",
    ]
    assert "whsec_" not in listed
    assert home.done("webhook", "replay", "1", "--since", "2026-11-01T00:00:00+08:00").endswith("again: 0.\n")
    assert "no such webhook or delivery" in home.refused("webhook", "replay", "1", "--delivery", "7")
    assert "begins with https://" in home.refused("webhook", "add", "http://books.example/", "--event", "*")
    assert "An event is like" in home.refused("webhook", "add", "https://books.example/", "--event", "?")
    assert "removed" in home.done("webhook", "remove", "1")
    assert "no such webhook" in home.refused("webhook", "rotate", "1")


def test_init_writes_a_file_that_changes_nothing_and_never_writes_over_one(home: Home) -> None:
    assert "config.toml is written" in home.done("init")
    file = home.folder / "config.toml"
    assert file.read_text("utf-8") == (ROOT / "config.example.toml").read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("[shop]\n")
    assert home.refused("init") == "config.toml exists already and is left as it is; name another one with --config"
    assert file.read_text() == "[shop]\n"


def test_a_wrong_configuration_stops_every_command_with_the_cure(home: Home) -> None:
    (home.folder / "config.toml").write_text('[shop]\ntimezone = "Mars"\n[telegram]\ntoken = "env:NOT_THERE"\n')
    told = home.refused("migrate").splitlines()
    assert told[0].startswith("config.toml, line 2: shop.timezone: 'Mars' is not a time zone.")
    assert told[1].startswith("config.toml, line 4: telegram.token: the environment variable NOT_THERE is not set")
    checked = home.bot("check", "--json")
    assert checked.code == 1
    assert [finding["state"] for finding in json.loads(checked.out)] == ["wrong", "wrong"]


def test_check_tells_the_whole_table_and_changes_nothing(home: Home) -> None:
    shown = json.loads(home.done("check", "--json", "--offline"))
    states = {(finding["section"], finding["name"]): finding["state"] for finding in shown}
    assert states["Database", "open"] == "ok"
    assert states["Channels", "webchat"] == "ok"
    assert states["Channels", "telegram"] == "off"
    assert states["Commands", "/review"] == "ok"
    assert {name for section, name in states if section == "Reports"} == {"reviews", "sales", "service"}
    assert not (home.folder / "data/parley.db").exists()


def test_check_names_what_is_wrong_and_fails(home: Home) -> None:
    (home.folder / "notes").touch()
    home.monkeypatch.setenv("PARLEY_HANDLERS__MODULES", "handlerz")
    home.monkeypatch.setenv("PARLEY_DATABASE__URL", "sqlite://notes/y.db")
    checked = home.bot("check", "--offline")
    assert checked.code == 1
    assert "✗ handlers  handlers.modules: 'handlerz' cannot be imported" in checked.out
    assert "notes/y.db cannot be made" in checked.out
    assert checked.out.rstrip().endswith("2 things are wrong.")


def test_migrate_shows_what_it_applied_once(home: Home) -> None:
    first = home.done("migrate").splitlines()
    assert first[0] == "applied 0001_initial"
    assert home.done("migrate") == "Nothing to do: the database is up to date.\n"


def test_staff_get_a_password_once_or_bring_their_own(home: Home) -> None:
    assert "there is no database at data/parley.db yet" in home.refused("staff", "list")
    added = home.done("staff", "add", "ann", "--name", "Ann Lee", "--role", "admin")
    [password] = re.findall(r"shown only now: (\S+)", added)
    assert len(password) == 19
    assert home.refused("staff", "add", "ann") == "That login is taken; `staff list` shows all."
    assert "at least 10 characters" in home.refused("staff", "add", "bo", "--stdin", stdin="short\n")
    assert "shown only now" not in home.done("staff", "add", "bo", "--stdin", stdin="a long password\n")
    assert home.done("staff", "list").splitlines() == [
        "LOGIN  NAME     ROLE   STATE",
        "ann    Ann Lee  admin  has a one-time password",
        "bo     bo       agent  active",
    ]
    assert password not in home.done("staff", "password", "ann")
    assert home.refused("staff", "password", "eve") == "There is nobody with that login; `staff list` shows all."


def test_run_serves_when_it_says_so_and_a_second_start_changes_nothing(home: Home, port: int) -> None:
    with home.serving("--port", str(port)) as (process, welcome):
        assert f"Shop      http://127.0.0.1:{port}/" in welcome
        assert re.search(r"Login +admin\n +Password +\S{19} ", welcome)
        assert "Longjing" in get(f"http://127.0.0.1:{port}/")
        assert json.loads(get(f"http://127.0.0.1:{port}/readyz"))["ok"] is True
        assert "another Parley is using data/parley.db" in home.refused("migrate")
        assert "admin" in home.done("staff", "list")
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=PATIENCE)
        assert (process.returncode, rest.splitlines()[-1]) == (0, "Stopped.")
    before = _files(home)
    with home.serving("--port", str(port)) as (process, welcome):
        assert "Password" not in welcome
        assert "Longjing" in get(f"http://127.0.0.1:{port}/")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert _files(home) == before


def _files(home: Home) -> set[str]:
    files = (path for path in (home.folder / "data").rglob("*") if path.is_file())
    return {str(path) for path in files if not path.name.endswith(("-wal", "-shm"))}


def test_a_port_that_is_taken_is_told_and_no_password_is_lost(home: Home, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with home.serving("--no-demo", "--port", str(port)) as (process, welcome):
            assert (process.wait(PATIENCE), welcome) == (1, "")
        told = (home.folder / "errors.txt").read_text()
        assert f"server.port: cannot listen on 127.0.0.1:{port}: another program listens there" in told
        assert "Traceback" not in told
    assert "Nobody yet" in home.done("staff", "list")


def test_the_chat_shows_a_channel_and_leaves_nothing_behind(home: Home) -> None:
    ended = home.bot("chat", "--as", "weibo", "--language", "zh-CN", stdin="/shop\n:7\n:quit\nnot read\n")
    assert ended.code == 0
    assert "you> /shop" in ended.out
    assert re.search(r"^1\. ", ended.out, re.MULTILINE), "a channel without buttons has a numbered menu"
    assert "there is no button 7" in ended.err
    assert "not read" not in ended.out
    assert list(home.folder.iterdir()) == []


def test_a_person_is_exported_and_then_forgotten(home: Home) -> None:
    (home.folder / "note.txt").write_text("canary file")
    home.bot("chat", "--here", "--as", "telegram", stdin=":file note.txt\ncanary words\n")
    who = "terminal-telegram:you"
    assert "terminal-telegram" not in home.refused("export", "999")
    assert "contact.json and 1 files" in home.bot("export", who, "--to", "all.zip").out
    with zipfile.ZipFile(home.folder / "all.zip") as archive:
        kept = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "canary words" in kept.pop("contact.json")
    assert list(kept.values()) == ["canary file"]
    assert "Nothing is erased" in home.refused("erase", who)
    assert "is forgotten; 1 files are deleted" in home.done("erase", who, "--yes")
    assert "there is no contact" in home.refused("export", who)
    assert list((home.folder / "data/files").rglob("*.txt")) == []


def test_what_does_not_exist_is_said_with_what_does(home: Home) -> None:
    home.done("migrate")
    assert home.refused("report", "run", "salez") == "there is no report 'salez'; there are reviews, sales, service"
    assert "belong together" in home.refused("report", "run", "sales", "--from", "2026-01-01")
    assert "before it starts" in home.refused("report", "run", "sales", "--from", "2026-01-02", "--to", "2026-01-01")
    assert "nowhere.toml: there is no such file" in home.refused("--config", "nowhere.toml", "migrate")


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_report_prints_its_numbers_and_leaves_its_files(home: Home) -> None:
    home.done("migrate")
    ended = home.bot("report", "run", "sales", "--period", "month", "--out", "out")
    assert ended.code == 0, ended.err
    assert "Revenue" in ended.out
    assert "counting" in ended.err
    assert {path.suffix for path in (home.folder / "out").iterdir()} == {".png", ".xlsx"}
