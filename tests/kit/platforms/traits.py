"""What each platform's wire has, and what it has not with the reason: from this the table of cases is played.

A case that is named in `lacks`, or whose group is, is not played on this platform, and the table says why.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.platforms import wecom
from tests.kit.platforms.base import Json
from tests.kit.platforms.graph import HOUR

DAY_AND_MORE = 25 * HOUR
TWO_DAYS_AND_MORE = 49 * HOUR
#: The two groups of cases.
CALLS, ANSWERS = "calls", "answers"

BODY, STALE, BATCH = "another body under a good signature", "a stale call", "a batch, and one of it odd"
TOKEN, ONCE = "a token that ends in mid-send", "an answer cut off: nothing doubled"
SILENT = "a platform that hangs behind its work: nothing doubled"
LINK = "a link that brings data"
WINDOW, QUOTA = "the window is closed", "the quota is used up"


def _nothing(*_: Any) -> None:
    """Where there is nothing to do."""


def _none(*_: Any) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Traits:
    """`send` is the platform's call behind a text; `signature` the header or query field that signs a call, with the
    server's `secret`, "" where there is none. `tomorrow` makes something of a new kind happen, `breaks` gives a body
    back with one field of its event unreadable, `gathers` makes one body of several, and in `comes` a person follows
    our link with such data.
    `words`: the link brings none, and what is to be said stands ready in it.

    `expires` ends the access token, and `tokens` counts those that were given; `closes` ends the window, `spends` the
    quota, `mends` both. `rests` is for how many seconds an account rests that was asked for 17.
    """

    send: str
    signature: str
    tomorrow: Callable[[Any, Any], object]
    breaks: Callable[[Any, bytes], bytes]
    secret: str = "secret"
    gathers: Callable[[Any, Sequence[bytes]], bytes] = lambda server, bodies: bodies[0]
    comes: Callable[[Any, str], Awaitable[object]] | None = None
    words: bool = False
    expires: Callable[[Any], object] = _nothing
    tokens: Callable[[Any], int] = _none
    closes: Callable[[Any], object] = _nothing
    spends: Callable[[Any, Any], object] = _nothing
    mends: Callable[[Any], object] = _nothing
    rests: float = 17.0
    lacks: Mapping[str, str] = field(default_factory=dict)

    def without(self, lacks: Mapping[str, str], **changed: Any) -> Traits:
        """The same wire of an account that has less."""
        return replace(self, lacks={**self.lacks, **lacks}, **changed)


def _sets(**what: Any) -> Callable[..., None]:
    """Sets attributes of the server."""

    def do(server: Any, *_: Any) -> None:
        for name, value in what.items():
            setattr(server, name, value)

    return do


def _ahead(seconds: float) -> Callable[[Any], None]:
    """Moves the platform's clock."""

    def do(server: Any) -> None:
        getattr(server, "shelf", server).ahead = seconds

    return do


def _gathered(path: Sequence[str], breaks: Callable[[Json], object]) -> Callable[[Any, Sequence[bytes]], bytes]:
    """The lists at `path` of all bodies in one, and before the last of them one that `breaks` made unreadable."""

    def gather(_: Any, bodies: Sequence[bytes]) -> bytes:
        wholes = [json.loads(body) for body in bodies]
        lists = [_at(whole, path) for whole in wholes]
        odd = deepcopy(lists[0][0])
        breaks(odd)
        lists[0][:] = [*(one for found in lists[:-1] for one in found), odd, *lists[-1]]
        return json.dumps(wholes[0]).encode()

    return gather


def _at(whole: Json, path: Sequence[str]) -> list[Json]:
    found: Any = whole
    for name in path:
        found = found[name]
    assert isinstance(found, list)
    return found


def _breaks(*path: str | int, to: object = 7) -> Callable[[Any, bytes], bytes]:
    """What stands at `path` of the body becomes something that it cannot be."""

    def broken(_: Any, body: bytes) -> bytes:
        whole = json.loads(body)
        parent = whole
        for name in path[:-1]:
            parent = parent[name]
        assert path[-1] in parent
        parent[path[-1]] = to
        return json.dumps(whole).encode()

    return broken


