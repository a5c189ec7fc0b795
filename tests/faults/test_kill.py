"""kill -9 of the real process under load: nothing that was acknowledged is lost, doubled or reordered.

The oracle is outside of the process: a Telegram server that delivers every update twice and keeps what it was told to
show. The same test runs on two processes that are broken on purpose, and must notice each.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from models import Inbound, Message
from models.database import close_database, fetch, open_database
from tests.kit.telegram_server import TelegramServer
from tests.servers import dies_with_us, free_port

ROOT = Path(__file__).parents[2]
KILLS = 5
PEOPLE = 20
EACH = 24
CONFIG = """
[server]
port = {port}
data = "{folder}"
[database]
url = "{url}"
[storage]
path = "{folder}/files"
[telegram]
token = "{token}"
api_base = "{api}"
webhook = "false"
[handlers]
modules = ["tests.faults.echo"]
[demo]
shop = false
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """What went wrong, in the eyes of the server and of the database."""

    lost: int
    doubled: int
    reordered: int
    repeated_at_most: int  # of one person's answers, adjacent ones: "sent, and killed before it was recorded"


class World:
    """The shop's process, the platform, and the people who write."""

    def __init__(self, folder: Path, url: str, server: TelegramServer, variant: str) -> None:
        self.url, self.server, self.variant = url, server, variant
        self.config = folder / "config.toml"
        self.config.write_text(
            CONFIG.format(port=free_port(), folder=folder, url=url, token=server.token, api=server.base)
        )
        self.log = folder / "log"
        self.people = [server.user(number) for number in range(1, PEOPLE + 1)]

    @asynccontextmanager
    async def process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """One life of the real command line."""
        words = [*dies_with_us("KILL"), sys.executable, "-m", "tests.faults.launch", self.variant]
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *words, "--config", str(self.config), "run", cwd=ROOT, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def write(self, first: int, last: int) -> None:
        """Everybody writes these numbers in order; each update is delivered twice."""
        for number in range(first, last):
            for person in self.people:
                await person.says(f"m{number}")
                self.server._pending.append(self.server._pending[-1])

    async def shows(self, answers: int, patience: float = 60.0) -> bool:
        """Whether so many messages were sent in the end."""
        try:
            await self.server.until(lambda: self.server.count("sendMessage") >= answers, patience)
        except TimeoutError:
            return False
        return True

    async def ends(self) -> None:
        """Whatever is left is done, and the process ends in good order."""
        async with self.process() as process:
            with suppress(TimeoutError):
                await self.server.until(self._is_answered, 60.0 if self.variant == "whole" else 3.0)
            process.send_signal(signal.SIGTERM)
            await process.wait()

    def _is_answered(self) -> bool:
        return all(len({message.text for message in person.shown}) == EACH for person in self.people)

    async def findings(self) -> Findings:
        """Compare what was written with what was kept and shown."""
        wanted = [f"m{number}" for number in range(EACH)]
        lost = doubled = reordered = repeated = 0
        await open_database(self.url)
        for person in self.people:
            lane = f"telegram:{person.id}"
            rows = await Message.filter(conversation__lane=lane, author="customer").order_by("seq")
            answers = await Message.filter(conversation__lane=lane, author="bot").order_by("seq")
            kept, answered = [row.text for row in rows], [row.text for row in answers]
            shown = [message.text.removeprefix("echo ") for message in person.shown]
            once = [text for text, _ in itertools.groupby(shown)]
            lost += len(set(wanted) - set(kept)) + len(set(kept) - set(once))
            doubled += len(kept) - len(set(kept)) + len(answered) - len(set(answered))
            reordered += sum(_falls(texts) for texts in (kept, once))
            repeated = max(repeated, len(shown) - len(once))
        pending = await Inbound.filter(state__not="done").count()
        if self.url.startswith("sqlite"):
            [row] = await fetch("PRAGMA integrity_check")
            assert row == {"integrity_check": "ok"}
        await close_database()
        return Findings(lost + pending, doubled, reordered, repeated)


def _falls(texts: list[str]) -> int:
    """How often a number is followed by a smaller one."""
    numbers = [int(text[1:]) for text in texts]
    return sum(later < earlier for earlier, later in itertools.pairwise(numbers))


async def killed(folder: Path, url: str, variant: str, kills: int) -> Findings:
    """People write all the time; the process is killed at moments of chance, and comes back."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it where the test is red
    chance = random.Random(seed)
    async with TelegramServer() as server:
        world = World(folder, url, server, variant)
        share = EACH // kills
        for round_ in range(kills):
            async with world.process() as process:
                before = server.count("sendMessage")
                last = EACH if round_ == kills - 1 else (round_ + 1) * share
                await world.write(round_ * share, last)
                assert await world.shows(before + chance.randrange(1, 40)), world.log.read_text()[-3000:]
                await asyncio.sleep(chance.uniform(0, 0.05))
                process.kill()
        await world.ends()
        return await world.findings()


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_reordered_on_sqlite(tmp_path: Path) -> None:
    found = await killed(tmp_path, f"sqlite://{tmp_path / 'parley.db'}", "whole", KILLS)
    assert (found.lost, found.doubled, found.reordered) == (0, 0, 0)
    assert found.repeated_at_most <= KILLS  # one chat message of a conversation a kill: sent, and not recorded


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_reordered_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    found = await killed(tmp_path, postgres_url, "whole", 2)
    assert (found.lost, found.doubled, found.reordered) == (0, 0, 0)
    assert found.repeated_at_most <= 2


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "fault"), [("acknowledges-first", "lost"), ("no-unique-key", "doubled")])
async def test_a_process_that_is_broken_on_purpose_is_noticed(tmp_path: Path, variant: str, fault: str) -> None:
    found = await killed(tmp_path, f"sqlite://{tmp_path / 'parley.db'}", variant, 1)
    assert getattr(found, fault) > 0
