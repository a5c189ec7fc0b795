"""The logs: readable, one line an event, and without secrets wherever these hide."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot import logs

TOKEN = "123456789:AAHk3n5l_fake-token-for-the-test-00"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def logged() -> tuple[logging.Logger, io.StringIO]:
    """A logger that writes into a file of ours, as JSON."""
    out = io.StringIO()
    logs.configure("debug", "json", ["hunter-2-secret", "abc"], out)
    return logging.getLogger("bot.test"), out


def test_an_event_is_one_line_with_its_facts() -> None:
    log, out = logged()
    log.info("an order is paid", extra={"action": "order.paid", "order": 7})
    [line] = out.getvalue().splitlines()
    fact = json.loads(line)
    assert fact.pop("timestamp").endswith("Z")
    assert fact == {
        "event": "an order is paid",
        "action": "order.paid",
        "order": 7,
        "level": "info",
        "logger": "bot.test",
    }


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("key hunter-2-secret!", "key [hidden]!"),
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot[hidden]/getMe"),
        ("postgres://parley:pass@db/parley", "postgres://[hidden]@db/parley"),
        ("call +49 170 1234567 now", "call [hidden] now"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [hidden]"),
        ("order 12 of abc at 10:30, 2026-11-22", "order 12 of abc at 10:30, 2026-11-22"),
        ("https://shop.example/pay/x@y", "https://shop.example/pay/x@y"),
    ],
)
def test_what_is_secret_or_looks_like_it_is_hidden(said: str, written: str) -> None:
    log, out = logged()
    log.warning("%s", said, extra={"action": "test", "url": said, "deep": {"list": [said]}})
    fact = json.loads(out.getvalue())
    assert (fact["event"], fact["url"], fact["deep"]) == (written, written, {"list": [written]})


def fails() -> None:
    try:
        raise ValueError("a customer wrote: my secret address")
    except ValueError as error:
        raise LookupError("my secret name") from error


@pytest.mark.parametrize("told", ["exception", "the error", "nothing"])
def test_an_exception_is_told_by_its_types_and_place_and_never_by_its_words(told: str) -> None:
    log, out = logged()
    try:
        fails()
    except LookupError as error:
        exc_info = True if told == "exception" else error if told == "the error" else None
        log.error("failed", extra={"action": "test"}, exc_info=exc_info)
    fact = json.loads(out.getvalue())
    if told != "nothing":
        assert fact["error"] == "LookupError < ValueError"
        assert fact["place"].startswith("tests/unit/test_logs.py:")
        assert fact["place"].endswith(" fails")
    assert "exception" not in fact
    assert "secret" not in out.getvalue()


def test_on_a_screen_it_is_text() -> None:
    out = io.StringIO()
    logs.configure("info", "text", (), out)
    logging.getLogger("bot.test").info("started", extra={"action": "start"})
    logging.getLogger("bot.test").debug("not shown")
    [line] = out.getvalue().splitlines()
    assert "started" in line
    assert line.endswith("[bot.test] action=start")


def test_libraries_are_quiet_and_setting_up_twice_writes_once() -> None:
    _, first = logged()
    log, out = logged()
    logging.getLogger("aiogram.event").info("Update id=1 text=hello")
    log.info("once")
    assert (len(first.getvalue()), len(out.getvalue().splitlines())) == (0, 1)
