"""The gate of a fake PayPal: tokens and what they allow, ids of requests, the webhook and who signs for it.

https://developer.paypal.com/api/rest/authentication
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from tests.kit.platforms import paypal_keys as keys
from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal, Result
from tests.kit.platforms.paypal_rules import refuse
from tests.kit.platforms.posting import Delivery

CLIENT, SECRET, WEBHOOK = "AeTeaClient", "EFTeaSecret", "1JE4291016473214C"
CERTIFICATE = "CERT-360caa42-fca2a594-5edc0ebc"
SCOPES = " ".join(
    f"https://uri.paypal.com/services/{name}"
    for name in ("payments/payment", "applications/webhooks", "disputes/read-seller", "reporting/search/read")
)
EVENTS = [
    "CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.CREATED",
]  # fmt: skip
#: Seconds that a token is good.
TOKEN = 32400


class PayPalGate(FakePlatform):
    """`now` is seconds since 1970, which a test moves."""

    def __init__(self, now: float) -> None:
        super().__init__()
        self.now = now
        self.scopes = SCOPES
        self.events = EVENTS
        self.chain = keys.chain("signer")
        self.ids = count(1)
        self._tokens: dict[str, float] = {}
        self._answers: dict[str, tuple[float, Any, Json]] = {}  # by the id of the request

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return Delivery(body, headers=self.headers(body))

    def headers(self, body: bytes, signer: str = "signer", webhook: str = WEBHOOK) -> dict[str, str]:
        id_, at = str(uuid4()), self.time()
        return {
            "paypal-transmission-id": id_,
            "paypal-transmission-time": at,
            "paypal-transmission-sig": keys.sign(signer, id_, at, webhook, body),
            "paypal-cert-url": f"https://api.sandbox.paypal.com/v1/notifications/certs/{CERTIFICATE}",
            "paypal-auth-algo": "SHA256withRSA",
        }

    def forgets_ids(self) -> None:
        """What the ids of requests were answered with is known no more."""
        self._answers.clear()

    def forgets_tokens(self) -> None:
        """None of those that were given out is good any more."""
        self._tokens.clear()

    async def token(self, call: Call) -> Result:
        pair = b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if call.headers.get("Authorization") != f"Basic {pair}":
            raise Refusal(401, {"error": "invalid_client", "error_description": "Client Authentication failed"})
        if dict(call.form) != {"grant_type": "client_credentials"}:
            raise Refusal(400, {"error": "unsupported_grant_type"})
        token = f"A21AA{next(self.ids)}"
        self._tokens[token] = self.now + TOKEN
        told = {"access_token": token, "token_type": "Bearer", "app_id": "APP-80W284485P519543T", "expires_in": TOKEN}
        return told | {"scope": self.scopes, "nonce": "2026"}

    async def webhook(self, call: Call) -> Result:
        self.assure(call)
        if call.at["id"] != WEBHOOK:
            refuse("INVALID_RESOURCE_ID", 404)
        names = [{"name": name, "status": "ENABLED"} for name in self.events]
        return {"id": WEBHOOK, "url": "https://shop.example/hooks/pay/paypal", "event_types": names}

    async def certificate(self, call: Call) -> Result:
        return self.chain if call.at["id"] == CERTIFICATE else refuse("INVALID_RESOURCE_ID", 404)

    def assure(self, call: Call, scope: str = "") -> None:
        """Raise `Refusal` without a token that allows it."""
        token = call.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) <= self.now:
            raise Refusal(401, {"error": "invalid_token", "error_description": "Token signature verification failed"})
        if scope and scope not in self.scopes:
            refuse("PERMISSION_DENIED", 403)

    def again(self, call: Call, words: Any, keeps: float) -> Json | None:
        """What the same id was answered with; other words under the same id are refused."""
        key = call.headers.get("PayPal-Request-Id", "")
        if not 1 <= len(key) <= 108:
            refuse("INVALID_PAYPAL_REQUEST_ID", 400)
        at, known, answer = self._answers.get(key, (0.0, None, {}))
        if self.now - at > keeps:
            return None
        if known != words:
            refuse("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")
        return answer

    def remember(self, call: Call, words: Any, answer: Json) -> Json:
        """The answer, which the same id is given again as it is by then."""
        self._answers[call.headers["PayPal-Request-Id"]] = (self.now, words, answer)
        return answer

    def time(self, at: float | None = None, zone: str = "Z") -> str:
        """As they write it; now, where nothing else is said."""
        return datetime.fromtimestamp(self.now if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%S") + zone
