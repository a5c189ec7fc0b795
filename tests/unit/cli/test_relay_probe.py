"""What `check` finds between the nodes: a word goes there and comes back, or it is said what is wrong."""

from __future__ import annotations

from bot.cli import relay_probe
from bot.cli.finding import Finding
from bot.config import Config
from tests.servers import free_port


async def found(database: str, redis: str = "") -> Finding:
    return await relay_probe.relay(Config.model_validate({"database": {"url": database}, "redis": {"url": redis}}))


async def test_a_word_goes_there_and_comes_back(empty_postgres: str, valkey_url: str) -> None:
    by_redis, by_postgres = await found(empty_postgres, valkey_url), await found(empty_postgres)
    assert (by_redis.state, by_postgres.state) == ("ok", "ok")
    assert by_redis.detail.startswith(f"{valkey_url} answers in ")
    assert by_postgres.detail.startswith(f"{empty_postgres.replace('postgres@', '')} (LISTEN and NOTIFY) answers in ")


async def test_nobody_there_is_wrong_and_the_password_is_not_shown(empty_postgres: str) -> None:
    gone = await found(empty_postgres, f"redis://:geheim@127.0.0.1:{free_port()}/0")
    assert gone.state == "wrong"
    assert "connecting to 127.0.0.1" in gone.detail
    assert "redis.url" in gone.cure
    assert "geheim" not in gone.detail + gone.cure


async def test_one_process_needs_nothing_between() -> None:
    assert (await found("sqlite://x.db")).state == "ok"
    unused = await found("sqlite://x.db", "redis://127.0.0.1/0")
    assert (unused.state, "not used" in unused.cure) == ("note", True)
