"""What proves that a mail is of whom it says: an answer to a mail of ours, or our own mail server's word (RFC 8601).

Anybody can write any address into "From". So an address is never a proof of who somebody is: nobody is merged by it,
and what is answered goes to that address and to nowhere else, where a forger does not read it. Who answers to what we
wrote there has read it: such a mail carries a mark that we made for that address, and may choose and decide. Of
Authentication-Results only the topmost of the server that the operator named count: whatever stands below, or is
another's, may have come with the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.channels.email.headers import Mail, all_of, clean, ids, people, words
from bot.channels.email.marks import Marks

#: Which property of a result names the domain that it is about.
_DOMAINS = {"dmarc": "header.from", "dkim": "header.d", "spf": "smtp.mailfrom"}
_SPACED = re.compile(r"\s*=\s*")


@dataclass(frozen=True, slots=True)
class Result:
    """One of Authentication-Results: "dmarc", "pass", and its properties in their order."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]

    def domains(self) -> set[str]:
        """What it is about; of several nobody knows which one the server meant, since a sender wrote some of it."""
        wanted = _DOMAINS.get(self.method, "")
        return {value.rpartition("@")[2].lower().strip(".") for name, value in self.properties if name == wanted}


def is_vouched_for(mail: Mail, sender: str, server: str) -> bool:
    """Whether `server`, if any was named, says that the mail is of the domain of `sender`."""
    return not server or bool(_passed(mail, sender, server))


def is_proved(mail: Mail, sender: str, server: str, marks: Marks) -> bool:
    """Whether `sender` wrote it: it answers to a mail that only they got, or `server` says that it passed DMARC."""
    # Some programs write a long id as if it were words.
    named = [words(value) for name in ("in-reply-to", "references") for value in all_of(mail, name)]
    answered = [one for value in named for one in ids(value)]
    return (
        any(marks.is_for(one, sender) for one in answered)
        or any(marks.is_in(words(value), sender) for value in all_of(mail, "subject"))
        or (bool(server) and "dmarc" in _passed(mail, sender, server))
    )


def _passed(mail: Mail, sender: str, server: str) -> set[str]:
    """The methods by which the server found the sender's domain; none where one of them says that it is forged."""
    if {address for _, address in people(mail, "from")} != {sender}:
        return set()  # its answers go elsewhere than where it says it is from
    domain = sender.rpartition("@")[2]
    named = (_read(clean(value)) for value in all_of(mail, "authentication-results"))
    results = next((found for name, found in named if name.casefold() == server.casefold()), [])
    if any((one.method, one.result) == ("dmarc", "fail") for one in results):
        return set()
    return {one.method for one in results if one.result == "pass" and one.domains() == {domain}}


def _read(header: str) -> tuple[str, list[Result]]:
    """The server's name, and what it found."""
    first, *others = [_SPACED.sub("=", " ".join(chunks)).split(" ") for chunks in _parts(header)]
    found = []
    for chunks in others:
        # What stood within quotes has no space here any more, and no sign that would end it.
        pairs = [(name.lower(), value) for name, _, value in (chunk.partition("=") for chunk in chunks)]
        method, result = pairs[0]
        found.append(Result(method.partition("/")[0], result.lower(), tuple(pairs[1:])))
    return first[0], found


def _parts(header: str) -> list[list[str]]:
    """The words between semicolons, without comments; of a quoted string its letters, as a part of the word."""
    parts: list[list[str]] = [[""]]
    depth, is_quoted, is_escaped = 0, False, False
    for char in header:
        if is_escaped:
            is_escaped = False
            continue
        if char == "\\" and (is_quoted or depth):
            is_escaped = True
        elif char == '"' and not depth:
            is_quoted = not is_quoted
        elif is_quoted:
            parts[-1][-1] += "" if char in " =" else char
        elif char == "(":
            depth += 1
        elif char == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif char == ";":
            parts.append([""])
        elif char == " ":
            parts[-1].append("")
        else:
            parts[-1][-1] += char
    return [[word for word in words_ if word] or [""] for words_ in parts]
