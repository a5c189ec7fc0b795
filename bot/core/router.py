"""Routers say which handler answers what; `Routes` is all routers together, checked at start-up.

router = Router("review")

@router.command("review", "评价", title=_("Leave a review"), menu=30)
async def leave_review(chat: Chat) -> None: ...
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.core.callback import Callback
from bot.core.errors import ConfigError
from bot.core.message import Inbound
from bot.core.text import Text, Voice
from bot.core.words import normalise

Handler = Callable[..., Awaitable[None]]
H = TypeVar("H", bound=Handler)
#: Button data that starts a command by its name.
RUN = "d:run:"


@dataclass(frozen=True, slots=True)
class Command:
    """A handler that a person can start by name. `menu` orders it in the main menu; 0 keeps it out."""

    name: str
    aliases: tuple[str, ...]
    handler: str
    title: Text | None
    menu: int
    staff: bool
    stops: bool = False
    acts: bool = False

    @property
    def button(self) -> str:
        """The button data that starts it."""
        return f"{RUN}{self.name}"


@dataclass
class Router:
    """One file's handlers. `name` starts the stored name of each: renaming it ends the dialogs that run."""

    name: str
    handlers: dict[str, Handler] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    keywords: dict[str, str] = field(default_factory=dict)
    callbacks: dict[str, tuple[type[Callback], str]] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    scenes: dict[str, str] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)
    natives: dict[tuple[str, str], str] = field(default_factory=dict)
    fallback_handler: str = ""
    files_handler: str = ""
    places_handler: str = ""

    def _add(self, handler: Handler) -> str:
        name = f"{self.name}.{handler.__name__}"
        # One function may answer several things; two functions of one name are a mistake.
        if self.handlers.setdefault(name, handler) is not handler:
            raise ConfigError(f"router {self.name!r} has two handlers called {handler.__name__}; rename one")
        return name

    def command(
        self,
        name: str,
        *aliases: str,
        title: Text | None = None,
        menu: int = 0,
        staff: bool = False,
        stops: bool = False,
        acts: bool = False,
    ) -> Callable[[H], H]:
        """`/name`, and the aliases typed as they are. `staff`: listed only for linked staff.

        `stops`: understood at any moment, in place of an answer and while a person has the word, and whatever was
        being asked is over. `acts`: it changes something before it asks anything, so it is only for who proved who they
        are (see `Inbound.unproved`).
        """

        def register(handler: H) -> H:
            self.commands.append(Command(name, aliases, self._add(handler), title, menu, staff, stops, acts))
            return handler

        return register

    def keyword(self, *words: str) -> Callable[[H], H]:
        """A whole message that is one of `words`, whatever its case, width and closing punctuation."""

        def register(handler: H) -> H:
            name = self._add(handler)
            self.keywords.update({normalise(word): name for word in words})
            return handler

        return register

    def on(self, callback: type[Callback], *, always: bool = False) -> Callable[[H], H]:
        """A button made from `callback`; the handler gets `(chat, callback)`. `always`: as with `event`."""

        def register(handler: H) -> H:
            self.callbacks[callback.prefix] = (callback, self._add(handler))
            self.always |= {self._add(handler)} if always else set()
            return handler

        return register

    def event(self, kind: str, *, always: bool = False) -> Callable[[H], H]:
        """An inbound that is no message: "started", "payment". The handler runs beside an open dialog.

        `always`: it speaks and is answered also while a person has the word; for what nobody else can decide for the
        customer, such as who they are.
        """

        def register(handler: H) -> H:
            self.events[kind] = self._add(handler)
            self.always |= {self.events[kind]} if always else set()
            return handler

        return register

    def scene(self, prefix: str, *, always: bool = False) -> Callable[[H], H]:
        """A link into the conversation whose data begins with `prefix`; `chat.arguments` is all of the data.

        `always`: as with `event`.
        """

        def register(handler: H) -> H:
            self.scenes[prefix] = self._add(handler)
            self.always |= {self.scenes[prefix]} if always else set()
            return handler

        return register

    def pattern(self, regex: str) -> Callable[[H], H]:
        """A whole message that looks so, whatever its case, and is no keyword."""

        def register(handler: H) -> H:
            self.patterns[regex] = self._add(handler)
            return handler

        return register

    def native(self, channel: str, event: str) -> Callable[[H], H]:
        """An event that only one channel has, by the platform's own name; `chat.inbound.native` holds it."""

        def register(handler: H) -> H:
            self.natives[channel, event] = self._add(handler)
            return handler

        return register

    def files(self, handler: H) -> H:
        """Files that answer no question."""
        self.files_handler = self._add(handler)
        return handler

    def places(self, handler: H) -> H:
        """A place on the map that answers no question; `place.read(chat.inbound.text)` is it."""
        self.places_handler = self._add(handler)
        return handler

    def fallback(self, handler: H) -> H:
        """Whatever nobody else answers."""
        self.fallback_handler = self._add(handler)
        return handler


