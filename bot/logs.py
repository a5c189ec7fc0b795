"""Sets up logging: one line an event with ids and an `action`; known secrets and whatever looks like one never leave.

The rest of Parley logs through the standard library; only this module knows structlog.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Collection, Iterable
from typing import Any, Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor, WrappedLogger

from bot.core.faults import fault

HIDDEN = "[hidden]"
#: Shorter ones would blank ordinary words; they still may be in use, in a test.
SHORTEST_SECRET = 6
_LOOKS_SECRET = re.compile(
    r"(?<![0-9])[0-9]{6,}:[A-Za-z0-9_-]{30,}"  # a Telegram bot token, alone or within a URL
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user:password in an address
    r"|(?<![\w.])\+[0-9][0-9 ()-]{6,18}[0-9]\b"  # an international phone number
    r"|(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{8,})"
)
#: Libraries that are chatty, or that put what people wrote into their messages.
_QUIET = ("aiogram", "aiohttp", "apscheduler", "asyncio", "botocore", "aiobotocore", "matplotlib", "PIL", "py4j",
          "socketio", "engineio", "tortoise", "urllib3", "imapclient")  # fmt: skip


class Redactor:
    """A processor that blanks secrets in every text of an event."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG002
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                return self.blank(value)
            case dict():
                return {key: self._clean(inner) for key, inner in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._clean(inner) for inner in value]
            case None | bool() | int() | float():
                return value
        return self.blank(str(value))

    def blank(self, text: str) -> str:
        """`text` without its secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return _LOOKS_SECRET.sub(HIDDEN, text)


def configure(
    level: str = "info",
    style: Literal["text", "json"] = "text",
    secrets: Collection[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every logger's events to `stream` (standard error), at `level` and above; may be called again."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=_facts(), processors=[*_finish(style, out, Redactor(secrets))])
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _facts() -> list[Processor]:
    return [
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _without_copy(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001
    """Another handler that formatted the record before us left its text there as `message`."""
    event.pop("message", None)
    return event


def _without_words(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001
    """An exception is told by its types and its place: its own words may quote what a customer wrote."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    return {**fault(error), **event} if isinstance(error, BaseException) else event


def _finish(style: str, out: TextIO, redactor: Redactor) -> list[Processor]:
    tidy: list[Processor] = [
        ProcessorFormatter.remove_processors_meta,
        _without_copy,
        _without_words,
        redactor,
    ]
    if style == "json":
        return [*tidy, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [*tidy, structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=32)]
