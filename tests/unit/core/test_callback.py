"""Typed buttons: what is packed comes back the same; what a stranger made is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.callback import Callback
from bot.core.errors import BadInput


class Buy(Callback):
    sku: str
    quantity: int = 1
    gift: bool = False


class Show(Callback, prefix="s"):
    page: int


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=90)


@given(sku=TEXTS, quantity=st.integers(-(10**6), 10**6), gift=st.booleans())
def test_what_is_packed_comes_back(sku: str, quantity: int, gift: bool) -> None:
    button = Buy(sku, quantity, gift)
    assert Buy.unpack(button.pack()) == button


@pytest.mark.parametrize("sku", ["a:b", "100%", "%3A", "%253A", "::", "茶", ""])
def test_separators_and_percent_signs_in_a_value(sku: str) -> None:
    assert Buy.unpack(Buy(sku).pack()).sku == sku


def test_the_packed_form_is_stable() -> None:
    assert (Buy("A:1", 2, gift=True).pack(), Show(3).pack()) == ("buy:A%3A1:2:1", "s:3")


@pytest.mark.parametrize(
    "data", ["", "buy", "buy:tea", "buy:tea:1:0:more", "s:1", "buy:tea:many:0", "buy:tea:1:maybe", "buy:tea::0"]
)
def test_data_of_another_version_or_a_stranger_is_refused(data: str) -> None:
    with pytest.raises(BadInput, match="this button"):
        Buy.unpack(data)


@given(st.text(max_size=80))
def test_no_data_breaks_the_reading(data: str) -> None:
    with suppress(BadInput):
        assert isinstance(Buy.unpack(data), Buy)


@pytest.mark.parametrize("prefix", ["a", "d", "m", "x:y"])
def test_a_prefix_of_the_runtime_cannot_be_taken(prefix: str) -> None:
    with pytest.raises(ValueError, match="is taken"):
        type("Mine", (Callback,), {"__annotations__": {}}, prefix=prefix)


def test_a_button_is_a_value() -> None:
    assert len({Buy("tea"), Buy("tea"), Buy("cup")}) == 2
    with pytest.raises(AttributeError):
        Buy("tea").sku = "cup"  # type: ignore[misc]
