"""Webhooks at the desk: made by admins, with a secret that is shown once, a log, and a replay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.core.webhooks import Posted
from bot.services import staff, webhooks
from bot.services import webhook_outbox as outbox
from models import Audit, WebhookDelivery
from tests.unit.web.running import Site

PASSWORD = "a long password"
Call = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture
async def call(site: Site) -> Call:
    """`status, body = await call("POST", "/1/test")`, by an admin."""
    webhooks.forget()
    await staff.add("ada", "Ada", "admin", PASSWORD, site.clock(), one_time=False)
    body = {"login": "ada", "password": PASSWORD}
    _, found = await site.json("POST", "/api/desk/login", json=body, headers={"Origin": site.url})
    headers = {"Origin": site.url, "X-CSRF-Token": str(found["csrf"])}

    async def make(method: str, path: str = "", body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        status, answer = await site.json(method, f"/api/desk/webhooks{path}", json=body or {}, headers=headers)
        return status, dict(answer)

    return make


async def test_from_its_making_to_a_replay(site: Site, call: Call) -> None:
    status, made = await call("POST", body={"url": "https://a.example/in", "events": ["order.*", "review.accepted"]})
    assert (status, made["webhook"]["state"]) == (201, "active")
    secret, id_ = made["secret"], made["webhook"]["id"]
    assert secret.startswith("whsec_")
    status, listed = await call("GET")
    assert secret not in str(listed)
    assert {"order.paid", "payment.settled", "conversation.taken", "message.received"} <= set(listed["names"])
    status, told = await call("PUT", f"/{id_}", {"url": "https://b.example/in", "events": ["payment.*"]})
    assert (told["webhook"]["url"], told["webhook"]["events"]) == ("https://b.example/in", ["payment.*"])
    status, told = await call("POST", f"/{id_}/rotate")
    assert told["secret"] != secret
    assert told["webhook"]["both_until"] is not None
    assert (await call("POST", f"/{id_}/test"))[1]["webhook"]["waiting"] == 1
    (one,) = await outbox.claim(id_, 5, site.clock())
    await outbox.record(one, Posted(500, answer="oh no"), None, 12, site.clock())
    status, page = await call("GET", f"/{id_}/log?state=failed")
    entry = page["items"][0]
    assert (entry["name"], entry["status"], entry["answer"], entry["took_ms"]) == ("webhook.test", 500, "oh no", 12)
    assert (await call("POST", f"/{id_}/replay", {"since": "2020-01-01T00:00:00Z"}))[1] == {"count": 1}
    assert (await call("POST", f"/{id_}/replay", {"delivery": entry["id"]}))[1] == {"count": 1}
    assert (await WebhookDelivery.get()).state == "waiting"
    assert (await call("POST", f"/{id_}/pause"))[1]["webhook"]["reason"] == "staff"
    assert (await call("POST", f"/{id_}/resume"))[1]["webhook"]["state"] == "active"
    assert (await call("DELETE", f"/{id_}"))[0] == 200
    assert await Audit.filter(action__startswith="webhook.", staff_id__isnull=False).count() == 9


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "http://a.example/", "events": ["order.*"]}, 409, "webhook_tls"),
        ({"url": "nonsense", "events": ["order.*"]}, 422, "bad_webhook_url"),
        ({"url": "https://a.example/", "events": ["everything"]}, 422, "bad_events"),
        ({"url": "https://a.example/", "events": "order.*"}, 400, "bad_request"),
        ({"url": "https://a.example/", "events": [1]}, 400, "bad_request"),
        ({"events": ["order.*"]}, 400, "bad_request"),
    ],
)
async def test_what_cannot_be_made(call: Call, body: dict[str, Any], status: int, code: str) -> None:
    found, answer = await call("POST", body=body)
    assert (found, answer["error"]["code"]) == (status, code)


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-23T09:00:00", None])
async def test_since_when_is_a_moment(call: Call, since: str | None) -> None:
    made = await call("POST", body={"url": "https://a.example/", "events": ["order.*"]})
    status, answer = await call("POST", f"/{made[1]['webhook']['id']}/replay", {"since": since})
    assert (status, answer["error"]["code"]) == (400, "bad_time")


async def test_what_was_stopped_shows_among_the_failures(site: Site, call: Call) -> None:
    made = await call("POST", body={"url": "https://a.example/", "events": ["order.*"]})
    id_ = made[1]["webhook"]["id"]
    await call("POST", f"/{id_}/test")
    (one,) = await outbox.claim(id_, 5, site.clock())
    await outbox.record(one, Posted(410), 5.0, 12, site.clock())
    _, found = await site.json("GET", "/api/desk/failures")
    assert [(line["kind"], line["id"], line["error"]) for line in found["items"]] == [("webhook", id_, "gone")]  # type: ignore[attr-defined]
    await call("POST", f"/{id_}/resume")
    assert (await site.json("GET", "/api/desk/failures"))[1] == {"items": []}
