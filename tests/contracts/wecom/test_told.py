"""What WeCom says later of an answer is told beside it, by the whole of Parley."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.app import build, opened
from bot.config import Config, accounts
from models import Conversation, Message, MessagePiece, Opening
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.wecom import WeComPerson, WeComServer
from tests.servers import free_port


def shop(folder: Path, server: WeComServer) -> Config:
    port = free_port()
    config = Config.model_validate(
        {
            "server": {"port": port, "data": str(folder), "edge": False},
            "demo": {"shop": False},
            "handlers": {"modules": ["tests.faults.handlers"]},
        }
    )
    read, wrong = accounts.read({"wecom": dict(stage_of("wecom").table(server))}, config.server.hook)
    assert not wrong
    server.posts_to(f"http://127.0.0.1:{port}/hooks/wecom")
    return config.model_copy(update={"channels": read})


async def told(text: str, delivery: str) -> Message:
    async with asyncio.timeout(30):
        while True:
            for message in await Message.filter(text=text, delivery=delivery):
                return message
            await asyncio.sleep(0.05)


async def test_staff_see_what_did_not_arrive(tmp_path: Path, server: WeComServer, ann: WeComPerson) -> None:
    config = shop(tmp_path, server)
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            await ann.says("hello")
            await told("echo hello", "sent")
            ann.has_blocked = True
            await ann.says("are you there")
            failed = await told("echo are you there", "failed")
            assert failed.error == "the customer refuses messages"
            assert (await Conversation.get(id=failed.conversation_id)).attention == "send"
        finally:
            await app.stop()


async def test_a_long_question_is_two_messages_and_each_of_them_may_fail(
    tmp_path: Path, server: WeComServer, ann: WeComPerson
) -> None:
    """A menu has no room for so many words: WeCom counts both, and says of either what became of it."""
    config = shop(tmp_path, server)
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            await ann.says("/long 1500")
            asked = await told("x" * 1500, "sent")
            words, menu = [one.id for one in ann.shown]
            assert [row.used for row in await Opening.all()] == [5 - ann.session.left] == [2]
            assert asked.external_id == menu
            ann.event("msg_send_fail", fail_msgid=words, fail_type=4)
            failed = await told("x" * 1500, "failed")
            assert "48 hours" in failed.error
            assert {row.external_id: row.delivery for row in await MessagePiece.all()} == {
                words: "failed", menu: "sent",
            }  # fmt: skip
        finally:
            await app.stop()


async def test_what_is_taken_back_in_wecom_is_gone_whoever_said_it(
    tmp_path: Path, server: WeComServer, ann: WeComPerson
) -> None:
    config = shop(tmp_path, server)
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            said, others = await ann.says("my secret"), [await ann.says("hello")]
            await told("echo hello", "sent")
            answered = await ann.is_served("LiSi", "the wrong price")
            others.append(await ann.is_served("LiSi", "the right price"))
            await told("the right price", "sent")
            await ann.takes_back(said)
            ann.event("servicer_recall_msg", recall_msgid=answered, servicer_userid="LiSi")
            async with asyncio.timeout(30):
                while await Message.filter(changed="deleted").count() < 2:
                    await asyncio.sleep(0.05)
            gone = await Message.filter(changed="deleted").order_by("seq")
            assert [(row.author, row.text, row.external_id) for row in gone] == [
                ("customer", "", said), ("staff", "", answered),
            ]  # fmt: skip
            assert await Message.filter(external_id__in=others, changed="").count() == 2
        finally:
            await app.stop()
