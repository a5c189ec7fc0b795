"""What a message of Messenger or Instagram holds: its words, and files that are still at Meta's addresses."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import basename
from urllib.parse import unquote, urlsplit

from bot.channels._reading import MOST_NAME, Json, needed, obj, objects, place, text
from bot.core.errors import BadInput
from bot.core.message import FileKind, FileRef

#: Longer than the addresses of Meta's own servers.
MOST_ADDRESS = 4096

_FILES: dict[str, FileKind] = {"image": "image", "audio": "audio", "video": "video", "file": "file"}
#: The three sizes of Messenger's thumb: https://developers.facebook.com/docs/messenger-platform, "stickers".
_LIKES = frozenset({"369239263222822", "369239343222814", "369239383222810"})
_STORY_REPLY, _STORY_MENTION = "↩️ story", "@ story"


@dataclass(frozen=True, slots=True)
class Content:
    """`text` also has in words what is neither a text nor a file."""

    text: str
    files: tuple[FileRef, ...]


def content(message: Json) -> Content:
    """What somebody said and sent. Raises `BadInput`."""
    lines = [text(message, "text")]
    files: list[FileRef] = []
    for attachment in objects(message, "attachments"):
        kind = needed(attachment, "type")
        payload = obj(attachment, "payload") if attachment.get("payload") is not None else {}
        if kind in _FILES and payload.get("sticker_id") is None and payload.get("url"):
            files.append(_file(_FILES[kind], payload))
        else:
            lines.append(_in_words(kind, attachment, payload, lines[0]))
    lines.append(_story(message))
    return Content("\n".join(filter(None, lines)), tuple(files))


def _file(kind: FileKind, payload: Json) -> FileRef:
    address = needed(payload, "url", MOST_ADDRESS)
    return FileRef(kind, address, name=_name(address) if kind == "file" else "")


def _name(address: str) -> str:
    """Files keep their own names in Meta's addresses."""
    try:
        return unquote(basename(urlsplit(address).path))[:MOST_NAME].replace("\0", "")
    except ValueError:
        raise BadInput("url must be an address") from None


def _in_words(kind: str, attachment: Json, payload: Json, said: str) -> str:
    """An attachment beside the words `said`, which are not said twice."""
    if (sticker := payload.get("sticker_id")) is not None:
        return "👍" if str(sticker) in _LIKES else "[sticker]"
    if kind == "like_heart":
        return "❤️"
    if kind == "location":
        where = obj(payload, "coordinates")
        return place(where.get("lat"), where.get("long"), text(attachment, "title", MOST_NAME))
    if payload.get("product") is not None:
        titles = [text(one, "title", MOST_NAME) for one in objects(obj(payload, "product"), "elements")]
        return "🛍 " + ", ".join(filter(None, titles))
    return _link(kind, attachment, payload, said)


def _link(kind: str, attachment: Json, payload: Json, said: str) -> str:
    """A shared post, reel or page. A story that mentions us may be looked at where it is, and not be kept."""
    title = text(attachment, "title") or text(payload, "title")
    address = text(payload, "url", MOST_ADDRESS) or text(attachment, "url", MOST_ADDRESS)
    mention = _STORY_MENTION if kind == "story_mention" else ""
    told = [part for part in (mention, title, address) if part and part not in said]
    return " ".join(told) or ("" if said else f"[{kind}]")


def _story(message: Json) -> str:
    reply = message.get("reply_to")
    if type(reply) is not dict or reply.get("story") is None:
        return ""
    return f"{_STORY_REPLY} {text(obj(reply, 'story'), 'url', MOST_ADDRESS)}".rstrip()
