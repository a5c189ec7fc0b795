"""/api/docs: the API's document as a page for people, read from the document itself and complete without a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup, escape

from web.api.document import DOCUMENT, Json
from web.pages import fragment, fresh, page_language, render
from web.texts import TEXTS

_EXAMPLES = {"integer": 1, "boolean": True, "string": "…", "object": {}, "null": None}
_MOMENT = "2026-11-23T09:00:00Z"
#: By the name of what makes a caller known: what stands in a call, as long as it is read only, and in others.
_KNOWN = {
    "key": ["-H 'Authorization: Bearer parley_…'"],
    "visitor": ["-H 'Authorization: Bearer …'"],
    "session": ["-b cookies.txt"],
    "csrf": ["-H 'X-CSRF-Token: …'", "-H 'Origin: {server}'"],
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a field: of which shape it is, and whether it must be there."""

    name: str
    shape: Markup
    required: bool
    about: str = ""  # safe to show
    place: str = ""  # of a parameter: path | query | header


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back: a shape, or the codes of an error."""

    status: str
    shape: Markup
    codes: Sequence[str]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation; `who` is ("key", scope), ("session", role), ("visitor", "") or ("", "") for anybody."""

    id: str
    tag: str
    method: str
    path: str
    summary: Markup
    who: tuple[str, str]
    fields: Sequence[Field]
    body: Markup
    answers: Sequence[Answer]
    call: str


@dataclass(frozen=True, slots=True)
class Value:
    """A shape that has a name."""

    name: str
    about: Markup
    fields: Sequence[Field]


class Reader:
    """Reads one document."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._schemas: Mapping[str, Json] = document["components"]["schemas"]

    def groups(self) -> list[tuple[str, list[Route]]]:
        """The routes by what they are about, in the order of the document."""
        routes = [
            self._route(method, path, one)
            for path, methods in self._document["paths"].items()
            for method, one in methods.items()
        ]
        tags = [*dict.fromkeys(one.tag for one in routes)]
        routes.sort(key=lambda one: tags.index(one.tag))
        return [(tag, [*found]) for tag, found in groupby(routes, key=lambda one: one.tag)]

    def values(self) -> list[Value]:
        """Every shape that has a name."""
        return [Value(name, prose(one.get("description", "")), [*_fields(one)]) for name, one in self._schemas.items()]

    def codes(self) -> list[str]:
        """Of every error."""
        found = self._document["components"]["responses"].values()
        return sorted({code for response in found for code in _codes(response)})

    def _route(self, method: str, path: str, one: Json) -> Route:
        who = one["security"][0] if one["security"] else {}
        named = next(iter(who), "")
        parameters = [
            Field(asked["name"], shape(asked["schema"]), asked.get("required", False), place=asked["in"])
            for asked in one["parameters"]
            if asked["name"] != "Accept-Language"  # all of them have it
        ]
        return Route(
            id=one["operationId"],
            tag=one["tags"][0],
            method=method.upper(),
            path=path,
            summary=prose(one["summary"]),
            who=(named, "".join(who.get(named, []))),
            fields=parameters,
            body=_content(one["requestBody"]) if "requestBody" in one else Markup(),
            answers=[self._answer(status, told) for status, told in one["responses"].items()],
            call=self._call(method, path, one),
        )

    def _answer(self, status: str, told: Json) -> Answer:
        if "$ref" not in told:
            return Answer(status, _content(told), (), told["description"])
        return Answer(status, Markup(), _codes(self._document["components"]["responses"][_name(told)]))

    def _call(self, method: str, path: str, one: Json) -> str:
        """With curl: only what must be there, in values that show where one's own belong."""
        server = self._document["servers"][0]["url"]
        asked = {place: [each for each in one["parameters"] if each["in"] == place] for place in ("path", "header")}
        for each in asked["path"]:
            path = path.replace(f"{{{each['name']}}}", quote(str(self.example(each["schema"]))))
        lines = [f"curl{'' if method == 'get' else f' -X {method.upper()}'} '{server}{path}'"]
        lines += [known.format(server=server) for name in _names(one["security"]) for known in _KNOWN[name]]
        lines += [f"-H '{each['name']}: …'" for each in asked["header"] if each.get("required")]
        for media, told in one.get("requestBody", {}).get("content", {}).items():
            given = json.dumps(self.example(told["schema"]), ensure_ascii=False)
            data = f"-d '{given}'" if media == "application/json" else "--data-binary @file"
            lines += [f"-H 'Content-Type: {media}'", data]
        return " \\\n  ".join(lines)

    def example(self, schema: Json) -> Any:
        """The least that fits the shape, save for patterns: what must be text is `…`."""
        if "$ref" in schema:
            return self.example(self._schemas[_name(schema)])
        if choices := schema.get("enum"):
            return choices[0]
        if parts := schema.get("anyOf"):
            return self.example(parts[0])
        if schema.get("type") == "array":
            return [self.example(schema["items"])]
        if "properties" in schema:
            known = schema["properties"].items()
            return {name: self.example(one) for name, one in known if name in schema.get("required", known)}
        if schema.get("format") == "date-time":
            return _MOMENT
        return _EXAMPLES.get(schema.get("type", "string"), "…")


