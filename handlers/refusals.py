"""What the services refuse, in words for the customer."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.core.text import Text, _

WORDS = {
    "no_product": _("We no longer have that one."),
    "bad_quantity": _("That quantity is not possible."),
    "cart_empty": _("Your cart is empty."),
    "no_order": _("I cannot find that order among yours."),
    "no_payment": _("I cannot find that payment."),
    "already_reviewed": _("You have reviewed that order already. Thank you."),
    "wrong_state": _("That is no longer possible for this order."),
    "expired": _("The time to pay this order is over, and its items are back on the shelf."),
    "no_file": _("That file cannot be used here."),
    "not_linked": _("This chat is not linked to a staff account. Say /link with a code from the desk."),
    "managers_only": _("Reports are for managers."),
    "no_subscription": _("That subscription has ended already."),
    "bad_timezone": _("I do not know that time zone. Write it like Asia/Shanghai."),
    "no_country": _("We do not deliver to that country."),
    "no_shipping": _("We have no way to send it there, sorry."),
    "no_method": _("That way to send it is not offered any more."),
    "no_code": _("I do not know that code, or it cannot be used now."),
    "code_used": _("That code has been used up."),
    "code_currency": _("That code is not for this currency."),
    "blank": _("Please write something."),
}
OTHER = _("Sorry, that is not possible at the moment.")


def words(refusal: Refused) -> Text:
    """A sentence that says what is the matter, kindly."""
    if refusal.code == "sold_out":
        return sold_out(refusal)
    if refusal.code == "too_long":
        return _("That is too long: at most {most} characters.", most=refusal.facts.get("most", 1000))
    if refusal.code == "code_minimum":
        return _("That code is for orders from {minimum}.", minimum=refusal.facts["minimum"])
    if refusal.code == "below_minimum":
        return _("We deliver orders from {minimum}.", minimum=refusal.facts["minimum"])
    return WORDS.get(refusal.code, OTHER)


def sold_out(refusal: Refused) -> Text:
    """How many are left, when some are."""
    return short(str(refusal.facts.get("name", "")), int(str(refusal.facts.get("available", 0))))


def short(name: str, available: int) -> Text:
    """Too few of something are there."""
    if available:
        return _("Only {available} of {name} are left.", name=name, available=available)
    return _("{name} has just sold out.", name=name)
