"""pywa believes what our fake of WhatsApp signs, reads what it posts, and sends what we send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pywa import WhatsApp, types  # type: ignore[attr-defined]
from pywa.utils import webhook_updates_validator

from bot.channels._meta.signing import signature
from bot.channels.whatsapp import Settings, WhatsAppChannel
from bot.core.message import Button, Wire
from tests.contracts.channel_contract import Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.whatsapp import NUMBER, WhatsAppServer

ROWS = tuple((Button(f"Tea {n}", f"tea:{n}"),) for n in range(3))
MANY = tuple((Button(f"Tea {n}", f"tea:{n}"),) for n in range(5))


@pytest.fixture
def theirs() -> WhatsApp:
    return WhatsApp(phone_id=NUMBER, token="EAAGtoken")


@pytest.mark.parametrize("body", [b"{}", '{"text":"茶 👋"}'.encode(), b"x" * 5000])
def test_it_believes_what_we_believe(body: bytes) -> None:
    server = WhatsAppServer()
    told = server.signature(body)["X-Hub-Signature-256"]
    assert told == signature(server.secret.encode(), body)
    assert webhook_updates_validator(server.secret, body, told)
    assert not webhook_updates_validator(server.secret, body + b" ", told)
    assert not webhook_updates_validator("another secret", body, told)


async def test_it_reads_what_is_posted(theirs: WhatsApp) -> None:
    server = WhatsAppServer()
    ann = server.user("16505551234")
    mid = await ann.says("你好 👋")
    await ann.sends_photo(b"a picture", "our tea")
    text, photo = (types.Message.from_update(theirs, json.loads(body)) for body in server.posting.withdraw())
    assert (text.id, text.text, text.from_user.wa_id, text.from_user.name) == (mid, "你好 👋", ann.number, "Ann")
    assert photo.caption == "our tea"
    assert photo.image is not None
    assert photo.image.mime_type == "image/jpeg"


@pytest.mark.parametrize("rows", [(), ROWS, MANY], ids=["text", "buttons", "list"])
async def test_it_sends_what_we_send(
    theirs: WhatsApp, monkeypatch: pytest.MonkeyPatch, rows: tuple[tuple[Button, ...], ...]
) -> None:
    asked: list[Any] = []

    def request(method: str, endpoint: str, json: Any, **_: Any) -> dict[str, Any]:
        asked.append((method, endpoint, json))
        return {"messages": [{"id": "wamid.1"}], "contacts": [{"input": "x", "wa_id": "16505551234"}]}

    monkeypatch.setattr(theirs.api, "_request", request)
    theirs.send_message("16505551234", "Which?", buttons=_buttons(rows), tracker="k")
    async with WhatsAppServer() as server:
        server.user("16505551234")
        channel = WhatsAppChannel(
            Settings.model_validate(stage_of("whatsapp").table(server)), around("whatsapp", Shelf().open)
        )
        await channel.send("16505551234", Wire("Which?", rows), "k")
        await channel.stop()
        [call] = server.named("messages")
    [(method, endpoint, body)] = asked
    assert (method, endpoint) == (call.verb, call.path.removeprefix("/v25.0"))
    assert _plain(body) == _plain(call.json())


def _buttons(rows: tuple[tuple[Button, ...], ...]) -> Any:
    """The same in its words."""
    buttons = [button for row in rows for button in row]
    if len(buttons) > 3:
        listed = [types.SectionRow(title=one.label, callback_data=one.data) for one in buttons]
        return types.SectionList("☰", [types.Section(title="", rows=listed)])
    return [types.Button(one.label, one.data) for one in buttons] or None


def _plain(value: Any) -> Any:
    """Without what is not told, and what opens a list, which every shop says in its own words."""
    if isinstance(value, dict):
        known = {name: _plain(one) for name, one in value.items() if name != "button"}
        return {name: one for name, one in known.items() if one not in (None, "", False)}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
