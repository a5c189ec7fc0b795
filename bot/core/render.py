"""What was said, as a channel can show it: native buttons, else a numbered menu. Nothing is cut silently: what a
card has no room for ends in "…"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.capabilities import Capabilities, Unit
from bot.core.carousel import shown
from bot.core.message import Attachment, Button, Card, Choice, Reply, Summary, Wire
from bot.core.text import _

#: Opens a list of choices, on the channels that have such a button.
OPENS = _("Choose")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Wires in the order of sending, and what a typed number stands for (the first choice is "1")."""

    wires: tuple[Wire, ...]
    choices: tuple[Choice, ...]


def render(replies: Iterable[Reply], capabilities: Capabilities, opens: str = "", number: int = 1) -> list[Rendered]:
    """Each reply within the channel's limits; menu numbers run on through all replies of one turn, from `number` on.

    `opens` is `OPENS` as the customer reads it.
    """
    rendered = []
    for reply in replies:
        one = _render(reply, capabilities, number)
        number += len(one.choices)
        rendered.append(_opened(one, opens) if capabilities.lists else one)
    return rendered


def _opened(rendered: Rendered, opens: str) -> Rendered:
    wires = (replace(wire, opens=opens) if wire.rows else wire for wire in rendered.wires)
    return replace(rendered, wires=tuple(wires))


def choices_of(reply: Reply) -> tuple[Choice, ...]:
    """Every button of a reply that carries data, in the order in which it is numbered."""
    on_cards = [(button, f"{button.label} · {card.title}") for card in reply.cards for button in card.buttons]
    buttons = [*on_cards, *((button, "") for button in reply.buttons)]
    return tuple(Choice(button.label, button.data, said) for button, said in buttons if button.data)


def _render(reply: Reply, capabilities: Capabilities, number: int) -> Rendered:
    if capabilities.cards and not capabilities.carousel and _shows_whole(reply, capabilities):
        return Rendered(tuple(_native(reply, capabilities)), choices_of(reply))
    choices = choices_of(reply)
    reply = _on_its_card(reply)
    wires: list[Wire] = []
    if capabilities.gathers and len(reply.cards) > 1:
        return Rendered(tuple(_spoken(_in_words(reply, capabilities), capabilities, number)), choices)
    for card in reply.cards:
        wires = _with_card(wires, card, reply.cards, capabilities, number)
        number += sum(1 for button in card.buttons if button.data)
    wires += _spoken(reply, capabilities, number)
    return Rendered(tuple(wires), choices)


def _on_its_card(reply: Reply) -> Reply:
    """Of one card with nothing but buttons below it, the card has all: what is said last takes quick replies away."""
    says_more = reply.text or reply.files or reply.summary or reply.input
    if len(reply.cards) != 1 or says_more:
        return reply
    [card] = reply.cards
    return replace(reply, cards=(replace(card, buttons=card.buttons + reply.buttons),), buttons=())


def gathered(replies: Sequence[Reply]) -> list[Reply]:
    """The same said in fewer messages, where a platform counts them: words alone go before what is said next."""
    found: list[Reply] = []
    for reply in replies:
        if found and found[-1] == Reply(found[-1].text):
            reply = replace(reply, text="\n\n".join(part for part in (found.pop().text, reply.text) if part))
        found.append(reply)
    return found


def _in_words(reply: Reply, capabilities: Capabilities) -> Reply:
    """Several cards as one text. Their pictures go along as far as one message holds them: each would be another."""
    cards = ["\n".join(line for line in (card.title, card.price, card.text) if line) for card in reply.cards]
    buttons = tuple(
        replace(button, label=f"{button.label} · {card.title}") for card in reply.cards for button in card.buttons
    )
    text = "\n\n".join(part for part in (*cards, reply.text) if part)
    files = reply.files
    for picture in (card.picture for card in reply.cards if capabilities.mixes and capabilities.images):
        if picture and len(_together((*files, picture), capabilities)) == 1:
            files = (*files, picture)
    return replace(reply, text=text, cards=(), files=files, buttons=(*buttons, *reply.buttons))


