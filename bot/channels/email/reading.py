"""Reads one mail as what happened: pure, and total; only `BadInput` escapes.

Handlers see what is new in it. Staff have the whole beside it wherever something was left out.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from hashlib import blake2b

from msgspec.structs import replace

from bot.channels._reading import MOST_NAME, MOST_TEXT, NOBODY
from bot.channels.email import body, machines, quoting, reports, trust
from bot.channels.email.headers import MOST_ID, Mail, ids, moment, people, raw, words
from bot.channels.email.machines import Writer
from bot.channels.email.marks import Marks, unmarked
from bot.channels.email.parsing import MOST_HEADERS, head, parsed
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileRef, Inbound

#: How long answers go on in the thread of a mail: as long as it is kept what acts allow.
THREAD = Allowance(7 * 86_400.0)
#: A thread, as it is kept: the id, a line break, the subject.
MOST_TOKEN, MOST_TOKEN_ID = 255, 160
MOST_KEPT = 48_000  # bytes of a mail that cannot be read
#: Whose mails are for no conversation.
_NOBODYS = (Writer.LIST, Writer.OURS)
WHOLE, RAW = "mail.txt", "mail.eml"

_ANSWER = re.compile(
    r"^\s*(?:(?:re|aw|sv|antw|odp|ref|r|回复|回覆|答复|答覆|回信|返信|답장)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}(?=[,;\s]|$)")
_HAN, _KANA = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[\u3040-\u30ff\uac00-\ud7a3]")
_FORWARD = re.compile(r"^\s*(?:fwd?|wg|tr|rv|i|转发|轉寄|轉發|転送|전달)\s*[:：]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the mails of one account. `place` of a mail is how its files are found again.

    `address` is the account's; what is nobody's stands where its own mails would, for staff to find. `own` are all.
    """

    account: str
    address: str
    own: frozenset[str]
    marks: Marks
    authserv_id: str = ""
    groups: frozenset[str] = frozenset()

    def read(
        self, data: bytes, received: datetime | None = None, place: str = "", *, is_cut: bool = False
    ) -> list[Inbound]:
        """What a mail says happened; `is_cut`: this is its beginning. Raises `BadInput` for what is no mail."""
        try:
            mail: Mail = parsed(data)
            if not any(raw(mail, name) for name in ("from", "date", "received", "message-id", "subject")):
                raise BadInput("this is no mail")
            return self._read(mail, data, received, place, is_cut)
        except BadInput:
            raise
        except Exception as error:  # the standard library breaks on odd mails in as many ways as there are
            raise BadInput(f"a mail that cannot be read: {type(error).__name__}") from None

    def kept(self, data: bytes, received: datetime | None = None, place: str = "") -> Inbound:
        """A mail that cannot be read: its subject, and for staff the mail as it came.

        Where nobody knows whom it is from, as much of it as can be kept.
        """
        try:
            mail = BytesHeaderParser().parsebytes(head(data)[:MOST_HEADERS])
            base, writer = self._base(mail, data, received)
        except Exception:  # the header is what cannot be read
            return self._unreadable(data, received)
        if writer in _NOBODYS or writer is Writer.REPORT:
            return self._unreadable(data, received)
        subject = unmarked(words(raw(mail, "subject")))
        original = _as_it_came(base, place)
        said = replace(base, kind="message", text=subject[:MOST_TEXT], original=original, unproved=True)
        if base.sender == NOBODY:
            return self._for_staff(said)
        return replace(said, automatic=True) if writer is Writer.MACHINE else said

    def _for_staff(self, said: Inbound) -> Inbound:
        """A mail without a sender: it is answered by nobody, and found with what is the account's own."""
        return replace(
            said,
            sender=self.address.lower(),
            name="",
            automatic=True,
            held="nobodys",
            token="",
            allows=None,
            unproved=True,
            unverified=False,
        )

    def unfetched(self, place: str, received: datetime | None) -> Inbound:
        """A mail that the server does not give: nobody knows whose, so staff hear of it from our own address.

        When it arrived is all by which they can find it.
        """
        key = _hashed("p", place.encode())
        text = f"{received:%Y-%m-%d %H:%M} UTC" if received else place
        return Inbound(
            self.account, key, self.address.lower(), text=text, automatic=True, held="unfetched", sent_at=received
        )

    def _unreadable(self, data: bytes, received: datetime | None) -> Inbound:
        native = {"why": "unreadable", "mail": b64encode(data[:MOST_KEPT]).decode()}
        return Inbound(self.account, _hashed("h", data), NOBODY, "unknown", native=native, sent_at=received)

    def _read(self, mail: Mail, data: bytes, received: datetime | None, place: str, is_cut: bool) -> list[Inbound]:
        base, writer = self._base(mail, data, received)
        if writer is Writer.REPORT:
            return self._reported(base, mail)
        if writer in _NOBODYS:
            return [replace(base, external_id="", native=_noted(mail, writer.value))]
        said = self._said(base, mail, writer, place, is_cut)
        if base.sender == NOBODY:
            return [self._for_staff(replace(said, original=_as_it_came(base, place)))]
        return [said]

    def _base(self, mail: Mail, data: bytes, received: datetime | None) -> tuple[Inbound, Writer]:
        """All that the header says; `data` is the whole mail."""
        name, sender = self._sender(mail)
        message_id = next(iter(ids(raw(mail, "message-id"))), "")
        base = Inbound(
            self.account,
            _key(mail, message_id, sender, data),
            sender or NOBODY,
            "unknown",
            name=name,
            sent_at=received or moment(raw(mail, "date")),
            external_id=_external_id(mail),
        )
        return base, machines.written_by(mail, self.own, self.marks, self.groups)

    def _sender(self, mail: Mail) -> tuple[str, str]:
        """Name and address of whom an answer goes to, which is the only address that we ever answer."""
        found = people(mail, "from") or people(mail, "sender")
        asked = [one for one in people(mail, "reply-to") if one[1] not in self.own]
        name, sender = asked[0] if len(asked) == 1 else (found[0] if found else ("", ""))
        return (name or (found[0][0] if found else ""))[:MOST_NAME], sender

    def _said(self, base: Inbound, mail: Mail, writer: Writer, place: str, is_cut: bool) -> Inbound:
        subject = unmarked(words(raw(mail, "subject")))
        found = body.read(mail)
        is_answer = bool(_ANSWER.match(subject) or raw(mail, "in-reply-to") or raw(mail, "references"))
        new = found.whole if _FORWARD.match(subject) else quoting.cut(found.new) or quoting.cut(found.whole)
        if not new and not found.files:  # whatever it is, it is what was sent
            new = found.whole
        text = _storable(_with_subject("" if is_answer else subject, new))
        pictures = found.pictures_of(new, is_forward=bool(_FORWARD.match(subject)))
        kept = [part for part in found.files if part.content_id == "" or part.content_id in pictures]
        files = tuple(
            FileRef(one.kind, ref(one.number, place, base.external_id), one.name, one.media_type) for one in kept
        )
        is_whole = len(text) <= MOST_TEXT and new.split() == found.whole.split() and len(files) == len(found.files)
        original = None if is_whole else FileRef("file", ref("whole", place, base.external_id), WHOLE, "text/plain")
        if is_cut or found.is_cut:
            original = _as_it_came(base, place)
        automatic = writer is Writer.MACHINE
        return replace(
            base,
            kind="message",
            text=text[:MOST_TEXT],
            locale=_locale(mail, text),
            files=files,
            token="" if automatic else token(base.external_id, subject),
            allows=None if automatic else THREAD,
            automatic=automatic,
            unverified=not trust.is_vouched_for(mail, base.sender, self.authserv_id),
            unproved=not trust.is_proved(mail, base.sender, self.authserv_id, self.marks),
            original=original,
        )

    def _reported(self, base: Inbound, mail: Mail) -> list[Inbound]:
        """What became of a mail of ours; a report about anything else is nobody's."""
        told = reports.told(mail, self.marks)
        base = replace(base, sender=NOBODY, external_id="", name="")
        if told is None:
            return [replace(base, native=_noted(mail, Writer.REPORT.value))]
        found = replace(base, sender=told.recipient, kind="status", about=told.about, data=told.what)
        if told.what != "failed":
            return [found]
        found = replace(found, text=f"not delivered ({told.status or 'no reason given'})")
        blocked = replace(base, key=f"{base.key}:reach", sender=told.recipient, kind="reach", data="blocked")
        return [found, blocked] if told.is_gone else [found]


