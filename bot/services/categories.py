"""What categories are called. Products, links and programs name one by its code; people read its name.

A code is what somebody once wrote at a product, or what a connected shop calls it: so it is the name in every language
in which nobody has written another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tortoise.expressions import Subquery

from bot.core.callback import Callback
from bot.core.registry import reads
from bot.services.scope import Scope, language
from models import Category, Product, ProductSearch
from models.catalogue import Words
from models.database import fetch

#: Categories of a list; a shop with more of them has put something else there.
MOST = 1000

# From one to the next by the index, however many products lie between them. As many steps as are wanted: MySQL and
# MariaDB take all that there are before they look at a LIMIT, and refuse the statement past a thousand.
_NEXT = (
    "WITH RECURSIVE known(code, place) AS (SELECT MIN(category), 1 FROM {rows} category > ? UNION ALL "
    "SELECT (SELECT MIN(category) FROM {rows} category > known.code), known.place + 1 FROM known "
    "WHERE known.code IS NOT NULL AND known.place < ?) SELECT code FROM known WHERE code IS NOT NULL ORDER BY place"
)
_CODES = _NEXT.format(rows="product WHERE")
_SOLD = _NEXT.format(rows="for_sale WHERE currency = ? AND")
_COUNTED = (
    "SELECT category, COUNT(*) AS count FROM for_sale WHERE currency = ? AND category > '' "
    "GROUP BY category ORDER BY category"
)


class Kinds(Callback):
    """Show which categories there are behind the code `after`."""

    after: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A category, and how many products it has where that was asked for."""

    code: str
    name: Words = field(default_factory=dict)
    count: int = 0

    def called(self, locale: str) -> str:
        """Its name in the reader's language."""
        return self.name.get(language(locale)) or self.code


async def named(codes: Iterable[str]) -> dict[str, Kind]:
    """Each of these; none of what is no category."""
    wanted = set(codes) - {""}
    known = dict(await Category.filter(code__in=list(wanted)).values_list("code", "name")) if wanted else {}
    return {code: Kind(code, known.get(code, {})) for code in wanted}


async def listed() -> list[Kind]:
    """All that products have, sold or not, in the order of their codes."""
    return await _of(await fetch(_CODES, ("", MOST)))


@reads
async def sold(scope: Scope, after: str, most: int) -> tuple[Kind, ...]:
    """The first `most` of what is for sale to this customer, of those behind the code `after`."""
    return tuple(await _of(await fetch(_SOLD, (scope.currency, after, scope.currency, most))))


async def _of(rows: Iterable[Mapping[str, Any]]) -> list[Kind]:
    codes = [str(row["code"]) for row in rows]
    known = await named(codes)
    return [known[code] for code in codes]


async def counted(currency: str) -> list[Kind]:
    """Those of what is sold in a currency, with how many products each has; all of these are counted for it."""
    counts = {str(row["category"]): int(row["count"]) for row in await fetch(_COUNTED, (currency,))}
    known = await named(counts)
    return [replace(known[code], count=count) for code, count in counts.items()]


async def codes_of(spoken: str) -> Mapping[str, str]:
    """Codes by what people call them in this language, in lower case."""
    rows = await Category.all().values_list("code", "name")
    return {name[spoken].casefold(): code for code, name in rows if name.get(spoken)}


async def call(code: str, name: Words) -> None:
    """It is called so from now on, in the languages that are given; its products are soon found by that, too."""
    texts = {spoken: text for spoken, text in name.items() if text}
    row, is_new = await Category.get_or_create({"name": texts}, code=code)
    if is_new or row.name != texts:
        await Category.filter(code=code).update(name=texts)
        of = Subquery(Product.filter(category=code).values("id"))
        await ProductSearch.filter(product_id__in=of).update(listed=False)
