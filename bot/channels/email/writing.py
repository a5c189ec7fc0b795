"""Writes one wire as a mail: in its thread, as plain words and as a page that looks well everywhere, with its files.

The page needs no picture from elsewhere and no script; whoever reads plain words misses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formataddr, formatdate
from html import escape
from typing import Any

from bot.channels.email.headers import clean, mailbox
from bot.core.message import Attachment, Wire, picture_name
from bot.core.ports import Occasion

MOST_SUBJECT = 120
#: Beside the mark in the subject the id as we made it: reports return the header, and name the id that a server gave.
OURS = "X-Parley-ID"
#: What the word STOP ends.
STOPPED = frozenset({"news", "reminders"})
_LINK = re.compile(r"https?://[^\s<>\"'()（）《》，。；！？、]+[^\s<>\"'()（）《》，。；！？、.,;:!?]")
_BUTTON = re.compile(r"(?P<label>[^\n:：]{1,60}): (?P<url>https?://\S+)")
_CHOICE = re.compile(r"(?P<number>\d{1,3})\. (?P<label>.+)")

_PAGE = """\
<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:0"><div style="max-width:34em;margin:0 auto;padding:24px 16px;\
font:16px/1.55 -apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',Arial,sans-serif">
{head}{body}
</div></body></html>
"""
_HEAD = '<div style="font-size:13px;font-weight:600;opacity:.65;margin:0 0 16px">{name}</div>\n'
_PARAGRAPH = '<p style="margin:0 0 14px">{lines}</p>'
_CHOICES = '<table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 14px">{rows}</table>'
_ROW = (
    '<tr><td valign="top" style="padding:4px 10px 4px 0;font-weight:600;white-space:nowrap">{number}.</td>'
    '<td style="padding:4px 0">{label}</td></tr>'
)
_BUTTONS = (
    '<p style="margin:0 0 14px"><a href="{url}" style="display:inline-block;padding:10px 18px;border-radius:8px;'
    'background:#2f6f4f;color:#ffffff;text-decoration:none;font-weight:600">{label}</a></p>'
)
_PICTURE = (
    '<table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 6px"><tr>'
    '<td valign="top" style="padding:2px 14px 14px 0"><img src="cid:{content_id}" width="96" alt="" '
    'style="display:block;width:96px;border-radius:8px"></td><td valign="top">{body}</td></tr></table>'
)
_ANCHOR = '<a href="{url}" style="color:#2f6f4f">{url}</a>'


class _Policy(EmailPolicy):
    """Leaves ids as they are: the library writes a long one as if it were words, and no program finds its thread."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _IDS else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode() if name.lower() in _IDS else super().fold_binary(name, value)


_IDS = frozenset({"message-id", "in-reply-to", "references", "content-id", OURS.lower()})
_PLAIN, _UTF8 = _Policy(linesep="\r\n"), _Policy(linesep="\r\n", utf8=True)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Thread:
    """What is answered: its message id, "" for none, and its subject."""

    answers: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file with its bytes."""

    attachment: Attachment
    content: bytes


def thread(token: str) -> Thread:
    """The thread that an inbound's token names."""
    answers, _, subject = token.partition("\n")
    is_id = answers.isascii() and re.fullmatch(r"<[^<>\s]+>", answers)
    return Thread(answers if is_id else "", clean(subject))


