"""Two agents claim one conversation while the bot is about to answer: one wins, and from then on the bot is silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import aiohttp

from tests.faults.crowd import Crowd, update
from tests.faults.part import Findings, Part, Trial
from tests.faults.shop import Shop
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser
from tests.kit.wire_faults import Fault, Faults

PASSWORD = "a password of these tests"
End = tuple[TelegramUser, list[int], float]
"""Whose conversation it is, the statuses of both agents, and when the first of them knew that they had it."""


class Listening(Faults):
    """Notes when each chat was written to."""

    def __init__(self, server: TelegramServer) -> None:
        super().__init__()
        self.at: dict[str, float] = {}
        self._server = server

    def take(self, method: str) -> Fault | None:
        """Nothing goes wrong."""
        if method.lower() == "sendmessage":
            self.at[str(self._server.calls[-1].fields["chat_id"])] = time.monotonic()
        return None


class Agent:
    """Somebody at the desk."""

    def __init__(self, shop: Shop, http: aiohttp.ClientSession) -> None:
        self._shop = shop
        self._http = http
        self._headers = {"Origin": "https://shop.example"}

    async def logs_in(self, login: str) -> None:
        """The cookie is meant for TLS, so it is carried by hand."""
        told = {"login": login, "password": PASSWORD}
        url = f"{self._shop.url}/api/desk/login"
        async with self._http.post(url, json=told, headers=self._headers) as response:
            assert response.status == 200, await response.text()
            cookie = response.headers["Set-Cookie"].partition(";")[0]
            self._headers |= {"Cookie": cookie, "X-CSRF-Token": (await response.json())["csrf"]}

    async def takes(self, conversation: int) -> tuple[int, float]:
        """The status, and when it came."""
        url = f"{self._shop.url}/api/desk/conversations/{conversation}/take"
        async with self._http.post(url, json={}, headers=self._headers) as response:
            await response.read()
            return response.status, time.monotonic()

    async def conversations(self) -> list[int]:
        """The newest ones."""
        url = f"{self._shop.url}/api/desk/conversations?filter=bot"
        async with self._http.get(url, headers=self._headers) as response:
            return [int(row["id"]) for row in (await response.json())["items"]]


async def run(trial: Trial) -> Findings:
    """Each claim is of a fresh conversation whose handler is at work, a few milliseconds before or after it speaks."""
    async with TelegramServer() as server, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        server.faults = listening = Listening(server)
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant)
        async with shop, Crowd(server, shop.hook, trial.count("claims"), trial.chance) as crowd:
            for login in ("ann", "ben"):
                await shop.does("staff", "add", login, "--stdin", tells=f"{PASSWORD}\n")
            await shop.start()
            agents = [Agent(shop, http) for _ in range(2)]
            for agent, login in zip(agents, ("ann", "ben"), strict=True):
                await agent.logs_in(login)
            ends = [await race(trial, crowd, agents, person) for person in crowd.people]
            await asyncio.sleep(1.5)  # whatever still wants to leave leaves
            await shop.stop()
        return findings(listening, ends)


def findings(listening: Listening, ends: Sequence[End]) -> Findings:
    """What the races show."""
    late = sum(listening.at.get(str(person.id), 0.0) > at for person, _, at in ends)
    parts = sum(len(person.shown) for person, _, _ in ends)
    odd = [statuses for _, statuses, _ in ends if sorted(statuses) != [200, 409]]
    wrong = [f"{late} times the bot spoke after the takeover"] if late else []
    if odd:
        wrong.append(f"{len(odd)} claims had not one winner and one loser: {odd[0]}")
    spoke = {"claims": len(ends), "bot_messages_before": parts - len(ends), "after": late}
    return Findings(spoke, tuple(wrong))


async def race(trial: Trial, crowd: Crowd, agents: Sequence[Agent], person: TelegramUser) -> End:
    """One conversation, from its first message to its takeover."""
    await crowd.delivers(update(person, "good day"))
    while not person.shown:
        await asyncio.sleep(0.005)
    [conversation, *_] = await agents[0].conversations()
    await crowd.delivers(update(person, f"/many {trial.chance.randrange(0, 30)}"))
    await asyncio.sleep(trial.chance.uniform(0.0, 0.08))
    answers = await asyncio.gather(*(agent.takes(conversation) for agent in agents))
    won = [at for status, at in answers if status == 200]
    return person, [status for status, _ in answers], min(won, default=time.monotonic())


PART = Part(
    number=15,
    name="takeover",
    promise="Two agents claim a conversation while the bot is about to speak: one wins, and the bot is silent",
    passes="one winner each; 0 bot messages after the takeover was acknowledged",
    run=run,
    full={"claims": 1_000},
    quick={"claims": 100},
    armed={"takes-over-without-a-hold": {"claims": 60}, "everybody-takes-over": {"claims": 5}},
    databases=("sqlite", "postgres"),
    at_length=("mariadb",),
)
