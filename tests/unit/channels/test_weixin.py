"""What WeChat and WeCom share: their published vectors, XML that means harm, and keys that change."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels._weixin import Gate, Sealing, read_event, signature, to_json, to_xml, word
from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest
from tests.kit.cases import cases
from tests.kit.platforms.weixin import seal, unseal

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER = "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
OWNER = "wxb11529c136998cb6"
#: WX-3
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8X"
    "GT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIj"
    "df8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)


def test_the_address_is_signed() -> None:  # WX-1
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"


def test_a_sealed_push_is_signed_and_opened() -> None:  # WX-3
    told = "AAAAA", "1714112445", "415670741"
    assert signature(*told) == "6c5c811b55cc85e0e1b54100749188c20beb3f5d"
    assert signature(*told, SEALED) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    opened = Sealing(["A" * 43], "wxba5fad812f8e6fb9").opened(SEALED)
    assert json.loads(opened) == {
        "ToUserName": "gh_97417a04a28d",
        "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
        "CreateTime": 1714112445,
        "MsgType": "event",
        "Event": "debug_demo",
        "debug_str": "hello world",
    }


def test_what_we_seal_is_what_the_platform_seals() -> None:  # WX-6
    sealed = Sealing([KEY], OWNER).sealed("我是中文abcd123".encode(), b"aaaabbbbccccdddd")
    assert sealed == "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="


def test_a_challenge_of_wecom_is_opened() -> None:  # WC-1
    sealing = Sealing(["jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"], "wx5823bf96d3bd56c7")
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert signature("QDG6eK", "1409659589", "263014780", echo) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert sealing.opened(echo) == b"1616140317555161061"


@given(st.binary(max_size=300))
@settings(max_examples=cases(2000), deadline=None)
def test_everything_can_be_sealed(message: bytes) -> None:
    sealing = Sealing([KEY], OWNER)
    assert sealing.opened(sealing.sealed(message)) == message
    assert sealing.opened(seal(KEY, OWNER, message)) == message
    assert unseal(KEY, OWNER, sealing.sealed(message)) == message


@pytest.mark.parametrize("length", range(33))
def test_the_padding_is_to_32_bytes(length: int) -> None:
    assert Sealing([KEY], OWNER).opened(seal(KEY, OWNER, b"x" * length)) == b"x" * length


def test_what_is_for_somebody_else_is_refused() -> None:
    for owner in ("wxb11529c136998cb7", OWNER[:-1], OWNER + "0", ""):
        with pytest.raises(BadInput):
            Sealing([KEY], OWNER).opened(seal(KEY, owner, b"hi"))


def test_while_keys_change_both_open_and_the_new_one_seals() -> None:
    both = Sealing([OTHER, KEY], OWNER)
    assert both.opened(seal(KEY, OWNER, b"old")) == b"old"
    assert both.opened(seal(OTHER, OWNER, b"new")) == b"new"
    assert unseal(OTHER, OWNER, both.sealed(b"answer")) == b"answer"
    with pytest.raises(BadInput):
        Sealing([OTHER], OWNER).opened(seal(KEY, OWNER, b"old"))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=cases(2000), deadline=None)
def test_no_other_sealed_text_escapes(raw: bytes) -> None:
    with pytest.raises(BadInput):
        Sealing([KEY], OWNER).opened(raw.decode("latin-1"))


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><A>&b;</A></xml>'
FILE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><A>&a;</A></xml>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        FILE,
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml><A>1</A></xml>',
        b"<xml><A>&unknown;</A></xml>",
        b"<xml>",
        b"<xml></xml>",
        b"<xml>words</xml>",
        b"<xml><A>\xff</A></xml>",
        b"<xml><A>&#0;</A></xml>",
        b"<xml><A>\x00</A></xml>",
        b'<?xml version="1.0" encoding="utf-7"?><xml><A>1</A></xml>',
        b'<?xml version="1.0" encoding="none"?><xml><A>1</A></xml>',
        b"<a>" * 20 + b"</a>" * 20,
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"",
        b"[]",
        b'{"A":"\\u0000"}',
    ],
)
def test_a_body_that_means_harm_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_event(body)


def test_a_repeated_field_is_no_text() -> None:
    event = read_event(b"<xml><A>1</A><A>2</A><B>3</B></xml>")
    assert word(event, "B") == "3"
    with pytest.raises(BadInput):
        word(event, "A")


@given(st.text(max_size=60))
@settings(max_examples=cases(2000), deadline=None)
def test_what_is_answered_can_be_read(text: str) -> None:
    told = read_event(to_xml({"Content": text, "Image": {"MediaId": "m"}, "CreateTime": 7}))
    shown = "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    assert told["Content"].split() == shown.encode("utf-8", "replace").decode().split()
    assert (told["Image"], told["CreateTime"]) == ({"MediaId": "m"}, "7")
    assert json.loads(to_json({"a": 1})) == {"a": 1}


def request(timestamp: str, signed: str | None = None) -> HookRequest:
    right = signature("token", timestamp, "7")
    return HookRequest("POST", "/", {"timestamp": timestamp, "nonce": "7", "signature": signed or right}, {}, b"")


def test_a_call_is_taken_while_it_is_fresh() -> None:
    gate = Gate("token", None, 300, now=lambda: 1_760_000_000.0)
    for timestamp in ("1760000000", "1759999700", "1760000300"):
        gate.check_post(request(timestamp))
    for timestamp in ("1759999699", "1760000301", "", "now", "-1760000000", "1760000000.0", "١٧٦٠٠٠٠٠٠٠"):
        with pytest.raises(Unauthorised):
            gate.check_post(request(timestamp))


def test_without_a_token_nobody_may_post() -> None:
    with pytest.raises(Unauthorised):
        Gate("", None, 300, now=lambda: 1_760_000_000.0).check(
            request("1760000000", signature("", "1760000000", "7")), "signature"
        )


SEALED_GATE = Gate("token", Sealing([KEY], OWNER), 300)


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: to_xml({"Encrypt": text}))
    | st.binary(max_size=100).map(lambda plain: to_json({"Encrypt": seal(KEY, OWNER, plain)}))
)
@settings(max_examples=cases(2000), deadline=None)
def test_no_posted_body_escapes(body: bytes) -> None:
    with contextlib.suppress(BadInput):
        SEALED_GATE.event(body)
    with pytest.raises(Unauthorised):
        SEALED_GATE.check_post(HookRequest("POST", "/", {"msg_signature": "0" * 40}, {}, body))
