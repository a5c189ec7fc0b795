"""How a Page is registered, and what an operator sets for it."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels._meta.channel import Circumstances
from bot.channels.messenger import MessengerChannel, Settings
from bot.config import accounts
from bot.core.errors import ConfigError
from tests.contracts.channel_contract import Inbox, Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.meta import MessengerServer
from tests.kit.wire_faults import Garbage, Hang, Status


async def test_at_its_start_a_page_tells_the_app_of_its_conversations(
    channel: MessengerChannel, server: MessengerServer, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    assert server.subscribed == [
        *("messages", "messaging_postbacks", "messaging_optins", "messaging_referrals"),
        *("message_deliveries", "message_reads", "message_echoes", "message_edits"),
    ]
    assert server.profile == {"get_started": {"payload": "GET_STARTED"}}


async def test_who_subscribes_by_hand_is_left_alone(
    settings: Settings, server: MessengerServer, inbox: Inbox, shelf: Shelf
) -> None:
    quiet = settings.model_copy(update={"subscribe": False, "get_started": ""})
    channel = MessengerChannel(quiet, around("messenger", shelf.open))
    await channel.start(inbox.accept)
    assert [call.method for call in server.calls] == ["node"]
    await channel.stop()


async def test_a_refused_token_or_a_wrong_page_stops_the_start(
    channel: MessengerChannel, settings: Settings, server: MessengerServer, inbox: Inbox, shelf: Shelf
) -> None:
    wrong = MessengerChannel(settings.model_copy(update={"page_id": "105"}), around("messenger", shelf.open))
    with pytest.raises(ConfigError, match=r"\[channels.messenger\] Meta refused it: code 100.*page_id"):
        await wrong.start(inbox.accept)
    server.token = "EAAGanother"
    with pytest.raises(ConfigError, match=r"^\[channels.messenger\] Meta does not take .*copy `access_token`") as error:
        await channel.start(inbox.accept)
    assert settings.access_token.reveal() not in str(error.value)
    await wrong.stop()


async def test_a_page_that_cannot_be_subscribed_is_told_of_and_answers_all_the_same(
    channel: MessengerChannel, server: MessengerServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    server.fails("subscribed_apps", Status(400, "(#100) no such field"))
    await channel.start(inbox.accept)
    assert "[channels.messenger] Meta refused it: code 100" in caplog.text


@pytest.mark.parametrize("fault", [Status(503), Garbage(), Hang()], ids=str)
async def test_an_unreachable_meta_does_not_stop_the_start(
    settings: Settings, server: MessengerServer, inbox: Inbox, shelf: Shelf, fault: Status | Garbage | Hang
) -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    server.fails("node", fault, Status(500))
    hurried = Circumstances(timeout=0.1 if isinstance(fault, Hang) else 10, sleep=nap)
    channel = MessengerChannel(settings, around("messenger", shelf.open), hurried)
    await channel.start(inbox.accept)
    await server.until(lambda: server.profile)
    await asyncio.sleep(0)
    assert naps == [1.0, 2.0]
    await channel.stop()


# the settings

TABLE = {"app_secret": "s", "verify_token": "v", "access_token": "t", "page_id": "104"}


def hook_of(account: str) -> str:
    return f"https://shop.example/hooks/{account}"


def test_several_pages_are_several_accounts() -> None:
    found, wrong = accounts.read({"messenger": TABLE, "messenger-2": TABLE | {"page_id": "105"}}, hook_of)
    assert not wrong
    assert sorted(found) == ["messenger", "messenger-2"]


@pytest.mark.parametrize("key", TABLE)
def test_what_is_missing_is_named(key: str) -> None:
    _, [wrong] = accounts.read({"messenger": {name: one for name, one in TABLE.items() if name != key}}, hook_of)
    assert wrong.keys == ("channels", "messenger", key)


def test_a_system_users_token_will_do() -> None:
    table = {name: one for name, one in TABLE.items() if name != "access_token"} | {"system_token": "s"}
    assert not accounts.read({"messenger": table}, hook_of)[1]


@pytest.mark.parametrize("more", [{"page_id": "tea"}, {"api_version": "25"}, {"api_base": "ftp://x"}, {"colour": 1}])
def test_a_mistake_is_told(more: dict[str, object]) -> None:
    assert len(accounts.read({"messenger": TABLE | more}, hook_of)[1]) == 1


def test_meta_posts_to_https_only() -> None:
    def plain(account: str) -> str:
        return f"http://shop.example/hooks/{account}"

    _, [wrong] = accounts.read({"messenger": TABLE}, plain)
    assert "https" in wrong.words
    assert not accounts.read({"messenger": TABLE | {"api_base": "http://127.0.0.1:1"}}, plain)[1]


def test_settings_do_not_print_their_secrets(settings: Settings) -> None:
    text = repr(settings)
    assert settings.access_token.reveal() not in text
    assert settings.app_secret.reveal() not in text
