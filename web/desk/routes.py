"""Every route of the desk's API in one table."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from web import auth
from web.desk import (
    accounts,
    addresses,
    api_keys,
    books,
    broadcasts,
    canned,
    conversations,
    orders,
    payments,
    people,
    products,
    reports,
    sales,
    stores,
    webhooks,
)

_ONE = "/api/desk/conversations/{id}"


def routes() -> Iterator[web.RouteDef]:
    """The desk's part of docs/web-api.md."""
    yield web.post("/api/desk/login", auth.log_in)
    yield web.post("/api/desk/logout", auth.log_out)
    yield web.post("/api/desk/password", auth.change_password)
    yield web.get("/api/desk/me", auth.show_me)
    yield web.put("/api/desk/me", auth.change_me)
    yield from _inbox()
    yield from _people_and_orders()
    yield from _catalogue()
    yield from _reports()
    yield from _broadcasts()
    yield from _settings()
    yield from _webhooks()


def _inbox() -> Iterator[web.RouteDef]:
    yield web.get("/api/desk/conversations", conversations.listed)
    yield web.get(_ONE, conversations.opened)
    yield web.get(f"{_ONE}/messages", conversations.messages)
    yield web.post(f"{_ONE}/messages", conversations.say_something)
    yield web.post(f"{_ONE}/take", conversations.take)
    yield web.post(f"{_ONE}/give", conversations.give)
    yield web.post(f"{_ONE}/close", conversations.close)
    yield web.post(f"{_ONE}/read", conversations.read)
    yield web.post(f"{_ONE}/files", conversations.upload)
    yield web.post(f"{_ONE}/typing", conversations.typing)
    yield web.get(f"{_ONE}/goods", sales.goods)
    yield web.get(f"{_ONE}/order", sales.form)
    yield web.post(f"{_ONE}/quote", sales.quote)
    yield web.post(f"{_ONE}/orders", sales.send)


def _people_and_orders() -> Iterator[web.RouteDef]:
    yield web.get("/api/desk/contacts", people.listed)
    yield web.get("/api/desk/contacts/{id}", people.opened)
    yield web.put("/api/desk/contacts/{id}", people.changed)
    yield web.put("/api/desk/identities/{id}/consents", people.consent)
    yield web.get("/api/desk/contacts/{id}/history", people.history)
    yield web.delete("/api/desk/proofs/{id}", people.part)
    yield web.get("/api/desk/contacts/{id}/export", people.export)
    yield web.post("/api/desk/contacts/{id}/erase", people.erase)
    yield web.get("/api/desk/orders", orders.listed)
    yield web.get("/api/desk/orders/{id}", orders.opened)
    yield web.put("/api/desk/orders/{id}", sales.change)
    yield web.post("/api/desk/orders/{id}/quote", sales.quote_change)
    yield web.post("/api/desk/address-form", addresses.address_form)
    yield web.post("/api/desk/orders/{id}/notes", orders.note)
    yield web.post("/api/desk/orders/{id}/{step}", orders.step)
    yield web.post("/api/desk/payments/{id}/receive", payments.receive)
    yield web.post("/api/desk/payments/{id}/refund", payments.refund)
    yield web.post("/api/desk/refunds/{id}/retry", payments.ask_again)
    yield web.get("/api/desk/differences", books.listed)
    yield web.post("/api/desk/differences/{id}/explain", books.explained)
    yield web.get("/api/desk/reviews", orders.reviews_listed)
    yield web.post("/api/desk/reviews/{id}/accept", orders.review_accepted)
    yield web.post("/api/desk/reviews/{id}/reject", orders.review_rejected)


def _catalogue() -> Iterator[web.RouteDef]:
    yield web.get("/api/desk/products", products.listed)
    yield web.post("/api/desk/products", products.added)
    yield web.post("/api/desk/products/picture", products.upload)
    yield web.get("/api/desk/products/{id}", products.opened)
    yield web.put("/api/desk/products/{id}", products.changed)
    yield web.put("/api/desk/products/{id}/active", products.sold)
    yield web.get("/api/desk/categories", products.kinds)
    yield web.put("/api/desk/stock", products.counted)
    yield web.get("/api/desk/places", products.places)
    yield web.put("/api/desk/places", products.place_changed)
    yield web.get("/api/desk/stores", stores.listed)
    yield web.post("/api/desk/stores/{name}/compare", stores.compared)
    yield web.get("/api/desk/store-problems", stores.problems)
    yield web.post("/api/desk/store-problems/{id}/done", stores.done)
    yield web.get("/api/desk/store-conflicts", stores.conflicts)
    yield web.delete("/api/desk/store-conflicts/{id}", stores.forgotten)


def _reports() -> Iterator[web.RouteDef]:
    yield web.get("/api/desk/reports", reports.listed)
    yield web.get("/api/desk/reports/{name}/runs", reports.runs)
    yield web.post("/api/desk/reports/{name}/run", reports.start)
    yield web.get("/api/desk/runs/{id}", reports.run)
    yield web.post("/api/desk/subscriptions", reports.subscribe)
    yield web.delete("/api/desk/subscriptions/{id}", reports.unsubscribe)


def _broadcasts() -> Iterator[web.RouteDef]:
    yield web.get("/api/desk/broadcasts", broadcasts.listed)
    yield web.post("/api/desk/broadcasts", broadcasts.made)
    yield web.post("/api/desk/broadcasts/preview", broadcasts.previewed)
    yield web.post("/api/desk/broadcasts/picture", broadcasts.upload)
    yield web.post("/api/desk/broadcasts/{id}/stop", broadcasts.stopped)


def _settings() -> Iterator[web.RouteDef]:
    yield web.post("/api/desk/link-code", accounts.link_code)
    yield web.get("/api/desk/linked-chats", accounts.linked)
    yield web.delete("/api/desk/linked-chats/{id}", accounts.unlinked)
    yield web.get("/api/desk/canned/{language}", canned.listed)
    yield web.put("/api/desk/canned/{language}", canned.changed)
    yield web.get("/api/desk/failures", accounts.failures)
    yield web.post("/api/desk/failures/{kind}/{id}/retry", accounts.retry)
    yield web.get("/api/desk/channels", accounts.channels)
    yield web.get("/api/desk/staff", accounts.listed)
    yield web.post("/api/desk/staff", accounts.added)
    yield web.put("/api/desk/staff/{id}", accounts.changed)
    yield web.post("/api/desk/staff/{id}/password", accounts.password)
    yield web.get("/api/desk/keys", api_keys.listed)
    yield web.post("/api/desk/keys", api_keys.made)
    yield web.post("/api/desk/keys/{id}/revoke", api_keys.revoked)


def _webhooks() -> Iterator[web.RouteDef]:
    yield web.get("/api/desk/webhooks", webhooks.listed)
    yield web.post("/api/desk/webhooks", webhooks.made)
    yield web.put("/api/desk/webhooks/{id}", webhooks.changed)
    yield web.delete("/api/desk/webhooks/{id}", webhooks.removed)
    yield web.post("/api/desk/webhooks/{id}/pause", webhooks.paused)
    yield web.post("/api/desk/webhooks/{id}/resume", webhooks.resumed)
    yield web.post("/api/desk/webhooks/{id}/rotate", webhooks.rotated)
    yield web.post("/api/desk/webhooks/{id}/test", webhooks.tested)
    yield web.get("/api/desk/webhooks/{id}/log", webhooks.log)
    yield web.post("/api/desk/webhooks/{id}/replay", webhooks.replayed)