def _breaks_at_a_desk(server: wecom.WeComServer, body: bytes) -> bytes:
    server.desks[wecom.DESK].items[-1]["send_time"] = "now"
    return body


def _gathered_at_a_desk(server: wecom.WeComServer, bodies: Sequence[bytes]) -> bytes:
    """The desk has a list of its own, for which one doorbell is enough."""
    items = server.desks[wecom.DESK].items
    items.insert(len(items) - 1, {"msgid": f"odd-{len(items)}", "msgtype": 7})
    return bodies[-1]


def _breaks_page_event(entry: Json) -> None:
    entry["messaging"][0]["message"] = {"mid": [], "text": "odd"}


def _breaks_change(entry: Json) -> None:
    entry["changes"][0]["value"]["messages"][0] |= {"id": "wamid.odd", "text": 7}


def _breaks_line_event(event: Json) -> None:
    event |= {"webhookEventId": event["webhookEventId"] + "x", "message": 7}


def _breaks_message_event(event: Json) -> None:
    event |= {"id": event["id"] + "9", "message_create": 7}


def _page_tokens(server: Any) -> int:
    return sum(call.query.get("fields") == "access_token" for call in server.named("node"))


_NO_TIME = {STALE: "its calls sign no time"}
_ONE = {BATCH: "a call carries one event"}
_NO_KEY = dict.fromkeys((ONCE, SILENT), "takes no idempotency key: what was shown may show again")
_NO_QUOTA = {QUOTA: "counts no answers"}
_ALWAYS = {WINDOW: "may be written to at any time"}
_NO_LINK = {LINK: "its link brings no data: words stand ready in it, or the code is typed"}
_CALLS_NOBODY = {ANSWERS: "this account answers within the platform's own call, and makes none"}

