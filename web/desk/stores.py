"""The desk's connected shops: how each stands, what staff have to do there, and what was lost to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from bot.core.money import Money
from bot.runtime.stores import Known
from bot.services import store_lists, store_states
from bot.services.store_lists import TASKS, ConflictView, ProblemView
from web.auth import me, needs
from web.desk.values import stores
from web.http import Problem, answer, language, path_id, query_int
from web.keys import CLOCK, RUNTIME
from web.said import says
from web.values import Before, Nothing
from web.views import time, time_or_none


@says(stores.Stores)
@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/stores."""
    open_ = await store_lists.counts(None)
    return answer(
        {
            "items": [await _store(one) for one in request.app[RUNTIME].stores.known],
            "counts": {"tasks": open_.tasks, "problems": open_.problems, "conflicts": open_.conflicts},
        }
    )


@says(stores.OneStore, refuses={404: "no_store", 409: "store_rests"})
@needs("manager")
async def compared(request: web.Request) -> web.Response:
    """POST /api/desk/stores/{name}/compare: soon, and once however often it is asked for."""
    runtime = request.app[RUNTIME]
    known = {one.name: one for one in runtime.stores.known}.get(request.match_info["name"])
    if known is None:
        raise Problem(404, "no_store")
    await runtime.stores.compare(known.name, me(request).id)
    return answer({"store": await _store(known)})


@says(stores.Problems, query=stores.ProblemQuery)
@needs("agent")
async def problems(request: web.Request) -> web.Response:
    """GET /api/desk/store-problems."""
    kind = request.query.get("kind", "tasks")
    if kind not in store_lists.KINDS:
        raise Problem(400, "bad_request")
    found, following = await store_lists.problems(kind, query_int(request, "before"))
    return answer({"items": [_problem(one) for one in found], "next": str(following) if following else None})


@says(stores.OneProblem, refuses={404: "no_problem"})
@needs("manager")
async def done(request: web.Request) -> web.Response:
    """POST /api/desk/store-problems/{id}/done."""
    row = await store_lists.do(path_id(request), me(request).id, request.app[CLOCK]())
    return answer({"problem": _problem(row)})


@says(stores.Conflicts, query=Before)
@needs("agent")
async def conflicts(request: web.Request) -> web.Response:
    """GET /api/desk/store-conflicts."""
    found, following = await store_lists.conflicts(query_int(request, "before"))
    items = [_conflict(one, language(request)) for one in found]
    return answer({"items": items, "next": str(following) if following else None})


@says(Nothing, refuses={404: "no_conflict"})
@needs("manager")
async def forgotten(request: web.Request) -> web.Response:
    """DELETE /api/desk/store-conflicts/{id}: the shop's value stays."""
    await store_lists.forget(path_id(request), me(request).id, request.app[CLOCK]())
    return answer({})


async def _store(known: Known) -> stores.Store:
    sync = await store_states.known(known.name)
    shown: stores.Store = {
        "name": known.name,
        "title": known.title,
        "state": sync.state if sync else "new",
        "done": sync.done if sync else 0,
        "total": sync.total if sync else None,
        "began_at": time_or_none(sync.began_at) if sync else None,
        "caught_up_at": time_or_none(sync.caught_up_at) if sync else None,
        "next_at": time_or_none(_next(sync.state, sync.retry_at, sync.caught_up_at, known.every)) if sync else None,
        "error": sync.error if sync else "",
        "compared_at": time_or_none(sync.compared_at) if sync else None,
        "asked_at": time_or_none(sync.asked_at) if sync else None,
        "differed": sync.differed if sync else None,
        "gone": sync.gone if sync else None,
    }
    return shown


def _next(state: str, retry_at: datetime | None, caught_up_at: datetime | None, every: float) -> datetime | None:
    """When it is asked again, as far as anybody knows."""
    if state == "waiting":
        return retry_at
    return caught_up_at + timedelta(seconds=every) if state == "idle" and caught_up_at else None


def _problem(one: ProblemView) -> stores.Problem:
    return {
        "id": one.id,
        "store": one.store,
        "code": one.code,
        "title": one.title,
        "facts": {name: str(fact) for name, fact in one.facts.items()},
        "at": time(one.at),
        "task": one.code in TASKS,
        "order_id": one.order_id,
        "contact_id": one.contact_id,
        "product_id": one.product_id,
        "done_at": time_or_none(one.done_at),
        "done_by": one.done_by,
    }


def _value(text: str, currency: str, locale: str) -> str:
    return Money(int(text), currency).format(locale) if currency else text


def _conflict(one: ConflictView, locale: str) -> stores.Conflict:
    return {
        "id": one.id,
        "store": one.store,
        "product_id": one.product_id,
        "names": dict(one.names),
        "sku": one.sku,
        "field": one.field.partition(":")[0],
        "ours": _value(one.ours, one.currency, locale),
        "theirs": _value(one.theirs, one.currency, locale),
        "at": time(one.at),
    }
