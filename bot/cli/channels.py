"""The table of channels and what each can show, for `check` and docs/channels.md: made from the records alone."""

from __future__ import annotations

from datetime import timedelta

from bot import channels
from bot.config import template
from bot.core.capabilities import Capabilities

HEAD = """\
# Channels

What each channel can show, as its module declares it: conversations are written once, and a channel without buttons
gets a numbered menu whose numbers, in any spelling, are answers. `python -m bot check --markdown` writes this page.

"""
TAIL = """
**Ships** means that the adapter is part of Parley. `sms` is the least that there is: conversations are tried against
it, too. `python -m bot chat --as wechat` shows each conversation as that channel would.

## What is lacking

- A place on the map that a customer sends is read, and stands in the thread as words with its coordinates. Nothing
  leaves as a pin on the map, on any channel: a place of ours is words.
- WeChat tells nobody's name, and Weibo names and languages of people who follow the account only. Instagram, WeCom, QQ,
  WhatsApp and X tell no language: people are spoken to as most there speak, else in the first of `shop.languages`,
  until they choose.
"""
_COLUMNS = (
    "channel",
    "ships",
    "choices",
    "text",
    "pictures",
    "files",
    "typing",
    "edits",
    "may answer",
    "may write first",
)
_UNITS = {"characters": "characters", "utf16": "UTF-16 units", "bytes": "bytes"}
_PROACTIVE = {"yes": "yes", "template": "by template", "no": "no"}


def markdown() -> str:
    """The text of docs/channels.md."""
    rows = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    built = {channels.OWN, *channels.kinds()}
    rows += [
        "| " + " | ".join((name, "yes" if name in built else "", *facts(one))) + " |"
        for name, one in channels.profiles().items()
    ]
    return HEAD + "\n".join(rows) + "\n" + TAIL + "".join(_settings(name) for name in channels.kinds())


def _settings(name: str) -> str:
    """What an account of this channel can be told, and how it is set up."""
    settings = channels.kind(name).Settings
    about, table = str(settings.__doc__).strip(), template.channel_markdown(name)
    return f"\n## {name}\n\n{about} To set it up, {settings.cure}\n\n{table}\n"


def facts(one: Capabilities) -> tuple[str, ...]:
    """The cells of one channel after its name."""
    return (
        _choices(one),
        f"{one.text_limit} {_UNITS[one.text_unit]}",
        _size(one.image_bytes) if one.images else "no",
        _files(one),
        "yes" if one.typing else "no",
        "yes" if one.edits else "no",
        _window(one),
        _PROACTIVE[one.proactive],
    )


def brief(one: Capabilities) -> str:
    """The most telling facts in one line."""
    choices, text, pictures, files, *_ = facts(one)
    return f"{choices}; text {text}; pictures {pictures}; files {files}"


def _choices(one: Capabilities) -> str:
    if not one.buttons:
        return "numbered menu"
    cards = ", cards" if one.cards else ""
    return f"{one.buttons} buttons of {one.button_label} characters{cards}"


def _files(one: Capabilities) -> str:
    if one.files:
        return _size(one.file_bytes)
    by_size: dict[int, dict[str, None]] = {}
    for media in one.media:  # MP4 may be sound as well as a film
        by_size.setdefault(media.most, {})[media.media_type.rpartition("/")[2].removeprefix("x-")] = None
    return ", ".join(f"{' '.join(names)} {_size(most)}" for most, names in by_size.items()) or "no"


def _size(size: int) -> str:
    return f"{size // (1024 * 1024)} MiB"


def _window(one: Capabilities) -> str:
    if one.reply_window is None:
        return "always"
    quota = f", {one.reply_quota} messages" if one.reply_quota else ""
    return f"{_span(one.reply_window)}{quota}"


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 and minutes > 60 else f"{minutes} min"