class Routes:
    """All routers together. Two handlers for one word, button or event are a start-up error."""

    def __init__(self, routers: Iterable[Router]) -> None:
        self.handlers: dict[str, Handler] = {}
        self.callbacks: dict[str, tuple[type[Callback], str]] = {}
        self.events: dict[str, str] = {}
        self.natives: dict[tuple[str, str], str] = {}
        self.commands: list[Command] = []
        self.always: set[str] = set()  # handlers that speak also while a person has the word
        self._scenes: dict[str, str] = {}
        self._patterns: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._keywords: dict[str, str] = {}
        self.fallback = ""
        self.files = ""
        self.places = ""
        for router in routers:
            self._include(router)
        self.commands.sort(key=lambda command: (command.menu or 10_000, command.name))

    def _include(self, router: Router) -> None:
        _merge(self.handlers, router.handlers, "handler", router)
        self.always |= router.always
        _merge(self.callbacks, router.callbacks, "button", router)
        _merge(self.events, router.events, "event", router)
        _merge(self.natives, router.natives, "native event", router)
        _merge(self._scenes, router.scenes, "scene", router)
        _merge(self._patterns, router.patterns, "pattern", router)
        _merge(self._keywords, router.keywords, "keyword", router)
        for command in router.commands:
            if self.command(command.name):
                raise ConfigError(f"router {router.name!r}: there is a command {command.name!r} already; rename one")
            words = {normalise(word): command.name for word in (f"/{command.name}", command.name, *command.aliases)}
            if "" in words:
                raise ConfigError(f"router {router.name!r}: an alias of {command.name!r} is only punctuation")
            _merge(self._words, words, "command", router)
            self.commands.append(command)
        self.fallback = _only("fallback", self.fallback, router.fallback_handler)
        self.files = _only("files handler", self.files, router.files_handler)
        self.places = _only("places handler", self.places, router.places_handler)

    def command(self, name: str) -> Command | None:
        """The command called `name`."""
        return next((command for command in self.commands if command.name == name), None)

    def native(self, inbound: Inbound) -> str | None:
        """The handler of a channel's own event; None when nobody waits for it."""
        return self.natives.get((inbound.account.partition(":")[0], inbound.data))

    def find_command(self, text: str, *, aliases: bool) -> tuple[Command, str] | None:
        """The command that `text` starts, and the words after it. Aliases count only when `aliases` is set."""
        word, _, rest = text.strip().partition(" ")
        if word.startswith("/"):
            name = self._words.get(normalise(word.partition("@")[0]))
            rest = rest.strip()
        else:
            name, rest = (self._words.get(normalise(text)) if aliases else None), ""
        command = self.command(name) if name else None
        return (command, rest) if command else None

    def find_keyword(self, text: str) -> str:
        """The handler that answers the whole of `text` as a keyword; "" for none."""
        return self._keywords.get(normalise(text), "")

    def find_pattern(self, text: str) -> str:
        """The handler of what the whole of `text` looks like; "" for none."""
        text = text.strip()
        looks = (name for regex, name in self._patterns.items() if re.fullmatch(regex, text, re.IGNORECASE))
        return next(looks, "")

    def started(self, data: str, *, is_silent: bool = True) -> str | None:
        """The handler of a link's scene, else of every beginning; None when nobody waits for it.

        Who is not `is_silent` says something together with it: their words are answered, and need no greeting.
        """
        scene = next((name for prefix, name in self._scenes.items() if data.startswith(prefix)), None)
        return scene or (self.events.get("started") if is_silent else None)

    def find_callback(self, data: str) -> tuple[type[Callback], str] | None:
        """The callback class and the handler for button data."""
        return self.callbacks.get(data.partition(":")[0])


def _merge(into: dict[Any, Any], more: dict[Any, Any], what: str, router: Router) -> None:
    twice = sorted(str(key) for key in into.keys() & more.keys() if into[key] != more[key])
    if twice:
        raise ConfigError(f"router {router.name!r}: the {what} {twice[0]!r} is answered by another router already")
    into.update(more)


def _only(what: str, first: str, second: str) -> str:
    if first and second and first != second:
        raise ConfigError(f"{first} and {second} are both the {what}; there can be one")
    return first or second


def titles(commands: Sequence[Command], *, staff: bool) -> list[Command]:
    """The commands of the main menu, in its order."""
    return [command for command in commands if command.menu and command.title and (staff or not command.staff)]


def menu(commands: Sequence[Command], voice: Voice) -> list[tuple[str, str]]:
    """The main menu of customers: the name of each command, and its title as this voice says it."""
    return [(one.name, voice(one.title)) for one in titles(commands, staff=False) if one.title]
