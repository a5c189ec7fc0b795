"""What each channel is played on end to end: its fake platform, the table of its settings, a customer, how chats begin.

A new channel adds one entry to `STAGES`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientSession

from tests.kit.platforms import wechat, wecom, whatsapp
from tests.kit.platforms.line import LineServer
from tests.kit.platforms.meta import InstagramServer, MessengerServer
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.weibo import WeiboServer
from tests.kit.platforms.x import XServer
from tests.kit.telegram_server import TelegramServer

Table = Mapping[str, Any]
HOOK_SECRET = "s3cret-Token_of_the_hook"
#: As the fake QQ says it.
NO_MARKDOWN = "no native markdown"


class Person(Protocol):
    """Who has the platform's app on the phone; `shown` is all that stands there, oldest first."""

    name: str
    shown: list[Any]

    def says(self, text: str) -> Awaitable[object]: ...

    def taps(self, label: str) -> Awaitable[object]: ...

    def sends_photo(self, content: bytes) -> Awaitable[object]: ...


async def _greets(person: Any) -> None:
    await person.says("hi")


@dataclass(frozen=True, slots=True)
class Stage:
    """`table` is what an operator writes below `[channels.<channel>]`; `prepare` hears of Parley's address.

    `answers_only`: the account says something only in answer to a call, one message for each. `learns`: the refusals by
    which the channel finds out what this account may not, each once. `before` each act something may happen at the
    platform.
    """

    channel: str
    server: Callable[[], AbstractAsyncContextManager[Any]]
    table: Callable[[Any], Table]
    person: Callable[[Any], Person]
    mode: str = ""
    opens: Callable[[Any], Awaitable[object]] = _greets
    prepare: Callable[[Any, str], object] = lambda server, url: None
    answers_only: bool = False
    photos: bool = True
    public_url: str = ""
    before: Callable[[Any], object] = lambda server: None
    learns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`qq` or `qq-group`: of the stage, and of the account on it."""
        return f"{self.channel}-{self.mode}" if self.mode else self.channel


def _telegram(server: TelegramServer) -> Table:
    return {"token": server.token, "api_base": server.base, "webhook": True, "webhook_secret": HOOK_SECRET}


def _page(server: MessengerServer) -> Table:
    known = {"app_secret": server.secret, "verify_token": "our-own-words", "access_token": server.token}
    return known | {"page_id": server.page, "api_base": server.base}


def _instagram(server: InstagramServer) -> Table:
    return {**_page(server), "account_id": server.home}  # type: ignore[arg-type]  # as a Page has


def _whatsapp(server: whatsapp.WhatsAppServer) -> Table:
    known = {"app_secret": server.secret, "verify_token": "our-own-words", "access_token": server.token}
    return known | {"phone_number_id": whatsapp.NUMBER, "media_hosts": ["127.0.0.1"], "api_base": server.base}


def _wechat(server: wechat.WeChatServer, **more: Any) -> Table:
    known = {"app_id": wechat.APP_ID, "secret": wechat.SECRET, "token": wechat.TOKEN, "api_base": server.base}
    return known | {"encoding_aes_key": server.key, "holds": 0.2} | more


def _wechat_without_api(server: wechat.WeChatServer) -> Table:
    return _wechat(server, api=False, secret="", holds=0.3)


def _weibo(server: WeiboServer, **more: Any) -> Table:
    bases = dict.fromkeys(("api_base", "user_base", "media_base"), server.base)
    return {"app_secret": server.secret, "access_token": server.token, "holds": 0.2} | bases | more


def _later(server: WeiboServer) -> None:
    """Events have no ids there: nobody says the same twice within a second."""
    server.ahead += 1


def hurried(server: Any) -> Any:
    """A platform that waits less than the usual five seconds for an answer."""
    server.posting.patience = 0.6
    return server


def _wecom(server: wecom.WeComServer) -> Table:
    known = {"corp_id": wecom.CORP_ID, "secret": wecom.SECRET, "token": wecom.TOKEN}
    return known | {"encoding_aes_key": wecom.KEY, "api_base": server.base}


def _qq(server: QqServer, **more: Any) -> Table:
    known = {"app_id": server.app_id, "secret": server.secret, "api_base": server.base, "token_base": server.base}
    return known | more


def _line(server: LineServer) -> Table:
    bases = {"api_base": server.base, "data_base": server.base}
    return {"channel_secret": server.secret, "access_token": server.token} | bases


def _reaches(server: LineServer, url: str) -> None:
    """LINE fetches our pictures at the public address, which is `url` here, and shows JPEG and PNG."""

    async def fetch(address: str) -> bytes:
        local = address.replace("https://shop.example", url, 1)
        async with ClientSession() as http, http.get(local) as answer:
            assert (answer.status, answer.content_type) in {(200, "image/jpeg"), (200, "image/png")}
            return await answer.read()

    server.internet = fetch


def _x(server: XServer) -> Table:
    consumer = {"consumer_key": server.consumer_key, "consumer_secret": server.consumer_secret}
    access = {"access_token": server.token, "access_secret": server.token_secret}
    return consumer | access | {"api_base": server.base, "media_hosts": ("127.0.0.1",)}


def _without_buttons() -> QqServer:
    server = QqServer()
    server.markdown = server.keyboards = False
    return server


async def _scans(person: Any) -> None:
    await person.follows("table-7")


STAGES = (
    Stage("telegram", TelegramServer, _telegram, lambda s: s.user(42), "webhook", opens=lambda ann: ann.starts()),
    Stage(
        "messenger",
        MessengerServer,
        _page,
        lambda s: s.user("6543210987654321", locale="en_GB"),
        opens=lambda ann: ann.does("postback", {"title": "Get started", "payload": "GET_STARTED"}),
    ),
    Stage("instagram", InstagramServer, _instagram, lambda s: s.user("1784140000000042", locale="en_GB")),
    Stage("whatsapp", whatsapp.WhatsAppServer, _whatsapp, lambda s: s.user("16505551234")),
    Stage(
        "wechat",
        lambda: wechat.WeChatServer(key=wechat.KEY),
        _wechat,
        lambda s: s.person(locale="en"),
        opens=_scans,
    ),
    Stage(
        "wechat",
        lambda: hurried(wechat.WeChatServer(form="json")),
        _wechat_without_api,
        lambda s: s.person(locale="en"),
        mode="without-api",
        opens=_scans,
        answers_only=True,
    ),
    Stage("wecom", wecom.WeComServer, _wecom, lambda s: s.person(), opens=lambda ann: ann.comes()),
    Stage(
        "qq",
        QqServer,
        _qq,
        lambda s: s.user("E4F4AEA33253A2797FB897C50B81D7ED"),
        opens=lambda ann: ann.turns("FRIEND_ADD"),
        prepare=lambda server, url: server.registered.add(url),
    ),
    Stage(
        "qq",
        _without_buttons,
        _qq,
        lambda s: s.user("E4F4AEA33253A2797FB897C50B81D7ED"),
        mode="without-buttons",
        learns=(NO_MARKDOWN,),
        prepare=lambda server, url: server.registered.add(url),
    ),
    Stage(
        "qq",
        QqServer,
        _qq,
        lambda s: s.group("C9F778FE6ADF9D1D1DBE395BF744A33A"),
        mode="group",
        prepare=lambda server, url: server.registered.add(url),
    ),
    Stage(
        "line",
        LineServer,
        _line,
        lambda s: s.person("U" + "a1" * 16, locale="en"),
        opens=lambda ann: ann.follows(),
        prepare=_reaches,
        public_url="https://shop.example",
    ),
    Stage(
        "weibo",
        WeiboServer,
        _weibo,
        lambda s: s.fan(),
        opens=lambda fan: fan.does("follow", "关注事件消息"),
        before=_later,
    ),
    Stage(
        "weibo",
        lambda: hurried(WeiboServer("xml")),
        lambda s: _weibo(s, access_token=""),
        lambda s: s.fan(),
        mode="without-token",
        answers_only=True,
        photos=False,
        before=_later,
    ),
    Stage("x", XServer, _x, lambda s: s.user("3001969357")),
    Stage("x", lambda: XServer(activity=True), _x, lambda s: s.user("3001969357"), mode="activity"),
)
