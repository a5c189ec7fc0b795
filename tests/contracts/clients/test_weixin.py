"""wechatpy, which is nobody's of ours, opens what WeChat and WeCom are told, and seals what we open: both ways."""

from __future__ import annotations

import json

import pytest
from wechatpy import parse_message  # type: ignore[import-untyped]
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]
from wechatpy.enterprise.crypto import WeChatCrypto as WeComCrypto  # type: ignore[import-untyped]
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException  # type: ignore[import-untyped]
from wechatpy.replies import deserialize_reply  # type: ignore[import-untyped]
from wechatpy.utils import check_signature  # type: ignore[import-untyped]

from bot.channels.wechat import Settings, WeChat
from bot.channels.wecom import Settings as WeComSettings
from bot.channels.wecom import WeCom
from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.wechat import APP_ID, KEY, ORIGINAL, TOKEN, WeChatServer
from tests.kit.platforms.wecom import CORP_ID, DESK, WeComServer, doorbell

TEXTS = ["hi", "你好 👋", "a ]]> b <xml> & c", "茶" * 600]


def account(key: str = KEY) -> WeChat:
    table = {**stage_of("wechat").table(WeChatServer(key=key)), "api_base": "http://127.0.0.1:1"}
    return WeChat(Settings.model_validate(table), around("wechat", Shelf().open))


def event(text: str) -> bytes:
    """As WeChat posts it."""
    told = {"ToUserName": ORIGINAL, "FromUserName": "oAnn", "CreateTime": 1_760_000_000, "MsgType": "text"}
    return json.dumps(told | {"MsgId": "7", "Content": text}).encode()


def called(sealed: str, query: dict[str, str]) -> HookRequest:
    return HookRequest("POST", "/hook", query, {}, sealed.encode())


@pytest.mark.parametrize("text", TEXTS)
def test_it_opens_what_the_fake_seals_and_reads_the_message(text: str) -> None:
    call = WeChatServer(key=KEY).signed(event(text), 0)
    signed = [call.query[name] for name in ("msg_signature", "timestamp", "nonce")]
    message = parse_message(WeChatCrypto(TOKEN, KEY, APP_ID).decrypt_message(call.body, *signed))
    assert (message.type, message.content, message.source, message.id) == ("text", text, "oAnn", 7)
    check_signature(TOKEN, call.query["signature"], call.query["timestamp"], call.query["nonce"])
    assert [one.text for one in account().parse(call.body)] == [text]


@pytest.mark.parametrize("text", TEXTS)
def test_we_open_and_believe_what_it_seals(text: str) -> None:
    server, ours = WeChatServer(), account()
    timestamp = str(int(server.shelf.now()))
    plain = server.written(json.loads(event(text))).decode()
    sealed = WeChatCrypto(TOKEN, KEY, APP_ID).encrypt_message(plain, "n7", timestamp)
    signature = element_of(sealed, "MsgSignature")
    ours.verify(called(sealed, {"timestamp": timestamp, "nonce": "n7", "msg_signature": signature}))
    assert [one.text for one in ours.parse(sealed.encode())] == [text]
    with pytest.raises(Unauthorised):
        ours.verify(called(sealed, {"timestamp": timestamp, "nonce": "n8", "msg_signature": signature}))
    with pytest.raises(BadInput):
        ours.parse(WeChatCrypto(TOKEN, KEY, "wxfedcba9876543210").encrypt_message(plain, "n7", timestamp).encode())


@pytest.mark.parametrize("text", TEXTS)
def test_it_opens_and_reads_what_we_answer(text: str) -> None:
    server, ours = WeChatServer(key=KEY), account()
    call = server.signed(event("hi"), 0)
    request = HookRequest("POST", "/hook", call.query, {}, call.body)
    said = json.dumps({"MsgType": "text", "Content": text}, ensure_ascii=False).encode()
    answer = ours.answer(request, said).body.decode()
    fields = [element_of(answer, name) for name in ("MsgSignature", "TimeStamp", "Nonce")]
    theirs = WeChatCrypto(TOKEN, KEY, APP_ID)
    reply = deserialize_reply(theirs.decrypt_message(answer, *fields))
    assert (reply.type, reply.content, reply.target, reply.source) == ("text", text, "oAnn", ORIGINAL)
    with pytest.raises(InvalidSignatureException):
        theirs.decrypt_message(answer, "0" * 40, *fields[1:])
    with pytest.raises(InvalidAppIdException):
        WeChatCrypto(TOKEN, KEY, "wxfedcba9876543210").decrypt_message(answer, *fields)


def test_wecoms_doorbell_and_challenge_are_opened_by_both() -> None:
    server = WeComServer()
    table = {**stage_of("wecom").table(server), "api_base": "http://127.0.0.1:1"}
    ours = WeCom(WeComSettings.model_validate(table), around("wecom", Shelf().open))
    theirs = WeComCrypto(TOKEN, KEY, CORP_ID)
    call = server.signed(doorbell(DESK, "ENC-7"), 0)
    signed = [call.query[name] for name in ("msg_signature", "timestamp", "nonce")]
    assert f"<OpenKfId><![CDATA[{DESK}]]></OpenKfId>" in theirs.decrypt_message(call.body, *signed)
    ours.verify(HookRequest("POST", "/hook", call.query, {}, call.body))
    assert ours.parse(call.body) == []

    asked = server.challenge("1616140317555161061")
    signed = [asked.query[name] for name in ("msg_signature", "timestamp", "nonce", "echostr")]
    shake = ours.handshake(HookRequest("GET", "/hook", asked.query, {}, b""))
    assert shake is not None
    assert theirs.check_signature(*signed) == shake.body.decode() == "1616140317555161061"


def element_of(xml: str, name: str) -> str:
    """The text of one element, with or without CDATA."""
    inner = xml.split(f"<{name}>")[1].split(f"</{name}>")[0]
    return inner.removeprefix("<![CDATA[").removesuffix("]]>")
