"""What goes along when a customer goes on in another conversation of theirs, and comes back when the two are parted.

A question is set aside there as a copy; the original stays as it was, out of sight. Who waited for a person waits
there, and where they waited before remembers it. So parting gives back what was there and no word that was said since:
the copy goes, with whatever was answered to it. All of it inside the caller's transaction, with the conversations
locked; the caller saves them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from bot.core.question import new_token
from models import Conversation, Dialog


class Wait(msgspec.Struct, frozen=True):
    """Since when and why somebody waits for a person, and how urgently."""

    since: datetime
    reason: str
    priority: int


async def take_along(asked: Conversation, entered: Conversation, now: datetime) -> None:
    """The talk of `asked` goes on in `entered`."""
    if asked.id == entered.id:
        return
    asked.continues_in, entered.continues_in = entered.id, None
    open_ = Dialog.filter(conversation_id=asked.id, background=False, state__in=["asking", "paused"], moved_to_id=None)
    for dialog in await open_.order_by("id"):
        copy = await Dialog.create(
            conversation_id=entered.id, token=new_token(), handler=dialog.handler, state="paused",
            trigger=dialog.trigger, journal=dialog.journal, question=dialog.question, expire_at=dialog.expire_at,
            created_at=now, updated_at=now,
        )  # fmt: skip
        await Dialog.filter(id=dialog.id).update(moved_to_id=copy.id)
    # Who waits in both of them waits for two things.
    if asked.waiting_since is None or entered.waiting_since is not None:
        return
    wait = Wait(asked.waiting_since, asked.reason, asked.priority)
    asked.moved_wait = msgspec.json.encode(wait).decode()
    _waits(asked, None)
    _waits(entered, wait)


async def give_back(talks: Collection[Conversation], person_of: Mapping[int, int]) -> None:
    """Whatever went along between contacts that are no longer one person; `person_of` has the number of each."""
    group = {talk.id: person_of[talk.contact_id] for talk in talks}
    await _give_back_questions(group)
    for talk in [talk for talk in talks if talk.waiting_since is not None]:
        _give_back_wait(talk, talks, group)
    since = {talk.waiting_since for talk in talks}
    for talk in talks:
        if talk.moved_wait and _moved(talk).since not in since:  # somebody has seen to it
            talk.moved_wait = ""
        if talk.continues_in is not None and group.get(talk.continues_in) != group[talk.id]:
            talk.continues_in = None


async def _give_back_questions(group: Mapping[int, int]) -> None:
    moved = Dialog.filter(conversation_id__in=list(group), moved_to_id__not_isnull=True)
    chain = {row.id: row for row in await moved.select_related("moved_to").order_by("id")}
    for row in chain.values():
        copy = row.moved_to
        if copy is None or group.get(copy.conversation_id) == group[row.conversation_id]:
            continue
        await Dialog.filter(id=row.id).update(moved_to_id=None)
        last = copy.id
        while last in chain and chain[last].moved_to_id is not None:
            last = chain[last].moved_to_id
        await Dialog.filter(id=last).delete()  # and with it all that it was copied from


def _give_back_wait(there: Conversation, talks: Collection[Conversation], group: Mapping[int, int]) -> None:
    """What waits `there` and came from somebody else goes back to where it was last."""
    came = [talk for talk in talks if talk.moved_wait and _moved(talk).since == there.waiting_since]
    apart = [talk for talk in came if group[talk.id] != group[there.id]]
    if not apart:
        return
    back = next((talk for talk in apart if talk.continues_in == there.id), apart[0])
    wait = _moved(back)
    if (there.reason, there.priority) == (wait.reason, wait.priority):
        _waits(there, None)  # else they have asked for a person there, too
    if back.waiting_since is None:
        _waits(back, wait)
    for talk in came:
        if talk is back or group[talk.id] != group[back.id]:
            talk.moved_wait = ""


def _moved(talk: Conversation) -> Wait:
    return msgspec.json.decode(talk.moved_wait, type=Wait)


def _waits(talk: Conversation, wait: Wait | None) -> None:
    talk.waiting_since = wait.since if wait else None
    talk.reason, talk.priority = (wait.reason, wait.priority) if wait else ("", 0)
