"""Desks by the whole of Parley: who comes is welcomed, who writes is answered, who taps a menu is understood."""

from __future__ import annotations

from pathlib import Path

from bot.app import build, opened
from bot.config import Config, accounts
from models import Conversation
from tests.kit.platforms.wecom import CORP_ID, KEY, SECRET, TOKEN, WeComPerson, WeComServer
from tests.servers import free_port


async def test_a_desk_answers(tmp_path: Path, server: WeComServer, ann: WeComPerson) -> None:
    port = free_port()
    config = Config.model_validate(
        {
            "server": {"port": port, "data": str(tmp_path), "edge": False},
            "demo": {"shop": False},
            "handlers": {"modules": ["tests.faults.handlers"]},
        }
    )
    table = {"corp_id": CORP_ID, "secret": SECRET, "token": TOKEN, "encoding_aes_key": KEY, "api_base": server.base}
    read, wrong = accounts.read({"wecom": table}, config.server.hook)
    assert not wrong
    server.posts_to(f"http://127.0.0.1:{port}/hooks/wecom")
    config = config.model_copy(update={"channels": read})
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            for number in range(7):
                await ann.says(f"number {number}")
                assert (await ann.reads(20)).text == f"echo number {number}"
            assert {one.lane for one in await Conversation.all()} == {f"wecom:{ann.id}"}
        finally:
            await app.stop()
