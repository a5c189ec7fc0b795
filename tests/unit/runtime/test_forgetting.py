"""A person is forgotten with their files, whatever the store does at that moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.chat import Chat
from bot.core.errors import FileMissing, StorageUnavailable
from bot.core.events import ContactErased
from bot.core.message import Inbound
from bot.core.router import Router
from bot.runtime.platforms import forgetting
from bot.services import deletions, privacy
from bot.services.deletions import Fate
from bot.services.privacy import Extent
from models import Attachment, Audit, Contact, Deletion, Effect, Identity
from tests.kit.simulator import Simulator
from tests.unit.pictures import png
from tests.unit.runtime.conftest import Worlds


class Away:
    """A store that does not answer."""

    async def delete(self, key: str) -> None:
        raise StorageUnavailable("away")


def silent() -> Router:
    router = Router("silent")

    @router.fallback
    async def nothing(chat: Chat) -> None:
        """Says nothing."""

    return router


async def sent(world: Worlds) -> tuple[Simulator, int, Attachment]:
    sim = await world([silent()])
    ann = await sim.customer()
    await ann.sends("secret.png", png())
    return sim, (await ann.identity()).contact_id, await Attachment.get()


async def keys_left(sim: Simulator, file: Attachment) -> list[str]:
    left = []
    for key in (file.storage_key, file.display_key, file.thumb_key):
        try:
            await sim.storage.size(key)
        except FileMissing:
            continue
        left.append(key)
    return left


async def test_whoever_asks_files_go_at_once_and_it_is_told(world: Worlds) -> None:
    sim, contact, file = await sent(world)
    told: list[ContactErased] = []
    forgotten = await privacy.forget(contact, None, sim.storage, sim.now, told.append)
    assert (forgotten.files, forgotten.left, told) == (3, (), [ContactErased(contact)])
    assert await keys_left(sim, file) == []
    assert await Effect.filter(kind="discard").count() == 0
    assert (await Audit.get()).action == "contact.erase"
    assert (await Contact.get(id=contact)).name == ""


async def test_what_a_store_does_not_delete_now_it_deletes_later(world: Worlds) -> None:
    sim, contact, file = await sent(world)
    forgotten = await privacy.forget(contact, None, Away(), sim.now)  # type: ignore[arg-type]
    assert len(forgotten.left) == 3 == len(await keys_left(sim, file))
    sim.runtime.effects.doubt()  # the table is looked at before this is idle
    await sim.runtime.idle()
    assert await keys_left(sim, file) == []
    assert await Effect.filter(kind="discard").values_list("state", "payload") == [("done", "")] * 3


async def test_a_process_that_dies_behind_its_commit_leaves_no_file(
    small_world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim, contact, file = await sent(small_world)

    async def dies(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr("bot.services.discards.at_once", dies)
    with pytest.raises(SystemExit):
        await privacy.forget(contact, None, sim.storage, sim.now)
    await sim.restarts()
    await sim.runtime.idle()
    assert await keys_left(sim, file) == []


async def test_who_asked_by_a_platform_finds_what_was_deleted_for_400_days(world: Worlds) -> None:
    sim, _, file = await sent(world)
    ann = await Identity.get()
    wish = Inbound(ann.account, "deletion:c0de", ann.external_id, "forget", data="c0de")
    for _ in range(2):  # the platform asks again
        assert await forgetting.keep([wish], sim.now)
    assert await deletions.fate("c0de") == Fate(sim.now, None, None)
    assert (await Effect.get(kind="forget")).key == f"forget:{ann.account}:deletion:c0de"
    sim.runtime.effects.doubt()  # the table is looked at before this is idle
    await sim.runtime.idle()
    found = Fate(sim.now, sim.now, Extent(messages=1, files=1, orders=0))
    assert (await deletions.fate("c0de"), await keys_left(sim, file)) == (found, [])
    await deletions.look("c0de", Extent(0, 0, 0))  # a try that broke off is made again, and finds nobody
    await Effect.all().delete()
    await deletions.prune(sim.now + deletions.KEPT)
    assert await deletions.fate("c0de") == found
    await deletions.prune(sim.now + deletions.KEPT + timedelta(seconds=1))
    assert await deletions.fate("c0de") is None


async def test_a_wish_that_the_release_before_carried_out_is_done(world: Worlds) -> None:
    sim = await world([silent()])
    for code, state in (("theirs", "done"), ("parked", "parked")):
        await Deletion.create(account="page", code=code, asked_at=sim.now)
        key, done_at = f"forget:page:deletion:{code}", sim.now if state == "done" else None
        times = {"due_at": sim.now, "created_at": sim.now, "done_at": done_at}
        await Effect.create(key=key, lane=key, kind="forget", payload="", state=state, **times)
    assert await deletions.fate("theirs") == Fate(sim.now, None, None)
    await sim.runtime.clockwork.prune()
    assert await deletions.fate("theirs") == Fate(sim.now, sim.now, None)
    assert await deletions.fate("parked") == Fate(sim.now, None, None)
