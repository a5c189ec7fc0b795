"""Logged-in browsers of staff: throttled logins, sessions that end, and tokens that we cannot read back."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import F

from bot.core.errors import ParleyError, Refused, Unauthorised
from bot.services import attempts, audit, staff
from bot.services.passwords import matches
from bot.services.staff import StaffView
from models import LoginAttempt, Staff, StaffSession
from models.database import transaction

FREE_FAILURES = {"login": 5, "addr": 30}  # an address may be a whole office
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=1)
_SEEN_STEP = timedelta(minutes=1)  # a busy desk must not write a row for every click


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A session ends after `idle` without a request, and after `absolute` in any case."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in browser; `csrf` must come back with every change it asks for."""

    id: int
    csrf: str
    staff: StaffView


class Locked(ParleyError):
    """Too many wrong passwords; `seconds` until the next one is looked at."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many failed logins")
        self.seconds = seconds


async def log_in(
    login: str, password: str, address: str, user_agent: str, now: datetime, lifetime: Lifetime
) -> tuple[Session, str]:
    """A session and the token for its cookie (256 random bits, hex). Raises `Unauthorised` or `Locked`."""
    login = login.strip().lower()[:64]
    subjects = (f"login:{login}", f"addr:{address}"[:191])
    await _count(subjects, now)
    row = await Staff.get_or_none(login=login, active=True)
    if not await matches(password, row.password_hash if row else None) or row is None:
        raise Unauthorised("wrong login or password")
    token = secrets.token_hex(32)
    async with transaction():
        await _forgive(subjects)
        await StaffSession.filter(staff_id=row.id, expires_at__lt=now).delete()
        session = await StaffSession.create(
            token_hash=_hash(token),
            csrf=secrets.token_hex(16),
            staff_id=row.id,
            user_agent=user_agent[:200],
            created_at=now,
            seen_at=now,
            expires_at=now + lifetime.absolute,
        )
        await audit.record(row.id, "login", f"staff:{row.id}", now)
    return Session(session.id, session.csrf, staff.view(row)), token


async def find(token: str, now: datetime, lifetime: Lifetime) -> Session | None:
    """The live session of a cookie's token, and remember that it was seen; None when there is none."""
    if len(token) != 64 or not token.isascii():
        return None
    row = await StaffSession.filter(token_hash=_hash(token)).prefetch_related("staff").first()
    if row is None or row.expires_at <= now or row.seen_at + lifetime.idle <= now or not row.staff.active:
        return None
    if now - row.seen_at >= _SEEN_STEP:
        await StaffSession.filter(id=row.id).update(seen_at=now)
    return Session(row.id, row.csrf, staff.view(row.staff))


async def is_live(session_id: int, now: datetime, lifetime: Lifetime) -> bool:
    """Whether an open socket's session still stands."""
    row = await StaffSession.filter(id=session_id, staff__active=True).first()
    return row is not None and row.expires_at > now and row.seen_at + lifetime.idle > now


async def touch(session_id: int, now: datetime) -> None:
    """An open desk counts as use."""
    await StaffSession.filter(id=session_id).update(seen_at=now)


async def log_out(session_id: int) -> None:
    """End one session."""
    await StaffSession.filter(id=session_id).delete()


async def change_password(session: Session, old: str, new: str, now: datetime) -> StaffView:
    """The owner changes it, and every other session ends.

    Raises `Refused`: "bad_password", "same_password", "weak_password"; `Locked` after too many wrong ones.
    """
    subjects = (f"login:{session.staff.login}",)
    await _count(subjects, now)
    row = await Staff.get(id=session.staff.id)
    if not await matches(old, row.password_hash):
        raise Refused("bad_password")
    await _forgive(subjects)
    if old == new:
        raise Refused("same_password")
    return await staff.set_password(row.id, new, now, one_time=False, by=row.id, keep_session=session.id)


async def _count(subjects: tuple[str, ...], now: datetime) -> None:
    """Count a failure before looking at the password, so that a thousand guesses at once are a thousand counted."""
    async with transaction():
        rows = await attempts.locked(subjects, now)
        until = [row.locked_until for row in rows if row.locked_until and row.locked_until > now]
        if until:
            raise Locked(int((max(until) - now).total_seconds()) + 1)
        for row in rows:
            stale = row.updated_at + FORGET_AFTER < now
            row.failures = 1 if stale else row.failures + 1
            row.locked_until = _lock(row.subject, row.failures, now)
            row.updated_at = now
            await row.save(update_fields=["failures", "locked_until", "updated_at"])


async def _forgive(subjects: tuple[str, ...]) -> None:
    """The password was right: what `_count` wrote down was no failure."""
    for subject in sorted(subjects):
        # Of an address only this one is taken back: whoever owns one account must not clear the way to guess at others.
        left = 0 if subject.startswith("login:") else F("failures") - 1
        await LoginAttempt.filter(subject=subject).update(failures=left, locked_until=None)


def _lock(subject: str, failures: int, now: datetime) -> datetime | None:
    """Doubles from half a minute to a quarter of an hour."""
    over = failures - FREE_FAILURES[subject.partition(":")[0]]
    if over < 0:
        return None
    longer: timedelta = FIRST_LOCK * (1 << min(over, 10))
    return now + min(longer, LONGEST_LOCK)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
