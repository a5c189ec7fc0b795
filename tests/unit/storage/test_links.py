"""A link opens one file, in one variant, until one moment; nothing that a stranger sends opens or breaks anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.links import check, sign

SECRET = b"0123456789abcdef0123456789abcdef"
TOKEN = sign(SECRET, "file-7", 1000, "thumbnail")


def test_a_link_works_until_it_expires() -> None:
    assert check(SECRET, "file-7", TOKEN, 999.9, "thumbnail")
    assert not check(SECRET, "file-7", TOKEN, 1000, "thumbnail")
    assert not check(SECRET, "file-7", TOKEN, 5000, "thumbnail")


def test_a_token_fits_into_a_url_as_it_is() -> None:
    assert TOKEN == "1000.5-fY1ajDJSXGXVRx3yr3XJ7udowuVJ5RFmMsMjv7Y7o"


@pytest.mark.parametrize(
    ("secret", "file_id", "variant"),
    [
        (SECRET[::-1], "file-7", "thumbnail"),
        (SECRET, "file-8", "thumbnail"),
        (SECRET, "file-7", "original"),
        (SECRET, "file-7", ""),
        (SECRET, "file-", "7thumbnail"),
        (SECRET, "file-7thumbnail", ""),
    ],
)
def test_it_opens_nothing_else(secret: bytes, file_id: str, variant: str) -> None:
    assert not check(secret, file_id, TOKEN, 0, variant)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "1000",
        "1000.",
        TOKEN[:-1],
        TOKEN + "=",
        TOKEN + "A",
        " " + TOKEN,
        TOKEN + "\n",
        "0" + TOKEN,
        "+" + TOKEN,
        "2000" + TOKEN[4:],
        "1_000" + TOKEN[4:],
        "１０００" + TOKEN[4:],
        "²" + TOKEN[4:],
        "-1" + TOKEN[4:],
        TOKEN.swapcase(),
        "9" * 10_000 + TOKEN[4:],
        "茶",
        "\ud800",
        "\0",
    ],
)
def test_there_is_one_spelling_of_a_token(token: str) -> None:
    assert not check(SECRET, "file-7", token, 0, "thumbnail")


@given(file_id=st.text(), token=st.text(max_size=100), variant=st.text())
def test_nothing_breaks_it(file_id: str, token: str, variant: str) -> None:
    assert not check(SECRET, file_id, token, 0, variant)


@given(file_id=st.text(), expires=st.integers(1, 2**40), variant=st.text())
def test_what_is_signed_is_accepted(file_id: str, expires: int, variant: str) -> None:
    assert check(SECRET, file_id, sign(SECRET, file_id, expires, variant), expires - 1, variant)


def test_a_short_secret_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        sign(b"", "file-7", 1000)
