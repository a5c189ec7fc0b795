"""Compares what visitors said and saw with the threads in the database; each text begins with its visitor's number."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.faults import oracle
from tests.faults.visitor import Visitor

SHOWN = (
    "SELECT c.lane, m.seq, m.text FROM message m JOIN conversation c ON c.id = m.conversation_id "
    "WHERE c.lane LIKE 'webchat:%' ORDER BY m.conversation_id, m.seq"
)


async def compare(
    url: str, told: Mapping[int, Sequence[str]], screens: Mapping[int, Sequence[Visitor]]
) -> tuple[list[str], dict[str, int]]:
    """What is wrong, and figures. `told` are texts `7/…` that were acknowledged; the shop has ended."""
    threads = _threads(await oracle.rows(url, SHOWN))
    every = [(number, screen) for number, some in screens.items() for screen in some]
    kept = {number: Counter(text for _, text in threads.get(number, ())) for number in told}
    wanted = [kept[number][text] for number, texts in told.items() for text in texts]
    answered = [kept[number][f"echo {text}"] for number, texts in told.items() for text in texts]
    counts = {
        "transcripts with a gap": sum(threads.get(number, []) != sorted(set(one.seen)) for number, one in every),
        "messages doubled on a screen": sum(len(one.seen) - len(set(one.seen)) for _, one in every),
        "acknowledged messages lost": wanted.count(0),
        "messages kept twice": sum(count > 1 for count in wanted),
        "answers lost": answered.count(0),
        "answers kept twice": sum(count > 1 for count in answered),
    }
    wrong = [f"{count} {what}" for what, count in counts.items() if count]
    return wrong, {"visitors": len(screens), "messages": sum(len(one.seen) for _, one in every)}


def falls(visitor: Visitor) -> int:
    """How often a message came below one that is younger."""
    return sum(later < earlier for (earlier, _), (later, _) in itertools.pairwise(visitor.seen))


def _threads(rows: Sequence[oracle.Row]) -> dict[int, list[tuple[int, str]]]:
    lanes: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        lanes.setdefault(row["lane"], []).append((row["seq"], row["text"]))
    return {int(thread[0][1].partition("/")[0]): thread for thread in lanes.values()}
