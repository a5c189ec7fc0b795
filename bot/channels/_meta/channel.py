"""An account at Meta: how its webhooks are believed, and what a person may ask of us through Meta."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from time import time
from urllib.parse import urlencode, urlsplit

import orjson

from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._http import Api
from bot.channels._meta.graph import Graph, TokenRefused, Tokens, Written
from bot.channels._meta.keys import Desk
from bot.channels._meta.settings import MetaSettings
from bot.channels._meta.signing import (
    assure_signed,
    assure_signed_request,
    is_signed_request,
    read_signed_request,
)
from bot.channels._strangers import Strangers, is_public
from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, ChannelUnavailable, ConfigError, ParleyError, Unauthorised
from bot.core.message import Inbound
from bot.core.ports import Accept, HookAnswer, HookRequest

log = logging.getLogger(__name__)

#: Seconds after which nobody's request for deletion is believed any more.
OLDEST_REQUEST = 24 * 3600
#: Seconds that the start of everything else may wait for Meta, and between two tries afterwards.
FIRST_TRY, LONGEST_PAUSE = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What only tests have otherwise: `timeout` is seconds for a call, `allows` tells where files may be."""

    timeout: float = 15.0
    allows: Callable[[str], bool] = is_public
    clock: Callable[[], float] = time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


USUAL = Circumstances()


class MetaChannel(HttpChannel):
    """`home` is the account's id in webhooks."""

    def __init__(
        self,
        settings: MetaSettings,
        around: Around,
        capabilities: Capabilities,
        home: str,
        circumstances: Circumstances = USUAL,
    ) -> None:
        super().__init__(around, capabilities, Api(settings.server, timeout=circumstances.timeout, name="Meta"))
        self._settings = settings
        self._desk = Desk(around.account, {**settings.others, home: around.account})
        self._tokens = self.tokens()
        self._graph = self.graph(self._tokens)
        self._strangers = Strangers(circumstances.allows)
        self._circumstances = circumstances
        self._registering: asyncio.Task[None] | None = None

    def tokens(self) -> Tokens:
        """Where the access token comes from: it stands in the settings."""
        return Written(self._settings.access_token.reveal())

    def graph(self, tokens: Tokens) -> Graph:
        """Calls with such tokens."""
        secret = self._settings.app_secret.reveal() if self._settings.proves else ""
        return Graph(self._api, self._settings.api_version, tokens, secret)

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless Meta signed the body, or knows our words in a challenge."""
        settings = self._settings
        if request.method == "GET":
            self._assure_challenge(request)
        elif is_signed_request(request.body):
            assure_signed_request(settings.secrets, request.body)
            self._assure_fresh(request.body)
        else:
            assure_signed(settings.secrets, request.headers.get("x-hub-signature-256", ""), request.body)

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """The challenge of a set-up, as plain text: whoever asks chose it."""
        if request.method != "GET":
            return None
        return HookAnswer(body=request.query.get("hub.challenge", "").encode("utf-8", "replace"))

    def parse(self, body: bytes) -> list[Inbound]:
        """The inbounds of one webhook body, or of one person's request for deletion. Raises `BadInput`."""
        if not is_signed_request(body):
            return self.read(body)
        asked = read_signed_request(body)
        code = self._code(body)
        return [Inbound(self.account, f"deletion:{code}", asked.user, "forget", data=code)]

    def read(self, body: bytes) -> list[Inbound]:
        """The inbounds of one webhook body. Raises `BadInput`."""
        raise NotImplementedError

    def answer(self, request: HookRequest, said: bytes) -> HookAnswer:  # noqa: ARG002 - Meta reads no reply in it
        """Where somebody can ask what became of the deletion, and by which code; nothing for ordinary webhooks."""
        if not is_signed_request(request.body):
            return HookAnswer()
        code = self._code(request.body)
        home = urlsplit(self._around.hook)
        own = self._settings.privacy_url
        page = f"{own}?{urlencode({'code': code})}" if own else f"{home.scheme}://{home.netloc}/deletion/{code}"
        told = {"url": page, "confirmation_code": code}
        return HookAnswer(body=orjson.dumps(told), content_type="application/json")

    async def register(self) -> None:
        """Whatever has to be done at Meta before events come; done again at every start. Raises `ParleyError`."""

    async def start(self, accept: Accept) -> None:  # noqa: ARG002 - Meta posts, nothing is pulled
        """Raises `ConfigError` for a token that is refused; an unreachable Meta is tried again in the background."""
        try:
            async with asyncio.timeout(FIRST_TRY):
                await self._ready()
        except (ChannelUnavailable, TimeoutError) as error:
            self._complain(error)
            self._registering = asyncio.create_task(self._ready_later())

    async def stop(self) -> None:
        """Stop trying to register, and close connections."""
        if self._registering is not None:
            self._registering.cancel()
            await asyncio.gather(self._registering, return_exceptions=True)
            self._registering = None
        await self._strangers.close()
        await super().stop()

    async def _ready(self) -> None:
        where = f"[channels.{self.account}]"
        try:
            await self.whoami()
        except (TokenRefused, BadInput) as error:
            raise ConfigError(f"{where} {error}; {self._settings.cure}.") from None
        try:
            await self.register()
        except BadInput as error:
            # It can be answered, and what is subscribed in the app's dashboard comes all the same.
            log.error("%s %s", where, error, extra={"action": "meta.unregistered", "account": self.account})
            return
        log.info("meta.ready", extra={"action": "meta.ready", "account": self.account})

    async def _ready_later(self) -> None:
        pause = 1.0
        while True:
            await self._circumstances.sleep(pause)
            try:
                return await self._ready()
            except ConfigError as error:
                log.error("%s", error, extra={"action": "meta.off", "account": self.account})
                return None
            except ParleyError as error:
                self._complain(error)
                pause = min(LONGEST_PAUSE, pause * 2)

    def _complain(self, error: Exception) -> None:
        facts = {"action": "meta.register", "account": self.account, "error": type(error).__name__}
        log.warning("meta.register", extra=facts)

    def _assure_challenge(self, request: HookRequest) -> None:
        told = request.query.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
        ours = self._settings.verify_token.reveal().encode()
        is_ours = bool(ours) and hmac.compare_digest(told, ours)
        if not is_ours or request.query.get("hub.mode") != "subscribe":
            raise Unauthorised("a challenge without our verify_token")

    def _assure_fresh(self, body: bytes) -> None:
        try:
            age = self._circumstances.clock() - read_signed_request(body).issued
        except BadInput as error:
            raise Unauthorised(str(error)) from None
        if abs(age) > OLDEST_REQUEST:
            raise Unauthorised("a signed_request of another day")

    def _code(self, body: bytes) -> str:
        """The same at every try and on every node, and nobody's to guess."""
        asked = read_signed_request(body)
        secret = bytes.fromhex(self._around.secret)
        return hmac.new(secret, f"{asked.user} {asked.issued}".encode(), sha256).hexdigest()[:20]
