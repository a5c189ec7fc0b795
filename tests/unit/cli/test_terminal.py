"""What a person at a terminal sees."""

from __future__ import annotations

import io

from bot.cli.finding import Finding, render, verdict
from bot.cli.terminal import Progress, colour, pad, table, width


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_columns_line_up_when_letters_are_wide() -> None:
    assert table([("茶", "12"), ("tea", "3")]) == "茶   12\ntea  3"
    assert (width("茶x"), pad("茶", 3)) == (3, "茶 ")


def test_colours_are_for_terminals() -> None:
    assert colour("x", "31", io.StringIO()) == "x"
    assert colour("x", "31", Screen()) == "\x1b[31mx\x1b[0m"


def test_progress_writes_over_one_line_of_a_terminal() -> None:
    screen = Screen()
    progress = Progress(screen)
    progress.say("reading 10%")
    progress.say("reading 10%")
    progress.say("reading 20%")
    progress.done()
    assert screen.getvalue() == "\r\x1b[Kreading 10% …\r\x1b[Kreading 20% …\r\x1b[K"


def test_progress_in_a_log_file_is_one_line_a_stage() -> None:
    file = io.StringIO()
    progress = Progress(file)
    for words in ("reading", "reading 10%", "reading 20%", "counting", "file 1/2", "file 2/2"):
        progress.say(words)
    progress.done()
    assert file.getvalue() == "reading\ncounting\nfile 1/2\n"


def test_findings_stand_in_sections_with_their_cures() -> None:
    findings = [
        Finding("Database", "open", "ok", "data/parley.db"),
        Finding("Channels", "webchat", "ok", "on"),
        Finding("Channels", "qq", "wrong", "no secret", "set qq.secret"),
    ]
    assert render(findings).splitlines() == [
        "Database",
        "  ✓ open  data/parley.db",
        "",
        "Channels",
        "  ✓ webchat  on",
        "  ✗ qq       no secret",
        "             → set qq.secret",
    ]
    assert verdict(findings) == "1 thing is wrong."
    assert verdict(findings[:1]) == "Everything is in order."
