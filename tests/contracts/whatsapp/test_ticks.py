"""What becomes of an answer is told beside it, by the whole of Parley: delivered, read, and why it failed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.app import build, opened
from bot.config import Config, accounts
from models import Message
from tests.kit.platforms.whatsapp import NUMBER, WhatsAppServer, WhatsAppUser
from tests.servers import free_port


def shop(folder: Path, server: WhatsAppServer) -> Config:
    port = free_port()
    config = Config.model_validate(
        {
            "server": {"port": port, "data": str(folder), "edge": False},
            "demo": {"shop": False},
            "handlers": {"modules": ["tests.faults.handlers"]},
        }
    )
    table = {"app_secret": server.secret, "verify_token": "v", "access_token": server.token, "api_base": server.base}
    read, wrong = accounts.read({"whatsapp": table | {"phone_number_id": NUMBER}}, config.server.hook)
    assert not wrong
    server.posts_to(f"http://127.0.0.1:{port}/hooks/whatsapp")
    return config.model_copy(update={"channels": read})


async def told(text: str, delivery: str) -> Message:
    async with asyncio.timeout(20):
        while True:
            for message in await Message.filter(text=text, delivery=delivery):
                return message
            await asyncio.sleep(0.05)


async def test_ticks_follow_an_answer(tmp_path: Path, server: WhatsAppServer, ann: WhatsAppUser) -> None:
    config = shop(tmp_path, server)
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            await ann.says("hello")
            shown = await ann.reads(20)
            for state in ("sent", "delivered"):
                ann.hears(state, shown)
            await told("echo hello", "delivered")
            ann.hears("read", shown)
            assert (await told("echo hello", "read")).external_id == shown.id
            await ann.says("again")
            ann.hears("failed", await ann.reads(20), errors=[{"code": 131026, "title": "Message undeliverable"}])
            assert (await told("echo again", "failed")).error == "131026 Message undeliverable"
        finally:
            await app.stop()
