"""The desk's catalogue: products with variants, prices, places, and how many pieces lie where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.core.errors import BadInput
from bot.core.money import Money, is_currency
from bot.services import attachments, audit, categories, product_lists, product_pictures, products, threads
from bot.services.product_lists import ListedProduct, ListedVariant
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models.catalogue import Words
from models.database import transaction
from web import views
from web.auth import me, needs
from web.desk import pictures
from web.desk.values import goods
from web.files import LINKS
from web.http import Problem, answer, clean, language, moment_of, path_id, query_int, read_object, text_of
from web.keys import CLOCK, SETTINGS
from web.said import FILE, says
from web.values import Attachment, FileName

LIMIT = 1024 * 1024  # bytes of a product with all its variants
_TEXT = 4000
_USE = "product"
_WRONG = {
    409: "missing no_file no_price overtaken same_values sku_taken sku_twice too_long too_many",
    422: "bad_price bad_values",
}


@says(goods.Products, query=goods.ListQuery)
@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/products."""
    words, after = request.query.get("q", "").strip()[:100], query_int(request, "after") or 0
    category = request.query.get("category", "").replace("\0", "")[: products.SKU]
    found, more = await product_lists.listed(words, after, request.app[CLOCK](), category)
    items = await _shown(request, found)
    return answer({"items": items, "next": str(more) if more else None, "currency": request.app[SETTINGS].currency})


@says(goods.Categories)
@needs("agent")
async def kinds(_: web.Request) -> web.Response:
    """GET /api/desk/categories: of all products, sold or not."""
    return answer({"items": [{"code": one.code, "name": one.name} for one in await categories.listed()]})


@says(goods.OneProduct, refuses={404: "no_product"})
@needs("agent")
async def opened(request: web.Request) -> web.Response:
    """GET /api/desk/products/{id}."""
    return await _one(request, path_id(request))


@says(goods.OneProduct, status=201, takes=goods.WrittenProduct, refuses=_WRONG)
@needs("manager")
async def added(request: web.Request) -> web.Response:
    """POST /api/desk/products."""
    return await _saved(request, await read_object(request, LIMIT))


@says(goods.OneProduct, takes=goods.ChangedProduct, refuses=_WRONG | {400: "bad_time", 404: "no_product"})
@needs("manager")
async def changed(request: web.Request) -> web.Response:
    """PUT /api/desk/products/{id}: the whole of it; a variant that is not in it is no longer sold.

    `seen` is its `updated_at` as whoever changes it saw it: what was changed since is not undone.
    """
    body = await read_object(request, LIMIT)
    return await _saved(request, body, path_id(request), moment_of(body, "seen"))


@says(goods.OneProduct, takes=goods.Switch, refuses={404: "no_product"})
@needs("manager")
async def sold(request: web.Request) -> web.Response:
    """PUT /api/desk/products/{id}/active: it is for sale, or not."""
    body, now, product_id = await read_object(request), request.app[CLOCK](), path_id(request)
    async with transaction():
        await products.sell(product_id, body["active"], now)
        await audit.record(me(request).id, "product.save", f"product:{product_id}", now)
    return await _one(request, product_id)


@says(Attachment, status=201, takes=FILE, query=FileName)
@needs("manager")
async def upload(request: web.Request) -> web.Response:
    """POST /api/desk/products/picture?name=…"""
    return await pictures.upload(request, _USE)


async def _saved(
    request: web.Request, body: dict[str, Any], product_id: int | None = None, seen: datetime | None = None
) -> web.Response:
    spec, now = _spec(body), request.app[CLOCK]()
    products.check(spec)
    async with transaction():
        wanted = sorted(spec.pictures or ())
        for picture in wanted:
            if not await pictures.is_of(picture, _USE):
                raise Problem(409, "no_file", {"field": "pictures"})
        row = await products.save(spec, now, product_id=product_id, seen=seen)
        for picture in wanted:  # these are locked behind the product, see `models.locks`
            await attachments.publish(picture)
        await audit.record(me(request).id, "product.save", f"product:{row.id}", now)
    return await _one(request, row.id, 200 if product_id else 201)


async def _one(request: web.Request, product_id: int, status: int = 200) -> web.Response:
    found = [await product_lists.one(product_id, request.app[CLOCK]())]
    return answer({"product": (await _shown(request, found))[0]}, status)


@says(
    goods.Counted,
    takes=goods.Counting,
    refuses={404: "no_place no_product", 409: "stock_moved", 422: "bad_quantity"},
)
@needs("agent")
async def counted(request: web.Request) -> web.Response:
    """PUT /api/desk/stock: so many pieces of a variant at places; `was` is what whoever counted had seen there."""
    body, now = await read_object(request), request.app[CLOCK]()
    sku, pieces, was = text_of(body, "sku", products.SKU), _pieces(body, "pieces"), _pieces(body, "was")
    async with transaction():
        await products.count(sku, pieces, was)
        await audit.record(me(request).id, "stock.count", f"sku:{sku}", now)
    return answer({"sku": sku, "pieces": pieces})


