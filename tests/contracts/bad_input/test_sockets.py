"""Socket events of wrong types are told and leave no row; the socket goes on."""

from __future__ import annotations

import pytest

from tests.contracts.bad_input.wire import Json, a_visitor
from tests.kit.server_process import ServerProcess
from tests.unit.web.running import Browser

WRONG: list[object] = [None, True, 7, 1e300, "text", [], ["text"], {}, {"a": {"b": []}}, [[[[]]]]]


@pytest.mark.parametrize("event", ["message", "sync", "read", "lang"])
async def test_events_of_wrong_types_are_told_and_the_socket_goes_on(server: ServerProcess, event: str) -> None:
    async with a_visitor(server) as visitor:
        before = server.count("inbound")
        for body in WRONG:
            answer = await visitor.calls(event, body)
            assert answer["ok"] is False, body
            assert answer["error"]["code"] in {"bad_request", "empty"}, (body, answer)  # type: ignore[index]
        assert server.count("inbound") == before
        assert (await visitor.says("still here"))["ok"] is True
        await visitor.hears(lambda: "You said: still here" in dict(visitor.texts).values())


FIELDS: list[Json] = [
    {"text": 7}, {"text": ["a"]}, {"text": {}}, {"data": 5}, {"text": "\ud83d"}, {"text": "a", "id": 7},
    {"text": "a", "id": "\n"}, {"text": "a", "files": "1"}, {"text": "a", "files": [-1]}, {"text": "a", "files": [{}]},
    {"text": "a", "files": [2**70]}, {"text": "a", "files": [True]}, {"text": "a", "label": 1},
    {"text": "a", "data": []}, {"text": "a", "data": "\ud83d"},
]  # fmt: skip


async def test_fields_of_wrong_types_are_told_and_leave_no_row(server: ServerProcess) -> None:
    async with a_visitor(server) as visitor:
        before = server.count("inbound")
        for fields in FIELDS:
            answer = await visitor.calls("message", fields)
            assert answer["ok"] is False, fields
            assert answer["error"]["code"] in {"bad_request", "bad_text", "empty"}, (fields, answer)  # type: ignore[index]
        too_long = await visitor.says("x" * 4001)
        assert too_long["error"] == {"code": "too_long", "limit": 4000, "text": too_long["error"]["text"]}  # type: ignore[index]
        assert "4000" in str(too_long["error"]).replace(",", "")
        assert server.count("inbound") == before


async def test_a_nul_is_left_out_and_events_of_no_table_are_refused(server: ServerProcess) -> None:
    async with a_visitor(server) as visitor:
        assert (await visitor.says("a\0b"))["ok"] is True
        await visitor.hears(lambda: "You said: ab" in dict(visitor.texts).values())
        for event in ("opened", "closed", "trigger_event", "__init__", "constructor"):
            assert (await visitor.calls(event, {}))["ok"] is False
        for event in ("connect", "disconnect"):
            await visitor.client.emit(event, {}, namespace="/chat")
        assert (await visitor.says("as before"))["ok"] is True


@pytest.mark.parametrize("token", ["x", "0" * 64, 7, {}, ["a"], "\ud83d", "f" * 50_000])
async def test_a_wrong_token_opens_nothing(server: ServerProcess, token: object) -> None:
    import socketio  # type: ignore[import-untyped]

    browser = Browser(server.url)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await browser.opens(token=token)
    await browser.leaves()