def _as_it_came(base: Inbound, place: str) -> FileRef:
    return FileRef("file", ref("raw", place, base.external_id), RAW, "message/rfc822")


def _noted(mail: Mail, why: str) -> dict[str, str]:
    """What stays of a mail that is nobody's message; the mail itself stays in its folder."""
    return {"why": why, "subject": words(raw(mail, "subject"))[:200]}


def _external_id(mail: Mail) -> str:
    """Its message id, if that is short enough to be kept; else ""."""
    found = next(iter(ids(raw(mail, "message-id"))), "")
    return found if len(found) <= MOST_ID // 3 else ""


def is_about(reference: str, data: bytes) -> bool:
    """Whether this is the mail of which a reference, see `ref`, tells: places are given to other mails in time."""
    try:
        mail = BytesHeaderParser().parsebytes(head(data)[:MOST_HEADERS])
        return _external_id(mail) == reference.split("@", 2)[2]
    except Exception:  # whatever it is, it was never read
        return False


def ref(what: object, place: str, message_id: str) -> str:
    """How a file is found again: by the mail's place, and where that has changed, by its id."""
    return f"{what}@{place}@{message_id}"


def token(message_id: str, subject: str) -> str:
    """The thread of a mail in which it is answered."""
    known = message_id if len(message_id) <= MOST_TOKEN_ID else ""
    return f"{known}\n{_ANSWER.sub('', subject)}"[:MOST_TOKEN]


