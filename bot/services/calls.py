"""What a dialog may have the outside world do: `await chat.call(OPEN_PAYMENT, payment.key)`."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.chat import Call
from bot.core.payment import PaymentTruth
from bot.services.payments import PaymentView


@dataclass(frozen=True, slots=True)
class App:
    """Another channel of the shop; `link` opens it with the code, "" where the code has to be typed."""

    account: str
    channel: str
    link: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code as people read it, for how many minutes it is good, and where it may be entered."""

    code: str
    minutes: int
    apps: tuple[App, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """How a visitor of the web chat goes on in one channel.

    `link` is for this device and seen by nobody; `scanned` stands in a picture, and `code` may be typed, "" where there
    is nothing to bring along. A channel without links has the code alone.
    """

    channel: str
    link: str
    scanned: str
    code: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Joining:
    """What became of it: "asked" whoever was shown the code, "joined", "known" before, "declined", "parted", "over"."""

    state: str


#: Argument: the payment's key. Opens it at its provider; the result has the URL where the customer pays.
#: Within seconds, since somebody waits to pay: what the provider did though its answer was lost is found the next time.
OPEN_PAYMENT: Call[PaymentView] = Call("payment.open", PaymentView, tries=4)
#: Argument: the payment's key. Asks the provider what is true; a notice is only a hint.
FETCH_PAYMENT: Call[PaymentTruth] = Call("payment.fetch", PaymentTruth)
#: Argument: the id of an identity. A new code for it, and links that carry it to the shop's other channels.
INVITE: Call[Invitation] = Call("person.invite", Invitation)
#: Argument: the id of a code that was entered. Joins the two, or first asks whoever was shown the code.
JOIN: Call[Joining] = Call("person.join", Joining)
#: The same, once whoever was shown the code has said that it is them; or that it is not.
CONFIRM: Call[Joining] = Call("person.confirm", Joining)
DECLINE: Call[Joining] = Call("person.decline", Joining)
#: Arguments: the id of a proof, which the customer takes back, and the ids of its identities: who asked, who entered.
PART: Call[Joining] = Call("person.part", Joining)
