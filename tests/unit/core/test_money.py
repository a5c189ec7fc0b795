"""Money: exact, never mixed, and written with the currency's own sign in every language."""

from __future__ import annotations

import pytest

from bot.core.money import EXPONENTS, Money, exponent


@pytest.mark.parametrize(
    ("money", "english", "chinese"),
    [
        (Money(6800, "CNY"), "¥68.00", "¥68.00"),
        (Money(123456, "CNY"), "¥1,234.56", "¥1,234.56"),
        (Money(6800, "JPY"), "¥6,800", "¥6,800"),
        (Money(6800, "USD"), "$68.00", "$68.00"),
        (Money(-6800, "USD"), "-$68.00", "-$68.00"),
        (Money(6800, "HKD"), "$68.00", "$68.00"),
        (Money(6800, "BRL"), "R$68.00", "R$68.00"),
        (Money(6800, "CHF"), "CHF\xa068.00", "CHF\xa068.00"),
        (Money(68000, "KWD"), "KWD\xa068.000", "KWD\xa068.000"),
        (Money(6800, "XAF"), "FCFA\xa06,800", "FCFA\xa06,800"),
        (Money(6850, "MGA"), "MGA\xa068.5", "MGA\xa068.5"),
    ],
)
def test_a_price_reads_the_same_in_both_languages(money: Money, english: str, chinese: str) -> None:
    assert (money.format("en"), money.format("zh-Hans")) == (english, chinese)


def test_another_language_puts_the_sign_where_it_belongs() -> None:
    assert Money(6800, "CNY").format("de") == "68,00\xa0¥"


def test_two_currencies_are_never_mixed() -> None:
    with pytest.raises(ValueError, match="cannot mix CNY and USD"):
        Money(1, "CNY") + Money(1, "USD")
    assert Money(3, "CNY") * 2 - Money(1, "CNY") == Money(5, "CNY")


#: ISO 4217, list one of 2024: every currency whose minor unit is no hundredth.
WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE, FOUR = "BHD IQD JOD KWD LYD OMR TND", "CLF UYW"
HUNDREDTHS = "AED ALL AUD BRL CAD CHF CNY CZK EUR GBP HKD HUF IDR INR IRR LAK MGA MRU MXN PKR RSD SGD THB TWD USD"


def test_stars_are_whole() -> None:
    assert [Money(6800, "XTR").format(locale) for locale in ("zh", "en", "de")] == ["⭐6,800", "⭐6,800", "6.800\xa0⭐"]


def test_the_minor_units_are_those_of_iso_4217() -> None:
    assert {*EXPONENTS} - {"XTR"} == {*WHOLE.split(), *THREE.split(), *FOUR.split()}
    for digits, known in ((0, WHOLE), (2, HUNDREDTHS), (3, THREE), (4, FOUR)):
        assert {exponent(currency) for currency in known.split()} == {digits}
