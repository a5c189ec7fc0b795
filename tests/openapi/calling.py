"""Makes calls as the API's document tells of them, right and wrong ones, and looks at what is answered."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

#: What every answer must be.
TOLD = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
#: How many of the right calls name something that is there.
OFTEN = 0.8
#: What the document cannot say ("one of these two", "at least one", "an account that there is") is said in words.
LOOSE = {
    "GET /api/desk/conversations/{id}/messages",
    "PUT /api/desk/contacts/{id}",
    "POST /api/desk/reports/{name}/run",
    "POST /api/desk/broadcasts",
    "POST /api/desk/broadcasts/preview",
}
#: What programs are known to stumble over: the ends of time and of numbers, names of folders, letters that are none.
HARD: Sequence[Any] = (
    "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "0001-01-01", "9999-12-31", "1e999999999", "NaN", "-0",
    "٣", "²", "America", "../../etc", "\0", "\ud800", "%", "'", "{", "x" * 5000, "99999999999999999.99999999999999999",
    0, -1, 2**31, 2**63 - 1, 2**63, 10**400, 1e308, None, True, [], {}, [[]], [{}], {"en": "\ud800"}, {"main": 10**30},
)  # fmt: skip
PLAIN = [one for one in HARD if isinstance(one, str) and one != "\ud800"]  # what fits into a query
#: What is made has a name of this kind.
MADE = ("number",)
FILE = "application/octet-stream"
#: These end the session that calls; they have tests of their own.
ENDS = re.compile(r"^/api/desk/(logout|password)$")


@dataclass
class Caller:
    """Somebody who calls, and the headers by which they are known."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    only: str = ""  # operations that have this


@dataclass
class Calls:
    """`wrong` has every answer that is not as the document says, `statuses` how many there were of each.

    `known` are values by the names of fields: most right calls take one of these, and so find something.
    """

    url: str
    document: Mapping[str, Any]
    callers: Sequence[Caller]
    known: dict[str, list[Any]]
    seed: int
    wrong: list[str] = field(default_factory=list)
    statuses: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._schema = schemathesis.openapi.from_dict(dict(self.document))
        self._dice = random.Random(self.seed)
        self._session = requests.Session()
        self._session.trust_env = False

    def run(self, right: int, wrong: int, *, edges: bool = False, only: str = "") -> None:
        """So many right and wrong calls of each operation, and those with values at the edges, from every caller."""
        for found in self._schema.get_all_operations():
            operation = found.ok()
            callers = [one for one in self.callers if re.search(one.only, operation.label)]
            if re.search(only, operation.label) and not ENDS.match(operation.path):
                for case, is_right in self._cases(operation, right, wrong, edges=edges):
                    for caller in callers:
                        self._call(caller, case, is_right=is_right)

    def _cases(self, operation: Any, right: int, wrong: int, *, edges: bool) -> Iterator[tuple[Case, bool]]:
        for case in self._drawn(operation, GenerationMode.POSITIVE, right):
            self._find(case.path_parameters)
            self._find(case.body)
            if case.media_type == FILE and self._dice.random() < OFTEN:
                case.body = self._dice.choice(self.known["file"])
            yield case, operation.label not in LOOSE
            if self._spoil(case.body, HARD) or self._spoil(case.query, PLAIN):
                yield case, False
        if operation.path_parameters or operation.query or operation.body:  # else nothing can be wrong
            yield from ((case, False) for case in self._drawn(operation, GenerationMode.NEGATIVE, wrong))
        if edges:
            config = operation.schema.config.generation_for(operation=operation)
            found = operation.schema.iter_coverage_cases(
                operation, generation_modes=[*GenerationMode], generation_config=config
            )
            yield from ((case, False) for case in found)

    def _find(self, value: Any) -> None:
        if isinstance(value, list):
            for one in value:
                self._find(one)
        elif isinstance(value, dict):
            for name, one in value.items():
                fitting = [known for known in self.known.get(name, ()) if known is None or type(known) is type(one)]
                if fitting and self._dice.random() < OFTEN:
                    value[name] = deepcopy(self._dice.choice(fitting))
                elif isinstance(one, float) and one.is_integer():
                    value[name] = int(one)  # to JSON Schema 1.0 is an integer; we want those written as such
                else:
                    self._find(one)

    def _spoil(self, value: Any, hard: Sequence[Any]) -> bool:
        """Put something hard in the place of one field, somewhere inside; False where there is none."""
        inside = [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        if isinstance(value, dict) and value and self._dice.random() < OFTEN:
            name = self._dice.choice([*value])
            fitting = [one for one in hard if type(one) is type(value[name])] or hard
            value[name] = self._dice.choice(fitting)
            return True
        return any(self._spoil(one, hard) for one in inside)

    def _remember(self, made: Any) -> None:
        """What was made can be found from now on."""
        for name, one in made.items() if isinstance(made, dict) else ():
            if name in MADE and one not in self.known[name]:
                self.known[name].append(one)
            self._remember(one)

    def _drawn(self, operation: Any, mode: GenerationMode, count: int) -> list[Case]:
        cases: list[Case] = []
        quiet = settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        )

        @seed(self.seed)
        @quiet
        @given(operation.as_strategy(mode))
        def draw(case: Case) -> None:
            cases.append(case)

        with suppress(Unsatisfiable):  # a file has no shape, so no wrong one
            draw()
        return cases

    def _call(self, caller: Caller, case: Case, *, is_right: bool) -> None:
        answer = case.call(base_url=self.url, session=self._session, headers=dict(caller.headers))
        key = (caller.name, case.operation.label, answer.status_code)
        self.statuses[key] = self.statuses.get(key, 0) + 1
        if answer.status_code == 201:
            self._remember(answer.json())
        if is_right and _is_misunderstood(answer):
            self.wrong.append(f"{caller.name}: {case.operation.label}: {answer.text} to a right call: {case.body}")
        try:
            case.validate_response(answer, checks=[*TOLD])
        except FailureGroup as failures:
            self.wrong += [f"{caller.name}: {case.operation.label}: {one}" for one in failures.exceptions]


def _is_misunderstood(answer: Response) -> bool:
    return answer.status_code == 400 and answer.json().get("error", {}).get("code") == "bad_request"
