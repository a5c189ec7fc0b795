"""Webhooks: refused without a row, malformed is 4xx, too large is 413, and busy is 503."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO

import pytest

from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, Unauthorised
from bot.core.message import Inbound, Wire
from bot.core.ports import ORDINARY, Channel, HookAnswer, HookRequest, Occasion, Sent
from models import Inbound as InboundRow
from tests.unit.web.running import Site


class Parrot(Channel):
    """A small channel: a secret header, a challenge, and a list of texts."""

    account = "parrot"
    capabilities = Capabilities("parrot")
    way = "webhook"

    def verify(self, request: HookRequest) -> None:
        if request.headers.get("x-secret") != "polly":
            raise Unauthorised("not from the platform")

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        challenge = request.query.get("challenge")
        return HookAnswer(body=challenge.encode()) if challenge else None

    def parse(self, body: bytes) -> list[Inbound]:
        try:
            texts: Sequence[str] = json.loads(body)
            return [Inbound("parrot", str(number), "ann", text=text) for number, text in enumerate(texts)]
        except (ValueError, TypeError, RecursionError) as error:
            raise BadInput("not a list of texts") from error

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        return Sent()


SIGNED = {"X-Secret": "polly"}


@pytest.fixture(autouse=True)
def _parrot(site: Site) -> None:
    site.runtime.channels["parrot"] = Parrot()


async def test_a_signed_call_is_kept_then_answered(site: Site) -> None:
    for _ in range(2):
        assert await site.status("POST", "/hooks/parrot", data='["hi", "there"]', headers=SIGNED) == 200
    assert [inbound.text for inbound in site.runtime.accepted] == ["hi", "there"]


async def test_a_call_that_went_well_is_no_line_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "parley.access")
    assert await site.status("POST", "/hooks/parrot", data='["hi"]', headers=SIGNED) == 200
    assert await site.status("POST", "/hooks/parrot", data="oh", headers=SIGNED) == 400
    lines = [(record.__dict__["route"], record.__dict__["status"]) for record in caplog.records]
    assert lines == [("/hooks/{account}", 400)]


@pytest.mark.parametrize("headers", [{}, {"X-Secret": ""}, {"X-Secret": "poll\u00fc"}, {"X-Secret": "polly2"}])
async def test_a_wrong_secret_leaves_no_row(site: Site, headers: dict[str, str]) -> None:
    assert await site.status("POST", "/hooks/parrot", data='["hi"]', headers=headers) == 401
    assert await site.status("GET", "/hooks/parrot?challenge=x", headers=headers) == 401
    assert await InboundRow.all().count() == 0


@pytest.mark.parametrize("body", ["", "{", "[1, {", "null", "7", "[" * 100_000])
async def test_a_malformed_body_is_4xx(site: Site, body: str) -> None:
    assert await site.status("POST", "/hooks/parrot", data=body.encode(), headers=SIGNED) == 400
    assert await InboundRow.all().count() == 0


async def test_limits_and_strangers(site: Site) -> None:
    assert await site.status("POST", "/hooks/parrot", data=BytesIO(b"x" * (1024 * 1024 + 1)), headers=SIGNED) == 413
    assert await site.status("POST", "/hooks/nobody", data="[]", headers=SIGNED) == 404
    assert await site.status("POST", "/hooks/pay/nobody", data="{}") == 404
    packed = {"Content-Encoding": "gzip"} | SIGNED
    assert await site.status("POST", "/hooks/parrot", data=b"\x1f\x8b", headers=packed) == 415
    assert await site.status("GET", "/hooks/parrot", headers=SIGNED) == 405


async def test_the_challenge_is_echoed(site: Site) -> None:
    async with site.client.get(f"{site.url}/hooks/parrot?challenge=abc", headers=SIGNED) as response:
        assert await response.text() == "abc"


async def test_busy_is_503_with_a_time(site: Site) -> None:
    site.runtime.busy = True
    async with site.client.post(f"{site.url}/hooks/parrot", data='["hi"]', headers=SIGNED) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "3")
