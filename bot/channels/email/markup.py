"""Reads an HTML mail as words, in linear time: no script, no picture from elsewhere, and no history where it is marked.

Mail programs put what they quote into elements that say so; its words alone would not tell it as surely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

MOST_TAG = 4096
MOST_DEPTH = 500

_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]{0,40}")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40})\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_MARKS = re.compile("[\"'>]")
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object", "select", "textarea"})
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "wbr", "base", "col", "area", "source"})
_BLOCK = frozenset(
    {"p", "div", "br", "hr", "table", "tr", "li", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}
    | {"section", "article", "header", "footer", "dl", "dt", "dd", "center", "form"}
)
_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote"})
_TABLE = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th"})
_HEAD = frozenset({"head", "title", "meta", "link", "style", "script", "base", "noscript", "template"})
#: What holds quoted mails: of Gmail, Yahoo, Proton, Apple and Thunderbird, 163, QQ Mail, Zoho, Lark.
_QUOTES = frozenset(
    {"gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "moz-cite-prefix", "zmail_extra"}
    | {"isreplycontent", "isforwardcontent", "includetail", "mail-quote-collapse", "history-quote-wrapper", "wq_quote"}
    | {"ntes_not_fresh_reply", "gmail_attr", "quote-mail", "zmail_quote"}
)
#: Behind which nothing new comes: of Outlook in its kinds.
_ENDS = frozenset(
    {"divrplyfwdmsg", "appendonsend", "stopspelling", "ol_src_body_section", "mail-editor-reference-message-container"}
    | {"ms-outlook-mobile-reference-message", "x_divrplyfwdmsg"}
)
_SIGNATURES = frozenset(
    {"gmail_signature", "gmail_signature_prefix", "ms-outlook-mobile-signature", "protonmail_signature_block"}
    | {"moz-signature", "applemailsignature", "mobile_phone_signature", "ntes-pcmac-signature", "spnetsignature"}
)


@dataclass(slots=True)
class Read:
    """What an HTML mail says: `words` are new, `whole` is everything; `pictures` are the content ids among the new."""

    words: str = ""
    whole: str = ""
    pictures: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Open:
    """An element that is open, and whether what is inside is quoted or not shown at all."""

    name: str
    old: bool
    silent: bool


@dataclass(slots=True)
class _Writer:
    """Gathers words as a reader sees them: lines at blocks, one space elsewhere."""

    parts: list[str] = field(default_factory=list)
    breaks: int = 2  # at the end of what is written; a text begins as if it stood below something

    def text(self, said: str) -> None:
        said = _SPACE.sub(" ", said)
        if self.breaks or self.parts[-1].endswith(" "):
            said = said.lstrip(" ")
        if said:
            self.parts.append(said)
            self.breaks = 0

    def address(self, link: str) -> None:
        """Where a link leads, for who reads the whole."""
        if link.startswith(("http://", "https://")) and self.parts and link.rstrip("/") not in self.parts[-1]:
            self.text(f" <{link[:2000]}>")

    def line(self, breaks: int, *, always: bool = False) -> None:
        missing = 1 if always else breaks - self.breaks
        if missing > 0:
            self.parts.append("\n" * missing)
            self.breaks += missing

    def written(self) -> str:
        lines = [line.strip() for line in "".join(self.parts).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def read(html: str) -> Read:
    """Everything and what is new, by the elements that mail programs mark their quotes with."""
    new, whole = _Writer(), _Writer()
    pictures: set[str] = set()
    open_: list[_Open] = []
    links: list[str] = []
    ended = False
    for name, attributes, said in _tokens(html):
        _settle(open_, name, said)
        top = open_[-1] if open_ else None
        if not name:
            if not (top and top.silent):
                whole.text(said)
                if not ended and not (top and top.old):
                    new.text(said)
            continue
        ended = ended or bool(_marks(attributes) & _ENDS)
        old = ended or bool(top and top.old) or _is_quote(name, attributes)
        for writer in (whole,) if old else (whole, new):
            _shape(writer, name, attributes)
        if name == "a":
            links.append(attributes.get("href", ""))
        elif name == "/a" and links:
            whole.address(links.pop())
        if name == "img" and not old:
            pictures.add(attributes.get("src", "").removeprefix("cid:"))
        _nest(open_, name, old=old, silent=bool(top and top.silent) or name in _SILENT)
    return Read(new.written(), whole.written(), frozenset(pictures))


def _settle(open_: list[_Open], name: str, said: str) -> None:
    """What needs no end tag ends: a paragraph where a block begins, the head where anything else does."""
    inner = open_[-1].name if open_ else ""
    ends_head = bool(name or said.strip()) and name.removeprefix("/") not in _HEAD
    if (inner == "p" and name in _BLOCK and name != "br") or (inner == "head" and ends_head):
        open_.pop()


def _nest(open_: list[_Open], name: str, *, old: bool, silent: bool) -> None:
    if name.startswith("/"):
        _close(open_, name[1:])
        return
    if name not in _VOID and len(open_) < MOST_DEPTH:
        open_.append(_Open(name, old, silent))


def _close(open_: list[_Open], name: str) -> None:
    """An end closes what was left open inside of it, as browsers do; one of nothing that is open is noise."""
    reach = len(open_) if name in _BLOCK or name in _TABLE else 8
    for back in range(1, min(len(open_), reach) + 1):
        inner = open_[-back].name
        if inner == name:
            del open_[-back:]
            return
        if inner in _TABLE and name not in _TABLE:
            return


def _shape(writer: _Writer, name: str, attributes: dict[str, str]) -> None:
    bare = name.lstrip("/")
    if bare == "br":
        writer.line(1, always=True)
    elif bare in _BLOCK:
        writer.line(2 if bare in _APART else 1)
        if name == "li":
            writer.text("• ")
    elif name in ("td", "th"):
        writer.text(" ")
    elif name == "img" and attributes.get("alt", "").strip() and len(attributes["alt"]) < 40:
        writer.text(attributes["alt"])


def _is_quote(name: str, attributes: dict[str, str]) -> bool:
    if name.startswith("/"):
        return False
    if name == "blockquote" and attributes.get("type", "").lower() == "cite":
        return True
    marks = _marks(attributes) | {name}
    return bool(marks & _QUOTES or marks & _SIGNATURES)


def _marks(attributes: dict[str, str]) -> set[str]:
    """The classes and the id of an element, as far as mail programs tell by them."""
    return {*attributes.get("class", "").lower().split(), attributes.get("id", "").strip().lower()} - {""}


def _tokens(html: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Tags with their attributes, `/name` for an end, and texts with the name ""."""
    at, size = 0, len(html)
    spare = size  # characters that may be looked at in vain
    while at < size:
        begin = html.find("<", at)
        if begin < 0:
            yield "", {}, unescape(html[at:])
            return
        if begin > at:
            yield "", {}, unescape(html[at:begin])
        if html.startswith("<!--", begin):
            at = _behind(html, "-->", begin + 4)
        elif html[begin + 1 : begin + 2] in ("!", "?"):
            at = _behind(html, ">", begin)
        elif (named := _NAME.match(html, begin + 1)) is None:
            yield "", {}, "<"
            at = begin + 1
        else:
            at = _end_of_tag(html, begin) if spare > 0 else 0
            if not at:
                spare -= MOST_TAG
                at = _behind(html, ">", begin)
            name = named[0].lower()
            yield name, _attributes(html[begin + 1 + len(name) : min(at, begin + MOST_TAG)]), ""
            if name in ("script", "style"):
                at = _behind_raw(html, name, at)
                yield f"/{name}", {}, ""


def _attributes(written: str) -> dict[str, str]:
    return {name.lower(): unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(written)}


def _behind(html: str, what: str, start: int) -> int:
    found = html.find(what, start)
    return len(html) if found < 0 else found + len(what)


def _behind_raw(html: str, name: str, start: int) -> int:
    """Behind the words of a script or a style, which are for no reader."""
    end = re.compile(rf"</{name}\b", re.IGNORECASE).search(html, start)
    return len(html) if end is None else _behind(html, ">", end.start())


def _end_of_tag(html: str, begin: int) -> int:
    """Behind the ">" of a tag; one within quotes belongs to a value. 0 where a quote does not end soon."""
    quote = ""
    for mark in _MARKS.finditer(html, begin, begin + MOST_TAG):
        if mark[0] == ">" and not quote:
            return mark.end()
        if mark[0] != ">" and quote in ("", mark[0]):
            quote = "" if quote else mark[0]
    return 0
