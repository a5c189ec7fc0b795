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


PART = "\nasync def part(chat: Chat) -> None:\n    await chat.ask('who?')\n"
OTHER_PARTS = [
    "\nasync def part(talk: Chat) -> None: ...\n",
    "\n@cached\nasync def part(chat: Chat) -> None: ...\n",
    PART + "\npart = other\n",
    PART + "\nfrom elsewhere import part\n",
    PART + "\ndef outer(part: Any) -> None: ...\n",
]


def beside(root: Path, body: str, more: str) -> list[str]:
    """The rules that a file with this handler and `more` below it breaks."""
    (root / "handlers").mkdir()
    (root / "handlers" / "sample.py").write_text(f"async def sample(chat: Chat) -> None:\n    {body}\n\n{more}")
    return [finding.rule for finding in violations(root)]


def test_a_part_of_the_same_file_may_be_awaited(tmp_path: Path) -> None:
    assert beside(tmp_path, "await part(chat, 1)", PART) == []


def test_a_part_of_another_file_of_handlers_may_be_awaited(tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "parts.py").write_text(PART)
    here = tmp_path / "handlers" / "sample.py"
    body = "\n\nasync def sample(chat: Chat) -> None:\n    await part(chat)\n"
    here.write_text(f"from handlers.parts import part{body}")
    assert violations(tmp_path) == []
    for other in (
        "from handlers.parts import part as part",
        "from handlers.other import part",
        "from .parts import part",
    ):
        here.write_text(f"{other}{body}part = 1\n" if " as " in other else f"{other}{body}")
        assert len(violations(tmp_path)) == 1, other


@pytest.mark.parametrize("body", ["await part()", "await part(1, chat)", "await part(chat=chat)", "await apart(chat)"])
def test_a_part_is_given_chat_first(tmp_path: Path, body: str) -> None:
    assert len(beside(tmp_path, body, PART)) == 1


@pytest.mark.parametrize("more", OTHER_PARTS)
def test_what_may_be_something_else_is_no_part(tmp_path: Path, more: str) -> None:
    assert len(beside(tmp_path, "await part(chat)", more)) == 1


def test_a_part_is_held_to_the_rule(tmp_path: Path) -> None:
    assert len(beside(tmp_path, "await part(chat)", PART.replace("chat.ask('who?')", "sleep(1)"))) == 1
