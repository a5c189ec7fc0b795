"""What must be true of the database: at every moment, and when everything has come to rest."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator

from bot.core.chat import Chat, Person
from bot.core.journal import Suspended
from bot.runtime.languages import Languages
from bot.runtime.state import DialogState, _dialog
from tests.simulation.shop import MOST, Stall
from tests.simulation.world import World

# Of acts without a token the newest one counts.
_OPEN = (
    "SELECT conversation_id FROM opening WHERE used < most AND until > ? "
    "AND id IN (SELECT max(id) FROM opening GROUP BY conversation_id)"
)
__all__ = ["at_any_time", "at_rest"]

_TOLD = re.compile(r"(begun|placed|finished|unpaid) (\S+)(?: ticket (\d+))?(?: number (\d+))?(?: count (\d+))?")


def at_any_time(world: World, languages: Languages) -> None:
    """After a crash as well: nothing is half written."""
    for problem in (*_seqs(world), *_threads(world), *_orders(world), *_replays(world, languages)):
        world.red(problem)


def at_rest(world: World) -> None:
    """Nothing waits any more, and nothing was forgotten."""
    for problem in (*_inbounds(world), *_thread_of_each(world), *_effects(world), *_dialogs(world), *_people(world)):
        world.red(problem)


def _rows(world: World, sql: str) -> list[sqlite3.Row]:
    return world.observer.execute(sql).fetchall()


# at any time


def _seqs(world: World) -> Iterator[str]:
    """A thread counts 1, 2, 3 … without a gap, and the conversation knows how far."""
    sql = (
        "SELECT c.id, c.last_seq, count(m.id) AS messages, coalesce(max(m.seq), 0) AS highest FROM conversation c "
        "LEFT JOIN message m ON m.conversation_id = c.id GROUP BY c.id"
    )
    for row in _rows(world, sql):
        if not row["last_seq"] == row["messages"] == row["highest"]:
            yield f"conversation {row['id']}: {row['messages']} messages, up to {row['highest']} of {row['last_seq']}"


def _messages(world: World) -> dict[int, list[sqlite3.Row]]:
    sql = (
        "SELECT m.conversation_id, c.account, m.seq, m.author, m.text, m.client_id, m.delivery FROM message m "
        "JOIN conversation c ON c.id = m.conversation_id ORDER BY m.conversation_id, m.seq"
    )
    threads: dict[int, list[sqlite3.Row]] = {}
    for row in _rows(world, sql):
        threads.setdefault(row["conversation_id"], []).append(row)
    return threads


def _threads(world: World) -> Iterator[str]:
    """While a person owns it the bot is silent; else every customer is answered in the commit of their message."""
    for id_, thread in _messages(world).items():
        owned, unanswered = False, 0
        for row in (one for one in thread if not (_is_part_of_an_album(one) or _asks_for_the_rest(one))):
            if unanswered and row["author"] != "bot":
                yield f"message {unanswered} of conversation {id_} was kept without an answer"
            unanswered = row["seq"] if row["author"] == "customer" and not owned else 0
            if row["author"] == "event":
                owned = row["text"] in ("took", "elsewhere")
            if row["author"] == "bot" and owned:
                yield f"the bot said message {row['seq']} of conversation {id_} while a person owned it"
        if unanswered:
            yield f"message {unanswered} of conversation {id_} was kept without an answer"
        yield from _told(id_, thread)


def _is_part_of_an_album(row: sqlite3.Row) -> bool:
    """Parts stand for themselves only where an album was parked: then one apology answers all of them."""
    return row["author"] == "customer" and not row["text"] and not row["client_id"]


def _asks_for_the_rest(row: sqlite3.Row) -> bool:
    """Where something may wait, words that nobody understands only ask for it."""
    return row["author"] == "customer" and row["account"] == "narrow" and not row["text"].startswith("/")


def _told(id_: int, thread: list[sqlite3.Row]) -> Iterator[str]:
    """What a dialog says of its journal is the same in each of its turns, and is said once.

    But for what leads to an open question: a question that is put again comes with the words before it.
    """
    said: Counter[tuple[str, str]] = Counter()
    facts: dict[tuple[str, str], str] = {}
    for row in thread:
        found = _TOLD.match(row["text"]) if row["author"] == "bot" else None
        if found is None:
            continue
        what, begun_by, *values = found.groups()
        said[what, begun_by] += what != "begun"
        for name, value in zip(("ticket", "number", "count"), values, strict=True):
            if value and facts.setdefault((begun_by, name), value) != value:
                yield f"conversation {id_}: the {name} of {begun_by} became {value}, it was {facts[begun_by, name]}"
    yield from (f"conversation {id_}: {what!r} was said {count} times" for what, count in said.items() if count > 1)


def _orders(world: World) -> Iterator[str]:
    """An order for each dialog at most, refused and failed ones never, each finished once."""
    seen: set[str] = set()
    for row in _rows(world, "SELECT number, begun_by, count, finished, released FROM sim_order"):
        if row["begun_by"] in seen:
            yield f"{row['begun_by']} has placed two orders"
        seen.add(row["begun_by"])
        if row["count"] > MOST:
            yield f"order {row['number']} was refused and is there"
        if row["finished"] + row["released"] > 1:
            yield f"order {row['number']} was finished {row['finished']} and released {row['released']} times"


def _replays(world: World, languages: Languages) -> Iterator[str]:
    """Every open dialog comes to the place that is stored with it, and does nothing on the way."""
    routers = Stall(world).router.handlers
    for row in _rows(world, "SELECT * FROM dialog"):
        dialog = _dialog(dict(row))
        found = _replayed(dialog, routers[dialog.handler], languages)
        wanted = f"asks {dialog.question.name} at {dialog.question.position}" if dialog.question else _waits(dialog)
        if found != wanted:
            yield f"dialog {dialog.token} {wanted}, replayed it {found}"


class _Idle:
    """A host that does nothing, and says so."""

    async def run(self, service: object, args: object, kwargs: object) -> object:
        raise AssertionError("does something again")


def _replayed(dialog: DialogState, handler: object, languages: Languages) -> str:
    person = Person("", dialog.trigger.inbound.account, None, False, False)  # type: ignore[arg-type]
    chat = Chat(
        token=dialog.token, journal=dialog.journal, host=_Idle(), voice=languages.voice("en"), person=person,
        inbound=dialog.trigger.inbound, arguments=dialog.trigger.arguments,
    )  # fmt: skip
    try:
        handler(chat).send(None)  # type: ignore[operator]
    except Suspended:
        if chat.outcome.question:
            return f"asks {chat.outcome.question.name} at {chat.outcome.question.position}"
        return f"waits for call {chat.outcome.requested and chat.outcome.requested.position}"
    except StopIteration:
        return "ends"
    except AssertionError as error:
        return str(error)
    return "goes on"


def _waits(dialog: DialogState) -> str:
    return f"waits for call {len(dialog.journal.entries)}"


# at rest


def _inbounds(world: World) -> Iterator[str]:
    """What was acknowledged is there and done; only what cannot succeed is parked."""
    states = {row["key"]: row for row in _rows(world, "SELECT key, state, error FROM inbound")}
    for key in world.acknowledged:
        if key not in states:
            yield f"{key} was acknowledged and is lost"
    for key, row in states.items():
        poison = key in world.written and world.written[key].text == "/poison"
        may_park = poison or "stumbled" in row["error"] or "TimeoutError" in row["error"] or "HeldUp" in row["error"]
        if row["state"] != "done" and not (row["state"] == "parked" and may_park):
            yield f"{key} is {row['state']}: {row['error']}"


def _thread_of_each(world: World) -> Iterator[str]:
    """Each message of a customer stands in the thread once, in an order in which it could have been sent."""
    places: dict[str, list[tuple[int, int]]] = {}
    for id_, thread in _messages(world).items():
        for row in thread:
            if row["author"] == "customer":
                key = row["client_id"] or row["text"].removeprefix("words ")
                places.setdefault(key, []).append((id_, row["seq"]))
    for key, inbound in world.written.items():
        if inbound.kind == "echo":  # not the customer's
            continue
        found = places.get(key, [])
        in_album = bool(inbound.group) and not inbound.text
        if len(found) > 1 or (not found and key in world.acknowledged and not in_album):
            yield f"{key} stands {len(found)} times in the thread"
        for earlier in () if inbound.group else world.after.get(key, ()):  # an album stands where its first part came
            if found and earlier in places and places[earlier][0] > found[0]:
                yield f"{key} stands before {earlier}, which was acknowledged before it was sent"


def _effects(world: World) -> Iterator[str]:
    """What is done was done, what was cancelled was not, only the hopeless is parked, and what waits has to."""
    openings = world.observer.execute(_OPEN, (world.clock().isoformat(" "),)).fetchall()
    open_ = {row["conversation_id"] for row in openings}
    for row in _rows(world, "SELECT key, kind, state, error, conversation_id FROM effect"):
        key, state = row["key"], row["state"]
        sends = world.sends.get(key)
        may_wait = state == "held" and row["conversation_id"] not in open_
        if state not in ("done", "cancelled") and not may_wait and not (state == "parked" and key in world.hopeless):
            yield f"effect {key} is {state}: {row['error']}"
        if row["kind"] == "send" and state == "done" and not sends:
            yield f"effect {key} is done and never left"
        if row["kind"] == "send" and state == "cancelled" and sends and not world.may_have_left(key):
            yield f"effect {key} is cancelled and left"
    for row in _rows(world, "SELECT conversation_id, seq FROM message WHERE delivery = 'queued'"):
        yield f"message {row['seq']} of conversation {row['conversation_id']} is still queued"


def _people(world: World) -> Iterator[str]:
    """Whoever the platform tells of is known by their name, however late it told."""
    for row in _rows(world, "SELECT account, external_id, name FROM identity"):
        if row["account"] == "narrow" and row["name"] != f"{row['external_id']} told":
            yield f"{row['external_id']} is called {row['name']!r}"


def _dialogs(world: World) -> Iterator[str]:
    """Nobody waits for a call that nobody does; what was paid was settled, once."""
    for row in _rows(world, "SELECT token FROM dialog WHERE state = 'calling'"):
        yield f"dialog {row['token']} waits for a call for ever"
    for row in _rows(world, "SELECT number, receipt FROM sim_order WHERE finished"):
        if row["receipt"] != f"R{row['number']}" or row["number"] not in world.payments:
            yield f"order {row['number']} is finished with the receipt {row['receipt']!r}"