def _shows_whole(reply: Reply, capabilities: Capabilities) -> bool:
    """Whether cards, buttons and files all pass as they are; else each goes the way of a channel without cards."""
    on_cards = all(_fits(card.buttons, capabilities) for card in reply.cards)
    files = all(_takes(file, capabilities) for file in reply.files)
    return on_cards and files and _fits(reply.buttons, capabilities)


def _native(reply: Reply, capabilities: Capabilities) -> Iterator[Wire]:
    """A channel with cards shows the whole reply at once; only a text over its limit makes more wires."""
    *parts, last = split(reply.text, capabilities.text_limit, capabilities.text_unit) or [""]
    yield from (Wire(text=part) for part in parts)
    rows = tuple((button,) for button in reply.buttons)
    yield Wire(last, rows, reply.files, reply.cards, reply.summary, reply.input, reply.form)


def _with_card(
    wires: list[Wire], card: Card, beside: Sequence[Card], capabilities: Capabilities, number: int
) -> list[Wire]:
    """The wires with one card more: beside the last where it stands in a carousel, else in messages of its own."""
    limits = capabilities.carousel
    there = shown(card, beside, limits) if limits and _fits(card.buttons, capabilities) else None
    if there is None or limits is None:
        return wires + _card(card, capabilities, number)
    if wires and 0 < len(wires[-1].cards) < limits.cards:
        return [*wires[:-1], replace(wires[-1], cards=(*wires[-1].cards, there))]
    return [*wires, Wire(cards=(there,))]


def _card(card: Card, capabilities: Capabilities, number: int) -> list[Wire]:
    text = "\n".join(line for line in (card.title, card.price, card.text) if line)
    files = (card.image,) if card.image and capabilities.images else ()
    return _laid_out(Reply(text, card.buttons, files=files), capabilities, number)


def _spoken(reply: Reply, capabilities: Capabilities, number: int) -> list[Wire]:
    """The reply without its cards; a summary becomes lines of text."""
    text = "\n".join(part for part in (reply.text, _summary(reply.summary)) if part)
    if not (text or reply.buttons or reply.files):
        return []
    plain = reply if text == reply.text else replace(reply, text=text)
    return _laid_out(plain, capabilities, number)


def _summary(summary: Summary | None) -> str:
    if summary is None:
        return ""
    lines = [f"{line.label}  {line.amount}" for line in summary.lines]
    return "\n".join([summary.title, *lines, f"= {summary.total}"])


def _laid_out(reply: Reply, capabilities: Capabilities, number: int) -> list[Wire]:
    # Buttons hang on words or a file; alone they become a menu, which is words.
    native = bool(reply.text or reply.files) and _fits(reply.buttons, capabilities)
    text = reply.text if native else "\n".join(part for part in (reply.text, _menu(reply.buttons, number)) if part)
    rows = _rows(reply.buttons, capabilities) if native else ()
    wires = _file_wires(reply, capabilities) if reply.files else []
    if wires and wires[-1].files and length(text, capabilities.text_unit) <= capabilities.caption_limit:
        wires[-1] = replace(wires[-1], text=text, rows=rows, input=reply.input)
        return wires
    parts = split(text, capabilities.text_limit, capabilities.text_unit)
    last = len(parts) - 1
    wires += [Wire(part, rows, input=reply.input) if at == last else Wire(part) for at, part in enumerate(parts)]
    return wires


def _file_wires(reply: Reply, capabilities: Capabilities) -> list[Wire]:
    """Images together up to the channel's number, other files one by one or among them; what it cannot show, named."""
    taken = [file for file in reply.files if _takes(file, capabilities)]
    images = [file for file in taken if file.kind == "image"]
    others = [file for file in taken if file.kind != "image"]
    if capabilities.mixes:
        images, others = [*images, *others], []
    wires = [Wire(files=files) for files in _together(images, capabilities)]
    wires += [Wire(files=(file,)) for file in others]
    shown = [file for wire in wires for file in wire.files]
    return wires + [Wire(text=f"[{file.name}]", linked=file) for file in reply.files if file not in shown]


