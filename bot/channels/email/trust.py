"""Whether our own mail server vouches for the sender, as it wrote into Authentication-Results (RFC 8601).

Anybody can write any address into "From". So an address is never a proof of who somebody is: nobody is merged by it,
and what is answered goes to that address and to nowhere else, where a forger does not read it. This here is for staff,
who should know before they believe what a mail says. Only the topmost results of the server that the operator named
count: whatever stands below, or is another's, may have come with the mail.
"""

from __future__ import annotations

import re

from bot.channels.email.headers import Mail, all_of, clean, people

_PASS = re.compile(r"\b(dmarc|dkim|spf)\s*=\s*pass\b([^;]*)", re.IGNORECASE)
_DOMAIN = re.compile(
    r"\b(?:header\.from|header\.d|header\.i|smtp\.mailfrom)\s*=\s*\"?(?:[^\s;\"@]*@)?([a-z0-9.-]+)", re.IGNORECASE
)
_COMMENT = re.compile(r"\([^()]{0,500}\)")


def is_vouched_for(mail: Mail, sender: str, server: str) -> bool:
    """Whether `server`, if any was named, says that the mail is of the domain of `sender`."""
    if not server:
        return True
    domain = sender.rpartition("@")[2]
    if not any(address.rpartition("@")[2] == domain for _, address in people(mail, "from")):
        return False  # its answers go elsewhere than where it says it is from
    results = next((one for one in map(clean, all_of(mail, "authentication-results")) if _is_of(one, server)), "")
    return any(
        _is_aligned(found, domain)
        for method in _PASS.finditer(_COMMENT.sub(" ", results))
        for found in _DOMAIN.findall(method[2])
    )


def _is_of(results: str, server: str) -> bool:
    name = _COMMENT.sub(" ", results).partition(";")[0].split()
    return bool(name) and name[0].casefold() == server.casefold()


def _is_aligned(found: str, domain: str) -> bool:
    """The same domain, or one below the other, as DMARC takes it where it is relaxed."""
    found = found.lower().strip(".")
    pairs = ((found, domain), (domain, found))
    return found == domain or any("." in upper and lower.endswith(f".{upper}") for lower, upper in pairs)
