"""tweepy signs a call as we do, and sends the message that we send."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
import requests
import tweepy  # type: ignore[import-untyped]

from bot.channels.x import Settings, XChannel
from bot.channels.x.oauth import Keys, header
from bot.core.message import Wire
from tests.contracts.channel_contract import PHOTO, Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.x import XServer

SERVER = XServer()
KEYS = Keys(SERVER.consumer_key, SERVER.consumer_secret, SERVER.token, SERVER.token_secret)


def signed_by_tweepy(method: str, url: str, form: dict[str, str] | None) -> dict[str, str]:
    """The parts of its Authorization header."""
    auth = tweepy.OAuth1UserHandler(KEYS.consumer_key, KEYS.consumer_secret, KEYS.token, KEYS.token_secret)
    request = requests.Request(method, url, data=form).prepare()
    told = auth.apply_auth()(request).headers["Authorization"]
    text = told.decode() if isinstance(told, bytes) else str(told)
    pairs = (part.split("=", 1) for part in text.removeprefix("OAuth ").split(", "))
    return {name: unquote(value.strip('"')) for name, value in pairs}


@pytest.mark.parametrize(
    ("method", "url", "form"),
    [
        ("GET", "https://api.x.com/2/users/me", None),
        ("POST", "https://api.x.com/2/dm_conversations/with/42/messages", None),
        ("GET", "https://ton.twitter.com/1.1/ton/data/dm/7-photo.jpg?a=b%20c&a=%E8%8C%B6&empty=", None),
        ("POST", "https://api.x.com/1.1/x.json?q=1", {"status": "Hello Ladies + Gentlemen, 茶 ~!"}),
    ],
)
def test_it_signs_as_we_do(method: str, url: str, form: dict[str, str] | None) -> None:
    theirs = signed_by_tweepy(method, url, form)
    ours = header(KEYS, method, url, theirs["oauth_nonce"], theirs["oauth_timestamp"], form)
    assert f'oauth_signature="{theirs["oauth_signature"]}"' in unquote(ours)


async def test_it_sends_what_we_send(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, Any]] = []
    theirs = tweepy.Client(None, KEYS.consumer_key, KEYS.consumer_secret, KEYS.token, KEYS.token_secret)
    monkeypatch.setattr(theirs, "_make_request", lambda verb, path, json, **_: asked.append((verb, path, json)))
    shelf = Shelf()
    async with XServer() as server:
        ann = server.user("42")
        channel = XChannel(Settings.model_validate(stage_of("x").table(server)), around("x", shelf.open))
        photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
        await channel.send(ann.id, Wire("你好"), "k1")
        await channel.send(ann.id, Wire("Our tea", files=(photo,)), "k2")
        await channel.stop()
        media = server.named("messages")[1].json()["attachments"][0]["media_id"]
        theirs.create_direct_message(participant_id=ann.id, text="你好")
        theirs.create_direct_message(participant_id=ann.id, text="Our tea", media_id=media)
        assert asked == [(call.verb, call.path, call.json()) for call in server.named("messages")]
