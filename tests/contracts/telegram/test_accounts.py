"""Two bots of one shop: each answers its own people, and one person who writes to both has two conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from bot.app import build, opened
from bot.app_channels import make_channels
from bot.channels.telegram import TelegramChannel
from bot.config import Config, accounts
from bot.core.message import Attachment
from bot.runtime.platforms.open_calls import HeldCalls
from bot.services import settings as kept
from models import Conversation
from tests.kit.telegram_server import TelegramServer
from tests.servers import free_port


def shop(folder: Path, first: TelegramServer, second: TelegramServer) -> Config:
    config = Config.model_validate(
        {
            "server": {"port": free_port(), "data": str(folder), "edge": False},
            "telegram": {"token": first.token, "api_base": first.base},
            "demo": {"shop": False},
            "handlers": {"modules": ["tests.faults.handlers"]},
        }
    )
    table = {"second": {"kind": "telegram", "token": second.token, "api_base": second.base}}
    read, wrong = accounts.read(table, config.server.hook)
    assert not wrong
    return config.model_copy(update={"channels": read})


async def test_two_bots_answer_each_its_own_people(tmp_path: Path) -> None:
    async with TelegramServer("1:first") as first, TelegramServer("2:second") as second:
        config = shop(tmp_path, first, second)
        ann, here, there = 7, first.user(7), second.user(7)
        async with opened(config):
            app = await build(config)
            await app.start()
            try:
                await here.says("one")
                await there.says("two")
                await first.until(lambda: [shown.text for shown in here.shown] == ["echo one"])
                await second.until(lambda: [shown.text for shown in there.shown] == ["echo two"])
                lanes = {conversation.lane for conversation in await Conversation.all()}
                assert lanes == {f"telegram:{ann}", f"second:{ann}"}
                assert {name: channel.way for name, channel in app.runtime.channels.items()} == {
                    "webchat": "",
                    "telegram": "long polling",
                    "second": "long polling",
                }
            finally:
                await app.stop()


async def no_files(_file: Attachment) -> AsyncIterator[bytes]:
    yield b""


async def test_an_account_gets_no_secret_of_ours_whatever_it_is_called(tmp_path: Path) -> None:
    read, _ = accounts.read({"web": {"kind": "telegram", "token": "1:a"}}, "https://shop.example/hooks/{}".format)
    config = Config.model_validate({"server": {"data": str(tmp_path)}}).model_copy(update={"channels": read})
    async with opened(config):
        channel = (await make_channels(config, no_files, HeldCalls()))["web"]
        assert isinstance(channel, TelegramChannel)
        assert channel._secret != (await kept.secret("web")).hex().encode()
        await channel.stop()
