"""Money is an integer of minor units with a currency; there are no floats anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from bot.core.errors import BadInput

#: ISO 4217 currencies whose minor unit is not a hundredth, by the digits that theirs has; XTR are Telegram's Stars.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF XTR",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = {currency: digits for digits, known in _DIGITS.items() for currency in known.split()}

#: A currency's own sign (CLDR's narrow symbol), the same in every language, as browsers write it with "narrowSymbol".
#: A shop sells in one currency: its customers need not be told which yuan or dollar it is. Others show their code.
SIGNS = {
    "AUD": "$", "BRL": "R$", "CAD": "$", "CNY": "¥", "CZK": "Kč", "DKK": "kr", "EUR": "€", "GBP": "£", "HKD": "$",
    "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "$", "NGN": "₦", "NOK": "kr", "NZD": "$", "PHP": "₱",
    "PLN": "zł", "RUB": "₽", "SEK": "kr", "SGD": "$", "THB": "฿", "TRY": "₺", "TWD": "NT$", "UAH": "₴", "USD": "$",
    "VND": "₫", "XTR": "⭐",
}  # fmt: skip

_WRITTEN = re.compile(r"([0-9]{1,15})(?:\.([0-9]+))?")
_LETTER_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")  # Babel leaves the space of "CHF 1" out


def exponent(currency: str) -> int:
    """How many digits the minor unit has by ISO 4217: 2 for CNY, 0 for JPY."""
    return EXPONENTS.get(currency, 2)


def is_currency(code: str) -> bool:
    """Whether it is a code of ISO 4217."""
    if code in SIGNS:
        return True
    from babel.numbers import list_currencies

    return code in list_currencies()


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`amount` in minor units (fen, cents) of an ISO 4217 `currency`."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """`"68.00"` of a currency with hundredths is 6800. Raises `BadInput`: more decimals than it has are refused."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise BadInput(f"{text!r} is not an amount; write it like 68 or 68.50")
        digits, most = found[2] or "", exponent(currency)
        if len(digits) > most:
            raise BadInput(f"{text!r} has more decimals than {currency} has: {most}")
        return cls(int(found[1] + digits.ljust(most, "0")), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount).scaleb(-exponent(self.currency))

    def format(self, locale: str) -> str:
        """As a reader of `locale` writes it: `¥68.00` in Chinese and English, `68,00 €` in German."""
        return _format(self.decimal, self.currency, locale)


@lru_cache(maxsize=4096)
def _format(value: Decimal, currency: str, locale: str) -> str:
    # Babel costs 30 ms to import, and most processes that import this module never print a price.
    from babel.numbers import format_currency, get_currency_symbol

    locale = locale.replace("-", "_")
    known = "JPY" if currency == "XTR" else currency  # CLDR has no Stars: they are written as what is whole, too
    usual = get_currency_symbol(known, locale)
    # Unquantized: CLDR rounds some currencies, as ALL and MGA, to whole units, though ISO 4217 gives them hundredths.
    exact = format_currency(value, known, locale=locale, decimal_quantization=False)
    written = exact.replace(usual, SIGNS.get(currency, usual), 1)
    return _LETTER_BEFORE_DIGIT.sub("\xa0", written)