def whole(data: bytes) -> str:
    """A mail in words, as staff read it: who, to whom, when, about what, and all of its text."""
    mail: Mail = parsed(data)
    names = ("From", "Reply-To", "To", "Cc", "Date", "Subject")
    head = [f"{name}: {words(value)}" for name in names if (value := raw(mail, name))]
    return _storable("\n".join([*head, "", body.read(mail).whole, ""]))


def _storable(text: str) -> str:
    """Without what no database keeps; a charset or an entity may have made it."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _with_subject(subject: str, new: str) -> str:
    """What a new mail says: its subject is a part of it, and a command in it is all of it."""
    if not subject or new.startswith("/") or subject.casefold() in new.casefold():
        return new or subject
    if not new or subject.startswith("/"):
        return subject
    return f"{subject}\n\n{new}"


def _locale(mail: Mail, text: str) -> str:
    """The writer's language as the program tells it, else Chinese where that is what was written; "" for unknown."""
    for name in ("content-language", "accept-language"):
        if found := _TAG.match(raw(mail, name).strip()):
            return found[0]
    sample = text[:1000]
    is_chinese = len(_HAN.findall(sample)) >= 2 and not _KANA.search(sample)
    return "zh" if is_chinese else ""


def _key(mail: Mail, message_id: str, sender: str, data: bytes) -> str:
    """The same for the same mail however often it is delivered; nobody takes the key of another's mail.

    A mail without an id is known by all that no server on the way writes.
    """
    if message_id:
        return _hashed("m", f"{message_id}\0{sender}".encode("utf-8", "replace"))
    said = [raw(mail, name).encode("utf-8", "replace") for name in ("from", "date", "subject", "to")]
    return _hashed("h", b"\0".join([*said, _behind_header(data)]))


def _behind_header(data: bytes) -> bytes:
    found = re.search(rb"\r?\n\r?\n", data)
    return data[found.end() :].replace(b"\r\n", b"\n") if found else b""


def _hashed(kind: str, data: bytes) -> str:
    return f"{kind}:{blake2b(data, digest_size=20).hexdigest()}"