def written(
    wire: Wire,
    sender: Sender,
    recipient: str,
    message_id: str,
    files: Sequence[File],
    occasion: Occasion,
    mark: str = "",
) -> EmailMessage:
    """The mail. What staff did not write says that no other machine may answer it; news say how they are ended.

    `mark` stands at the end of the subject.
    """
    # What nobody waits for is no answer to what happened to be written last.
    in_thread = thread("" if occasion.about in STOPPED else occasion.token)
    mail = EmailMessage(policy=_PLAIN if recipient.isascii() else _UTF8)
    mail["From"] = formataddr((clean(sender.name), sender.address)) if sender.name else sender.address
    mail["To"] = mailbox(recipient)
    mail["Subject"] = f"{_subject(wire, sender, in_thread)} {mark}".rstrip()
    mail["Date"] = formatdate()
    mail["Message-ID"] = message_id
    if mark:
        mail[OURS] = message_id
    if in_thread.answers:
        mail["In-Reply-To"] = in_thread.answers
        mail["References"] = in_thread.answers
    if occasion.about in STOPPED:
        # As a command it holds whatever the mail program writes below it.
        mail["List-Unsubscribe"] = f"<mailto:{sender.address}?subject=%2Fstop>"
    if not occasion.by_person:
        mail["Auto-Submitted"] = "auto-replied" if in_thread.answers else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    text = wire.text.encode("utf-8", "replace").decode()
    titles = {picture_name(lines[0]) for lines in _paragraphs(text)}
    pictures = {file.attachment.name: file for file in files if file.attachment.name in titles}
    places = {name: f"{at}.{message_id.strip('<>')}" for at, name in enumerate(pictures)}
    shown = page(text, sender.name, places)
    mail.set_content(text, cte=_coding(text))
    mail.add_alternative(shown, subtype="html", cte=_coding(shown))
    words: Any = mail.get_payload()
    for name, file in pictures.items():
        words[-1].add_related(file.content, "image", "jpeg", cid=f"<{places[name]}>", filename=clean(name))
    for file in (file for file in files if file not in pictures.values()):
        kind, _, subtype = file.attachment.media_type.partition("/")
        name = clean(file.attachment.name) or "file"
        mail.add_attachment(
            file.content, maintype=kind or "application", subtype=subtype or "octet-stream", filename=name
        )
    return mail


def _coding(text: str) -> str:
    """In which no line is too long and no byte above ASCII: not every server on the way takes those."""
    return "quoted-printable" if text.isascii() else "base64"


def _subject(wire: Wire, sender: Sender, in_thread: Thread) -> str:
    """That of the thread; of a new one its first line, as people do."""
    if in_thread.subject:
        return f"Re: {in_thread.subject}"[:MOST_SUBJECT]
    first = next((line for line in map(clean, wire.text.split("\n")) if line), "")
    first = first or next((clean(file.name) for file in wire.files), "") or sender.name or sender.address
    return first if len(first) <= MOST_SUBJECT else f"{first[: MOST_SUBJECT - 1].rstrip()}…"


def page(text: str, name: str, pictures: Mapping[str, str] | None = None) -> str:
    """The words as a page: paragraphs, numbered choices as a list, and a line that is a link as a button.

    `pictures` are content ids by name: one that is named after a paragraph's first line stands beside it.
    """
    shown = pictures or {}
    blocks = [_pictured(_block(lines), shown.get(picture_name(lines[0]), "")) for lines in _paragraphs(text)]
    head = _HEAD.format(name=escape(name)) if name else ""
    return _PAGE.format(head=head, body="\n".join(blocks))


def _paragraphs(text: str) -> list[list[str]]:
    """The lines of each."""
    return [block.split("\n") for block in re.split(r"\n{2,}", text.strip("\n")) if block]


def _pictured(body: str, content_id: str) -> str:
    return _PICTURE.format(content_id=escape(content_id), body=body) if content_id else body


def _block(lines: list[str]) -> str:
    parts: list[str] = []
    run: list[str] = []
    choices: list[str] = []

    def flush() -> None:
        if run:
            parts.append(_PARAGRAPH.format(lines="<br>\n".join(run)))
        if choices:
            parts.append(_CHOICES.format(rows="".join(choices)))
        run.clear()
        choices.clear()

    for line in lines:
        choice, button = _CHOICE.fullmatch(line), _BUTTON.fullmatch(line)
        if (choice is None) == bool(choices) or button:
            flush()
        if button:
            parts.append(_BUTTONS.format(url=escape(button["url"]), label=escape(button["label"])))
        elif choice:
            choices.append(_ROW.format(number=choice["number"], label=_linked(choice["label"])))
        else:
            run.append(_linked(line))
    flush()
    return "\n".join(parts)


def _linked(line: str) -> str:
    """The words, with what looks like an address as a link."""
    found, at = "", 0
    for link in _LINK.finditer(line):
        found += escape(line[at : link.start()]) + _ANCHOR.format(url=escape(link[0]))
        at = link.end()
    return found + escape(line[at:])
