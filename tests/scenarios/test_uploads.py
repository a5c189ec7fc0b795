"""Files that nobody sent in the end do not stay for ever; those that were sent do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.errors import FileMissing
from bot.runtime.pruning import purge_uploads
from models import Attachment
from tests.kit.simulator import Simulator
from tests.unit.pictures import png


async def test_an_upload_without_a_message_is_purged_after_a_day(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("hello")
    await ann.sends("kept.png", png())

    async def bytes_of_it() -> object:
        yield b"x"

    stored = await one_sim.storage.put("image/2026/11/x.png", bytes_of_it(), media_type="image/png", limit=9)  # type: ignore[arg-type]
    facts = {"kind": "image", "state": "stored", "created_at": one_sim.now, "storage_key": stored.key}
    await Attachment.create(name="forsaken.png", source='{"kind":"image","ref":"webchat:v"}', **facts)
    await Attachment.create(name="of the shop.png", **facts | {"storage_key": ""})

    assert await purge_uploads(one_sim.now, one_sim.now) == 0
    assert await purge_uploads(one_sim.now + timedelta(days=1), one_sim.now) == 1
    one_sim.runtime.effects.doubt()  # the table is looked at before this is idle
    await one_sim.runtime.idle()
    with pytest.raises(FileMissing):
        await one_sim.storage.size(stored.key)
    assert sorted([row.name for row in await Attachment.all()]) == ["kept.png", "of the shop.png"]
