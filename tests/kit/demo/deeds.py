"""What people can do on each platform beyond words, pictures and taps, in the words of the fakes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.kit.platforms.base import Upload
from tests.kit.platforms.letters import ADDRESS as SHOP
from tests.kit.platforms.people import ShownFile

Deed = Callable[..., Awaitable[object]]

LATITUDE, LONGITUDE, NAME, ADDRESS = 31.2304, 121.4737, "Tea House", "1 Nanjing Rd, Shanghai"
_POINT = {"latitude": LATITUDE, "longitude": LONGITUDE}


async def _mails(person: Any, text: str, subject: str) -> object:
    """In answer to the newest one, unless it has another subject."""
    return await person.sends(text, subject=None if subject in ("", person.answer_subject()) else subject)


async def _talks(person: Any, text: str, _subject: str) -> object:
    return await person.says(text)


#: Say words, below a subject where there is such a thing.
WORDS: Mapping[str, Deed] = {"email": _mails}


def words(channel: str) -> Deed:
    """How people say something there."""
    return WORDS.get(channel, _talks)


async def _weibo_place(server: Any, fan: Any) -> None:
    server.tells(fan, "position", "我在这里: http://t.cn/1", longitude=str(LONGITUDE), latitude=str(LATITUDE))


async def _line_place(server: Any, person: Any) -> None:
    person.sends({"type": "location", "title": NAME, "address": ADDRESS, **_POINT})


def _messenger_place(server: Any, person: Any) -> Awaitable[object]:
    payload = {"coordinates": {"lat": LATITUDE, "long": LONGITUDE}}
    place = {"title": NAME, "url": "https://l.facebook.com/l.php", "type": "location", "payload": payload}
    found: Awaitable[object] = person.sends(attachments=[place])
    return found


def _wechat_place(server: Any, person: Any) -> Awaitable[object]:
    x, y = f"{LATITUDE:.6f}", f"{LONGITUDE:.6f}"
    found: Awaitable[object] = person.sends("location", Location_X=x, Location_Y=y, Scale="15", Label=ADDRESS)
    return found


def _x_place(server: Any, person: Any) -> Awaitable[object]:
    point = {"type": "Point", "coordinates": [LONGITUDE, LATITUDE]}
    shared = {"type": "shared_coordinate", "shared_coordinate": {"coordinates": point}}
    found: Awaitable[object] = person.says("", attachment={"type": "location", "location": shared})
    return found


#: Send the place of the tea house.
PLACES: Mapping[str, Deed] = {
    "telegram": lambda server, person: person.sends(location=_POINT),
    "messenger": _messenger_place,
    "whatsapp": lambda server, person: person.sends("location", {**_POINT, "name": NAME, "address": ADDRESS}),
    "wechat": _wechat_place,
    "wecom": lambda server, person: person.sends("location", {**_POINT, "name": NAME, "address": ADDRESS}),
    "line": _line_place,
    "weibo": _weibo_place,
    "x": _x_place,
}


async def _mail_file(server: Any, person: Any, name: str, media_type: str, content: bytes) -> object:
    return await person.sends("", ShownFile(name, content, media_type))


async def _line_file(server: Any, person: Any, name: str, media_type: str, content: bytes) -> object:
    return person.sends_file(name, content)


def _whatsapp_file(server: Any, person: Any, name: str, media_type: str, content: bytes) -> Awaitable[object]:
    media = server.keeps(Upload(name, media_type, content))
    told = {"id": media, "mime_type": media_type, "sha256": "x=", "filename": name}
    found: Awaitable[object] = person.sends("document", told)
    return found


def _wecom_file(server: Any, person: Any, name: str, media_type: str, content: bytes) -> Awaitable[object]:
    found: Awaitable[object] = person.sends("file", {"media_id": server.shelf.put(name, content, media_type)})
    return found


#: Send a file that is no picture: its name, its media type, its bytes.
FILES: Mapping[str, Deed] = {
    "telegram": lambda server, person, name, kind, content: person.sends_document(name, content, kind),
    "messenger": lambda server, person, name, kind, content: person.sends_file("file", name, content),
    "qq": lambda server, person, name, kind, content: person.sends_file("file", name, content),
    "whatsapp": _whatsapp_file,
    "wecom": _wecom_file,
    "line": _line_file,
    "email": _mail_file,
}

#: Change an earlier message: its id at the platform, the new words.
EDITS: Mapping[str, Deed] = {
    "telegram": lambda server, person, said, text: person.edits(said, text),
    "messenger": lambda server, person, said, text: person.does(
        "message_edit", {"mid": said, "text": text, "num_edit": 1}
    ),
    "whatsapp": lambda server, person, said, text: person.sends(
        "edit", {"original_message_id": said, "message": {"type": "text", "text": {"body": text}}}
    ),
}

#: Take an earlier message back: its id at the platform.
DELETES: Mapping[str, Deed] = {
    "messenger": lambda server, person, said: person.does("message", {"mid": said, "is_deleted": True}),
    "instagram": lambda server, person, said: person.does("message", {"mid": said, "is_deleted": True}),
    "whatsapp": lambda server, person, said: person.sends("revoke", {"original_message_id": said}),
    "line": lambda server, person, said: person.takes_back(said),
    "wecom": lambda server, person, said: person.takes_back(said),
}


async def nothing(server: Any, person: Any, told: object) -> None:
    """What happens where there is nothing to do."""


async def _quietly(server: Any, person: Any) -> None:
    """Nobody is told of it."""
    person.has_blocked = False


async def _added_again(server: Any, person: Any) -> None:
    person.has_blocked = False
    await person.turns("GROUP_ADD_ROBOT" if person.in_group else "FRIEND_ADD")


async def _weibo_follows(server: Any, fan: Any) -> None:
    fan.has_blocked = False
    await fan.does("follow", "关注事件消息")


#: Come back after a block.
RETURNS: Mapping[str, Deed] = {
    "telegram": lambda server, person: person.unblocks(),
    "wechat": lambda server, person: person.follows(),
    "line": lambda server, person: person.follows(again=True),
    "qq": _added_again,
    "weibo": _weibo_follows,
    "wecom": _quietly,
    "messenger": _quietly,
    "instagram": _quietly,
    "whatsapp": _quietly,
    "x": _quietly,
    "email": _quietly,
}


async def _whatsapp_switches(server: Any, person: Any, wanted: bool) -> None:
    person.wants_news("resume" if wanted else "stop")


#: Use the app's own switch for advertising.
SWITCHES: Mapping[str, Deed] = {"whatsapp": _whatsapp_switches}


async def _whatsapp_delivered(server: Any, person: Any, shown: Any) -> None:
    person.hears("delivered", shown)


async def _whatsapp_read(server: Any, person: Any, shown: Any) -> None:
    person.hears("read", shown)


#: A message of the shop reached the phone.
DELIVERIES: Mapping[str, Deed] = {
    "whatsapp": _whatsapp_delivered,
    "messenger": lambda server, person, shown: person.does(
        "delivery", {"mids": [shown.id], "watermark": server.now_ms}
    ),
}

#: It is before the person's eyes.
READS: Mapping[str, Deed] = {
    "whatsapp": _whatsapp_read,
    "messenger": lambda server, person, shown: person.does("read", {"watermark": server.now_ms}),
    "instagram": lambda server, person, shown: person.does("read", {"mid": shown.id}),
    "x": lambda server, person, shown: person.has_read(shown),
}


def _platform_menu(server: Any) -> list[str]:
    return [one["name"] for top in server.menu for one in top.get("sub_button", [top])]


def _weibo_menu(server: Any) -> list[str]:
    return [one["name"] for top in server.menu.get("button", []) for one in top.get("sub_button", [top])]


def _telegram_menu(server: Any) -> list[str]:
    return [f"/{command}" for command in server.menus.get("", {})]


#: The labels of the account's own menu, and what a tap on one does.
MENUS: Mapping[str, tuple[Callable[[Any], list[str]], Deed]] = {
    "wechat": (_platform_menu, lambda server, person, label: person.clicks(label)),
    "weibo": (_weibo_menu, lambda server, person, label: person.taps(label)),
    "telegram": (_telegram_menu, lambda server, person, label: person.says(label)),
}


def letterhead(channel: str, person: Any) -> dict[str, str] | None:
    """What stands over a mail that this person would write now; None where people write no mails."""
    if channel != "email":
        return None
    return {"own": person.id, "shop": SHOP, "subject": person.answer_subject()}


def subject(person: Any, wire: object, shown: Any) -> str:
    """Of a mail, of ours (`shown`) or of the person's (`wire`); "" for what is none."""
    if shown is not None:
        return str(shown.raw.get("Subject", ""))
    return str(getattr(person, "subjects", {}).get(wire, ""))


def lives_at(server: Any, now: Callable[[], float]) -> None:
    """The platform's own clock, where it is a whole one: seconds since 1970."""
    for one in (server, getattr(server, "chats", server)):
        if callable(getattr(one, "now", None)):
            one.now = now


def moves(server: Any, seconds: float) -> None:
    """The platform's clock goes ahead, where it is told by how much."""
    if hasattr(server, "shelf"):
        server.shelf.ahead += seconds
    elif hasattr(server, "ahead"):
        server.ahead += seconds


def has_heard_all(server: Any) -> bool:
    """Whether the shop took everything that people did there."""
    return not (server.posting.waiting if hasattr(server, "posting") else server.unconfirmed)