def prose(text: str) -> Markup:
    """Words of the document, where what stands between backticks is code."""
    words, *rest = text.split("`")
    if len(rest) % 2:  # one of them stands alone
        return escape(text)
    codes = zip(rest[::2], rest[1::2], strict=True)
    return escape(words) + Markup().join(Markup("<code>{}</code>{}").format(*one) for one in codes)


def shape(schema: Json) -> Markup:
    """`Line[]`, `"en" or "zh"`, `text or null`: names lead to their shape. Limits stand behind."""
    if "$ref" in schema:
        return Markup('<a href="#value-{0}">{0}</a>').format(_name(schema))
    if "enum" in schema:
        return Markup(" or ").join(Markup("<code>{}</code>").format(json.dumps(one)) for one in schema["enum"])
    if "anyOf" in schema:
        return Markup(" or ").join(shape(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        inside = shape(schema["items"])
        several = "anyOf" in schema["items"] or "enum" in schema["items"]
        return (Markup("({})[]") if several else Markup("{}[]")).format(inside) + _limits(schema)
    if isinstance(each := schema.get("additionalProperties"), dict):
        return Markup("{{name: {}}}").format(shape(each))
    kind = "time" if schema.get("format") == "date-time" else schema.get("type", "any")
    return Markup("{}").format(" or ".join([kind] if isinstance(kind, str) else kind)) + _limits(schema)


def _limits(schema: Json) -> Markup:
    least, most = (next((schema[key] for key in keys if key in schema), None) for keys in (_LEAST, _MOST))
    told = "" if least is most is None else f"{'' if least is None else least}…{'' if most is None else most}"
    if "pattern" in schema:
        told = f"{told} {schema['pattern']}".strip()
    return Markup(" <small>{}</small>").format(told) if told else Markup()


_LEAST = ("minimum", "minLength", "minItems")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def _fields(schema: Json) -> Iterable[Field]:
    must = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        yield Field(name, shape(one), name in must, prose(one.get("description", "")))


def _content(told: Json) -> Markup:
    return Markup(", ").join(
        shape(one["schema"]) if media.endswith("json") else Markup("<code>{}</code>").format(media)
        for media, one in told["content"].items()
    )


def _codes(response: Json) -> list[str]:
    (media,) = response["content"].values()
    inside = media["schema"]["properties"]
    found: list[str] = inside.get("error", {"properties": inside})["properties"]["code"]["enum"]
    return found


def _name(reference: Json) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _names(security: Sequence[Json]) -> list[str]:
    return [name for one in security for name in one]


def _read(document: Json, lang: str) -> Markup:
    reader = Reader(document)
    values = {
        "about": prose(document["info"]["description"]),
        "groups": reader.groups(),
        "named": reader.values(),
        "errors": [(code, TEXTS.get(code, TEXTS["refused"])[lang]) for code in reader.codes()],
    }
    return fragment("api_routes.html", lang, values)


class Pages:
    """What stands within the page, by language: made when it is asked for the first time."""

    def __init__(self) -> None:
        self._made: dict[str, Markup] = {}

    async def within(self, document: Json, lang: str) -> Markup:
        """In a thread: it takes a tenth of a second, in which the loop serves others."""
        if lang not in self._made:
            self._made[lang] = await asyncio.to_thread(_read, document, lang)
        return self._made[lang]


PAGES = web.AppKey("api_pages", Pages)


async def show(request: web.Request) -> web.Response:
    """GET /api/docs."""
    lang = page_language(request)
    told = await request.app[DOCUMENT].told()
    inside = await request.app[PAGES].within(told, lang)
    return fresh(request, render(request, "api.html", {"inside": inside}))
