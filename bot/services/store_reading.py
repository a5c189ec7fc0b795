"""What a shop says of a product, in our words: texts without markup, money that its currency has, pieces that can be.

What cannot be read is told as a problem, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.store import StoreProduct, StoreVariant
from bot.services.products import DESCRIPTION, NAME, SKU, PriceSpec, ProductSpec, VariantSpec
from models import Price, Product, Variant
from models.catalogue import Words

_MARKUP = re.compile(r"<\s*[/!?a-zA-Z]")
_ZEROS = re.compile(r"(\.[0-9]*?)0+$")
_PARAGRAPHS = frozenset({"p", "div", "li", "br", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"})
#: A number beyond it is somebody's word for "enough".
MOST_PIECES = 1_000_000_000
_SILENT = frozenset({"script", "style", "template", "noscript"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a product of a shop; `facts` fill the sentence that tells staff the cure."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, refused: Refused) -> Problem:
        """Why the catalogue does not take it."""
        return cls(refused.code, {name: str(fact) for name, fact in refused.facts.items()})


@dataclass(frozen=True, slots=True)
class Sold:
    """A variant that can be sold: what it costs, and how many pieces lie at each place there (None: nobody counts)."""

    id: str
    sku: str
    price: PriceSpec
    pieces: Mapping[str, int | None]
    values: tuple[str, ...]
    barcode: str
    active: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A product as it can be taken, and what is wrong with it; without `variants` it is not sold."""

    there: StoreProduct
    title: str
    description: str
    variants: tuple[Sold, ...]
    problems: tuple[Problem, ...]

    @property
    def is_sold(self) -> bool:
        """Whether there is anything to take."""
        return bool(self.variants)

    @property
    def currency(self) -> str:
        """What it sells in."""
        return self.there.currency

    def said(self) -> dict[str, Any]:
        """The fields that the shop wins, as it says them."""
        found: dict[str, Any] = {"name": self.title, "description": self.description, "active": self.there.active}
        return found | {f"price:{one.id}": one.price.price.amount for one in self.variants}

    def spec(
        self,
        language: str,
        store: str,
        row: Product | None,
        variants: Sequence[Variant],
        prices: Sequence[Price],
        category: str,
    ) -> ProductSpec:
        """The product as it shall be here; what is ours stays as it is."""
        there = self.there
        known = {one.external_id: one for one in variants if one.store == store}
        here = {one.id for one in there.variants}
        by_sku = {one.sku: one for one in variants if one.store != store or one.external_id not in here}
        made = []
        for one in self.variants:
            before = known.get(one.id) or by_sku.pop(one.sku, None)
            made.append(_variant(one, before, prices, language, store))
        only = made[0].sku if len(made) == 1 else ""
        return ProductSpec(
            sku=there.sku or (row.sku if row else "") or only or f"{store}-{there.id}",
            name={**(row.name if row else {}), language: self.title},
            variants=made,
            description={**(row.description if row else {}), language: self.description},
            category=category[:SKU],
            options=_options(there.options, row.options if row else [], language),
            position=row.position if row else 0,
            active=there.active,
        )


def read(there: StoreProduct) -> Reading:
    """A product of the shop, as far as it can be taken."""
    problems: list[Problem] = []
    title = " ".join(there.title.split())
    if there.unread:
        problems.append(Problem("unreadable", {"why": there.unread}))
    elif there.unsold:
        problems.append(Problem("not_by_piece", {"kind": there.unsold}))
    elif not title:
        problems.append(Problem("no_title"))
    elif _MARKUP.search(title):
        problems.append(Problem("markup"))
    elif len(title) > NAME:
        problems.append(Problem("long_title", {"most": NAME}))
    if problems:
        return Reading(there, title, "", (), tuple(problems))
    sold = [one for variant in there.variants if (one := _sold(variant, there.currency, problems)) is not None]
    if not there.variants:
        problems.append(Problem("no_variants"))
    return Reading(there, title, plain(there.description)[:DESCRIPTION], tuple(sold), tuple(_each_once(problems)))


def plain(html: str) -> str:
    """The words of a piece of HTML, a line for each paragraph; no script, no style."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - not ours
        self._silent += tag in _SILENT
        if tag in _PARAGRAPHS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _PARAGRAPHS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _sold(there: StoreVariant, currency: str, problems: list[Problem]) -> Sold | None:
    sku = there.sku or there.id
    if not there.price:
        problems.append(Problem("no_price", {"sku": sku}))
        return None
    try:
        price = money(there.price, currency)
        compare_at = money(there.compare_at, currency) if there.compare_at else None
    except BadInput:
        problems.append(Problem("bad_price", {"sku": sku, "price": there.price[:40], "currency": currency}))
        return None
    if price.amount <= 0:
        problems.append(Problem("no_price", {"sku": sku}))
        return None
    pieces: dict[str, int | None] = {}
    for place, many in there.pieces.items():
        if many is not None and many < 0:
            problems.append(Problem("negative_stock", {"sku": sku, "pieces": many}))
        pieces[place] = None if many is None else min(max(0, many), MOST_PIECES)
    higher = compare_at if compare_at is not None and compare_at > price else None
    return Sold(there.id, there.sku, PriceSpec(price, higher), pieces, there.values, there.barcode[:64], there.active)


def money(text: str, currency: str) -> Money:
    """ "12.5000" of a currency with hundredths is 12.50: zeros are no decimals. Raises `BadInput`."""
    return Money.parse(_ZEROS.sub(r"\1", text.strip()).rstrip(".") if "." in text else text, currency)


def _variant(one: Sold, before: Variant | None, prices: Sequence[Price], language: str, store: str) -> VariantSpec:
    others = [
        PriceSpec(Money(row.amount, row.currency), Money(row.compare_at, row.currency) if row.compare_at else None)
        for row in prices
        if before is not None and row.variant_id == before.id and row.currency != one.price.price.currency
    ]
    old = before.option_values if before is not None else []
    return VariantSpec(
        sku=one.sku or (before.sku if before else "") or f"{store}-{one.id}",
        prices=[one.price, *others],
        values=_options(one.values, old, language),
        barcode=one.barcode,
        active=one.active,
        was=before.sku if before is not None else "",
    )


def _options(there: Sequence[str], here: Sequence[Words], language: str) -> list[Words]:
    """In the shop's language as there; in the others as here, where the shop still says the same."""
    found = []
    for position, text in enumerate(there):
        known = here[position] if position < len(here) else {}
        found.append({**(known if known.get(language, text) == text else {}), language: text})
    return found


def _each_once(problems: Sequence[Problem]) -> list[Problem]:
    """One of a kind for a product: the first says where."""
    return list({one.code: one for one in reversed(problems)}.values())
