"""Every error of Parley says by its type whether trying again can help.

ParleyError
├── Retryable                   trying the same thing later may succeed
│   ├── ChannelUnavailable      the platform is down, slow or asks to wait
│   │   └── AccountWaits        it asks all of an account to wait: no fault of the one message
│   ├── WindowClosed            nothing may be sent until the customer writes: held until then
│   ├── StorageUnavailable      the file store cannot be reached or is full
│   ├── DatabaseBusy            locked, full or unreachable: answered with 503
│   ├── LeaseLost               another node works on this now: nothing was written here
│   ├── ProviderUnavailable     a payment provider did not answer
│   └── StoreUnavailable        a connected shop did not answer, or with what is no answer
└── Final                       trying again cannot help
    ├── Unauthorised            wrong or missing signature, secret or token: 401/403
    ├── BadInput                a person or platform sent what cannot be accepted: 4xx
    │   ├── TooLarge            a file or text over its limit: 413
    │   └── Unshown             a file that this platform does not show: it goes as an address
    ├── Refused                 a business rule says no; its text is for the customer
    ├── Unreachable             the contact blocked us or left
    ├── FileMissing             no file under this key
    └── ConfigError             start-up: names the file, the key and the cure
"""

from __future__ import annotations


class ParleyError(Exception):
    """The root; `retryable` tells a loop what to do without knowing more."""

    retryable: bool = False


class Retryable(ParleyError):
    """`after` is the earliest useful wait in seconds, when the other side said one."""

    retryable = True

    def __init__(self, message: str = "", *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class ChannelUnavailable(Retryable):
    """The platform is down, slow, or asked to wait."""


class AccountWaits(ChannelUnavailable):
    """Nothing of this account may be sent for `after` seconds. `told`: the platform said so now, to this very call."""

    def __init__(self, message: str = "", *, after: float, told: bool = False) -> None:
        super().__init__(message, after=after)
        self.told = told


class WindowClosed(Retryable):
    """The reply window is closed or its quota used up: this waits, without being tried, until the customer writes."""


class StorageUnavailable(Retryable):
    """The file store cannot be reached, refuses, or is full."""


class DatabaseBusy(Retryable):
    """The database is locked, full or unreachable."""


class LeaseLost(Retryable):
    """This node was too late: what it wanted to write is another node's to write, and was not written."""


class ProviderUnavailable(Retryable):
    """A payment provider did not answer; the state of the money is not known."""


class StoreUnavailable(Retryable):
    """A connected shop is down, slow, asks to wait, or answered what is no answer."""


class Final(ParleyError):
    """Trying the same thing again cannot help."""


class Unauthorised(Final):
    """A signature, secret or token is wrong or missing."""


class BadInput(Final):
    """Somebody sent what cannot be accepted; the text names the limit and is safe to show."""


class TooLarge(BadInput):
    """More than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than the limit of {limit} bytes")
        self.limit = limit


class Unshown(BadInput):
    """A file that the platform does not show, or not one such as this. Nothing of its message has left."""


class Refused(Final):
    """A business rule says no. `code` is stable; `facts` fill the customer's translated sentence."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Unreachable(Final):
    """The contact blocked us, or left."""


class FileMissing(Final):
    """No file is stored under `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no file under {key}")
        self.key = key


class ConfigError(Final):
    """The configuration is wrong; the text names the file, the key and the cure."""
