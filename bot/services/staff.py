"""Staff accounts: who works here, what they may do, and which chats are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.registry import reads
from bot.services import audit, codes
from bot.services.passwords import hash_password
from bot.services.scope import Scope
from models import Contact, Identity, LinkCode, Staff, StaffSession
from models.database import transaction

ROLES = ("agent", "manager", "admin")


@dataclass(frozen=True, slots=True)
class StaffView:
    """One member of staff, as the desk and the handlers see them."""

    id: int
    login: str
    name: str
    role: str  # agent | manager | admin
    locale: str
    timezone: str
    must_change_password: bool
    active: bool

    def may(self, role: str) -> bool:
        """Whether this person has `role` or more: agent < manager < admin."""
        return ROLES.index(self.role) >= ROLES.index(role)


def view(row: Staff) -> StaffView:
    """A row without its hash."""
    return StaffView(
        row.id, row.login, row.name, row.role, row.locale, row.timezone, row.must_change_password, row.active
    )


async def add(
    login: str,
    name: str,
    role: str,
    password: str,
    now: datetime,
    *,
    one_time: bool = True,
    by: int | None = None,
    locale: str = "en",
    timezone: str = "UTC",
) -> StaffView:
    """A new account; with `one_time` the password must be changed at the first login.

    Raises `Refused`: "bad_login", "bad_name", "bad_role", "bad_timezone", "weak_password"(minimum), "login_taken".
    """
    login = login.strip().lower()
    if not (login.isprintable() and 1 <= len(login) <= 64 and " " not in login):
        raise Refused("bad_login")
    _check(name=name, role=role, timezone=timezone)
    hashed = await hash_password(password)
    try:
        async with transaction():
            row = await Staff.create(
                login=login,
                name=name.strip(),
                role=role,
                password_hash=hashed,
                locale=locale,
                timezone=timezone,
                must_change_password=one_time,
                created_at=now,
            )
            await audit.record(by, "staff.add", f"staff:{row.id}", now)
    except IntegrityError as error:
        raise Refused("login_taken") from error
    return view(row)


async def set_password(
    staff_id: int, password: str, now: datetime, *, one_time: bool, by: int | None, keep_session: int | None = None
) -> StaffView:
    """A new password; every session of the account ends, but `keep_session`. Raises `Refused("no_staff")`."""
    hashed = await hash_password(password)
    async with transaction():
        row = await _get(staff_id)
        await row.update_from_dict({"password_hash": hashed, "must_change_password": one_time}).save(
            update_fields=["password_hash", "must_change_password"]
        )
        await StaffSession.filter(staff_id=staff_id).exclude(id=keep_session or 0).delete()
        await audit.record(by, "staff.password", f"staff:{staff_id}", now)
    return view(row)


async def change(
    staff_id: int,
    now: datetime,
    *,
    by: int,
    name: str | None = None,
    role: str | None = None,
    locale: str | None = None,
    timezone: str | None = None,
    active: bool | None = None,
) -> StaffView:
    """Change what is given. A switched-off account is logged out everywhere and its chats are unlinked.

    Raises `Refused`: "no_staff", "last_admin", "bad_name", "bad_role", "bad_timezone".
    """
    _check(name=name, role=role, timezone=timezone)
    wanted = {"name": name and name.strip(), "role": role, "locale": locale, "timezone": timezone, "active": active}
    given = {field: value for field, value in wanted.items() if value is not None}
    async with transaction():
        row = await _get(staff_id)
        if row.role == "admin" and row.active and (role not in (None, "admin") or active is False):
            await _keep_an_admin(staff_id)
        await row.update_from_dict(given).save(update_fields=[*given] or None)
        if active is False:
            await StaffSession.filter(staff_id=staff_id).delete()
            await Identity.filter(staff_id=staff_id).update(staff_id=None)
        await audit.record(by, "staff.change", f"staff:{staff_id}", now)
    return view(row)


async def everyone(*, active_only: bool = False) -> tuple[StaffView, ...]:
    """All accounts by name."""
    rows = await (Staff.filter(active=True) if active_only else Staff.all()).order_by("name", "id")
    return tuple(view(row) for row in rows)


async def by_login(login: str) -> StaffView | None:
    """The account of that login, switched off or not."""
    row = await Staff.get_or_none(login=login.strip().lower())
    return view(row) if row else None


async def make_link_code(staff_id: int, now: datetime) -> tuple[str, datetime]:
    """A code of eight readable characters (`K7MW-2FPQ`) and when it ends; an older unused one ends now."""
    code, expires = codes.make(), now + codes.LIFE
    async with transaction():
        await LinkCode.filter(staff_id=staff_id, used_at=None).delete()
        await LinkCode.create(code_hash=_code_hash(code), staff_id=staff_id, expires_at=expires)
        await audit.record(staff_id, "link_code.make", f"staff:{staff_id}", now)
    return codes.readable(code), expires


async def use_link_code(scope: Scope, code: str) -> StaffView | None:
    """Link this chat to the account that made `code`; None for a code that is wrong, old, or used.

    Raises `Refused("slow")` where too many were wrong; then nobody has looked at it.
    """
    if len(codes.plain(code)) != codes.SHORT:
        return None
    if not await codes.may_guess("staff", scope.identity_id, scope.now):
        raise Refused("slow")
    fresh = LinkCode.filter(
        code_hash=_code_hash(codes.plain(code)), used_at=None, expires_at__gt=scope.now, staff__active=True
    )
    found = await fresh.first()
    # The update decides: of two chats that say the code at once, one wins.
    if found is None or not await LinkCode.filter(id=found.id, used_at=None).update(used_at=scope.now):
        if not await codes.known(code):
            await codes.guessed("staff", scope.identity_id, scope.now)
        return None
    await Identity.filter(id=scope.identity_id).update(staff_id=found.staff_id)
    account = await Staff.get(id=found.staff_id)
    # In the inbox a colleague is no nameless visitor; a name of theirs stays.
    await Contact.filter(id=scope.contact_id, name="").update(
        name=account.name, name_at=scope.now, updated_at=scope.now
    )
    await audit.record(found.staff_id, "link_code.use", f"identity:{scope.identity_id}", scope.now)
    return view(account)


@reads
async def staff_of(scope: Scope) -> StaffView | None:
    """The member of staff whose linked chat this is; None for a customer."""
    row = await Identity.filter(id=scope.identity_id).prefetch_related("staff").first()
    staff = row.staff if row else None
    return view(staff) if staff and staff.active else None


async def _get(staff_id: int) -> Staff:
    row = await Staff.get_or_none(id=staff_id)
    if row is None:
        raise Refused("no_staff")
    return row


async def _keep_an_admin(staff_id: int) -> None:
    if not await Staff.filter(role="admin", active=True).exclude(id=staff_id).exists():
        raise Refused("last_admin")


def _check(*, name: str | None, role: str | None, timezone: str | None) -> None:
    if name is not None and not 1 <= len(name.strip()) <= 120:
        raise Refused("bad_name")
    if role is not None and role not in ROLES:
        raise Refused("bad_role")
    if timezone is not None and not _is_timezone(timezone):
        raise Refused("bad_timezone")


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return name in available_timezones()
    return True


def _code_hash(code: str) -> str:
    return codes.hashed("staff", code)
