"""What a person may ask of us through Meta: that what we know is deleted."""

from __future__ import annotations

import orjson
import pytest

from bot.channels._meta.channel import OLDEST_REQUEST
from bot.channels.messenger import MessengerChannel, Settings
from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.meta_stage import signed
from tests.kit.platforms.around import around
from tests.kit.platforms.meta import MessengerServer, MetaUser


async def test_a_request_for_deletion_is_kept_and_confirmed(hook: Hook, server: MessengerServer, inbox: Inbox) -> None:
    answer = await server.asks_for_deletion("app-42")
    inbound = await inbox.next()
    code = inbound.data
    assert (inbound.kind, inbound.sender, inbound.native) == ("forget", "app-42", {})
    assert code.isalnum()
    told = {"url": f"https://shop.example/deletion/{code}", "confirmation_code": code}
    assert (answer.status, answer.content_type, orjson.loads(answer.body)) == (200, "application/json", told)


async def test_the_same_request_is_one_and_another_persons_is_another(
    channel: MessengerChannel, settings: Settings, server: MessengerServer, shelf: Shelf
) -> None:
    one, other = server.signed_request("app-42", issued=1e9), server.signed_request("app-43", issued=1e9)
    elsewhere = MessengerChannel(settings, around("messenger", shelf.open))
    assert channel.parse(one) == elsewhere.parse(one)
    assert channel.parse(one)[0].key != channel.parse(other)[0].key
    assert channel.parse(one)[0].key == f"deletion:{channel.parse(one)[0].data}"
    page = settings.model_copy(update={"privacy_url": "https://shop.example/privacy"})
    told = MessengerChannel(page, around("m", shelf.open)).answer(HookRequest("POST", "/", {}, {}, one), b"")
    assert orjson.loads(told.body)["url"].startswith("https://shop.example/privacy?code=")


async def test_a_request_that_meta_did_not_sign_or_long_ago_is_refused(
    channel: MessengerChannel, server: MessengerServer
) -> None:
    def request(body: bytes) -> HookRequest:
        return HookRequest("POST", "/hook", {}, {}, body)

    channel.verify(request(server.signed_request("app-42")))
    stale = server.signed_request("app-42", issued=server.now - OLDEST_REQUEST - 5)
    ahead = server.signed_request("app-42", issued=server.now + OLDEST_REQUEST + 5)
    for body in (stale, ahead, server.signed_request("app-42", secret="another"), b"signed_request="):
        with pytest.raises(Unauthorised):
            channel.verify(request(body))
    # a webhook's signature is none of a request
    with pytest.raises(Unauthorised):
        channel.verify(signed(server, b"signed_request=a.e30"))
    with pytest.raises(BadInput):
        channel.parse(b"signed_request=a.e30")


async def test_meta_tells_which_of_our_people_that_is(
    settings: Settings, server: MessengerServer, ann: MetaUser, shelf: Shelf
) -> None:
    known = settings.model_copy(update={"app_id": server.app_id})
    channel = MessengerChannel(known, around("messenger", shelf.open))
    assert await channel.people_of(f"app-{ann.id}") == (ann.id,)
    assert await channel.people_of("app-nobody") == ()
    await channel.stop()
