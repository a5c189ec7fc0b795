"""A database that commits and goes away before it says so: the turn was made, and is not made again."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.chat import Chat
from bot.core.router import Router
from bot.runtime import effects as effects_module
from bot.runtime import worker as worker_module
from models import database
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.turns import actions, mark, thread


def echo() -> Router:
    router = Router("echo")

    @router.command("mark", "note it")
    async def note(chat: Chat) -> None:
        await chat.do(mark, "noted")
        chat.say("Noted")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"Heard {chat.inbound.text}")

    return router


@pytest.mark.parametrize("rest", [0.01, 0.3], ids=["before the poll", "after the poll"])
async def test_a_turn_whose_commit_was_not_told_is_not_run_again(
    world: Worlds, monkeypatch: pytest.MonkeyPatch, rest: float
) -> None:
    monkeypatch.setattr(worker_module, "BUSY_REST", rest)
    monkeypatch.setattr(effects_module, "POLL_SECONDS", 0.05)
    sim = await world([echo()])
    ann = await sim.customer("Ann")
    await ann.says("hello")
    commit, lost = database._engine.commit, ["the answer"]

    async def forgetful(connection: Any, guard: Any, queries: Any, statements: Any, begin: Any) -> Any:
        found = await commit(connection, guard, queries, statements, begin)
        if lost and any("UPDATE conversation" in sql for sql, _ in statements):
            raise ConnectionResetError(lost.pop())
        return found

    monkeypatch.setattr(database._engine, "commit", forgetful)
    await sim.runtime.accept([ann._inbound(text="hi"), ann._inbound(text="again")])
    await sim.runtime.idle()
    assert not lost
    assert await thread(f"telegram:{ann.sender}") == [
        ("customer", "hello"), ("bot", "Heard hello"),
        ("customer", "hi"), ("bot", "Heard hi"),
        ("customer", "again"), ("bot", "Heard again"),
    ]  # fmt: skip
    assert [seen.text for seen in await ann.screen()] == ["Heard hello", "Heard hi", "Heard again"]


async def test_the_same_for_a_turn_in_a_transaction(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BUSY_REST", 0.01)
    sim = await world([echo()])
    ann = await sim.customer("Ann")
    await ann.says("hello")
    end, lost = database._Begun.__aexit__, ["the answer"]

    async def forgetful(self: Any, *failure: Any) -> None:
        await end(self, *failure)
        if lost and failure[0] is None and await actions():
            raise ConnectionResetError(lost.pop())

    monkeypatch.setattr(database._Begun, "__aexit__", forgetful)
    await ann.says("/mark")
    await ann.says("again")
    assert not lost
    assert await actions() == ["noted"]
    said = [text for author, text in await thread(f"telegram:{ann.sender}") if author == "bot"]
    assert said == ["Heard hello", "Noted", "Heard again"]
