"""Socket.IO packets (protocol 5) inside Engine.IO messages, as text; binary ones are not spoken here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = "0", "1", "2", "3", "4"
_ID_DIGITS = 18


class FastJson:
    """orjson behind the interface that Socket.IO expects of a JSON module."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
        try:
            # Lone surrogates pass here, so that the handler can say what is wrong with the text.
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


@dataclass(frozen=True, slots=True)
class Packet:
    """What a browser says. `data` is the credentials of a CONNECT, the list of an EVENT: its name, then arguments.

    `id` is the number under which an answer is awaited, "" for none.
    """

    kind: str
    namespace: str
    id: str = ""
    data: Any = None


def read(text: str) -> Packet:
    """The packet of a message without the `4` of Engine.IO. Raises ValueError for what is none."""
    kind, namespace, at = text[:1], "/", 1
    if text[1:2] == "/":
        comma = text.find(",")
        end = comma if comma > 0 else len(text)
        namespace, at = text[1:end].partition("?")[0], end + 1
    if kind != EVENT:
        return Packet(kind, namespace, "", FastJson.loads(text[at:]) if kind == CONNECT and text[at:] else None)
    bracket = text.find("[", at)
    id_ = text[at:bracket]
    if bracket < 0 or len(id_) > _ID_DIGITS or (id_ and not (id_.isascii() and id_.isdigit())):
        raise ValueError("an event is a list behind a number")
    data = FastJson.loads(text[bracket:])
    if not data or not isinstance(data[0], str):
        raise ValueError("an event begins with its name")
    return Packet(kind, namespace, id_, data)


def connected(namespace: str, sid: str) -> bytes:
    """The answer to a CONNECT."""
    return _message(CONNECT, namespace, "", {"sid": sid})


def refusal(namespace: str, why: object) -> bytes:
    """The other answer to a CONNECT."""
    return _message(CONNECT_ERROR, namespace, "", why)


def parting(namespace: str) -> bytes:
    """The server ends it, and a browser does not come back by itself."""
    return f"4{DISCONNECT}{namespace},".encode()


def event(namespace: str, name: str, body: object) -> bytes:
    """An event with one argument."""
    return _message(EVENT, namespace, "", [name, body])


def ack(namespace: str, id_: str, body: object) -> bytes:
    """The answer to an event; None is an answer without a value."""
    return _message(ACK, namespace, id_, [] if body is None else [body])


def _message(kind: str, namespace: str, id_: str, data: object) -> bytes:
    return f"4{kind}{namespace},{id_}".encode() + orjson.dumps(data)
