"""Reports for managers, in a chat that is linked to their account: run one now, subscribe."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.router import Router
from bot.core.text import Say, Text, _
from bot.services import reach, report_chat
from bot.services.report_chat import ReportChoice, Span, Subscription
from handlers import refusals

router = Router("reports")

NOW, SUBSCRIBE, MINE = _("Run one now"), _("Subscribe"), _("My subscriptions")
PERIODS: dict[Span, Text] = {"day": _("Yesterday"), "week": _("Last week"), "month": _("Last month")}
DAYS = {
    "mon": _("Every Monday"),
    "tue": _("Every Tuesday"),
    "wed": _("Every Wednesday"),
    "thu": _("Every Thursday"),
    "fri": _("Every Friday"),
    "sat": _("Every Saturday"),
    "sun": _("Every Sunday"),
    "*": _("Every day"),
    "1": _("On the first of the month"),
}
END = _("End one")
KEEP = _("Keep them")


@router.command("reports", "report", "报表", "报告", title=_("Reports"), menu=80, staff=True)
async def reports(chat: Chat) -> None:
    """Which report, and now or regularly."""
    try:
        choices = await chat.do(report_chat.available)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    what = await chat.choose(_("What would you like to do?"), [NOW, SUBSCRIBE, MINE], expire="1h")
    if what == MINE:
        await show_subscriptions(chat)
        return
    report = await chat.choose(_("Which report?"), choices, label=title, expire="1h")
    if what == NOW:
        await run_now(chat, report)
    else:
        await subscribe(chat, report)


async def show_subscriptions(chat: Chat) -> None:
    """Those of this chat, of which one may be ended."""
    mine = await chat.do(report_chat.subscriptions)
    if not mine:
        chat.say(_("You have no subscriptions in this chat yet."))
        return
    chat.say("\n".join(chat.words(subscription_line(one)) for one in mine))
    if await chat.choose(_("Shall they stay?"), [KEEP, END], expire="1h") == END:
        ended = await chat.choose(_("Which one?"), mine, label=subscription_line, expire="1h")
        await chat.do(report_chat.unsubscribe, ended.id)
        chat.say(_("Ended: {title}", title=ended.title))


async def run_now(chat: Chat, report: ReportChoice) -> None:
    """About which time; it comes when it is counted."""
    period = await chat.choose(_("For which time?"), list(PERIODS), label=PERIODS.__getitem__, expire="1h")
    await chat.do(report_chat.run_now, report.name, period)
    chat.say(_("I am counting. The report “{title}” comes here in a minute.", title=report.title))


async def subscribe(chat: Chat, report: ReportChoice) -> None:
    """On which days, when, and on whose clock."""
    day = await chat.choose(_("How often?"), list(DAYS), label=DAYS.__getitem__, expire="1h")
    time = await chat.ask(
        _("At what time? For example 09:00"), check=time_problem, suggest=["08:00", "09:00", "18:00"], expire="1h"
    )
    zones = await chat.do(report_chat.zones)
    zone = await chat.ask(_("In which time zone?"), suggest=zones, expire="1h")
    try:
        made = await chat.do(report_chat.subscribe, report.name, cron_line(day, time), zone)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    chat.say(
        _("Done. “{title}” comes here next on {when} ({zone}).", title=made.title, when=local(made), zone=made.timezone)
    )


@router.event("report")
async def report_is_ready(chat: Chat) -> None:
    """The report itself: a picture, words, a spreadsheet. Not where nothing may be sent: nobody waits for it."""
    run_id = int(chat.inbound.data)
    if not (await chat.do(reach.ask, chat.person.capabilities, "reports")).leaves:
        await chat.do(report_chat.give_up_delivery, run_id)
        return
    reply = await chat.do(report_chat.take_delivery, run_id)
    if reply:
        chat.say(reply.text, files=reply.files)


def title(report: ReportChoice) -> str:
    """As the manager reads it."""
    return report.title


def subscription_line(one: Subscription) -> Text:
    """`Sales · next on 2026-11-23 09:00 (Asia/Shanghai)`."""
    return _("{title} · next on {when} ({zone})", title=one.title, when=local(one), zone=one.timezone)


def local(one: Subscription) -> str:
    """The next time on the subscription's own clock."""
    return one.local_next


def cron_line(day: str, time: str) -> str:
    """`mon` and `09:00` as `0 9 * * mon`."""
    hour, minute = (int(part) for part in time.replace("：", ":").split(":"))
    return f"{minute} {hour} {'1' if day == '1' else '*'} * {'*' if day in ('1', '*') else day}"


def time_problem(text: str) -> Say | None:
    """What is wrong with a time of day, if anything."""
    hour, colon, minute = text.replace("：", ":").partition(":")
    fine = colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60
    return None if fine else _("Please write the time like 09:00.")
