"""Tencent's botpy reads what our fake of QQ posts, and knows every field that we send."""

from __future__ import annotations

import inspect
import json

from botpy.api import BotAPI  # type: ignore[import-untyped]
from botpy.message import C2CMessage, GroupMessage  # type: ignore[import-untyped]

from bot.channels.qq import QqChannel, Settings
from bot.core.message import Button, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import PHOTO, Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.stages import stage_of


async def test_it_reads_what_is_posted() -> None:
    server = QqServer()
    ann, teahouse = server.user("E4F4"), server.group("C9F7")
    numbers = [await chat.says("一杯茶") for chat in (ann, teahouse)]
    events = [json.loads(body) for body in server.posting.withdraw()]
    private = C2CMessage(None, events[0]["id"], events[0]["d"])
    group = GroupMessage(None, events[1]["id"], events[1]["d"])
    assert (private.id, private.content, private.author.user_openid) == (numbers[0], "一杯茶", "E4F4")
    assert (group.id, group.content.strip(), group.group_openid) == (numbers[1], "一杯茶", "C9F7")
    assert group.author.member_openid == "M-C9F7"


async def test_it_knows_every_field_that_we_send() -> None:
    known = {*inspect.signature(BotAPI.post_c2c_message).parameters}
    known_of_files = {*inspect.signature(BotAPI.post_c2c_file).parameters}
    shelf = Shelf()
    async with QqServer() as server:
        ann = server.user("E4F4")
        channel = QqChannel(Settings.model_validate(stage_of("qq").table(server)), around("qq", shelf.open))
        photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
        rows = ((Button("绿茶", "tea:1"), Button("Shop", url="https://shop.example/")),)
        for number, wire in enumerate((Wire("hi"), Wire("Which?", rows), Wire("Our tea", files=(photo,)))):
            ann.writes()
            await channel.send(ann.id, wire, f"k{number}", Occasion(token=f"msg:{ann.newest}"))
        await channel.stop()
        assert len(ann.shown) == 4
        for call in server.named("messages"):
            assert {*call.json()} <= known
        for call in server.named("files"):
            assert {*call.json()} - known_of_files <= {"file_data", "file_name"}  # newer than it
