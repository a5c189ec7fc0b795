"""Looks at every answer of the API while tests of anything run: each is one of those that its document tells of."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from aiohttp import web

from web.api.document import document
from web.app import routes
from web.said import SAID
from web.settings import WebSettings


@cache
def told() -> dict[str, Any]:
    """The document."""
    return document(routes(), WebSettings())


@cache
def validator(method: str, path: str, status: int, media: str) -> jsonschema_rs.Validator | None:
    """Of the body of one answer; None where the document does not tell of it."""
    found = told()["paths"][path][method.lower()]["responses"].get(str(status))
    if found and "$ref" in found:
        found = told()["components"]["responses"][found["$ref"].rpartition("/")[2]]
    content = found["content"].get(media) if found else None
    if content is None:
        return None
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": told()["components"]}
    return jsonschema_rs.validator_for(root | content["schema"])


class Watch:
    """`wrong` is every answer that the document does not tell of."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    async def look(self, request: web.Request, response: web.StreamResponse) -> None:
        """A signal of the application."""
        if request.match_info.handler in SAID and request.method != "HEAD" and response.status != 304:
            resource = request.match_info.route.resource
            assert resource is not None
            assert isinstance(response, web.Response)
            path = re.sub(r":[^}]*", "", resource.canonical)
            self.wrong += [
                f"{request.method} {path} → {response.status}: {why}" for why in _wrong(request, response, path)
            ]


def _wrong(request: web.Request, response: web.Response, path: str) -> list[str]:
    found = validator(request.method, path, response.status, response.content_type)
    if found is None:
        return [f"untold, {response.text}"]
    assert isinstance(response.body, bytes)
    wrong = [f"{error.message} at {error.instance_path}" for error in found.iter_errors(orjson.loads(response.body))]
    if response.status < 300:
        wrong += [f"the query {name}={value!r} is untold" for name, value in _untold(request, path)]
    return wrong


def _untold(request: web.Request, path: str) -> list[tuple[str, str]]:
    """Parameters that were taken, of which the document knows nothing, or other values."""
    said = told()["paths"][path][request.method.lower()]["parameters"]
    asked = {one["name"]: one["schema"] for one in said if one["in"] == "query"}
    return [one for one in request.query.items() if one[0] not in asked or not _is_valid(asked[one[0]], one[1])]


def _is_valid(schema: dict[str, Any], value: str) -> bool:
    is_number = schema.get("type") == "integer"
    if is_number and not value.isdecimal():
        return value == ""
    return jsonschema_rs.is_valid(schema, int(value) if is_number else value)
