"""Message ids that prove themselves ours: made of the effect's key, so that a mail tried again is the same mail.

An id holds a number made of the key, and a seal of it and of the recipient, which nobody makes without the account's
secret. So a mail that comes back to us, and a report about one, are known without looking anything up, and a customer
cannot make up a report about somebody else's mail.
"""

from __future__ import annotations

import hmac
import re
from hashlib import blake2b, sha256

_ID = re.compile(r"<([0-9a-f]{32})\.([0-9a-f]{24})\.([0-9a-f]{16})@[^<>\s@]+>")


class Marks:
    """One account's. `secret` is what nobody else knows; `domain` is that of its address."""

    def __init__(self, secret: str, address: str) -> None:
        self._secret = secret.encode()
        self._domain = address.rpartition("@")[2] or "localhost"

    def id(self, key: str, recipient: str) -> str:
        """The same for the same key and person: `<….….…@domain>`."""
        number = blake2b(key.encode(), digest_size=16).hexdigest()
        return f"<{number}.{self._seal(number, recipient)}.{self._seal(number)[:16]}@{self._domain}>"

    def is_ours(self, message_id: str) -> bool:
        """Whether we made this id, for whomever."""
        found = _ID.fullmatch(message_id)
        return found is not None and hmac.compare_digest(found[3], self._seal(found[1])[:16])

    def is_for(self, message_id: str, recipient: str) -> bool:
        """Whether we made this id for a mail to this address."""
        found = _ID.fullmatch(message_id)
        return found is not None and hmac.compare_digest(found[2], self._seal(found[1], recipient))

    def _seal(self, number: str, recipient: str = "") -> str:
        return hmac.new(self._secret, f"mail:{number}:{recipient.lower()}".encode(), sha256).hexdigest()[:24]
