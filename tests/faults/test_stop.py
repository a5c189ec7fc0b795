"""The end of a process, forced at the exact call: a message that is leaving when it comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.core.message import Wire
from bot.core.ports import ORDINARY, Occasion, Sent
from models import Effect
from tests.faults.handlers import router
from tests.kit.profiles import PROFILES
from tests.kit.simulator import SimChannel, Simulator


class Slow(SimChannel):
    """Sends only when it is let; breaks off what is being sent when it is stopped, as closed connections do."""

    def __init__(self, channel: SimChannel) -> None:
        super().__init__(channel.account, channel.capabilities)
        self.leaving, self.let = asyncio.Event(), asyncio.Event()
        self.stopped = False

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """The platform has it already, but its answer is still on the way."""
        self.leaving.set()
        await self.let.wait()
        if self.stopped:
            raise ConnectionResetError
        return await super().send(recipient, wire, key, occasion)

    async def stop(self) -> None:
        """No connection is left."""
        self.stopped = True


async def test_what_is_leaving_at_the_end_is_recorded_before_the_channels_close(tmp_path: Path) -> None:
    sim = Simulator(PROFILES["telegram"], tmp_path, f"sqlite://{tmp_path / 'parley.db'}", routers=[router])
    sim.channel = sim.channels["telegram"] = slow = Slow(sim.channel)
    async with sim:
        ann = await sim.customer("Ann")
        await sim.runtime.accept([ann._inbound(text="hello")])
        await slow.leaving.wait()
        asyncio.get_running_loop().call_later(0.05, slow.let.set)
        await sim.runtime.stop()
        effect = await Effect.get(kind="send")
        assert (effect.state, effect.attempts, slow.stopped) == ("done", 1, True)
        assert [seen.text for seen in slow.screens[ann.sender]] == ["echo hello"]
