"""Two agents, each at another node, claim one conversation whose bot is about to speak at either of them."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.faults.nodes import Balanced, fair, shops
from tests.faults.part import Findings, Part, Trial
from tests.faults.parts.takeover import PASSWORD, Agent, Listening, findings, race
from tests.kit.telegram_server import TelegramServer


async def run(trial: Trial) -> Findings:
    """As `takeover`, and of two claims of a lane at least one comes from a node that does not work on it."""
    async with TelegramServer() as server, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        server.faults = listening = Listening(server)
        nodes = shops(trial.folder, trial.url, server, 2, variant=trial.variant)
        async with nodes[0], nodes[1], Balanced(server, nodes, trial.count("claims"), trial.chance) as crowd:
            for login in ("ann", "ben"):
                await nodes[0].does("staff", "add", login, "--stdin", tells=f"{PASSWORD}\n")
            for node in nodes:
                await node.start()
            await fair(nodes)
            agents = [Agent(node, http) for node in nodes]
            for agent, login in zip(agents, ("ann", "ben"), strict=True):
                await agent.logs_in(login)
            ends = [await race(trial, crowd, agents, person) for person in crowd.people]
            await asyncio.sleep(1.5)  # whatever still wants to leave leaves
            for node in nodes:
                await node.stop()
        return findings(listening, ends)


PART = Part(
    number=15,
    name="far-takeover",
    promise="The same from two nodes: the bot of a conversation may run at the other one",
    passes="one winner each; 0 bot messages after the takeover was acknowledged",
    run=run,
    full={"claims": 500},
    quick={"claims": 50},
    armed={"takes-over-without-a-hold": {"claims": 60}, "takes-over-from-afar": {"claims": 40}},
    databases=("postgres",),
)
