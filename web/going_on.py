"""What the chat box asks when a visitor wants to go on in another app: which there are, and how to get there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.services.calls import Way
from bot.services.scope import language
from bot.services.visitors import Visit
from web.http import Problem
from web.limits import Limiter
from web.ports import Runtime
from web.qr import picture
from web.views import Json

#: A visitor may ask so often, in so many seconds: each time costs two codes, and a call of some platforms.
OFTEN = (6, 60.0)
#: What the channels are called, where it is not the same in both languages.
NAMES: Mapping[str, Mapping[str, str]] = {
    "telegram": {"en": "Telegram", "zh": "Telegram"},
    "wechat": {"en": "WeChat", "zh": "微信"},
    "wecom": {"en": "WeChat customer service", "zh": "微信客服"},
    "qq": {"en": "QQ", "zh": "QQ"},
    "weibo": {"en": "Weibo", "zh": "微博"},
    "messenger": {"en": "Messenger", "zh": "Messenger"},
    "instagram": {"en": "Instagram", "zh": "Instagram"},
    "whatsapp": {"en": "WhatsApp", "zh": "WhatsApp"},
    "x": {"en": "X", "zh": "X"},
    "line": {"en": "LINE", "zh": "LINE"},
    "email": {"en": "e-mail", "zh": "邮件"},
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "open": "Open {name}",
        "show": "On another device: show a code to scan",
        "scan": "Scan this with your phone",
        "care": "Only for you: you are asked here whether it was you.",
        "type": "Or write this to us in {name}:",
        "good": "Good for {minutes} minutes, once.",
    },
    "zh": {
        "open": "打开{name}",
        "show": "在另一台设备上：显示二维码",
        "scan": "用手机扫一扫",
        "care": "请勿让他人扫码，扫码后会在这里请您确认。",
        "type": "或在{name}中发送给我们：",
        "good": "{minutes} 分钟内有效，仅限一次。",
    },
}


class GoingOn:
    """For one process; `now` is a monotonic clock in seconds."""

    def __init__(self, runtime: Runtime, own: str, now: Callable[[], float]) -> None:
        self._runtime = runtime
        self._own = own
        self._asked = Limiter(*OFTEN, now)

    def apps(self, locale: str) -> list[Json]:
        """The shop's other channels, as this language calls them."""
        found = self._runtime.persons.others(self._own)
        return [{"account": one.account, "name": self.called(one.account, locale)} for one in found]

    async def way(self, visit: Visit, account: str, locale: str) -> Json:
        """How to go on in `account`. Raises `Problem`, and `Refused("no_channel")`."""
        if wait := self._asked.wait(visit.external_id):
            raise Problem(429, "rate_limited", retry=max(1, round(wait)))
        return _way(await self._runtime.persons.way(visit.external_id, account), self.called(account, locale), locale)

    def called(self, account: str, locale: str) -> str:
        """An account's channel; one that is not configured any more is called as the account is."""
        known = self._runtime.channels.get(account)
        channel = known.capabilities.channel if known else account
        return NAMES.get(channel, {}).get(language(locale), channel)


def _way(way: Way, name: str, locale: str) -> Json:
    words = {key: text.format(name=name, minutes=way.minutes) for key, text in WORDS[language(locale)].items()}
    if not way.code:
        words["care"] = ""
    return {
        "link": way.link,
        "typed": f"/link {way.code}" if way.code else "",
        "minutes": way.minutes,
        "qr": picture(way.scanned) if way.scanned else None,
        "words": words,
    }
