"""The desk's search through its door finds what a plain look at every text finds, on each engine."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from bot.services import search, staff
from bot.services.search.sources import CONTACTS, MESSAGES
from models.database import client, close_database, execute, migrate, open_database
from tests.unit.web.running import Site
from tests.unit.web.running import site as running_site

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PEOPLE, TEXTS = 120, 16_600  # fewer than SQLite reads for short words
#: The first ids: a part of PostgreSQL's index ends among them.
MESSAGE, CONTACT = (1 << MESSAGES.part) - 8_000, (1 << CONTACTS.part) - 60
PASSWORD = "a long password"
WORDS = """
龙井 茶 请问 还有 货 吗 五十 克 快递 到 了 谢谢 老板 碧螺春 铁观音 hello Hello HELLO tea Tea parcel PARCEL order
where is my the a I Ölberg ölberg straße Москва москва Ελλάδα ΕΛΛΆΔΑ 12 345 6789 100% under_score back\\slash "quoted"
it's <b>bold</b> 😀 👩\u200d👩\u200d👧 ☕ ... ?! — é café CAFÉ ﾃｽﾄ 안녕하세요 ok OK x
"""
SPECIAL = """
茶 龙井 井茶 x % _ \\ 100% r_s ?! ... ☕ 😀 👩 é CAFÉ café ölb ÖLBERG москв МОСКВА ελλάδα ok 9 89 " ' <b> ; -- !
qzxjv 안녕 ｽﾄ HELLO tEa 13900000007 person 7 李雷
"""


@dataclass(frozen=True, slots=True)
class Text:
    """A message, as a plain look sees it."""

    id: int
    talk: int
    seq: int
    author: str
    text: str
    low: str


@cache
def texts() -> tuple[Text, ...]:
    """The same for every engine."""
    pick, words = random.Random(7), WORDS.split()
    said: dict[int, int] = dict.fromkeys(range(1, PEOPLE + 1), 0)
    made = []
    for id_ in range(MESSAGE, MESSAGE + TEXTS):
        talk = pick.randint(1, PEOPLE)
        said[talk] += 1
        author = pick.choice(("customer", "customer", "staff", "bot", "note", "event"))
        joint = pick.choice((" ", "", "\n", ", "))
        text = joint.join(pick.choice(words) for _ in range(pick.randint(0, 6))) + pick.choice(("", f" {id_}"))
        made.append(Text(id_, talk, said[talk], author, text, text.lower()))
    return tuple(made)


def name(person: int) -> str:
    return f"Person {person}" if person % 2 else f"李雷{person}"


async def fill(made: Sequence[Text]) -> None:
    moments = [NOW + timedelta(minutes=person) for person in range(PEOPLE + 1)]
    everyone = range(1, PEOPLE + 1)
    by_hand: dict[str, list[tuple[object, ...]]] = {
        "contact (id, name, locale, phone, email, delivery, created_at, updated_at)": [
            (CONTACT + person, name(person), "", f"139{person:08}", f"p{person}@Example.org", "", NOW, NOW)
            for person in everyone
        ],
        "identity (id, contact_id, account, external_id, name, locale, reachable, created_at)": [
            (person, CONTACT + person, "webchat", f"v{person}", "", "", True, NOW) for person in everyone
        ],
        "conversation (id, lane, identity_id, contact_id, account, last_at, created_at, updated_at, epoch, last_seq, "
        "last_text, last_author, unread, reason, priority, attention, choices, version)": [
            (person, f"webchat:v{person}", person, CONTACT + person, "webchat", moments[person], NOW, NOW,
             0, 0, "", "", 0, "", 0, "", "[]", 0)
            for person in everyone
        ],
        "message (id, conversation_id, seq, author, text, body, delivery, error, at)": [
            (one.id, one.talk, one.seq, one.author, one.text, "", "", "", NOW) for one in made
        ],
    }  # fmt: skip
    for columns, rows in by_hand.items():
        marks = ",".join("?" * len(rows[0]))
        for at in range(0, len(rows), 2000):
            await execute(client(), [(f"INSERT INTO {columns} VALUES ({marks})", rows[at : at + 2000])])


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A desk with everything in its index, and somebody logged in."""
    folder: Path = tmp_path_factory.mktemp("search")
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    url = await server.create_database() if server else f"sqlite://{folder / 'parley.db'}?synchronous=OFF"
    await open_database(url)
    await migrate()
    await fill(texts())
    while await search.index_some(rest=0):
        pass
    async with running_site(folder, is_open=True) as site:
        await staff.add("mei", "Mei", "manager", PASSWORD, site.clock(), one_time=False)
        await site.client.post(
            f"{site.url}/api/desk/login", json={"login": "mei", "password": PASSWORD}, headers={"Origin": site.url}
        )
        yield site
    await close_database()
    if server:
        await server.drop_database(url)


