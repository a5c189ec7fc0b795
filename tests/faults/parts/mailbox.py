"""One mailbox and two nodes: one reads, is killed or put to sleep while mails come, and the other one reads on."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.runtime.effect_turns import CONCURRENCY
from models.database import fetch
from tests.faults import oracle
from tests.faults.crowd import percentile
from tests.faults.nodes import Awake, Freezing, fair, shops
from tests.faults.part import Findings, Part, Trial
from tests.kit.platforms.exchange import Exchange
from tests.kit.platforms.letters import ADDRESS, PASSWORD, USER, EmailPerson
from tests.kit.platforms.post_office import PostOffice
from tests.kit.telegram_server import TelegramServer

#: Of an answer, so that nothing is a new subject and the words are all that is said.
SUBJECT = "Re: tea"
READER = "SELECT n.place FROM duty d JOIN node n ON n.id = d.node_id WHERE d.name = 'pull:email'"


class Letters:
    """People who write all the time. `told` is what they said, by person; `fetched` how often a mail was read."""

    def __init__(self, office: PostOffice, people: int) -> None:
        self.people = [office.person(f"{number}@people.example", f"P{number}") for number in range(people)]
        self.told: dict[int, list[str]] = defaultdict(list)
        self.fetched: Counter[str] = Counter()
        self.left = 0  # mails of ours, those too that came twice
        office.watched_by(self._sees)

    def _sees(self, exchange: Exchange) -> None:
        if exchange.status is None:
            return
        self.left += exchange.verb == "SMTP"
        if exchange.verb == "IMAP" and "BODY.PEEK" in exchange.target:
            self.fetched[exchange.target.split(" ")[2]] += 1

    async def write(self, rounds: int) -> None:
        """So many mails of each."""
        for _ in range(rounds):
            for person in self.people:
                await self._write(person)

    @asynccontextmanager
    async def writing(self, rate: float) -> AsyncIterator[None]:
        """So many a second while the block runs."""
        task = asyncio.create_task(self._write_on(rate))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _write_on(self, rate: float) -> None:
        for person in itertools.cycle(self.people):
            await self._write(person)
            await asyncio.sleep(1 / rate)

    async def _write(self, person: EmailPerson) -> None:
        mine = self.told[self.people.index(person)]
        mine.append(f"m{len(mine)}")
        await person.sends(mine[-1], subject=SUBJECT)

    def shown(self) -> dict[int, list[str]]:
        """What everybody was answered, without the word `echo`."""
        return {at: [one.text.removeprefix("echo ") for one in who.shown] for at, who in enumerate(self.people)}

    def unanswered(self, told: dict[int, list[str]]) -> int:
        seen = self.shown()
        return sum(len(set(texts) - set(seen[at])) for at, texts in told.items())

    def so_far(self) -> dict[int, list[str]]:
        return {at: list(texts) for at, texts in self.told.items()}

    async def are_answered(self, patience: float) -> float:
        """Seconds until everything that was said until now is answered; at most `patience`."""
        clock, told = Awake(), self.so_far()
        while self.unanswered(told) and clock.seconds < patience:
            await clock.tick()
        return clock.seconds


async def run(trial: Trial) -> Findings:
    """People write to the mailbox; whoever reads it dies, again and again, and in the end everybody at once."""
    async with PostOffice() as office, TelegramServer() as telegram:
        letters = Letters(office, trial.count("people"))
        nodes = shops(
            trial.folder, trial.url, telegram, 2, variant=trial.variant, settings={"channels.email": _table(office)}
        )
        async with nodes[0], nodes[1]:
            for node in nodes:
                await node.start()
            await fair(nodes)
            took = await _deaths(trial, letters, nodes)
            for node in nodes:
                await node.kill()
            await letters.write(2)
            for node in nodes:
                await node.start()
            await letters.are_answered(trial.counts["patience"])
            for node in nodes:
                await node.stop()
        found = await oracle.compare(trial.url, letters.told, letters.shown(), account="email")
    return _findings(trial, letters, found, took)


def _findings(trial: Trial, letters: Letters, found: oracle.Comparison, took: list[float]) -> Findings:
    deaths = len(took) + 2  # and both at the end
    again = sum(count - 1 for count in letters.fetched.values())
    twice = letters.left - sum(len(person.shown) for person in letters.people)
    wrong = found.wrong()
    if again > deaths:
        wrong.append(f"{again} mails were read again, where {deaths} may be: more than one node read")
    if twice > deaths * CONCURRENCY:
        wrong.append(f"{twice} mails left twice, where {deaths * CONCURRENCY} may")
    if (p99 := percentile(took, 0.99)) > trial.counts["goes_on_ms"]:
        wrong.append(f"the other node went on only after {p99:.0f} ms")
    figures = {"deaths": deaths} | found.figures() | {"read_again": again, "left_twice": twice, "goes_on_p99_ms": p99}
    return Findings(figures, tuple(wrong))


async def _deaths(trial: Trial, letters: Letters, nodes: Sequence[Freezing]) -> list[float]:
    """Seconds from each death of whoever reads until all that was written before is answered."""
    took = []
    async with oracle.database(trial.url, lock=False), letters.writing(trial.counts["rate"]):
        for number in range(trial.count("deaths")):
            await asyncio.sleep(trial.chance.uniform(0.5, 1.5))
            dies = await _reader(nodes)
            took.append(await _death(trial, letters, dies, kills=number % 2 == 0))
            if took[-1] >= trial.counts["patience"]:
                break  # these never come, and more deaths show nothing new
            await fair(nodes)
        # That nobody reads beside the reader is seen while nobody dies, too.
        await asyncio.sleep(trial.counts["calm"])
    await letters.are_answered(trial.counts["patience"])
    return took


async def _death(trial: Trial, letters: Letters, dies: Freezing, *, kills: bool) -> float:
    if kills:
        await dies.kill()
    else:
        dies.freezes()
    seconds = await letters.are_answered(trial.counts["patience"])
    await asyncio.sleep(0.5)  # the other one reads on before the sleeper wakes up
    if kills:
        await dies.start()
    else:
        dies.wakes()
    return seconds


async def _reader(nodes: Sequence[Freezing]) -> Freezing:
    """The node that has the duty."""
    async with asyncio.timeout(40):
        while True:
            for row in await fetch(READER):
                for node in nodes:
                    if node.process is not None and str(row["place"]).split(" ")[1] == str(node.process.pid):
                        return node
            await asyncio.sleep(0.05)


def _table(office: PostOffice) -> dict[str, object]:
    login = {"address": ADDRESS, "user": USER, "password": PASSWORD, "answers_per_hour": 1_000_000}
    imap = {"imap_host": "127.0.0.1", "imap_port": office.mailbox.port, "imap_security": "none"}
    return login | imap | {"smtp_host": "127.0.0.1", "smtp_port": office.port, "smtp_security": "none"}


PART = Part(
    number=16,
    name="mailbox",
    promise="One of two nodes reads the mailbox; it is killed, or sleeps, while mails come: the other reads on",
    passes="0 lost, 0 doubled, 0 reordered; at most one mail read again for each death; "
    "all mails before a death are answered ≤ 15 s after it, p99",
    run=run,
    full={"deaths": 50, "people": 20, "rate": 15, "calm": 5, "goes_on_ms": 15_000, "patience": 60},
    quick={"deaths": 4, "people": 20, "rate": 15, "calm": 5, "goes_on_ms": 15_000, "patience": 60},
    small={"deaths": 2, "patience": 20},
    armed={"everybody-reads": {}, "never-reads-on": {}, "keeps-its-place": {}, "place-first": {"deaths": 6}},
    databases=("postgres",),
    at_length=("mariadb",),
    notes="Mails that left twice (`left_twice`) were leaving when the node died; they carry one Message-ID, by which "
    "mail programs show them once.",
)
