"""Texts: said in the reader's language, with money, times and plurals as that language writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.core.money import Money
from bot.core.text import Voice, _, _n


class Catalogue:
    """A language of a few words."""

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def gettext(self, message: str) -> str:
        return self.words.get(message, message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        message = one if count == 1 else many
        return self.words.get(message, message)


ENGLISH = Voice("en", Catalogue({}))
CHINESE = Voice(
    "zh",
    Catalogue(
        {"Paid {price}": "已付 {price}", "Tea": "茶", "About {what}": "关于{what}", "{count} files": "{count}个文件"}
    ),
    lambda moment: moment.astimezone(ZoneInfo("Asia/Shanghai")),
)


def test_ready_words_are_said_as_they_are() -> None:
    assert CHINESE("Tea {price}") == "Tea {price}"


def test_a_text_is_translated_and_its_facts_are_written_for_the_reader() -> None:
    text = _("Paid {price}", price=Money(123456, "CNY"))
    assert (ENGLISH(text), CHINESE(text)) == ("Paid ¥1,234.56", "已付 ¥1,234.56")


def test_a_text_inside_a_text_is_translated_too() -> None:
    assert CHINESE(_("About {what}", what=_("Tea"))) == "关于茶"


def test_a_time_is_the_readers_time() -> None:
    moment = datetime(2026, 11, 22, 18, 5, tzinfo=UTC)
    assert CHINESE(_("About {what}", what=moment)) == "关于2026/11/23 02:05"


@pytest.mark.parametrize(("count", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_the_count_picks_the_form_and_is_a_fact(count: int, said: str) -> None:
    assert ENGLISH(_n("{count} file", "{count} files", count)) == said


def test_a_text_without_facts_keeps_its_braces() -> None:
    assert ENGLISH(_("{not a fact}")) == "{not a fact}"


def test_what_customers_wrote_is_never_read_as_a_pattern() -> None:
    assert ENGLISH(_("About {what}", what="{0.__class__} {x}")) == "About {0.__class__} {x}"


def test_a_text_is_a_value_with_its_message_as_name() -> None:
    assert _("Tea") == _("Tea")
    assert _("About {what}", what=1).id == "About {what}"
