"""Routers: what is typed or tapped finds its handler, and two handlers for one thing are a start-up error."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.callback import Callback
from bot.core.errors import ConfigError
from bot.core.router import Router, Routes, titles
from bot.core.text import _


class Buy(Callback):
    sku: str


async def answer(chat: Any) -> None:
    """Somebody who answers."""


async def other(chat: Any) -> None:
    """Somebody else."""


def shop() -> Router:
    """A router with one of everything."""
    router = Router("shop")
    router.command("order", "买茶", "buy tea", title=_("Order"), menu=20)(answer)
    router.command("review", title=_("Review"), menu=10)(other)
    router.command("reports", title=_("Reports"), menu=30, staff=True)(other)
    router.command("hidden")(other)
    router.keyword("Opening hours", "营业时间")(answer)
    router.on(Buy)(other)
    router.event("payment")(answer)
    router.native("telegram", "poll")(other)
    router.files(answer)
    router.fallback(other)
    return router


@pytest.mark.parametrize(
    ("typed", "name", "rest"),
    [
        ("/order", "order", ""),
        ("/Order  two of the green ", "order", "two of the green"),
        ("/order@ParleyBot now", "order", "now"),
        ("order", "order", ""),
        ("ORDER!", "order", ""),
        ("买茶。", "order", ""),
        ("Buy  Tea", "order", ""),
    ],
)
def test_a_command_is_found_by_name_and_alias(typed: str, name: str, rest: str) -> None:
    found = Routes([shop()]).find_command(typed, aliases=True)
    assert found is not None
    assert (found[0].name, found[1]) == (name, rest)


@pytest.mark.parametrize("typed", ["", "/", "/unknown", "order two", "my order", "buy", "//order"])
def test_what_is_no_command(typed: str) -> None:
    assert Routes([shop()]).find_command(typed, aliases=True) is None


def test_while_words_are_asked_for_only_the_slash_makes_a_command() -> None:
    routes = Routes([shop()])
    assert routes.find_command("order", aliases=False) is None
    assert routes.find_command("/order", aliases=False) is not None


def test_everything_else_is_found_too() -> None:
    routes = Routes([shop()])
    assert routes.find_keyword("  opening HOURS? ") == "shop.answer"
    assert routes.find_keyword("opening") == ""
    assert routes.find_callback(Buy("tea").pack()) == (Buy, "shop.other")
    assert routes.find_callback("sell:tea") is None
    assert (routes.events, routes.natives) == ({"payment": "shop.answer"}, {("telegram", "poll"): "shop.other"})
    assert (routes.files, routes.fallback) == ("shop.answer", "shop.other")
    assert routes.handlers == {"shop.answer": answer, "shop.other": other}


def test_the_menu_has_its_order_and_hides_what_is_for_staff() -> None:
    commands = Routes([shop()]).commands
    assert [command.name for command in titles(commands, staff=False)] == ["review", "order"]
    assert [command.name for command in titles(commands, staff=True)] == ["review", "order", "reports"]
    assert commands[0].button == "d:run:review"


@pytest.mark.parametrize("verb", ["command", "alias", "keyword", "callback", "event", "native", "files", "fallback"])
def test_two_answers_to_one_thing_are_refused_at_start(verb: str) -> None:
    second = Router("second")
    register = {
        "command": second.command("order"),
        "alias": second.command("tea", "买茶"),
        "keyword": second.keyword("opening hours"),
        "callback": second.on(Buy),
        "event": second.event("payment"),
        "native": second.native("telegram", "poll"),
        "files": second.files,
        "fallback": second.fallback,
    }[verb]
    register(answer)
    with pytest.raises(ConfigError):
        Routes([shop(), second])


def test_two_functions_of_one_name_in_a_router_are_refused() -> None:
    router = Router("shop")
    router.command("one")(answer)

    async def twin(chat: Any) -> None:
        """Another function."""

    twin.__name__ = "answer"
    with pytest.raises(ConfigError, match="two handlers called answer; rename one"):
        router.command("two")(twin)


def test_one_function_may_answer_several_things() -> None:
    router = Router("shop")
    router.command("hours")(router.keyword("open")(answer))
    routes = Routes([router])
    assert routes.find_keyword("open") == "shop.answer"
    assert routes.commands[0].handler == "shop.answer"
