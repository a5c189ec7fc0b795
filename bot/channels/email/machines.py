"""Tells who or what wrote a mail: a person, a machine that must not be answered, a list, ourselves, or a mail server.

Two programs that answer each other would never end (RFC 3834).
"""

from __future__ import annotations

import re
from enum import Enum

from bot.channels.email.headers import Mail, all_of, clean, ids, people, raw, words
from bot.channels.email.marks import Marks


class Writer(Enum):
    """Who wrote it. A machine's mail is shown to staff where its sender is known; a list's is nobody's message."""

    PERSON = "person"
    MACHINE = "machine"
    LIST = "list"
    OURS = "ours"
    REPORT = "report"


_SERVERS = re.compile(
    r"(mailer-daemon|postmaster|mail-daemon|no-?reply|do-?not-?reply|bounces?)([+.=-].*)?", re.IGNORECASE
)
_LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list")
_NAMED = re.compile(r"<([^<>\s]+)>")
_MACHINES = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply",
    "x-autoresponder",
    "x-qq-autoreply",
    "x-fc-machinegenerated",
)
_SUPPRESSED = {"all", "autoreply", "oof"}
_SUBJECTS = re.compile(
    r"(?:auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office|自动回复|自動回覆|自動返信|"
    r"不在通知|자동 ?회신|automatische antwort|abwesenheitsnotiz|réponse automatique|respuesta automática|"
    r"resposta automática|risposta automatica|automatisch antwoord|автоответ)\s*(?:[:：(（-]|$)",
    re.IGNORECASE,
)


def written_by(mail: Mail, own: frozenset[str], marks: Marks, groups: frozenset[str] = frozenset()) -> Writer:
    """Who wrote a mail; `own` are our addresses, and `marks` knows the ids of our mails.

    `groups` are the lists by which people write to us: what came over one is not a list's.
    """
    kind = mail.get_content_type()
    if kind == "multipart/report":
        return Writer.REPORT
    if _is_ours(mail, own, marks):
        return Writer.OURS
    if _is_of_list(mail) and not _lists(mail) & groups:
        return Writer.LIST
    return Writer.MACHINE if _is_machine(mail) else Writer.PERSON


def _is_ours(mail: Mail, own: frozenset[str], marks: Marks) -> bool:
    """Whether we wrote it; a group that people write to, or a form on our site, names the writer as who is answered."""
    if any(marks.is_ours(one) for one in ids(raw(mail, "message-id"))):
        return True
    senders, asked = ({address for _, address in people(mail, name)} for name in ("from", "reply-to"))
    return bool(senders & own) and len(asked - own) != 1


def _is_of_list(mail: Mail) -> bool:
    return any(raw(mail, name) for name in _LISTS) or _word(mail, "precedence") in ("bulk", "list", "junk")


def _lists(mail: Mail) -> set[str]:
    """The lists that it came over, by their List-Id."""
    told = [clean(value).lower() for value in all_of(mail, "list-id")]
    return {(_NAMED.search(one) or [one, one])[1] for one in told}


def _is_machine(mail: Mail) -> bool:
    submitted = _word(mail, "auto-submitted")
    suppressed = {one.strip() for one in clean(raw(mail, "x-auto-response-suppress")).lower().split(",")}
    senders = [address for name in ("from", "sender") for _, address in people(mail, name)]
    return (
        submitted not in ("", "no")
        or _word(mail, "precedence") == "auto_reply"
        or any(raw(mail, name) for name in _MACHINES)
        or bool(suppressed & _SUPPRESSED)
        or raw(mail, "return-path").replace(" ", "") == "<>"
        or any(_SERVERS.fullmatch(one.partition("@")[0]) for one in senders)
        or _SUBJECTS.match(words(raw(mail, "subject"))) is not None
    )


def _word(mail: Mail, name: str) -> str:
    """The first word of a header, in small letters."""
    return clean(raw(mail, name)).lower().partition(";")[0].partition(" ")[0]
