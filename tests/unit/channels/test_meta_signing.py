"""Known answers, and everything that is not the signature."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels._meta.signing import (
    appsecret_proof,
    assure_signed,
    assure_signed_request,
    is_signed_request,
    read_signed_request,
    signature,
)
from bot.core.errors import BadInput, Unauthorised
from tests.kit.cases import cases

#: FB-1
SECRET, BODY = b"It's a Secret to Everybody", b"Hello, World!"
RIGHT = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#: FB-5: the sample of Meta's own page about signed requests.
REQUEST = (
    b"signed_request=vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso"
    b".eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0"
)


def test_the_known_signature_of_a_webhook() -> None:
    assert signature(SECRET, BODY) == RIGHT
    assure_signed([SECRET], RIGHT, BODY)


def test_the_known_proof_of_a_secret() -> None:
    """FB-4"""
    expected = "4894f81b47c53ccf240a1130d119db2c69833eac9be09adeebc8e7226fb73e73"
    assert appsecret_proof("1WDVGY78", "1234567890") == expected


def test_the_known_signed_request() -> None:
    assert is_signed_request(REQUEST)
    assure_signed_request([b"secret"], REQUEST)
    with pytest.raises(BadInput, match="user_id"):
        read_signed_request(REQUEST)  # it is a request of nobody


def test_the_secret_before_is_good_while_it_is_replaced() -> None:
    assure_signed([b"the new one", SECRET], RIGHT, BODY)
    assure_signed_request([b"the new one", b"secret"], REQUEST)
    with pytest.raises(Unauthorised):
        assure_signed([b"the new one"], RIGHT, BODY)


@pytest.mark.parametrize("secrets", [[], [b"another"], [SECRET[:-1]], [SECRET + b"x"]])
def test_no_other_secret_will_do(secrets: list[bytes]) -> None:
    with pytest.raises(Unauthorised):
        assure_signed(secrets, RIGHT, BODY)


@pytest.mark.parametrize(
    "told",
    ["", "sha256=", RIGHT[:-1], RIGHT + " ", RIGHT.upper(), RIGHT[7:], "sha1" + RIGHT[6:], "签名", "\udcff", "é" * 71],
)
def test_what_is_no_signature_is_refused(told: str) -> None:
    with pytest.raises(Unauthorised):
        assure_signed([SECRET], told, BODY)


@pytest.mark.parametrize("bit", range(0, 256, 7))
def test_each_bit_of_a_signature_counts(bit: int) -> None:
    digest = int(RIGHT[7:], 16) ^ 1 << bit
    with pytest.raises(Unauthorised):
        assure_signed([SECRET], f"sha256={digest:064x}", BODY)


@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b"\n", BODY.lower(), b"\xff" + BODY])
def test_each_byte_of_a_body_counts(body: bytes) -> None:
    with pytest.raises(Unauthorised):
        assure_signed([SECRET], RIGHT, body)


@pytest.mark.parametrize(
    "body",
    [
        b"signed_request=",
        b"signed_request=.",
        b"signed_request=vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso",
        REQUEST[:-1],
        REQUEST.replace(b"vlXg", b"vlXh"),
        REQUEST.replace(b"vlXg", b"v"),
        REQUEST.replace(b"vlXgu", "签".encode()),
        REQUEST + b"&signed_request=a.b",
        b"signed_request=%ff%fe.%00",
        b"signed_request=\xff\xfe.\xff",
    ],
)
def test_a_changed_request_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthorised):
        assure_signed_request([b"secret"], body)


@pytest.mark.parametrize(
    "body", [b"signed_request=a.!!!", b"signed_request=a.e30", b"signed_request=a.W10", b"signed_request="]
)
def test_a_request_of_no_shape_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_signed_request(body)


@settings(max_examples=cases(2000), deadline=None)
@given(st.binary(max_size=200))
def test_no_request_escapes(value: bytes) -> None:
    body = b"signed_request=" + value
    with pytest.raises(Unauthorised):
        assure_signed_request([b"secret"], body)
    with suppress(BadInput):
        read_signed_request(body)


@settings(max_examples=cases(2000), deadline=None)
@given(st.text(max_size=100), st.binary(max_size=50))
def test_no_header_escapes(told: str, body: bytes) -> None:
    with pytest.raises(Unauthorised):
        assure_signed([b"secret"], told, body)