TELEGRAM = Traits(
    send="sendMessage",
    signature="X-Telegram-Bot-Api-Secret-Token",
    tomorrow=lambda s, _: s.posting.add(b'{"update_id": 900000001, "tomorrow": {"id": 7}}', ""),
    breaks=_breaks("message", "text"),
    comes=lambda ann, data: ann.starts(data),
    lacks={BODY: "a secret word comes with each call, and signs nothing", TOKEN: "its token has no end"}
    | _NO_TIME
    | _ONE
    | _NO_KEY
    | _ALWAYS
    | _NO_QUOTA,
)
_META = Traits(
    send="messages",
    signature="X-Hub-Signature-256",
    tomorrow=lambda s, ann: s.tells(s.event(ann.id, s.home, tomorrow={"is": "new"})),
    breaks=_breaks("entry", 0, "messaging"),
    gathers=_gathered(("entry",), _breaks_page_event),
    comes=lambda ann, data: ann.follows_link(data),
    closes=_ahead(DAY_AND_MORE),
    mends=_ahead(0),
    lacks=_NO_TIME | _NO_KEY | _NO_QUOTA,
)
MESSENGER = replace(_META, expires=_sets(token="EAAGanother"), tokens=_page_tokens)
INSTAGRAM = _META.without({TOKEN: "its token is renewed each week, long before it ends"})
WHATSAPP = _META.without(
    {TOKEN: "a system user's token has no end"} | _NO_LINK,
    comes=None,
    words=True,
    tomorrow=lambda s, ann: s.tells({"tomorrow": [{"from": ann.id}]}, "tomorrow"),
    breaks=_breaks("entry", 0, "changes", 0, "value", "messages"),
    gathers=_gathered(("entry",), _breaks_change),
)
_WEIXIN = Traits(
    send="send",
    signature="msg_signature",
    secret="hook_token",
    tomorrow=_nothing,
    breaks=_breaks("CreateTime", to="now"),
    expires=lambda s: s.expire(),
    tokens=lambda s: int(s.tokens_given),
    closes=_ahead(TWO_DAYS_AND_MORE),
    mends=_ahead(0),
)
WECHAT = _WEIXIN.without(
    _ONE | _NO_KEY,
    tomorrow=lambda s, ann: s.happened(ann, MsgType="tomorrow", MsgId=str(next(s.numbers))),
    comes=lambda ann, data: ann.scans(data),
    spends=lambda s, ann: setattr(s.quotas[ann.id], "left", 0),
)
WECHAT_WITHOUT_API = WECHAT.without(
    _CALLS_NOBODY
    | {
        LINK: "an account without the API can make no code of its own",
        BODY: "without AES the query is signed, and the body is not",
    },
    signature="signature",
)
WECOM = replace(
    _WEIXIN,
    send="send_msg",
    tomorrow=lambda s, ann: s.item(
        ann.desk,
        {"origin": 3, "msgtype": "tomorrow", "open_kfid": ann.desk, "external_userid": ann.customer},
    ),
    breaks=_breaks_at_a_desk,
    gathers=_gathered_at_a_desk,
    comes=lambda ann, data: ann.comes(data),
    spends=lambda s, ann: setattr(ann.session, "left", 0),
)
QQ = Traits(
    send="messages",
    signature="X-Signature-Ed25519",
    tomorrow=lambda s, ann: s.tells(ann, "TOMORROW", {}),
    breaks=_breaks("d", "timestamp", to="yesterday"),
    comes=lambda ann, data: ann.turns("FRIEND_ADD", scene=1001, scene_param=data),
    expires=_sets(token="ended"),
    tokens=lambda s: int(s.count("token")),
    closes=_ahead(HOUR + 1),
    spends=_sets(quota=0),
    mends=_sets(ahead=0.0, quota=4, group_quota=5),
    lacks=_ONE,
)
QQ_GROUP = replace(QQ, send="group_messages", spends=_sets(group_quota=0), comes=None).without(
    {LINK: "a group is not added by a link"}
)
LINE = Traits(
    send="reply",
    signature="X-Line-Signature",
    tomorrow=lambda s, ann: s.event(ann, {"type": "tomorrow"}),
    breaks=_breaks("events", 0, "webhookEventId"),
    gathers=_gathered(("events",), _breaks_line_event),
    spends=_sets(month=0, tokens={}),
    mends=_sets(month=None),
    words=True,
    rests=5.0,  # it does not say for how long
    lacks=_NO_TIME | _ALWAYS | _NO_LINK | {TOKEN: "its token has no end"},
)
WEIBO = Traits(
    send="reply",
    signature="signature",
    tomorrow=lambda s, fan: s.tells(fan, "tomorrow", "new"),
    breaks=_breaks("created_at", to="yesterday"),
    closes=_ahead(TWO_DAYS_AND_MORE),
    mends=_ahead(0),
    lacks={BODY: "the query is signed, and the body is not", TOKEN: "its token is written by hand, and not fetched"}
    | _ONE
    | _NO_KEY
    | _NO_LINK
    | _NO_QUOTA,
)
WEIBO_WITHOUT_TOKEN = WEIBO.without(
    _CALLS_NOBODY, breaks=lambda _, body: body.replace(b"<CreateTime>", b"<CreateTime>about ")
)
EMAIL = Traits(
    send="DATA",
    signature="",
    tomorrow=_nothing,
    breaks=lambda _, body: body,
    lacks={CALLS: "nobody calls: mails are pulled", TOKEN: "its password has no end"} | _ALWAYS | _NO_QUOTA,
)
X = Traits(
    send="messages",
    signature="x-twitter-webhooks-signature",
    secret="consumer_secret",
    words=True,
    tomorrow=lambda s, ann: s.posts(ann, "dm.tomorrow", {"direct_message_tomorrow_events": [{"id": "7"}]}),
    breaks=_breaks("direct_message_events", 0, "id"),
    gathers=_gathered(("direct_message_events",), _breaks_message_event),
    lacks=_NO_TIME | _NO_KEY | _NO_LINK | _ALWAYS | _NO_QUOTA | {TOKEN: "its keys have no end"},
)
X_ACTIVITY = replace(
    X,
    breaks=_breaks("data", "payload", "direct_message_events", 0, "id"),
    gathers=_gathered(("data", "payload", "direct_message_events"), _breaks_message_event),
)
