"""What each route of the API takes and answers, said once beside its handler: the API's document is made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
#: A body that is no JSON: a file that is sent, or one that is answered.
FILE: Literal["file"] = "file"


@dataclass(frozen=True, slots=True)
class Said:
    """`answers` and `takes` are types of JSON, FILE, or None for no body; `query` is a TypedDict of the parameters.

    `refuses` has the codes of errors by status, those left out that every route of its kind has.
    """

    answers: Any
    status: int = 200
    takes: Any = None
    query: Any = None
    refuses: Mapping[int, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # of the request, which must be there: name -> pattern
    visitor: bool = False  # needs the token of the chat box


#: By the handler as the table of routes has it.
SAID: dict[Handler, Said] = {}


def says(
    answers: Any,
    *,
    status: int = 200,
    takes: Any = None,
    query: Any = None,
    refuses: Mapping[int, str] | None = None,
    headers: Mapping[str, str] | None = None,
    visitor: bool = False,
) -> Callable[[Handler], Handler]:
    """See `Said`. It stands above what guards the handler."""

    def remember(handler: Handler) -> Handler:
        SAID[handler] = Said(answers, status, takes, query, refuses or {}, headers or {}, visitor)
        return handler

    return remember


def taken(request: web.Request) -> Any:
    """The type of JSON that the route of a request takes. LookupError for one that reads it and does not say so."""
    said = SAID[request.match_info.handler]
    if said.takes is None or said.takes is FILE:
        raise LookupError(f"{request.match_info.handler} takes JSON: web.said.says must tell of which shape")
    return said.takes
