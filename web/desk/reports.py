"""The desk's reports: what there is, its runs, a run on demand, and who gets it."""

from __future__ import annotations

from datetime import date
from typing import cast

import orjson
from aiohttp import web

from bot.core.errors import BadInput
from bot.core.events import RunChanged
from bot.core.period import Kind, Period, chosen_days, last_period
from bot.services import report_desk, threads
from bot.services.report_desk import SubscriptionRow
from bot.services.scope import words
from models.database import transaction
from web.auth import me, needs
from web.desk.conversations import shapes
from web.desk.values import figures
from web.files import LINKS
from web.http import Problem, answer, language, path_id, read_object, text_of
from web.keys import CLOCK, REPORTS, RUNTIME
from web.ports import Reports
from web.said import says
from web.values import Nothing
from web.views import Json, time

_KINDS = ("day", "week", "month")


def _reports(request: web.Request) -> Reports:
    reports = request.app.get(REPORTS)
    if reports is None:
        raise Problem(404, "not_found")
    return reports


def _name(request: web.Request) -> str:
    name = request.match_info["name"]
    if name not in {report.name for report in _reports(request).all()}:
        raise Problem(404, "not_found")
    return name


@says(figures.Reports, refuses={404: "not_found"})
@needs("manager")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/reports."""
    infos, locale, shape = _reports(request).all(), language(request), shapes(request)
    last = await report_desk.last_runs([info.name for info in infos])
    subscribed = await report_desk.subscriptions()
    reports = [
        {
            "name": info.name,
            "title": words(dict(info.title), locale),
            "description": words(dict(info.description), locale),
            "next_at": _next(subscribed, info.name),
            "last": shape.run(last[info.name]) if info.name in last else None,
            "subscriptions": [shape.subscription(row) for row in subscribed if row.report == info.name],
        }
        for info in infos
    ]
    return answer({"reports": reports})


def _next(subscribed: tuple[SubscriptionRow, ...], report: str) -> str | None:
    due = [row.next_at for row in subscribed if row.report == report and row.next_at]
    return time(min(due)) if due else None


@says(figures.Runs, refuses={404: "not_found"})
@needs("manager")
async def runs(request: web.Request) -> web.Response:
    """GET /api/desk/reports/{name}/runs."""
    shape = shapes(request)
    return answer({"items": [shape.run(run) for run in await report_desk.runs(_name(request))]})


@says(figures.RunResult, query=figures.RunQuery, refuses={404: "no_run"})
@needs("manager")
async def run(request: web.Request) -> web.Response:
    """GET /api/desk/runs/{id}: with its result in the reader's language (`?lang=`)."""
    row, result = await report_desk.result(path_id(request))
    locale = request.query.get("lang") or language(request)
    reports = _reports(request)
    files = await reports.files(row.id, locale)
    page = reports.page(orjson.loads(result), locale) if result else None
    picture, sheet = await _link(request, files.picture, "d"), await _link(request, files.sheet, "o")
    return answer({"run": shapes(request).run(row), "result": page, "picture": picture, "sheet": sheet})


async def _link(request: web.Request, file_id: int | None, variant: str) -> str:
    if file_id is None:
        return ""
    known = (await threads.files([file_id])).get(file_id)
    if known is None or known.state != "stored":
        return ""
    return request.app[LINKS].url(file_id, variant if known.display_key else "o")


@says(figures.OneRun, status=202, takes=figures.RunWish, refuses={404: "not_found", 422: "bad_period"})
@needs("manager")
async def start(request: web.Request) -> web.Response:
    """POST /api/desk/reports/{name}/run."""
    name, body = _name(request), await read_object(request)
    run_id = await _reports(request).run(name, _period(request, body), me(request).id)
    request.app[RUNTIME].bus.publish(RunChanged(run_id))
    started = await report_desk.runs_by_id([run_id])
    return answer({"run": shapes(request).run(started[0])}, 202)


def _period(request: web.Request, body: Json) -> Period:
    """`start` and `end` are days, both included, in the time zone of whoever asks; else the last whole `period`."""
    timezone = me(request).timezone
    try:
        if body.get("start") is not None:
            first, last = date.fromisoformat(text_of(body, "start", 10)), date.fromisoformat(text_of(body, "end", 10))
            return chosen_days(first, last, timezone)
        kind = text_of(body, "period", 10, default="week")
        if kind not in _KINDS:
            raise Problem(400, "bad_request")
        return last_period(cast("Kind", kind), request.app[CLOCK](), timezone)
    except (ValueError, BadInput) as error:
        raise Problem(422, "bad_period") from error


@says(
    figures.OneSubscription,
    status=201,
    takes=figures.Subscribing,
    refuses={404: "no_conversation not_found", 409: "managers_only not_linked", 422: "bad_cron bad_timezone"},
)
@needs("manager")
async def subscribe(request: web.Request) -> web.Response:
    """POST /api/desk/subscriptions."""
    body, who = await read_object(request), me(request)
    name, cron, timezone = text_of(body, "report", 32), text_of(body, "cron", 64), text_of(body, "timezone", 64)
    made = await _reports(request).subscribe(name, who.id, body["conversation_id"], cron, timezone, who.locale)
    shape = shapes(request)
    found = [shape.subscription(row) for row in await report_desk.subscriptions() if row.id == made]
    return answer({"subscription": found[0] if found else None}, 201)


@says(Nothing)
@needs("manager")
async def unsubscribe(request: web.Request) -> web.Response:
    """DELETE /api/desk/subscriptions/{id}."""
    async with transaction():
        await report_desk.unsubscribe(path_id(request), me(request).id, request.app[CLOCK]())
    return answer({})
