"""Words that steer every dialog, and the many ways in which people type a number."""

from __future__ import annotations

import unicodedata
from typing import Literal

Steering = Literal["cancel", "back", "later", "skip", "done"]

WORDS: dict[Steering, frozenset[str]] = {
    "cancel": frozenset({"cancel", "/cancel", "stop", "quit", "取消", "算了", "不要了"}),
    "back": frozenset({"back", "/back", "返回", "上一步", "后退"}),
    "later": frozenset({"later", "/later", "not now", "稍后", "等一下", "回头再说"}),
    "skip": frozenset({"skip", "/skip", "none", "no thanks", "跳过", "不用了", "没有"}),
    "done": frozenset({"done", "/done", "finished", "完成", "好了", "发完了"}),
}
_BY_WORD = {word: steering for steering, words in WORDS.items() for word in words}

_HAN = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_ENGLISH = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}


def normalise(text: str) -> str:
    """For comparing what people type: width, case, spaces and closing punctuation do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(" .!?。！？,，、")


def steering(text: str) -> Steering | None:
    """Whether `text` is one of the words that steer a dialog."""
    return _BY_WORD.get(normalise(text))


def number(text: str) -> int | None:
    """The number that `text` is: "2", "２", "②", "2.", "(2)", "二", "第二个", "two", "the second"; else None."""
    word = normalise(text).strip("()[]#:")
    word = word.removeprefix("第").removesuffix("个").removesuffix("项").removesuffix("号")
    if word.isdecimal() and len(word) <= 4:
        return int(word)
    word = word.removeprefix("the ").removesuffix(" one")
    if word in _ENGLISH or word in _ORDINALS:
        return _ENGLISH.get(word) or _ORDINALS[word]
    return _han(word)


def _han(word: str) -> int | None:
    """Chinese numerals from 零 to 九十九."""
    if len(word) == 1 and word in _HAN:
        return _HAN[word]
    tens, ten, ones = word.partition("十")
    if not ten or any(part and part not in _HAN for part in (tens, ones)):
        return None
    return _HAN.get(tens, 1) * 10 + _HAN.get(ones, 0)
