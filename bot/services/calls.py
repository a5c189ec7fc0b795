"""What a dialog may have the outside world do: `await chat.call(OPEN_PAYMENT, payment.key)`."""

from __future__ import annotations

from bot.core.chat import Call
from bot.core.ports import PaymentTruth
from bot.services.payments import PaymentView

#: Argument: the payment's key. Opens it at its provider; the result has the URL where the customer pays.
OPEN_PAYMENT: Call[PaymentView] = Call("payment.open", PaymentView)
#: Argument: the payment's key. Asks the provider what is true; a notice is only a hint.
FETCH_PAYMENT: Call[PaymentTruth] = Call("payment.fetch", PaymentTruth)
