"""What an SMTP server means by an answer: again later, nobody there, the whole account must wait, or refused for good.

Source: RFC 5321 and RFC 3463; what large providers answer besides is in their help pages. A server's own words are not
repeated: they hold addresses.
"""

from __future__ import annotations

import re

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, ParleyError, Unreachable

#: Seconds: until a login is tried again, for greylisting, and where all of an account is too fast.
OPERATOR_ACTS, GREYLISTED, TOO_FAST = 60.0, 120.0, 300.0

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4")
#: How some tell for how long: "Greylisted for 300 seconds", "try again in 5 minutes".
_WAIT = re.compile(r"\b(\d{1,4}) ?(s|sec|seconds?|m|min|minutes?)\b", re.IGNORECASE)
_RATE = re.compile(
    r"rate|too (?:many|fast|much)|limit|quota|throttl|frequen|exceed|HL:(?:ITC|IFC)|RP:(?:QRC|CEL|TRC)|频率|超过",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"user|recipient|mailbox|address|account|no such|unknown|not exist|invalid|disabled|用户|收件人|不存在",
    re.IGNORECASE,
)
_FULL = re.compile(r"mailbox (?:is )?full|over ?quota|quota exceeded for user|5\.2\.2|4\.2\.2", re.IGNORECASE)
_POLICY = re.compile(
    r"spam|policy|blocked|blacklist|reputation|dmarc|spf|dkim|content|virus|5\.7\.|relay", re.IGNORECASE
)


class LoginRefused(ChannelUnavailable):
    """The server does not take name and password: at start a mistake in the configuration."""


def meant(error: BaseException, host: str) -> ParleyError:
    """Our error for what the library raised while a mail was sent, or a connection made."""
    if isinstance(error, SMTPRecipientsRefused):
        return _of_recipient(error.recipients[0]) if error.recipients else BadInput("no recipient")
    if isinstance(error, SMTPRecipientRefused):
        return _of_recipient(error)
    if isinstance(error, SMTPAuthenticationError):
        return _of_login(error, host)
    if isinstance(error, SMTPResponseException) and not isinstance(error, SMTPConnectError):
        return _of_mail(error)
    if isinstance(error, SMTPNotSupported):
        return BadInput(f"{host} cannot write to such an address")
    if isinstance(error, SMTPServerDisconnected | SMTPTimeoutError | SMTPConnectError | OSError | SMTPException):
        return ChannelUnavailable(f"{host} does not answer: {type(error).__name__}")
    return BadInput(f"a mail that cannot be sent: {type(error).__name__}")


def _of_login(error: SMTPAuthenticationError, host: str) -> ParleyError:
    if 400 <= error.code < 500:
        return ChannelUnavailable(f"{host} takes no login at the moment ({error.code})")
    return LoginRefused(f"{host} refuses name and password ({error.code})", after=OPERATOR_ACTS)


def _of_recipient(error: SMTPRecipientRefused) -> ParleyError:
    code, told = error.code, _told(error)
    if 400 <= code < 500:
        if _RATE.search(error.message) and not _FULL.search(error.message):
            return AccountWaits(f"the mail server asks to wait ({told})", after=_after(error, TOO_FAST), told=True)
        after = _after(error, GREYLISTED)
        return ChannelUnavailable(f"this mailbox takes nothing at the moment ({told})", after=after)
    if _status(error) in _GONE or (
        code in (550, 551, 553, 554) and _NOBODY.search(error.message) and not _is_policy(error)
    ):
        return Unreachable(f"there is no such mailbox ({told})")
    return _refused(error)


def _of_mail(error: SMTPResponseException) -> ParleyError:
    """Of the sender, or of the mail itself."""
    code, told = error.code, _told(error)
    if not 400 <= code < 600:
        return ChannelUnavailable("the mail server answered what is no answer")
    rate = bool(_RATE.search(error.message))
    if code == 530 or (code == 535 and isinstance(error, SMTPSenderRefused)):
        return LoginRefused(f"the mail server wants a login ({told})", after=OPERATOR_ACTS)
    if code < 500:
        if rate or _status(error).startswith("4.7"):
            return AccountWaits(f"the mail server asks to wait ({told})", after=_after(error, TOO_FAST), told=True)
        return ChannelUnavailable(f"the mail server takes nothing at the moment ({told})")
    if rate and code in (550, 554) and not _status(error).startswith("5.3"):
        return AccountWaits(f"the mail server says that it was too much ({told})", after=TOO_FAST, told=True)
    return _refused(error)


def _after(error: SMTPResponseException, usual: float) -> float:
    """Seconds to wait, as far as the server tells."""
    found = _WAIT.search(error.message)
    if found is None:
        return usual
    return float(found[1]) * (60 if found[2].lower().startswith("m") else 1)


def _refused(error: SMTPResponseException) -> ParleyError:
    if error.code == 552 or _status(error) in ("5.3.4", "5.2.3"):
        return BadInput(f"the mail is too large for the mail server ({_told(error)})")
    return BadInput(f"the mail server refuses it ({_told(error)})")


def _is_policy(error: SMTPResponseException) -> bool:
    return _POLICY.search(error.message) is not None


def _status(error: SMTPResponseException) -> str:
    found = _STATUS.search(error.message)
    return found[1] if found else ""


def _told(error: SMTPResponseException) -> str:
    return " ".join(filter(None, (str(error.code), _status(error))))