async def asked(desk: Site, query: str) -> list[tuple[int, int | None, str]]:
    """Conversations in order: the id, the message that has the words, and the words as they stand there."""
    async with desk.client.get(f"{desk.url}/api/desk/conversations", params={"q": query}) as answer:
        assert answer.status == 200, await answer.text()
        items = (await answer.json())["items"]
    return [
        (item["id"], *((item["match"]["seq"], item["match"]["found"]) if item["match"] else (None, "")))
        for item in items
    ]


def looked_for(query: str, made: Sequence[Text]) -> list[tuple[int, int | None, str]]:
    """What a plain look at everything finds, by the rules: the newest 200 messages, and people, latest talk first."""
    word = " ".join(query.split())
    low = word.lower()
    newest = [one for one in reversed(made) if one.author in ("customer", "staff", "note") and low in one.low]
    match: dict[int, tuple[int, str]] = {}
    for one in newest[:200]:
        at = one.low.find(low)
        match.setdefault(one.talk, (one.seq, one.text[at : at + len(word)]))
    people = {
        person
        for person in range(1, PEOPLE + 1)
        if any(low in field.lower() for field in (name(person), f"139{person:08}", f"p{person}@Example.org"))
    }
    nothing: tuple[None, str] = (None, "")
    return [(talk, *match.get(talk, nothing)) for talk in sorted({*match, *people}, reverse=True)[:50]]


def queries() -> list[str]:
    pick, made = random.Random(11), texts()
    found = SPECIAL.split()
    many = len(found) + 200
    while len(found) < many:
        text = pick.choice(made).text
        if text:
            begins = pick.randrange(len(text))
            found.append(" ".join(text[begins : begins + pick.randint(1, 12)].split()) or "tea")
    return found


async def test_it_finds_what_a_plain_look_finds(desk: Site) -> None:
    made = texts()
    differing = {}
    for query in queries():
        found, wanted = await asked(desk, query), looked_for(query, made)
        if found != wanted:
            differing[query] = (found[:3], wanted[:3], len(found), len(wanted))
    assert differing == {}


async def test_a_line_tells_who_said_it_when_and_where_the_words_stand(desk: Site) -> None:
    id_, seq, found = next(one for one in await asked(desk, "<B>bold</b>") if one[1] is not None)
    async with desk.client.get(f"{desk.url}/api/desk/conversations", params={"q": "<B>bold</b>"}) as answer:
        item = next(item for item in (await answer.json())["items"] if item["id"] == id_)
    said = next(one for one in texts() if (one.talk, one.seq) == (id_, seq))
    assert found == "<b>bold</b>"
    assert item["match"].keys() == {"seq", "author", "at", "before", "found", "after"}
    assert (item["match"]["author"], item["match"]["at"]) == (said.author, "2026-11-22T09:00:00.000Z")
    line = "".join(item["match"][part] for part in ("before", "found", "after"))
    assert line.strip("…") in " ".join(said.text.split("\n"))


async def test_people_are_found_by_any_piece_too(desk: Site) -> None:
    async def ids(query: str) -> list[int]:
        async with desk.client.get(f"{desk.url}/api/desk/contacts", params={"q": query}) as answer:
            return [item["id"] - CONTACT for item in (await answer.json())["items"]]

    assert await ids("pERSON 7") == [79, 77, 75, 73, 71, 7]
    assert await ids("雷11") == [118, 116, 114, 112, 110]
    assert await ids("0007") == [79, 78, 77, 76, 75, 74, 73, 72, 71, 70, 7]
    assert await ids("p9@example") == [9]
    assert await ids("nobody at all") == []
