"""The pictures of products, in their order: lists and chats show the first, a product's page all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from models import Attachment, Product, ProductPicture, Variant

#: Of one product, that are shown.
MOST = 10


async def of(products: Sequence[int]) -> dict[int, list[int]]:
    """The attachments of each of these products, those that there is room for."""
    return {id_: all_[:MOST] for id_, all_ in (await every(products)).items()}


async def every(products: Sequence[int]) -> dict[int, list[int]]:
    """The same with those behind them: ours, where a connected shop has taken their room."""
    rows = ProductPicture.filter(product_id__in=list(products)).order_by("position", "id")
    behind: dict[int, list[int]] = {id_: [] for id_ in products}
    for product, picture in await rows.values_list("product_id", "picture_id"):
        behind[product].append(picture)
    first = dict(await Product.filter(id__in=list(products)).values_list("id", "picture_id"))
    return {id_: list(dict.fromkeys([*filter(None, [first.get(id_)]), *all_])) for id_, all_ in behind.items()}


async def choose(product: int, pictures: Sequence[int]) -> None:
    """Staff put these there in place of those that are shown; what has no room stays behind them."""
    behind = (await every([product]))[product][MOST:]
    await put(product, [*pictures, *[one for one in behind if one not in pictures]])


async def put(product: int, pictures: Sequence[int], addresses: Mapping[int, str] | None = None) -> None:
    """These are its pictures from now on, inside the caller's transaction; those of a shop keep their addresses.

    What no product has any more is not open to all either; threads that showed it still do.
    """
    before = (await every([product]))[product]
    rows = ProductPicture.filter(product_id=product)
    known = dict(await rows.values_list("picture_id", "address")) | dict(addresses or {})
    await rows.delete()
    await ProductPicture.bulk_create(
        ProductPicture(product_id=product, picture_id=one, position=position, address=known.get(one, ""))
        for position, one in enumerate(pictures)
    )
    await Product.filter(id=product).update(picture_id=pictures[0] if pictures else None)
    if gone := [one for one in before if one not in pictures]:
        await _hide(gone)


async def _hide(gone: Collection[int]) -> None:
    used: set[int] = set()
    for table in (Product, ProductPicture, Variant):
        used |= {id_ for (id_,) in await table.filter(picture_id__in=gone).values_list("picture_id")}
    await Attachment.filter(id__in=[one for one in gone if one not in used]).update(public=False)
