"""The part of Meta's Graph that Messenger, Instagram and WhatsApp share: tokens, proofs, errors, signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from time import time
from typing import Any, NoReturn
from urllib.parse import urlencode

from aiohttp import web

from tests.kit.platforms.base import Call, FakePlatform, Json, Perform, Refusal, Result, Routes, response
from tests.kit.platforms.posting import Answered, Delivery

VERSION = "v25.0"
HOUR = 3600.0


class GraphServer(FakePlatform):
    """One app and one account. `proven`: calls must carry a proof of the secret, as an app can be set to ask."""

    def __init__(self, *, proven: bool = True) -> None:
        super().__init__()
        self.app_id = "1517776481860111"
        self.secret = "0123456789abcdef0123456789abcdef"
        self.token = "EAAGtoken"
        self.proven = proven
        self.ahead = 0.0  # seconds by which this server's time is ahead
        self.subscribed: list[str] = []
        self._ids = 0
        self._instead: dict[str, Perform] = {}

    def routes(self) -> Routes:
        """Those of the platform, any of which a test may perform itself."""

        def replaceable(perform: Perform) -> Perform:
            async def either(call: Call) -> Result:
                return await self._instead.get(call.method, perform)(call)

            return either

        return {name: (verb, path, replaceable(perform)) for name, (verb, path, perform) in self.nodes().items()}

    def nodes(self) -> Routes:
        """The calls that there are."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        return time() + self.ahead

    @property
    def now_ms(self) -> int:
        return int(self.now * 1000)

    def new_id(self) -> int:
        self._ids += 1
        return 1_000_000 + self._ids

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return Delivery(body, {"Content-Type": "application/json", **self.signature(body)})

    def signature(self, body: bytes, secret: str = "") -> dict[str, str]:
        """The headers of a genuine webhook."""
        digest = hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={digest}"}

    def posts(self, batch: Json) -> None:
        """Post a webhook. Meta escapes what is not ASCII, and signs what it sends."""
        self.happens(json.dumps(batch).encode())

    async def challenges(self, verify_token: str, challenge: str = "1158201444") -> Answered:
        """The call with which somebody sets the webhook up."""
        query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
        return await self.posting.once(Delivery(b"", query=query, verb="GET"))

    def signed_request(self, user: str, *, issued: float | None = None, secret: str = "") -> bytes:
        """The form with which Meta hands on a person's request for deletion."""
        asked = {"user_id": user, "algorithm": "HMAC-SHA256", "issued_at": int(issued or self.now)}
        payload = _base64(json.dumps(asked).encode())
        told = hmac.new((secret or self.secret).encode(), payload, hashlib.sha256).digest()
        return urlencode({"signed_request": (_base64(told) + b"." + payload).decode()}).encode()

    async def asks_for_deletion(self, user: str) -> Answered:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.posting.once(Delivery(self.signed_request(user), headers))

    def assure(self, call: Call, token: str = "") -> None:
        """Raise a refusal unless the call has the token, and the proof where it is asked for."""
        wanted = token or self.token
        if call.headers.get("Authorization") != f"Bearer {wanted}":
            refuse(190, words="Invalid OAuth access token.", status=401)
        proof = hmac.new(self.secret.encode(), wanted.encode(), hashlib.sha256).hexdigest()
        if call.query.get("appsecret_proof", "" if self.proven else proof) != proof:
            refuse(100, words="Invalid appsecret_proof provided in the API argument")

    def instead(self, method: str, perform: Perform) -> None:
        """From now on the calls of `method` are performed so."""
        self._instead[method] = perform

    def refuses(self, code: int, text: str) -> web.Response:
        return response(error(100, text), code)

    def asks_to_wait(self, after: int) -> web.Response:
        return response(error(4, "Application request limit reached"), 429, {"Retry-After": str(after)})

    async def subscribe(self, call: Call) -> Json:
        """POST /{account}/subscribed_apps."""
        self.assure(call)
        self.subscribed = list(call.json().get("subscribed_fields", []))
        return {"success": True}


def error(code: int, words: str, subcode: int = 0) -> Json:
    """An error of the Graph."""
    told: Json = {"message": f"(#{code}) {words}", "type": "OAuthException", "code": code, "fbtrace_id": "AbC-1_d"}
    return {"error": told | ({"error_subcode": subcode} if subcode else {})}


def refuse(
    code: int, subcode: int = 0, *, words: str = "", status: int = 400, headers: Mapping[str, str] | None = None
) -> NoReturn:
    """Refuse a call in the Graph's way."""
    raise Refusal(status, error(code, words or "Invalid parameter", subcode), headers)


def assure(fits: Any, words: str, code: int = 100, subcode: int = 0) -> None:
    """Refuse unless it fits."""
    if not fits:
        refuse(code, subcode, words=words)


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
