"""Who plays: one account of each channel on its stage, and one customer of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.platforms.post_office import PostOffice
from tests.kit.platforms.stages import STAGES, Stage
from tests.kit.platforms.wechat import WeChatServer

_STAGES = {stage.name: stage for stage in STAGES}
#: WeChat as patient as it is: five seconds for a call, and three calls for a message.
_UNVERIFIED = replace(
    _STAGES["wechat-without-api"],
    server=WeChatServer,
    table=lambda server: {**_STAGES["wechat-without-api"].table(server), "holds": 4.5},
    opens=lambda person: person.follows(),
)
#: The servers of the tests are packages that `scripts/run` does not install.
_MAIL = replace(_STAGES["email"], server=PostOffice)


@dataclass(frozen=True, slots=True)
class Part:
    """A customer on a stage. `locale` is the language of the phone, whether or not the platform tells it.

    `begins` is what the customer says first, where nothing but that opens a conversation and it shows.
    """

    stage: Stage
    name: str
    locale: str
    person: Callable[[Any], Any]
    begins: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """What the account is called here; Telegram's has a table of its own."""
        return "telegram" if self.stage.channel == "telegram" else self.stage.name


CAST = (
    Part(_STAGES["wechat"], "小雨", "zh-CN", lambda s: s.person("oXiaoyu_0123456789abcdefghi", "小雨", "zh_CN")),
    Part(_UNVERIFIED, "老周", "zh-CN", lambda s: s.person("oZhou_0123456789abcdefghijk", "老周", "zh_CN")),
    Part(_STAGES["wecom"], "陈先生", "zh-CN", lambda s: s.person("wmChen_0123456789abcdef", name="陈先生")),
    Part(_STAGES["qq"], "阿杰", "zh-CN", lambda s: s.user("E4F4AEA33253A2797FB897C50B81D7ED")),
    Part(_STAGES["qq-group"], "周末茶友群", "zh-CN", lambda s: s.group("C9F778FE6ADF9D1D1DBE395B9C3B4A10")),
    Part(_STAGES["weibo"], "微微", "zh-CN", lambda s: s.fan("2489518277", "微微", "zh_CN")),
    Part(_STAGES["telegram-webhook"], "Anna", "en", lambda s: s.user(42, "Anna", "en")),
    Part(_STAGES["whatsapp"], "Priya", "en", lambda s: s.user("16505551234", name="Priya")),
    Part(_STAGES["messenger"], "Marie", "fr", lambda s: s.user("6543210987654321", "Marie", "fr_FR")),
    Part(_STAGES["instagram"], "Sofia", "en", lambda s: s.user("1784140000000042", "Sofia", "en_US")),
    Part(_STAGES["line"], "美玲", "zh-TW", lambda s: s.person("U" + "a1" * 16, "美玲", "zh-TW")),
    Part(_STAGES["x"], "Tom", "en", lambda s: s.user("3001969357", "Tom")),
    Part(
        _MAIL,
        "Emma",
        "en",
        lambda s: s.person("emma@people.example", "Emma"),
        {"subject": "Hello", "text": "Hello"},
    ),
)
