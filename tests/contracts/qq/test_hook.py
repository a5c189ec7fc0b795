"""Who may post, what QQ is told, and what a call may make us sign."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.channels.qq import QqChannel, Settings
from bot.channels.qq.signing import Signing, key_of
from bot.core.errors import ConfigError, FileMissing, Unauthorised
from bot.core.message import Allowance, Button, FileRef, Wire
from bot.core.ports import HookRequest, Occasion
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.qq.conftest import Make
from tests.kit.platforms.around import around
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.qq_chats import QqChat
from tests.kit.wire_faults import Status

SECRET = "DG5g3B4j9X2KOErG"
SIGNED = (
    "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d0"
    "1bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706"
)
HEADERS = {"x-bot-appid": "11111111", "user-agent": "QQBot-Callback"}


def challenge(token: Any = "Arq0D5A61EgUu4OxUvOp", moment: Any = "1725442341", op: int = 13) -> bytes:
    return json.dumps({"d": {"plain_token": token, "event_ts": moment}, "op": op}).encode()


def asked(body: bytes, headers: dict[str, str] = HEADERS, method: str = "POST") -> HookRequest:
    return HookRequest(method, "/hook", {}, headers, body)


@pytest.fixture
def signing() -> Signing:
    return Signing("11111111", SECRET, 300)


def test_the_documented_challenge_has_the_documented_answer(signing: Signing) -> None:
    signing.check(asked(challenge()))
    answer = signing.challenge(asked(challenge()))
    assert json.loads(answer or b"") == {"plain_token": "Arq0D5A61EgUu4OxUvOp", "signature": SIGNED}


def test_the_key_is_made_as_documented() -> None:
    public = key_of("naOC0ocQE3shWLAfffVLB1rhYPG7").public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert public.hex() == "d7c362fe78aef81ff23287b493628b5db02a3c4fe30b215e4d19609b5d76673a"


@pytest.mark.parametrize(
    "request_",
    [asked(challenge(token)) for token in ("", "a" * 65, '{"op":0}', "a b", "密", "a\n", "a\u0000", 7, None, ["a"])]
    + [asked(challenge(moment=moment)) for moment in ("", "now", "1" * 14, "-1", "1.5", 1725442341, None)]
    + [asked(challenge(op=op)) for op in (0, 12)]
    + [asked(challenge(), {}), asked(challenge(), HEADERS | {"x-bot-appid": "22222222"})]
    + [asked(challenge(), HEADERS | {"user-agent": "curl/8"}), asked(challenge(), method="GET")]
    + [asked(challenge(), HEADERS | {"x-signature-ed25519": "00" * 64, "x-signature-timestamp": "1"})]
    + [asked(b"plain_token"), asked(b'{"op":13,"d":["plain_token"]}')],
)
def test_nothing_else_is_let_through_or_signed(signing: Signing, request_: HookRequest) -> None:
    with pytest.raises(Unauthorised):
        signing.check(request_)


def test_the_upper_bits_of_a_signature_must_be_clear(signing: Signing) -> None:
    raw = bytearray(bytes.fromhex(SIGNED))
    raw[63] |= 224
    headers = {"x-signature-ed25519": raw.hex(), "x-signature-timestamp": "1725442341"}
    with pytest.raises(Unauthorised):
        Signing("1", SECRET, 0).check(asked(b"Arq0D5A61EgUu4OxUvOp", headers))
    Signing("1", SECRET, 0).check(asked(b"Arq0D5A61EgUu4OxUvOp", headers | {"x-signature-ed25519": SIGNED}))


@pytest.mark.parametrize(("stale", "passes"), [(0, True), (300, False)])
def test_how_old_a_call_may_be_is_set(stale: float, passes: bool) -> None:
    headers = {"x-signature-ed25519": SIGNED, "x-signature-timestamp": "1725442341"}
    signing = Signing("1", SECRET, stale)
    if passes:
        signing.check(asked(b"Arq0D5A61EgUu4OxUvOp", headers))
    else:
        with pytest.raises(Unauthorised):
            signing.check(asked(b"Arq0D5A61EgUu4OxUvOp", headers))


async def test_the_address_can_be_set(hook: Hook, server: QqServer) -> None:
    answer = await server.asks_for_a_signature("Arq0D5A61EgUu4OxUvOp")
    assert (answer.status, answer.content_type) == (200, "application/json")
    signature = bytes.fromhex(json.loads(answer.body)["signature"])
    server.key.public_key().verify(signature, b"1725442341Arq0D5A61EgUu4OxUvOp")


async def test_a_heartbeat_is_answered_with_one(hook: Hook, server: QqServer) -> None:
    body = b'{"op":1,"d":7}'
    answer = await server.posting.once(Delivery(body, server.signature(body)))
    assert json.loads(answer.body) == {"op": 11}


async def test_a_group_is_one_conversation_with_an_allowance_of_its_own(
    hook: Hook, server: QqServer, teahouse: QqChat, inbox: Inbox
) -> None:
    number = await teahouse.says("一杯茶")
    inbound = await inbox.next()
    assert (inbound.sender, inbound.text) == ("group:C9F778FE6ADF9D1D1DBE395BF744A33A", "一杯茶")
    assert (inbound.token, inbound.allows) == (f"msg:{number}", Allowance(300, 5))


async def test_a_tap_is_acknowledged_and_can_be_answered(
    hook: Hook, channel: QqChannel, server: QqServer, ann: QqChat, inbox: Inbox
) -> None:
    rows = ((Button("绿茶", "tea:1"),),)
    await channel.send(ann.id, Wire("?", rows), "k1", Occasion(token=f"msg:{ann.newest}"))
    number = await ann.taps("绿茶")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.text, inbound.data) == ("callback", "绿茶", "tea:1")
    assert ann.spinning == {number}
    await channel.acknowledge(inbound)
    await server.until(lambda: not ann.spinning)
    await channel.send(ann.id, Wire("Good choice"), "k2", Occasion(token=inbound.token))
    assert "event_id" in ann.shown[-1].raw


async def test_a_text_needs_no_acknowledgement(
    hook: Hook, channel: QqChannel, server: QqServer, ann: QqChat, inbox: Inbox
) -> None:
    await ann.says("hi")
    await channel.acknowledge(await inbox.next())
    await channel.stop()
    assert server.count("interactions") == 0


async def test_who_adds_the_bot_has_started(
    hook: Hook, channel: QqChannel, server: QqServer, ann: QqChat, inbox: Inbox
) -> None:
    await ann.turns("FRIEND_ADD", scene=1, scene_param="flyer-7")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.data, inbound.sender) == ("started", "flyer-7", ann.id)
    await channel.send(ann.id, Wire("Welcome"), "k", Occasion(token=inbound.token))
    assert ann.shown[-1].text == "Welcome"


@pytest.mark.parametrize(
    ("kind", "data"), [("FRIEND_DEL", "blocked"), ("C2C_MSG_REJECT", "answers"), ("C2C_MSG_RECEIVE", "unasked")]
)
async def test_who_turns_the_bot_off_or_on_is_told(
    hook: Hook, server: QqServer, ann: QqChat, inbox: Inbox, kind: str, data: str
) -> None:
    await ann.turns(kind)
    inbound = await inbox.next()
    assert (inbound.kind, inbound.data, inbound.sender) == ("reach", data, ann.id)


async def test_typing_is_shown_to_who_wrote(
    hook: Hook, channel: QqChannel, server: QqServer, ann: QqChat, teahouse: QqChat, inbox: Inbox
) -> None:
    number = await ann.says("hi")
    await inbox.next()
    await channel.typing(ann.id)
    await channel.typing(teahouse.id)
    assert (ann.typing_seen, teahouse.typing_seen) == (1, 0)
    assert server.named("messages")[0].json()["msg_id"] == number


async def test_typing_answers_what_another_node_heard(
    hook: Hook, make: Make, server: QqServer, ann: QqChat, inbox: Inbox
) -> None:
    number = await ann.says("hi")
    heard, elsewhere = await inbox.next(), make()
    await elsewhere.typing(ann.id, heard)
    assert server.named("messages")[0].json()["msg_id"] == number
    await elsewhere.stop()


async def test_a_wrong_secret_stops_the_start(make: Make, inbox: Inbox) -> None:
    channel = make(secret="another")
    with pytest.raises(ConfigError, match=r"\[qq\] app_id, secret: .*100016.*q\.qq\.com") as error:
        await channel.start(inbox.accept)
    assert "another" not in str(error.value)


@pytest.mark.parametrize("method", ["token", "me"])
async def test_an_unreachable_qq_does_not_stop_the_start(
    channel: QqChannel, server: QqServer, inbox: Inbox, method: str
) -> None:
    server.fails(method, Status(502))
    await channel.start(inbox.accept)
    assert await channel.whoami() == "Tea Bot"


def test_what_is_missing_and_where_qq_cannot_post_is_told() -> None:
    assert Settings().missing() == ("app_id", "secret")
    settings = Settings.model_validate({"app_id": 102, "secret": "hush"})
    assert settings.missing() == ()
    assert settings.app_id == "102"
    assert settings.problem("https://shop.example/hooks/qq") == ""
    assert "https" in settings.problem("http://shop.example/hooks/qq")
    assert "hush" not in repr(settings)


def test_numbers_that_change_are_set() -> None:
    settings = Settings(proactive=True, buttons=False, files=False, reply_minutes=5, reply_quota=1)
    able = settings.capabilities()
    assert (able.proactive, able.buttons, able.files, able.reply_quota) == ("yes", 0, False, 1)
    assert able.reply_window is not None
    assert able.reply_window.total_seconds() == 300


@pytest.mark.parametrize("address", ["http://127.0.0.1/a.png", "https://[::1]/a", "file:///a", ""])
async def test_a_file_inside_our_network_is_never_fetched(server: QqServer, address: str) -> None:
    told = {"app_id": "1", "secret": "hush", "api_base": server.base, "token_base": server.base}
    channel = QqChannel(Settings.model_validate(told), around("qq", Shelf().open))
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("image", address))
    await channel.stop()
    assert server.calls == []
