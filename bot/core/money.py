"""Money is an integer of minor units with a currency; there are no floats anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

#: ISO 4217 currencies whose minor unit is not a hundredth.
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}

#: A currency's own sign (CLDR's narrow symbol), the same in every language, as browsers write it with "narrowSymbol".
#: A shop sells in one currency: its customers need not be told which yuan or dollar it is. Others show their code.
SIGNS = {
    "AUD": "$", "BRL": "R$", "CAD": "$", "CNY": "¥", "CZK": "Kč", "DKK": "kr", "EUR": "€", "GBP": "£", "HKD": "$",
    "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "$", "NGN": "₦", "NOK": "kr", "NZD": "$", "PHP": "₱",
    "PLN": "zł", "RUB": "₽", "SEK": "kr", "SGD": "$", "THB": "฿", "TRY": "₺", "TWD": "NT$", "UAH": "₴", "USD": "$",
    "VND": "₫",
}  # fmt: skip

_LETTER_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")  # Babel leaves the space of "CHF 1" out


def exponent(currency: str) -> int:
    """How many digits the minor unit has: 2 for CNY, 0 for JPY."""
    return EXPONENTS.get(currency, 2)


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
    usual = get_currency_symbol(currency, locale)
    written = format_currency(value, currency, locale=locale).replace(usual, SIGNS.get(currency, usual), 1)
    return _LETTER_BEFORE_DIGIT.sub("\xa0", written)
