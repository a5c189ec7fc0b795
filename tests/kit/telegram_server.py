"""A Telegram Bot API server for tests: the real wire, the real limits, and users to talk to.

    async with TelegramServer() as server:
        channel = TelegramChannel(TelegramSettings(token=server.token, api_base=server.base), ...)
        ann = server.user(42, "Ann")
        await ann.says("hi")
        assert (await ann.reads()).text == "Hello, Ann"

It listens on a free port of this machine. Updates wait for `getUpdates`, whose offset confirms
them, or are posted to the webhook until it answers 2xx. Errors have Telegram's own words.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.kit import wire_faults
from tests.kit.platforms.exchange import Exchange, Observer, nobody, watched
from tests.kit.platforms.posting import Answered, Delivery, Posting
from tests.kit.telegram_calls import Call, exchange_of, read_call
from tests.kit.telegram_chats import Chats
from tests.kit.telegram_limits import MOST_UPLOAD, Refusal
from tests.kit.telegram_payments import Cashier
from tests.kit.telegram_user import TelegramUser

Json = dict[str, Any]


class TelegramServer:
    """One bot's Telegram."""

    def __init__(self, token: str = "123456:TEST-token") -> None:
        self.token = token
        self.posting = Posting(self.signed, self.heard, self.tell_waiters)
        self.calls: list[Call] = []
        self.refusals: list[str] = []  # calls that broke a rule, not those that were told to fail
        self.faults = wire_faults.Faults()
        self.chats = Chats()  # whose `now` is the server's clock
        self.cashier = Cashier(self)
        self.webhook: Json = {}
        self.menus: dict[str, dict[str, str]] = {}  # by language
        self.local_path: Path | str | None = None  # set: `getFile` names it, as a local server does
        self._observer: Observer = nobody
        self._allowed: list[str] = []
        self._next_update = 10_000
        self._pending: list[Json] = []
        self._changed = asyncio.Condition()
        self._polls = 0
        self._quiet_times = 0
        self._runner: web.AppRunner | None = None
        self.base = ""

    async def __aenter__(self) -> TelegramServer:
        app = web.Application(client_max_size=2 * MOST_UPLOAD)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.posting.stop()
        if self._runner:
            await self._runner.cleanup()

    def user(self, id: int, name: str = "Ann", locale: str = "en") -> TelegramUser:  # noqa: A002
        """The person with this id, who has opened the chat with the bot."""
        return self.chats.users.setdefault(id, TelegramUser(self, id, name, locale))

    def fails(self, method: str, *faults: wire_faults.Fault) -> None:
        """The next calls of `method` (`*`: of any) go wrong, one for each fault."""
        self.faults.add(method, *faults)

    def count(self, method: str) -> int:
        """How many calls of `method` arrived, failed ones too."""
        return sum(call.method == method for call in self.calls)

    @property
    def secret(self) -> str:
        """What the bot wants to be told with each update."""
        return str(self.webhook.get("secret_token", ""))

    @secret.setter
    def secret(self, told: str) -> None:
        self.webhook["secret_token"] = told

    def signed(self, body: bytes, attempt: int) -> Delivery:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.secret}
        return Delivery(body, headers)

    def delivery(self, body: bytes) -> Delivery:
        """A genuine call that carries `body`, whatever it is."""
        return self.signed(body, 0)

    async def heard(self, lane: str, delivery: Delivery, answer: Answered) -> None:
        """An update that was taken waits no more."""
        if answer.is_taken:
            taken = json.loads(delivery.body)["update_id"]
            self._pending = [update for update in self._pending if update["update_id"] != taken]

    @property
    def unconfirmed(self) -> list[int]:
        """Ids of updates that the bot has not confirmed."""
        return [update["update_id"] for update in self._pending]

    async def happens(self, kind: str, event: Json) -> int:
        """Queue an update; its id. Users call this, and tests that need an odd one."""
        self._next_update += 1
        if not self._allowed or kind in self._allowed:
            update = {"update_id": self._next_update, kind: event}
            self._pending.append(update)
            if self.webhook.get("url"):
                self.posting.add(json.dumps(update).encode(), "")
        await self.tell_waiters()
        return self._next_update

    async def is_quiet(self) -> None:
        """End the poll that waits now with nothing, as after a long time without updates."""
        self._quiet_times += 1
        await self.tell_waiters()

    def numbers_begin_at(self, number: int) -> None:
        """The next update gets this id: after a quiet week Telegram may begin anywhere."""
        self._next_update = number - 1

    def watched_by(self, observer: Observer) -> None:
        """`observer` is shown every call and every update: when it leaves, and again when it is answered."""
        self._observer = self.posting.observer = observer

    def in_plain(self, body: bytes) -> bytes:
        """Telegram seals nothing."""
        return b""

    async def until(self, condition: Any, timeout: float = 30.0) -> None:
        """Wait until `condition()` holds; it is asked whenever something happened here."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(condition)

    async def tell_waiters(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            call = await read_call(request, method)
        except Refusal as refusal:
            return _json(refusal.status, refusal.answer())
        self.calls.append(call)
        fault = self.faults.take(method)
        if isinstance(fault, wire_faults.Hang):
            await self.tell_waiters()

        async def work() -> web.Response:
            status, answer = await self._perform(request.match_info["token"], call)
            await self.tell_waiters()
            return _json(status, answer)

        answering = wire_faults.answered(request, fault, work, self)
        return await watched(self._observer, await exchange_of(request, call), answering)

    def refuses(self, code: int, text: str) -> web.Response:
        """Telegram's words for an error."""
        return _json(code, Refusal(code, text).answer())

    def asks_to_wait(self, after: int) -> web.Response:
        """Telegram's words for a caller that is too fast."""
        words = f"Too Many Requests: retry after {after}"
        return _json(429, Refusal(429, words, {"retry_after": after}).answer(), {"Retry-After": str(after)})

    async def _perform(self, token: str, call: Call) -> tuple[int, Json]:
        try:
            if token != self.token:
                raise Refusal(401, "Unauthorized")
            own = getattr(self, f"_{call.method.lower()}", None) or self.cashier.methods.get(call.method.lower())
            if own:
                return 200, {"ok": True, "result": await own(call.fields)}
            return 200, {"ok": True, "result": self.chats.perform(call.method, call)}
        except Refusal as refusal:
            self.refusals.append(f"{call.method}: {refusal}")
            return refusal.status, refusal.answer()

    async def _getme(self, fields: Json) -> Json:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Parley test",
            "username": "parley_test_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _getupdates(self, fields: Json) -> list[Json]:
        if self.webhook.get("url"):
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook "
                "to delete the webhook first",
            )
        offset = int(fields.get("offset") or 0)
        self._confirm(offset)
        self._allowed = fields.get("allowed_updates") or self._allowed
        self._polls += 1
        mine, quiet = self._polls, self._quiet_times
        await self.tell_waiters()
        try:
            await self.until(
                lambda: self._from(offset) or (self._polls, self._quiet_times) != (mine, quiet),
                float(fields.get("timeout") or 0),
            )
        except TimeoutError:
            return []
        if self._polls != mine:
            raise Refusal(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        return self._from(offset)[: min(int(fields.get("limit") or 100), 100)]

    def _from(self, offset: int) -> list[Json]:
        return [update for update in self._pending if update["update_id"] >= offset]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self._pending = self._pending[offset:]
        elif offset:
            self._pending = [update for update in self._pending if update["update_id"] >= offset]

    async def _getfile(self, fields: Json) -> Json:
        if self.local_path is None:
            found: Json = self.chats.perform("getFile", Call("getFile", fields))
            return found
        name = str(fields["file_id"])
        return {"file_id": name, "file_unique_id": name, "file_path": str(self.local_path)}

    async def _setwebhook(self, fields: Json) -> bool:
        url = str(fields.get("url") or "")
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        await self.posting.rest()
        self.posting.withdraw()
        if fields.get("drop_pending_updates"):
            self._pending = []
        self.webhook = dict(fields)
        self._allowed = fields.get("allowed_updates") or self._allowed
        if url:
            for update in self._pending:
                self.posting.add(json.dumps(update).encode(), "")
            self.posting.begin(url)
        return True

    async def _setmycommands(self, fields: Json) -> bool:
        commands = fields["commands"]
        if not 1 <= len(commands) <= 100:
            raise Refusal(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        for one in commands:
            if not re.fullmatch("[a-z0-9_]{1,32}", one["command"]) or not 1 <= len(one["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
        self.menus[fields.get("language_code", "")] = {one["command"]: one["description"] for one in commands}
        return True

    async def _deletewebhook(self, fields: Json) -> bool:
        return await self._setwebhook(fields | {"url": ""})

    async def _getwebhookinfo(self, fields: Json) -> Json:
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._pending),
            "max_connections": self.webhook.get("max_connections", 40),
            "allowed_updates": self._allowed,
        }

    async def _download(self, request: web.Request) -> web.StreamResponse:
        async def work() -> web.Response:
            file = self.chats.at_path(request.match_info["path"])
            if request.match_info["token"] != self.token or file is None:
                return self.refuses(404, "Not Found")
            return web.Response(body=file.content, content_type="application/octet-stream")

        exchange = Exchange("platform", request.method, request.path_qs, request.headers)
        answering = wire_faults.answered(request, self.faults.take("file"), work, self)
        return await watched(self._observer, exchange, answering)


def _json(status: int, answer: Json, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(answer, status=status, headers=headers)
