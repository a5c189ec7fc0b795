"""What each channel is played on end to end: its fake platform, the table of its settings, a customer, how chats begin.

A new channel adds one entry to `STAGES`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientSession

from tests.kit.platforms import letters, traits, wechat, wecom, whatsapp
from tests.kit.platforms.graph import GraphServer
from tests.kit.platforms.line import LineServer
from tests.kit.platforms.meta import InstagramServer, MessengerServer
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.traits import Traits
from tests.kit.platforms.weibo import WeiboServer
from tests.kit.platforms.x import XServer
from tests.kit.telegram_server import TelegramServer

Table = Mapping[str, Any]
HOOK_SECRET = "s3cret-Token_of_the_hook"
#: Where files of ours are, for platforms that fetch them.
PUBLIC = "https://shop.example"
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
    platform. `person` gives people by their number. `profile`: the call that tells who somebody is, where there is one,
    and what of a person `tells` says.
    """

    channel: str
    server: Callable[[], AbstractAsyncContextManager[Any]]
    table: Callable[[Any], Table]
    person: Callable[[Any, int], Person]
    traits: Traits
    mode: str = ""
    opens: Callable[[Any], Awaitable[object]] = _greets
    prepare: Callable[[Any, str], object] = lambda server, url: None
    answers_only: bool = False
    photos: bool = True
    before: Callable[[Any], object] = lambda server: None
    learns: tuple[str, ...] = ()
    profile: str = ""
    tells: frozenset[str] = frozenset({"name", "language"})

    @property
    def name(self) -> str:
        """`qq` or `qq-group`: of the stage, and of the account on it."""
        return f"{self.channel}-{self.mode}" if self.mode else self.channel


def _telegram(server: TelegramServer) -> Table:
    return {"token": server.token, "api_base": server.base, "webhook": True, "webhook_secret": HOOK_SECRET}


def _page(server: MessengerServer) -> Table:
    return _meta(server, system_token=server.system_token, page_id=server.page)


def _instagram(server: InstagramServer) -> Table:
    return _meta(server, access_token=server.token, page_id=server.page, account_id=server.home)


def _whatsapp(server: whatsapp.WhatsAppServer) -> Table:
    return _meta(server, access_token=server.token, phone_number_id=whatsapp.NUMBER, media_hosts=["127.0.0.1"])


def _meta(server: GraphServer, **more: Any) -> Table:
    return {"app_secret": server.secret, "verify_token": "our-own-words", "api_base": server.base} | more


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


def _reads_and_writes(server: XServer) -> None:
    """X takes 15 messages in 15 minutes from the account: people there need a while for each of theirs."""
    server.ahead += 90


def hurried(server: Any, patience: float = 0.6) -> Any:
    """A platform that waits less than the usual five seconds for an answer."""
    server.posting.patience = patience
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


def reaches(server: Any, url: str) -> None:
    """Such a platform fetches our files at their public addresses, which are at `url` here."""

    async def fetch(address: str) -> bytes | None:
        local = address.replace(PUBLIC, url, 1)
        async with ClientSession() as http, http.get(local) as answer:
            return await answer.read() if answer.status == 200 else None

    server.internet = fetch


def _x(server: XServer) -> Table:
    consumer = {"consumer_key": server.consumer_key, "consumer_secret": server.consumer_secret}
    access = {"access_token": server.token, "access_secret": server.token_secret}
    return consumer | access | {"api_base": server.base, "media_hosts": ("127.0.0.1",)}


def _mail_server() -> Any:
    """Its parts are packages that only tests have: whoever plays without e-mail needs none of them."""
    from tests.kit.platforms.email import EmailServer

    return EmailServer()


def _email(server: Any) -> Table:
    known = {"address": letters.ADDRESS, "user": letters.USER, "password": letters.PASSWORD, "answers_per_hour": 100}
    imap = {"imap_host": "127.0.0.1", "imap_port": server.mailbox.port, "imap_security": "none"}
    return known | imap | {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}


def _registers(server: QqServer, url: str) -> None:
    """Links of ours may be sent."""
    server.registered |= {url, PUBLIC}


def _without_buttons() -> QqServer:
    server = QqServer()
    server.markdown = server.keyboards = False
    return server


async def _scans(person: Any) -> None:
    await person.follows("table-7")


