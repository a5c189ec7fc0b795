"""`check` asks every platform who we are there, over its wire, and tells in words which credential is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from bot import channels
from bot.cli.channels_probe import all_channels
from bot.cli.finding import Finding
from bot.config import Config, accounts
from bot.settings.secret import Secret
from tests.kit.platforms.stages import PUBLIC, STAGES, WIRES, Stage
from tests.kit.telegram_server import TelegramServer

ASKING = [stage for stage in WIRES if not stage.answers_only]
#: A token is asked for where it is not written down, and then who it is for.
MOST_CALLS = 2


async def found(stage: Stage, table: Mapping[str, Any], *, offline: bool = False, url: str = PUBLIC) -> Finding:
    config = Config.model_validate({"server": {"public_url": url}})
    read, mistakes = accounts.read({stage.name: {"kind": stage.channel, **table}}, config.server.hook)
    assert not mistakes
    asked = all_channels(config.model_copy(update={"channels": read}), offline=offline)
    return next(iter([finding async for finding in asked if finding.name == stage.name]))


def keys_of(stage: Stage, table: Mapping[str, Any]) -> dict[str, str]:
    """The credentials of an account; a key of AES opens what comes in, and no platform is asked with it."""
    fields = channels.kind(stage.channel).Settings.model_fields
    secret = (name for name in table if name in fields and fields[name].annotation is Secret)
    return {name: table[name] for name in secret if table[name] and name != "encoding_aes_key"}


def with_others(stage: Stage, table: Mapping[str, Any]) -> dict[str, Any]:
    """The same account with credentials of nobody's, which look like it."""
    return {**table, **{name: f"{key[:-3]}000" for name, key in keys_of(stage, table).items()}}


@pytest.mark.parametrize("stage", ASKING, ids=lambda stage: stage.name)
async def test_a_platform_is_asked_who_we_are_and_a_wrong_credential_is_told(stage: Stage) -> None:
    async with stage.server() as server:
        table = stage.table(server)
        known = await found(stage, table)
        calls = len(getattr(server, "calls", ()))
        refused = await found(stage, with_others(stage, table))
    assert (known.state, known.cure, calls <= MOST_CALLS) == ("ok", "", True)
    assert not hasattr(server, "calls") or server.count(stage.traits.send) == 0
    assert refused.state == "wrong"
    assert re.search("refuse|not take|not know|gives no", refused.detail)
    assert refused.cure.startswith(f"in [channels.{stage.name}] ")
    assert any(f"`{name}`" in refused.cure for name in keys_of(stage, table)), refused.cure
    shown = f"{refused.detail}{refused.cure}"
    assert not [name for name, key in with_others(stage, keys_of(stage, table)).items() if key in shown]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
async def test_nobody_is_asked_who_cannot_be_or_need_not_be(stage: Stage) -> None:
    async with stage.server() as server:
        told = await found(stage, stage.table(server), offline=not stage.answers_only)
    assert told.state == "ok"
    assert "not asked" in told.detail
    assert not getattr(server, "calls", ())


async def test_it_says_by_which_way_events_come() -> None:
    telegram = next(stage for stage in STAGES if stage.channel == "telegram")
    async with TelegramServer() as server:
        told = {"token": server.token, "api_base": server.base}
        polled = await found(telegram, told, url="")
        hooked = await found(telegram, told)
    assert polled.detail.startswith("@parley_test_bot by long polling — ")
    assert hooked.detail.startswith(f"@parley_test_bot by webhook {PUBLIC}/hooks/{telegram.name} — ")
