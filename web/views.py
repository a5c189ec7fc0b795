"""Rows as the browser's JSON: times with a Z, money with its text, files with signed links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from bot.core.message import Attachment, Button, Card, Field
from bot.core.money import Money
from bot.core.profiles import WEBCHAT
from bot.core.reference import shortened
from bot.core.text import Voice
from bot.services import payments
from bot.services.attachments import FileView
from bot.services.threads import MessageView
from web import values
from web.files import FileLinks

Json = Mapping[str, Any]


def time(at: datetime) -> str:
    """`2026-11-22T15:03:01.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_or_none(at: datetime | None) -> str | None:
    """See `time`."""
    return time(at) if at else None


def worded(facts: Mapping[str, object], voice: Voice) -> dict[str, object]:
    """The facts of a refusal as its reader has them: sums in words, and sentences by the fields of a form."""
    return {name: _worded(fact, voice) for name, fact in facts.items()}


def _worded(fact: object, voice: Voice) -> object:
    if isinstance(fact, Money):
        return fact.format(voice.locale)
    return {name: voice(said) for name, said in fact.items()} if isinstance(fact, Mapping) else fact


def money(value: Money, locale: str) -> values.Money:
    """Minor units, currency, and the text in the reader's format."""
    return {"amount": value.amount, "currency": value.currency, "text": value.format(locale)}


def file(view: FileView, links: FileLinks) -> values.Attachment:
    """An `Attachment`; without links until it is stored."""
    return {
        "id": view.id,
        "kind": view.kind,
        "name": view.name,
        "media_type": view.media_type,
        "size": view.size,
        "state": view.state,
        "width": view.width,
        "height": view.height,
        "url": _url(view, links),
        "thumb": links.url(view.id, "t") if view.state == "stored" and view.thumb_key else "",
    }


def _url(view: FileView, links: FileLinks) -> str:
    if view.state != "stored":
        return ""
    return links.url(view.id, "d" if view.display_key else "o")


def message(view: MessageView, links: FileLinks, *, staff: bool) -> values.Message:
    """A `Message`. What only staff may know (why a delivery failed, what was changed) is not in a visitor's copy."""
    reply = view.reply if staff else shortened(view.reply, view.seq, WEBCHAT.button_data)
    shown: values.Message = {
        "seq": view.seq,
        "id": view.client_id if staff or view.author == "customer" else "",
        "author": view.author,
        "name": view.staff_name if view.author in ("staff", "note", "event") else "",
        "at": time(view.at),
        "text": view.text,
        "buttons": [button(item, view.fates.get(item.url, "")) for item in reply.buttons],
        "cards": [card(item, view, links) for item in reply.cards],
        "summary": _summary(view),
        "files": [file(item, links) for item in view.files],
        "input": reply.input,
        "form": [_field(one) for one in reply.form],
        "delivery": view.delivery,
        "error": view.error if staff else "",
    }
    return {**shown, "changed": view.changed, "was": _was(view)} if staff else shown


def _field(one: Field) -> values.FormField:
    return {
        "name": one.name,
        "label": one.label,
        "fills": one.fills,
        "value": one.value,
        "problem": one.problem,
        "required": one.required,
        "example": one.example,
        "options": [*one.options],
    }


def _was(view: MessageView) -> str:
    """Of the line that tells of an edit: what stood there before."""
    return view.reply.text if view.author == "event" else ""


def messages(views: Sequence[MessageView], links: FileLinks, *, staff: bool) -> list[values.Message]:
    """See `message`."""
    return [message(view, links, staff=staff) for view in views]


def button(item: Button, state: Literal["", "done", "over"] = "") -> values.Button:
    """A `Button`; `state` is "done" or "over" for a link that needs no tap any more."""
    scans = not state and payments.key_in(item.url) != ""
    return {
        "label": item.label, "data": item.data, "url": item.url, "style": item.style, "state": state, "scans": scans,
    }  # fmt: skip


def card(item: Card, view: MessageView, links: FileLinks) -> values.Card:
    """A `Card`; its picture only once that is there."""
    return {
        "title": item.title,
        "text": item.text,
        "price": item.price,
        "image": _picture(item.image, view, links),
        "buttons": [button(each) for each in item.buttons],
    }


def _picture(image: Attachment | None, view: MessageView, links: FileLinks) -> values.Attachment | None:
    known = view.pictures.get(image.id) if image else None
    return file(known, links) if known else None


def _summary(view: MessageView) -> values.Summary | None:
    summary = view.reply.summary
    if summary is None:
        return None
    lines: list[values.SummaryLine] = [{"label": line.label, "amount": line.amount} for line in summary.lines]
    return {"title": summary.title, "lines": lines, "total": summary.total}
