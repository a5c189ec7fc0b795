"""What an order costs by the shop's rates, and the charges that are kept with it as they were."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.pricing import Breakdown, Charge, Code, Method, price
from bot.core.registry import reads
from bot.services import cart, same_person
from bot.services.scope import Scope, language
from models import Order, OrderCharge, locks
from models.database import Statement
from models.rows import insertion

#: An order that ended so gives the use of its discount code back.
GIVES_BACK = ("cancelled", "expired")


@reads
async def countries(scope: Scope) -> tuple[str, ...]:
    """Where the shop sells to, by ISO 3166; none where it does not say."""
    return scope.rates.countries


@reads
async def methods(scope: Scope, country: str) -> tuple[Method, ...]:
    """How goods can be shipped there. Raises `Refused("no_shipping")`."""
    return scope.rates.serving(country, scope.currency)


@reads
async def has_codes(scope: Scope) -> bool:
    """Whether any discount code can be used now."""
    return any(code.runs(scope.now) for code in scope.rates.codes.values())


@reads
async def check_code(scope: Scope, typed: str) -> None:
    """Whether the customer can use the code. Raises `Refused`: "no_code", "code_used"."""
    await _code(scope, typed)


@reads
async def quote(scope: Scope, country: str = "", method: str = "", code: str = "") -> Breakdown:
    """What the cart would cost. Raises `Refused`: "cart_empty", and what `breakdown` raises."""
    basket = await cart.view(scope)
    if basket.total is None:
        raise Refused("cart_empty")
    return await breakdown(scope, basket.total, country, method, code)


async def breakdown(
    scope: Scope, goods: Money, country: str, method: str, code: str, besides: int | None = None
) -> Breakdown:
    """The price of goods, sent by a method, with a code; "" is none.

    Where the shop sells to one country, that is it. Lock the code first where an order is placed; with one that the
    order `besides` has already it goes on, also where that has ended or is used up.
    Raises `Refused`: "no_country"(known), "no_method"(known), "no_shipping", "no_code", "code_used", and what
    `price` raises.
    """
    country = destination(scope, country)
    found = await _code(scope, code, besides) if code.strip() else None
    return price(goods, scope.rates, country, _method(scope, country, method), found, language(scope.locale))


def known(code: str) -> str:
    """A code as the shop writes it, from what somebody typed."""
    return code.strip().upper()


def is_personal(scope: Scope, typed: str) -> bool:
    """Whether the code is counted for each person, which only means something where people are known."""
    code = scope.rates.codes.get(known(typed))
    return code is not None and code.uses_per_person > 0


async def lock(scope: Scope, typed: str) -> None:
    """Nobody else uses the code until this transaction ends; one that the shop has not is nobody's."""
    if (code := known(typed)) in scope.rates.codes:
        await locks.discount_code(code)


def kept(order: Order, parts: Breakdown) -> Statement:
    """What stores the charges with the order, as they are at this moment."""
    return insertion(
        OrderCharge(
            order_id=order.id,
            kind=charge.kind,
            name=charge.name,
            title=charge.title,
            amount=charge.amount.amount,
            rate=charge.rate,
            included=charge.included,
        )
        for charge in parts.charges
    )


async def charges(currencies: Mapping[int, str]) -> dict[int, tuple[Charge, ...]]:
    """The charges of orders, by order and as they were reckoned; `currencies` are the orders' own."""
    found: dict[int, tuple[Charge, ...]] = dict.fromkeys(currencies, ())
    for row in await OrderCharge.filter(order_id__in=list(found)).order_by("id"):
        amount = Money(row.amount, currencies[row.order_id])
        charge = Charge(row.kind, row.name, row.title, amount, row.rate, row.included)  # type: ignore[arg-type]
        found[row.order_id] += (charge,)
    return found


def destination(scope: Scope, country: str) -> str:
    """Where it goes: "" is the one that the shop sells to. Raises `Refused("no_country")`(known)."""
    sold_to = scope.rates.countries
    country = country or (sold_to[0] if len(sold_to) == 1 else "")
    if sold_to and country not in sold_to:
        raise Refused("no_country", country=country, known=", ".join(sold_to))
    return country


def _method(scope: Scope, country: str, name: str) -> Method | None:
    serving = scope.rates.serving(country, scope.currency)
    if not name and len(serving) == 1:
        return serving[0]
    for method in serving:
        if method.name == name:
            return method
    if serving:
        raise Refused("no_method", known=", ".join(method.name for method in serving))
    return None


async def _code(scope: Scope, typed: str, besides: int | None = None) -> Code:
    code = scope.rates.codes.get(known(typed))
    if code is not None and besides is not None and await _is_of(besides, code):
        return code  # what was given stays given
    if code is None or not code.runs(scope.now):
        raise Refused("no_code")
    used = OrderCharge.filter(kind="discount", name=code.code, order__state__not_in=list(GIVES_BACK))
    if code.uses and await used.count() >= code.uses:
        raise Refused("code_used")
    if code.uses_per_person:
        people = await same_person.contacts(scope)
        if await used.filter(order__contact_id__in=people).count() >= code.uses_per_person:
            raise Refused("code_used")
    return code


async def _is_of(order_id: int, code: Code) -> bool:
    return await OrderCharge.filter(order_id=order_id, kind="discount", name=code.code).exists()