def _takes(file: Attachment, capabilities: Capabilities) -> bool:
    if file.kind == "image":
        return capabilities.images
    plays = any(one.media_type == file.media_type and file.size <= one.most for one in capabilities.media)
    return plays or (capabilities.files and file.size <= capabilities.file_bytes)


def _together(files: Sequence[Attachment], capabilities: Capabilities) -> list[tuple[Attachment, ...]]:
    """Which of them go in one message, in their order: by their number, and by what they weigh."""
    runs: list[tuple[Attachment, ...]] = []
    for file in files:
        run = (*runs[-1], file) if runs else (file,)
        weight = sum(one.as_sent(capabilities.gif_bytes).size for one in run)
        is_heavy = capabilities.message_bytes is not None and weight > capabilities.message_bytes
        if not runs or len(run) > max(1, capabilities.files_per_message) or is_heavy:
            runs.append((file,))
        else:
            runs[-1] = run
    return runs


def _fits(buttons: tuple[Button, ...], capabilities: Capabilities) -> bool:
    """Whether every button can be native: one that cannot turns the whole menu into numbers."""
    if len(buttons) > capabilities.buttons:
        return False
    return all(
        len(button.label) <= capabilities.button_label
        and len(button.data.encode()) <= capabilities.button_data
        and (not button.url or capabilities.link_buttons)
        for button in buttons
    )


def _rows(buttons: tuple[Button, ...], capabilities: Capabilities) -> tuple[tuple[Button, ...], ...]:
    """Two short labels share a row, long ones stand alone; fewer, fuller rows where the channel limits them."""
    rows: list[list[Button]] = []
    for button in buttons:
        if rows and len(rows[-1]) < 2 and all(len(other.label) <= 12 for other in (*rows[-1], button)):
            rows[-1].append(button)
        else:
            rows.append([button])
    if capabilities.button_rows and len(rows) > capabilities.button_rows:
        wide = -(-len(buttons) // capabilities.button_rows)
        return tuple(buttons[start : start + wide] for start in range(0, len(buttons), wide))
    return tuple(tuple(row) for row in rows)


def _menu(buttons: tuple[Button, ...], number: int) -> str:
    lines = []
    for button in buttons:
        if button.data:
            lines.append(f"{number}. {button.label}")
            number += 1
        else:
            lines.append(f"{button.label}: {button.url}")
    return "\n".join(lines)


def messages(wire: Wire, capabilities: Capabilities) -> int:
    """How many messages the platform makes of words."""
    above = capabilities.menu_limit
    return 2 if wire.rows and above and length(wire.text, capabilities.text_unit) > above else 1


def length(text: str, unit: Unit) -> int:
    """Of a text, as the platform counts it."""
    if unit == "bytes":
        return len(text.encode())
    return len(text.encode("utf-16-le")) // 2 if unit == "utf16" else len(text)


#: Units that one character takes at most.
_WIDEST: dict[Unit, int] = {"characters": 1, "utf16": 2, "bytes": 4}


def split(text: str, limit: int, unit: Unit) -> list[str]:
    """Parts within `limit`, cut at a paragraph, line, sentence or word where one is near; "" gives none."""
    if _WIDEST[unit] * len(text) <= limit:
        return [text] if text else []
    parts = []
    while length(text, unit) > limit:
        head = _longest(text, limit, unit)
        cut = _good_cut(text[:head])
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [part for part in (*parts, text) if part]


def _longest(text: str, limit: int, unit: Unit) -> int:
    """How many characters of `text` fit, by halving."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(text[:middle], unit) <= limit else (low, middle - 1)
    return low


def _good_cut(head: str) -> int:
    for separator in ("\n\n", "\n", "。", ". ", "！", "？", " "):
        found = head.rfind(separator)
        if found > len(head) // 2:
            return found + len(separator)
    return len(head)
