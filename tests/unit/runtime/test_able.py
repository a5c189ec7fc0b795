"""What a channel finds out about its account while it runs, the very next answer knows."""

from __future__ import annotations

from dataclasses import replace

from bot.core.chat import Chat
from bot.core.router import Router
from tests.kit.profiles import QQ
from tests.unit.runtime.conftest import Worlds


async def test_a_platform_that_refuses_buttons_gets_a_menu_at_once(small_world: Worlds) -> None:
    router = Router("asks")

    @router.fallback
    async def ask(chat: Chat) -> None:
        await chat.choose("Which?", ("Longjing", "Gaiwan"))

    sim = await small_world([router], replace(QQ, reply_window=None, tokens=False))
    ann = await sim.customer()
    await ann.says("one")
    assert [button.label for button in (await ann.last()).buttons][:2] == ["Longjing", "Gaiwan"]
    sim.channel.capabilities = replace(sim.capabilities, buttons=0)
    bob = await sim.customer("Bob")
    await bob.says("one")
    last = await bob.last()
    assert (last.buttons, "1. Longjing" in last.text) == ((), True)
