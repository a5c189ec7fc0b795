"""Message ids that prove themselves ours: made of the effect's key, so that a mail tried again is the same mail.

Some servers give a mail another id on its way out. For those there is a short mark in the subject, which is a seal of
the recipient alone.

An id holds a number made of the key, and a seal of it and of the recipient, which nobody makes without the account's
secret. So a mail that comes back to us, and a report about one, are known without looking anything up, and a customer
cannot make up a report about somebody else's mail.
"""

from __future__ import annotations

import hmac
import re
from hashlib import blake2b, sha256

_ID = re.compile(r"<([0-9a-f]{32})\.([0-9a-f]{24})\.([0-9a-f]{16})@[^<>\s@]+>")

_SHORT = re.compile(r"\[#[0-9a-f]{12}\]")


def unmarked(subject: str) -> str:
    """A subject as people wrote it."""
    return " ".join(_SHORT.sub(" ", subject).split()) if "[#" in subject else subject


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

    def short(self, recipient: str) -> str:
        """The mark of this person's mails in a subject: `[#7d0a…]`."""
        return f"[#{self._seal('subject', recipient)[:12]}]"

    def is_in(self, subject: str, recipient: str) -> bool:
        """Whether this person's mark stands in a subject."""
        found = _SHORT.findall(subject)[:8]
        return any(hmac.compare_digest(one, self.short(recipient)) for one in found)

    def _seal(self, number: str, recipient: str = "") -> str:
        return hmac.new(self._secret, f"mail:{number}:{recipient.lower()}".encode(), sha256).hexdigest()[:24]
