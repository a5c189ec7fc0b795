"""Calls to WeChat's and WeCom's servers: an access token in the query, `errcode` in the answer, media by its id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from math import inf
from typing import Any

import orjson

from bot.channels import _playing
from bot.channels._http import Api
from bot.channels._reading import Json
from bot.channels._strangers import Strangers
from bot.channels._tokens import SharedToken
from bot.core.errors import BadInput, ChannelUnavailable, FileMissing, ParleyError, Unshown
from bot.core.message import Attachment
from bot.core.ports import FileStream, OpenFile
from bot.http import Answer, Upload

#: Seconds, where an operator has to act first.
OPERATOR_ACTS = 60.0
#: Seconds of a voice message.
MOST_VOICE = 60.0
#: An answer about a file that there is not is shorter than this, bytes.
MOST_TOLD = 16 * 1024
#: Media types of answers in words. A customer's file may be of one of them, too.
_WORDS = frozenset({"application/json", "text/plain", "text/json"})

Meaning = Callable[[int, str], ParleyError]
"""What an errcode, with the platform's words, is in ours; the words may name an address of ours and nothing else."""


class Calls:
    """One account's. `stale` are the codes that say that the token is not valid any more."""

    def __init__(
        self, api: Api, token: SharedToken, meaning: Meaning, stale: frozenset[int], strangers: Strangers
    ) -> None:
        self._api = api
        self._token = token
        self._meaning = meaning
        self._stale = stale
        self._strangers = strangers

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """What is answered to a GET. Raises what the errcode means, and as `Api.call`."""
        return await self._call("GET", path, query)

    async def post(self, path: str, json: Any) -> Json:
        """What is answered to a JSON body. Raises as `get`."""
        return await self._call("POST", path, None, json=json)

    async def upload(self, kind: str, name: str, file: Attachment, open_file: OpenFile) -> str:
        """The media id of a file of ours, valid for three days. Raises as `get`, and what reading it raised.

        `Unshown` for a voice that is too long, or whose length cannot be told.
        """
        # Whole, since the platform takes no upload of an unknown length.
        content = b"".join([chunk async for chunk in open_file(file)])
        if kind == "voice" and not await _plays(content) <= MOST_VOICE:
            raise Unshown(f"a voice message has at most {MOST_VOICE:.0f} seconds")
        told = await self._call("POST", "/cgi-bin/media/upload", {"type": kind}, media=(name, file, content))
        media_id = told.get("media_id")
        if not isinstance(media_id, str):
            raise ChannelUnavailable("an upload was answered without a media_id")
        return media_id

    async def media(self, media_id: str) -> FileStream:
        """The bytes of a customer's media. Raises `FileMissing`, `ChannelUnavailable`."""
        token = await self._token.get()
        for again in (True, False):
            stream = await self._api.download("/cgi-bin/media/get", query={"access_token": token, "media_id": media_id})
            if stream.media_type not in _WORDS:
                return stream
            stream, told = await _looked_into(stream)
            if told is None:
                return stream
            if isinstance(address := told.get("video_url"), str):
                return await self._strangers.open(address)
            if _code(told) not in self._stale:
                break
            if again:
                token = await self._token.get(refused=token)
        else:
            raise ChannelUnavailable("a fresh access token is refused", after=OPERATOR_ACTS)
        error = self._meaning(_code(told), "")
        raise FileMissing(f"media, errcode {_code(told)}") if isinstance(error, BadInput) else error

    async def close(self) -> None:
        """Close connections."""
        await self._strangers.close()

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        *,
        json: Any = None,
        media: tuple[str, Attachment, bytes] | None = None,
    ) -> Json:
        """A token that is refused is fetched anew once."""
        token = await self._token.get()
        for again in (True, False):
            told = await self._told(method, path, {"access_token": token, **(query or {})}, json, media)
            code = _code(told)
            if code == 0:
                return told
            if code not in self._stale:
                raise self._meaning(code, str(told.get("errmsg", "")))
            if again:
                token = await self._token.get(refused=token)
        raise ChannelUnavailable("a fresh access token is refused", after=OPERATOR_ACTS)

    async def _told(
        self, method: str, path: str, query: Mapping[str, str], json: Any, media: tuple[str, Attachment, bytes] | None
    ) -> Json:
        upload = None
        if media is not None:
            name, file, content = media
            upload = Upload("media", name, file.media_type, content)
        return read(await self._api.call(method, path, query=query, json=json, upload=upload))


def read(answer: Answer) -> Json:
    """What an answer says; one of 400 and above without an errcode is refused. Raises `ChannelUnavailable`."""
    told = answer.json()
    if answer.status >= 400 and not _code(told):
        return {"errcode": answer.status}
    return told


def token_of(answer: Answer, meaning: Meaning) -> tuple[str, float]:
    """An access token and its seconds, from the answer to the call for one. Raises what the errcode means."""
    told = read(answer)
    token, seconds = told.get("access_token"), told.get("expires_in")
    if isinstance(token, str) and token and isinstance(seconds, int):
        return token, float(seconds)
    if code := _code(told):
        raise meaning(code, str(told.get("errmsg", "")))
    raise ChannelUnavailable("an access token was asked for, and none was told")


def _code(told: Json) -> int:
    code = told.get("errcode", 0)
    if type(code) is not int:
        raise ChannelUnavailable("an errcode that is no number")
    return code


async def _looked_into(stream: FileStream) -> tuple[FileStream, Json | None]:
    """The same file, and what is told in its place; None where it is a file, after all."""
    head = b""
    async for chunk in stream.chunks:
        head += chunk
        if len(head) > MOST_TOLD:
            break
    else:
        try:
            told = orjson.loads(head)
        except orjson.JSONDecodeError:
            told = None
        if type(told) is dict and ("errcode" in told or "video_url" in told):
            return stream, told
    whole = FileStream(_from(head, stream.chunks), stream.name, stream.media_type, stream.size)
    return whole, None


async def _from(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk


async def _plays(voice: bytes) -> float:
    """Seconds; without end where that cannot be told."""

    async def whole() -> AsyncIterator[bytes]:
        yield voice

    return await _playing.seconds(whole(), len(voice)) or inf
