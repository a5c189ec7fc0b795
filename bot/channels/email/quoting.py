"""Cuts what a mail repeats of earlier ones, and its signature, from what is new; linear, line by line.

A wrong cut would hide words, so only forms that mail programs write are known here. Staff have the whole mail beside
what is left.
"""

from __future__ import annotations

import re

#: An introduction of a quote runs over so many lines at most; so long is a line of it.
_LINES, _LONG = 3, 300
#: Within so many lines, an Outlook header block tells who, when, to whom and about what.
_BLOCK = 8

_RULER = re.compile(
    r"[>\s]*[-_*=—]{2,}\s*(?:original (?:message|appointment)|forwarded message|reply message|replied message|"
    r"原始邮件|原邮件|原始郵件|原始信件|回复的原邮件|转发的邮件|转发邮件信息|转发邮件|邮件原件|回复邮件|"
    r"元のメッセージ|転送メッセージ|원본 메시지|원본 메일|ursprüngliche nachricht|weitergeleitete nachricht|"
    r"message d'origine|message original|message transféré|mensaje original|mensaje reenviado|mensagem original|"
    r"messaggio originale|messaggio inoltrato|oorspronkelijk bericht|исходное сообщение|пересылаемое сообщение|"
    r"wiadomość oryginalna|oryginalna wiadomość|ursprungligt meddelande)\s*[-_*=—]{2,}\s*",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r".{0,280}"
    r"(?:wrote|writes|schrieb(?: .{1,120})?|a écrit|escribió|escreveu|ha scritto|schreef(?: .{1,120})?|"
    r"skrev(?: .{1,120})?|napisał(?:\(a\))?|пишет|написал\(?а?\)?|写道|寫道|写到|さんは書きました|のメール|"
    r"님이 작성|님이 작성한 메시지)\s*[:：]",
    re.IGNORECASE,
)
_STAMPED = re.compile(r".{0,200}<[^<>\s@]{1,100}@[^<>\s@]{1,100}>.{0,60}[:：]")
_TIME = re.compile(r"\d{1,2}[:：.]\d{2}|\d{4}[年/.-]")
_FROM = re.compile(
    r"[\s>*]*(?:from|von|de|da|van|från|fra|od|от|发件人|寄件者|寄件人|差出人|보낸 사람|보낸사람)\s*\*?\s*[:：]",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"[\s>*]*(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado(?: el)?|fecha|para|asunto|"
    r"data|assunto|inviato|oggetto|a|verzonden|aan|onderwerp|skickat|till|ämne|отправлено|дата|кому|тема|"
    r"发送时间|发送日期|日期|时间|收件人|抄送|主题|寄件日期|傳送時間|收件者|副本|主旨|送信日時|日時|宛先|件名|"
    r"보낸 날짜|날짜|받는 사람|제목)"
    r"\s*\*?\s*[:：]",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"[\s>*]*(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|тема|主题|主旨|件名|제목)\s*\*?\s*[:：]",
    re.IGNORECASE,
)
#: Of the writer, below which all is theirs: RFC 3676, section 4.3.
_SEPARATOR = "-- "
_DASHES = re.compile(r"--|__|\|\s*\|")
_DEVICES = (
    r"(?:iphone|ipad|android|outlook|手机|手機|平板|windows|proton ?mail|yahoo|galaxy|samsung|huawei|xiaomi|ios|"
    r"mobile|blackberry|smartphone|phone"
)
_DEVICE = re.compile(
    r"(?:sent (?:from|with|via|by|using)|get outlook|gesendet (?:von|mit)|envoyé (?:de|depuis)|enviado (?:desde|do|de)|"
    rf"inviato (?:da|dal)|отправлено (?:с|из))[^,，。]{{0,40}}{_DEVICES})[^,，。]{{0,60}}|"
    rf"(?:发自|發自|发送自|寄自)[^,，。]{{0,40}}{_DEVICES}|邮箱|邮件)[^,，。]{{0,16}}|"
    rf"(?:来自|從|从)我的[^,，。]{{0,16}}{_DEVICES})[^,，。]{{0,16}}|"
    r"(?:von meinem|mit meinem).{0,40}gesendet|(?:iphone|ipad|android|スマホ).{0,10}から送信|나의 .{0,20}에서 보냄",
    re.IGNORECASE,
)
_UNDERLINE = re.compile(r"[\s>]*[_-]{8,}\s*|[\s<]*[^\s@<>]{1,64}@[^\s@<>]{1,100}[\s>]*")


