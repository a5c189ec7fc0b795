"""X's check and signature, what is ours and what is another's, and how calls are signed."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from bot.channels.x import Settings, XChannel
from bot.channels.x.oauth import Keys, header
from bot.core.errors import ConfigError, FileMissing, Unauthorised
from bot.core.message import FileRef, Wire
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.x.conftest import Make
from tests.kit.platforms.around import around
from tests.kit.platforms.x import OWN, XServer, XUser
from tests.kit.wire_faults import Elsewhere, Status

SECRET = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu"
CRC = "9b4507b3-9040-4669-9ca3-6b94edb50553"


def check(token: str) -> HookRequest:
    return HookRequest("GET", "/hook", {"crc_token": token}, {}, b"")


def test_the_published_check_has_the_published_answer(make: Make, server: XServer) -> None:
    channel = make(server, consumer_secret=SECRET)
    channel.verify(check(CRC))
    answer = channel.handshake(check(CRC))
    assert answer is not None
    assert json.loads(answer.body) == {"response_token": "sha256=Cytd4Sq+NvEcV3MMrXxWJGJx5A+y/lXzzU2Maartkx8="}


@pytest.mark.parametrize("token", ["", "{}", '{"for_user_id":"1"}', "[1]", "a b", "a\n", "密", "\udcff", "a" * 257])
def test_nothing_is_signed_that_could_be_an_event(channel: XChannel, token: str) -> None:
    with pytest.raises(Unauthorised):
        channel.verify(check(token))


def test_the_documented_call_has_the_documented_signature() -> None:
    """docs.x.com, "Creating a signature"."""
    keys = Keys(
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    url = "https://api.twitter.com/1.1/statuses/update.json?include_entities=true"
    form = {"status": "Hello Ladies + Gentlemen, a signed OAuth request!"}
    told = header(keys, "post", url, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", "1318622958", form)
    assert 'oauth_signature="hCtSmYh+iHYCEqBWrE7C7hYmtUk="' in unquote(told)


async def test_the_webhook_can_be_registered(hook: Hook, server: XServer) -> None:
    answer = await server.checks(CRC)
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == {"response_token": server.signature(CRC.encode())}


async def test_what_the_account_itself_said_is_left_out(hook: Hook, server: XServer, ann: XUser, inbox: Inbox) -> None:
    server.tells(ann, {"text": "from our own phone"}, sender=OWN, to=ann.id)
    server.tells(ann, {"text": "to another account of the app"}, to="77")
    await ann.says("to us")
    assert (await inbox.next()).text == "to us"
    assert len(inbox.kept) == 1


async def test_both_webhooks_tell_of_one_message_once(hook: Hook, server: XServer, ann: XUser, inbox: Inbox) -> None:
    server.posting.twice = True
    number = await ann.says("once")
    server.activity = True
    server._ids = iter([int(number), int(number) + 1])  # type: ignore[assignment]
    await ann.says("once")
    await server.is_heard()
    assert len(inbox.kept) == 1


async def test_what_was_read_is_told(hook: Hook, channel: XChannel, server: XServer, ann: XUser, inbox: Inbox) -> None:
    sent = await channel.send(ann.id, Wire("hi"), "k")
    await ann.has_read(ann.shown[-1])
    inbound = await inbox.next()
    assert (inbound.kind, inbound.data, inbound.about, inbound.sender) == ("status", "read", sent.external_id, ann.id)
    assert ann.id not in inbound.key


async def test_our_signature_goes_to_x_alone(make: Make, server: XServer, hook: Hook, ann: XUser, inbox: Inbox) -> None:
    await ann.sends_photo(PHOTO)
    ref = (await inbox.next()).files[0]
    stranger = make(server, media_hosts=("ton.twitter.com",))
    with pytest.raises(FileMissing, match="401"):
        await stranger.fetch(ref)
    assert "Authorization" not in server.named("media")[-1].headers


@pytest.mark.parametrize("status", [401, 400])
async def test_keys_that_x_does_not_take_stop_the_start(
    channel: XChannel, server: XServer, inbox: Inbox, status: int
) -> None:
    server.fails("me", Status(status, "some words"))
    with pytest.raises(ConfigError, match=r"\[x\] keys: .*developer\.x\.com"):
        await channel.start(inbox.accept)


async def test_an_unreachable_x_does_not_stop_the_start(channel: XChannel, server: XServer, inbox: Inbox) -> None:
    server.fails("me", Status(502))
    await channel.start(inbox.accept)
    assert await channel.whoami() == "@tea"


def test_what_is_missing_is_told() -> None:
    assert Settings().missing() == ("consumer_secret", "consumer_key", "access_token", "access_secret")
    assert "OAuth 1.0a" in str(Settings.model_fields["consumer_key"].description)
    four = {"consumer_secret": "a", "consumer_key": "b", "access_token": "42-c", "access_secret": "d"}
    settings = Settings.model_validate(four)
    assert (settings.missing(), settings.own_id) == ((), "42")
    assert settings.problem("https://shop.example/hooks/x") == ""
    assert "https" in settings.problem("http://shop.example/hooks/x")


@pytest.mark.parametrize("address", ["http://127.0.0.1/a.png", "https://[::1]/a", "file:///a", ""])
async def test_a_file_inside_our_network_is_never_fetched(server: XServer, address: str) -> None:
    told = {"consumer_secret": "a", "user_id": OWN, "api_base": server.base}
    channel = XChannel(Settings.model_validate(told), around("x", Shelf().open))
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("image", address))
    await channel.stop()
    assert server.calls == []


async def test_a_redirect_takes_no_signature_elsewhere(
    channel: XChannel, server: XServer, hook: Hook, ann: XUser, inbox: Inbox
) -> None:
    await ann.sends_photo(PHOTO)
    ref = (await inbox.next()).files[0]
    away = server.base.replace("127.0.0.1", "localhost")
    server.fails("media", Elsewhere(ref.ref.replace(server.base, away)))
    with pytest.raises(FileMissing):
        await channel.fetch(ref)
    assert ["Authorization" in call.headers for call in server.named("media")] == [True, False]
