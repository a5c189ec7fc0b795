"""How what a person sends is read as an answer: words, stars, yes or no, files, and what options are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot.core import place
from bot.core.message import Attachment, Field, FileKind
from bot.core.question import DONE, SKIP, Incoming, Invalid, Read, option_index
from bot.core.text import Say, Text, _, _n
from bot.core.words import normalise, number, steering

STARS = (1, 2, 3, 4, 5)

YES = frozenset({"yes", "y", "ok", "okay", "sure", "是", "是的", "好", "好的", "对", "确认", "可以", "行"})
NO = frozenset({"no", "n", "nope", "不", "否", "不是", "不要", "不用", "不好", "不行"})


def read_words(incoming: Incoming, most: int, check: Callable[[str], Say | None] | None, places: bool) -> str:
    text = incoming.text
    if not text:
        raise Invalid(_("Please write it as a message."))
    if place.read(text) is not None:
        if places:
            return text
        raise Invalid(_("I have kept the place for our team. Here I need an answer in words, please."))
    if len(text) > most:
        raise Invalid(_("That is too long: at most {most} characters.", most=most))
    problem = check(text) if check else None
    if problem:
        raise Invalid(problem)
    return text


def reads_files(kinds: Collection[FileKind], most: int, *, may_end: bool) -> Read:
    def read(incoming: Incoming) -> tuple[Attachment, ...]:
        if may_end and (incoming.key in (SKIP, DONE) or steering(incoming.text) in ("skip", "done")):
            return ()
        fitting = tuple(file for file in incoming.files if file.kind in kinds)
        if not fitting:
            raise Invalid(_("Please send a picture.") if set(kinds) == {"image"} else _("Please send a file."))
        if len(fitting) > most:
            raise Invalid(
                _n("That is too many: {count} more is welcome.", "That is too many: {count} more are welcome.", most)
            )
        return fitting

    return read


def key_of(option: object) -> str:
    """The name of an option for the journal: itself, a text's message, or the first attribute that identifies it."""
    if isinstance(option, str):
        return option
    if isinstance(option, Text):
        return option.id
    for attribute in ("key", "number", "sku", "id", "name"):
        if hasattr(option, attribute):
            return str(getattr(option, attribute))
    return str(option)


def label_of(option: object) -> Say:
    return option if isinstance(option, Text) else key_of(option)


def reads_stars(labels: list[str]) -> Read:
    """One to five, tapped or typed: "4", "四星", "★★★★"."""

    def read(incoming: Incoming) -> int:
        index = option_index(incoming, labels, normalise)
        if index is not None:
            return STARS[index]
        drawn = incoming.text.count("★") or incoming.text.count("⭐")
        stars = number(incoming.text.rstrip(" ★⭐\ufe0f星颗")) or drawn
        if stars not in STARS:
            raise Invalid(_("Please give one to five stars."))
        return stars

    return read


def reads_consent(labels: list[str]) -> Read:
    """Yes or no, tapped or in one of the many words for it; None for a third label."""

    def read(incoming: Incoming) -> bool | None:
        index = option_index(incoming, labels, normalise)
        said = normalise(incoming.text)
        if index is None and incoming.key is None:
            index = 0 if said in YES else 1 if said in NO else None
        if index is None:
            raise Invalid(_("Please answer yes or no."))
        return index == 0 if index < 2 else None

    return read


def reads_option(labels: list[str], keys: list[str]) -> Read:
    """The key of the option that was tapped, or typed by its label or number."""

    def read(incoming: Incoming) -> str:
        index = option_index(incoming, labels, normalise)
        if index is None:
            raise Invalid(_("Please choose one of these."))
        return keys[index]

    return read


def unfilled(form: Sequence[Field], values: Mapping[str, str], problems: Mapping[str, str]) -> Invalid:
    """That there are problems with what was told: at each field, and in words."""
    told = [replace(one, value=values.get(one.name, ""), problem=problems.get(one.name, "")) for one in form]
    said = "\n".join(f"{one.label}: {one.problem}" for one in told if one.problem)
    return Invalid(said, tuple(told))


def reads_text(suggested: list[str], most: int, check: Callable[[str], Say | None] | None, places: bool) -> Read:
    """Words, or a suggestion that was tapped; with `places` also a place on the map, however long its name is."""

    def read(incoming: Incoming) -> str:
        if incoming.key is not None:
            index = option_index(incoming, suggested, normalise)
            if index is not None:
                return suggested[index]
        return read_words(incoming, most, check, places)

    return read