def cut(text: str) -> str:
    """What is new; "" where all of it is old."""
    lines = [line if line == _SEPARATOR else line.rstrip() for line in text.split("\n")]
    new = _without_signature(_without_history(lines))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(new)).strip()


def _without_history(lines: list[str]) -> list[str]:
    new: list[str] = []
    marked = _marked(lines)
    at = 0
    while at < len(lines):
        if _is(_RULER, lines[at]) or _is_header_block(lines, at):
            return _back(new)
        length = _introduction(lines, at)
        if length and not _is_answered_below(lines, at + length):
            return _back(new)
        if length or marked[at]:
            at = _behind_quote(lines, at + length)
        else:
            new.append(lines[at])
            at += 1
    return new


def _is(form: re.Pattern[str], line: str) -> bool:
    """No program writes such a line longer than this."""
    return len(line) <= _LONG and form.fullmatch(line) is not None


def _back(new: list[str]) -> list[str]:
    """Without the line that was drawn above the history, or the address that Foxmail puts there."""
    while new and (not new[-1].strip() or _is(_UNDERLINE, new[-1])):
        new.pop()
    return new


def _is_header_block(lines: list[str], at: int) -> bool:
    """Whether this is "From: …" with its usual neighbours below: a subject, and a time or an address."""
    if len(lines[at]) > _LONG or not _FROM.match(lines[at]):
        return False
    fields = [line[:_LONG] for line in lines[at + 1 : at + _BLOCK] if _FIELD.match(line[:_LONG])]
    block = "\n".join((lines[at], *fields))
    has_subject = any(_SUBJECT.match(field) for field in fields)
    return len(fields) >= 2 and has_subject and ("@" in block or _TIME.search(block) is not None)


def _marked(lines: list[str]) -> list[bool]:
    """Which lines begin what is marked as a program marks it, here or further on: people write ">500 boxes", too."""
    found = [False] * (len(lines) + 1)
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].lstrip()
        found[at] = line.startswith(">") and (line == ">" or line[1] in " >" or found[at + 1])
    return found


def _introduction(lines: list[str], at: int) -> int:
    """How many lines from here on say that somebody wrote the following; 0 for none."""
    joined = ""
    for length, line in enumerate(lines[at : at + _LINES], 1):
        if not line.strip() or len(line) > _LONG or line.lstrip().startswith(">"):
            return 0
        joined = f"{joined} {line.strip()}".strip()
        if not joined.endswith((":", "：")):
            continue
        if len(joined) <= _LONG and _says_who_wrote(joined):
            return length
    return 0


def _says_who_wrote(line: str) -> bool:
    """A verb of writing alone is what people say, too ("my wife wrote:"): there must be a time or an address."""
    has_address = _STAMPED.fullmatch(line) is not None
    has_time = _TIME.search(line) is not None
    return (has_address and has_time) or (_WROTE.fullmatch(line) is not None and (has_address or has_time))


def _is_answered_below(lines: list[str], at: int) -> bool:
    """Whether what was introduced is marked with ">", so that its end can be seen."""
    following = next((line for line in lines[at:] if line.strip()), "")
    return following.lstrip().startswith(">")


def _behind_quote(lines: list[str], at: int) -> int:
    while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith(">")):
        at += 1
    return at


def _without_signature(lines: list[str]) -> list[str]:
    """Above the signature, which is the last thing in a mail; looked for from its end."""
    end = len(lines)
    has_words = has_gap = False  # below; a gap is an empty line between words
    is_device, was_empty = True, False
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        is_device = is_device and (not line or _is(_DEVICE, line))
        if lines[at] == _SEPARATOR or (_DASHES.fullmatch(line) and not has_gap) or (line and is_device):
            end = at
        has_gap = has_gap or (bool(line) and has_words and was_empty)
        has_words, was_empty = has_words or bool(line), not line
    return lines[:end]