@says(goods.Places)
@needs("agent")
async def places(_: web.Request) -> web.Response:
    """GET /api/desk/places."""
    async with transaction():
        found = await products.places()
    return answer(
        {
            "items": [
                {"code": one.code, "name": one.name, "active": bool(one.active), "position": one.position}
                for one in found
            ]
        }
    )


@says(goods.Place, takes=goods.WrittenPlace, refuses={409: "missing too_long"})
@needs("manager")
async def place_changed(request: web.Request) -> web.Response:
    """PUT /api/desk/places: make one, or change the one of that code."""
    body, now = await read_object(request), request.app[CLOCK]()
    code, name = text_of(body, "code", products.SKU).strip(), _texts(body.get("name", {}))
    active, position = body.get("active", True), body.get("position", 0)
    async with transaction():
        row = await products.place(code, name, active=active, position=position)
        await audit.record(me(request).id, "place.save", f"place:{row.id}", now)
    return answer({"code": row.code, "name": row.name, "active": row.active, "position": row.position})


def _spec(body: dict[str, Any]) -> ProductSpec:
    return ProductSpec(
        sku=text_of(body, "sku", _TEXT).strip(),
        name=_texts(body.get("name", {})),
        variants=[_variant(one) for one in body.get("variants", [])],
        description=_texts(body.get("description", {})),
        category=text_of(body, "category", _TEXT, default="").strip(),
        options=[_texts(one) for one in body.get("options", [])],
        position=body.get("position", 0),
        active=body.get("active", True),
        category_name=_texts(body["category_name"]) if "category_name" in body else None,
        pictures=list(dict.fromkeys(body["pictures"])) if "pictures" in body else None,
    )


def _variant(body: dict[str, Any]) -> VariantSpec:
    return VariantSpec(
        sku=text_of(body, "sku", _TEXT).strip(),
        prices=[_price(one, text_of(body, "sku", _TEXT)) for one in body.get("prices", [])],
        values=[_texts(one) for one in body.get("values", [])],
        barcode=text_of(body, "barcode", _TEXT, default="").strip(),
        active=body.get("active", True),
        was=text_of(body, "was", _TEXT, default=""),
    )


def _price(body: dict[str, Any], sku: str) -> PriceSpec:
    """Amounts are text, such as "68.50": decimals that the currency has not are refused."""
    currency, compare_at = text_of(body, "currency", 3), text_of(body, "compare_at", 30, default="")
    wrong = Problem(422, "bad_price", {"sku": sku, "field": "prices"})
    if not is_currency(currency):
        raise wrong
    try:
        price = Money.parse(text_of(body, "amount", 30), currency)
        return PriceSpec(price, Money.parse(compare_at, currency) if compare_at else None)
    except BadInput as error:
        raise wrong from error


def _pieces(body: dict[str, Any], name: str) -> dict[str, int]:
    return {clean(code, products.SKU): many for code, many in body.get(name, {}).items()}


def _texts(body: dict[str, Any]) -> Words:
    """By language; an empty text is none."""
    return {language: text for language in ("en", "zh") if (text := text_of(body, language, _TEXT, default="").strip())}


async def _shown(request: web.Request, found: Sequence[ListedProduct]) -> list[goods.Product]:
    ids = await product_pictures.of([one.row.id for one in found])
    files = await threads.files([picture for all_ in ids.values() for picture in all_])
    lang, links = language(request), request.app[LINKS]
    return [
        {**_json(one, lang), "pictures": [views.file(files[id_], links) for id_ in ids[one.row.id] if id_ in files]}
        for one in found
    ]


def _json(one: ListedProduct, lang: str) -> goods.ProductFacts:
    row = one.row
    return {
        "id": row.id,
        "sku": row.sku,
        "name": row.name,
        "description": row.description,
        "category": row.category,
        "options": row.options,
        "position": row.position,
        "active": bool(row.active),
        "updated_at": row.updated_at.isoformat(),  # to the microsecond: it comes back as `seen`
        "variants": [_variant_json(variant, lang) for variant in one.variants],
    }


def _variant_json(one: ListedVariant, lang: str) -> goods.Variant:
    return {
        "sku": one.row.sku,
        "barcode": one.row.barcode,
        "values": one.row.option_values,
        "active": bool(one.row.active),
        "prices": [
            {
                "currency": price.currency,
                "amount": str(price.decimal),
                "compare_at": str(compare_at.decimal) if compare_at else "",
                "text": price.format(lang),
                "compare_at_text": compare_at.format(lang) if compare_at else "",
            }
            for price, compare_at in one.money()
        ],
        "pieces": one.pieces,
        "held": one.held,
    }