STAGES = (
    Stage(
        "telegram",
        TelegramServer,
        _telegram,
        lambda s, n: s.user(42 + n),
        traits.TELEGRAM,
        "webhook",
        opens=lambda ann: ann.starts(),
    ),
    Stage(
        "messenger",
        MessengerServer,
        _page,
        lambda s, n: s.user(str(6543210987654321 + n), locale="en_GB"),
        traits.MESSENGER,
        opens=lambda ann: ann.does("postback", {"title": "Get started", "payload": "GET_STARTED"}),
        prepare=reaches,
        profile="node",
    ),
    Stage(
        "instagram",
        InstagramServer,
        _instagram,
        lambda s, n: s.user(str(1784140000000042 + n), locale="en_GB"),
        traits.INSTAGRAM,
        prepare=reaches,
        profile="node",
        tells=frozenset({"name"}),
    ),
    Stage(
        "whatsapp",
        whatsapp.WhatsAppServer,
        _whatsapp,
        lambda s, n: s.user(str(16505551234 + n), f"US.{13491208655302741918 + n}"),
        traits.WHATSAPP,
    ),
    Stage(
        "wechat",
        lambda: wechat.WeChatServer(key=wechat.KEY),
        _wechat,
        lambda s, n: s.person(f"oAnn_{n:022}", locale="en"),
        traits.WECHAT,
        opens=_scans,
        profile="user",
        tells=frozenset({"language"}),
    ),
    Stage(
        "wechat",
        lambda: hurried(wechat.WeChatServer(form="json")),
        _wechat_without_api,
        lambda s, n: s.person(f"oAnn_{n:022}", locale="en"),
        traits.WECHAT_WITHOUT_API,
        mode="without-api",
        opens=_scans,
        answers_only=True,
    ),
    Stage(
        "wecom",
        wecom.WeComServer,
        _wecom,
        lambda s, n: s.person(f"wmAnn_{n:016}"),
        traits.WECOM,
        opens=lambda ann: ann.comes(),
        profile="customers",
        tells=frozenset({"name"}),
    ),
    Stage(
        "qq",
        QqServer,
        _qq,
        lambda s, n: s.user(f"E4F4AEA33253A2797FB897C5{n:08X}"),
        traits.QQ,
        opens=lambda ann: ann.turns("FRIEND_ADD"),
        prepare=_registers,
    ),
    Stage(
        "qq",
        _without_buttons,
        _qq,
        lambda s, n: s.user(f"E4F4AEA33253A2797FB897C5{n:08X}"),
        traits.QQ,
        mode="without-buttons",
        learns=(NO_MARKDOWN,),
        prepare=_registers,
    ),
    Stage(
        "qq",
        QqServer,
        _qq,
        lambda s, n: s.group(f"C9F778FE6ADF9D1D1DBE395B{n:08X}"),
        traits.QQ_GROUP,
        mode="group",
        prepare=_registers,
    ),
    Stage(
        "line",
        LineServer,
        _line,
        lambda s, n: s.person(f"U{n:032x}", locale="en"),
        traits.LINE,
        opens=lambda ann: ann.follows(),
        prepare=reaches,
        profile="profile",
    ),
    Stage(
        "weibo",
        WeiboServer,
        _weibo,
        lambda s, n: s.fan(str(2489518277 + n)),
        traits.WEIBO,
        opens=lambda fan: fan.does("follow", "关注事件消息"),
        before=_later,
        prepare=reaches,
        profile="user",
    ),
    Stage(
        "weibo",
        lambda: hurried(WeiboServer("xml"), 2.0),  # it asks once only, so a busy machine must have time to answer
        lambda s: _weibo(s, access_token="", holds=1.0),
        lambda s, n: s.fan(str(2489518277 + n)),
        traits.WEIBO_WITHOUT_TOKEN,
        mode="without-token",
        answers_only=True,
        photos=False,
        before=_later,
    ),
    Stage("email", _mail_server, _email, lambda s, n: s.person(f"ann{n or ''}@people.example"), traits.EMAIL),
    Stage("x", XServer, _x, lambda s, n: s.user(str(3001969357 + n)), traits.X, before=_reads_and_writes),
    Stage(
        "x",
        lambda: XServer(activity=True),
        _x,
        lambda s, n: s.user(str(3001969357 + n)),
        traits.X_ACTIVITY,
        mode="activity",
        before=_reads_and_writes,
    ),
)
#: One stage for each wire: what differs only in what is shown over it has the wire of another.
WIRES = tuple({id(stage.traits): stage for stage in reversed(STAGES)}.values())[::-1]


def stage_of(name: str) -> Stage:
    """The stage of this name: `qq-group`."""
    return next(stage for stage in STAGES if stage.name == name)
