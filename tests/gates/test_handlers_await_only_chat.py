"""Handlers wait for `chat` alone; and the gate sees each way round it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.awaits import violations
from tests.gates.finding import ROOT, assert_clean


def test_handlers_await_only_chat() -> None:
    assert_clean(violations(ROOT))


def check(root: Path, body: str, *, signature: str = "(chat: Chat)") -> list[str]:
    """The rules that a handler with this body breaks."""
    folder = root / "handlers"
    folder.mkdir()
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (folder / "sample.py").write_text(f"async def sample{signature} -> None:\n{lines}")
    return [f"{finding.where} {finding.rule}" for finding in violations(root)]


BROKEN = [
    "await asyncio.sleep(1)",
    "await orders.list()",
    "await chat",
    "await chat.session.get()",
    "await ask(chat)",
    "await (chat.ask if x else other)()",
    "async for row in Order.all():\n    pass",
    "async with in_transaction():\n    pass",
    "async with chat.typing(), other():\n    pass",
    "rows = [row async for row in Order.all()]",
    "async def inner() -> None:\n    await sleep(1)",
    "f = lambda: [x async for x in y]",
    "x = await chat.do(await load())",
]


@pytest.mark.parametrize("body", BROKEN)
def test_another_await_is_seen(tmp_path: Path, body: str) -> None:
    [found] = check(tmp_path, body)
    assert found.startswith("handlers/sample.py:")
    assert "no method of its parameter `chat`" in found


@pytest.mark.parametrize("body", ["chat = other", "for chat in chats:\n    pass"])
def test_another_chat_is_seen(tmp_path: Path, body: str) -> None:
    [found] = check(tmp_path, body)
    assert "another value" in found


def test_chat_must_be_a_parameter(tmp_path: Path) -> None:
    [found] = check(tmp_path, "await chat.ask('who?')", signature="(talk: Chat)")
    assert "no method of its parameter `chat`" in found


SOUND = [
    "await chat.ask('who?')",
    "x = await chat.do(orders.reviewable, await chat.ask('which?'))",
    "async for page in chat.pages():\n    pass",
    "async with chat.typing():\n    pass",
    "rows = [row async for row in chat.pages()]",
    "chat.say('hello')",
    "async def inner() -> None:\n    await chat.ask('who?')",
]


@pytest.mark.parametrize("body", SOUND)
def test_chat_may_be_awaited(tmp_path: Path, body: str) -> None:
    assert check(tmp_path, body) == []
