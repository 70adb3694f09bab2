"""What the API tells of an instance and its account: limits, usage, workloads, analytics."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from .backends import BackendTable
from .database import Database, timestamp
from .http import (
    INTERACTIVE_SECONDS,
    MAX_SESSION_SECONDS,
    USER_ID,
    WORKLOADS_PAGE,
    ApiError,
    Call,
    account_of,
    json_reply,
)
from .identity import PLAN_ID
from .sessions import Sessions
from .store import Store

__all__ = [
    "MODES",
    "STATUSES",
    "AccountApi",
    "Analytics",
    "Cursor",
    "Page",
    "Wanted",
    "Work",
    "Workloads",
    "add_up",
    "grouped",
    "usage",
]

_USAGE_PERIOD = timedelta(days=28)
_MICROSECOND = timedelta(microseconds=1)
_SUBSCRIPTION = "local"
_GROUPS: Mapping[str, Callable[[Work], str]] = {
    "instance": lambda work: work.instance,
    "backend": lambda work: work.backend,
    "user_id": lambda _: USER_ID,
    "plan": lambda _: PLAN_ID,
    "subscription_id": lambda _: _SUBSCRIPTION,
}


class AccountApi:
    """The endpoints about the instance and the account that it belongs to."""

    def __init__(
        self, store: Store, workloads: Workloads, analytics: Analytics, backends: BackendTable
    ) -> None:
        self._store = store
        self._workloads = workloads
        self._analytics = analytics
        self._backends = backends

    def endpoints(self) -> Iterator[tuple[str, Callable[[Call], Response]]]:
        """Yield paths and handlers, all for GET."""
        yield "/instance", self.instance
        yield "/instances/usage", self.usage
        yield "/instances/configuration", self.configuration
        yield "/accounts/{id}", self.account
        yield "/workloads", self.workloads
        yield "/analytics/usage", self.analytics
        yield "/analytics/usage_grouped", self.analytics_grouped
        yield "/analytics/usage_grouped_by_date", self.analytics_by_date
        yield "/analytics/filters", self.filters

    def instance(self, _call: Call) -> Response:
        """Describe the instance: all backends, no limit."""
        return json_reply({"backends": list(self._backends), "plan_id": PLAN_ID})

    def configuration(self, _call: Call) -> Response:
        """Return the limit of the instance: there is none."""
        return json_reply({"instance_limit": None})

    def usage(self, call: Call) -> Response:
        """Return the usage of the instance, which has no limit."""
        start, end = _period(call)
        return json_reply(
            {
                "instance_id": call.crn,
                "plan_id": PLAN_ID,
                "usage_consumed_seconds": round(self._store.seconds_used(call.crn, start)),
                "usage_limit_reached": False,
                "usage_period": {"start_time": timestamp(start), "end_time": timestamp(end)},
            }
        )

    def account(self, call: Call) -> Response:
        """Return the plans of the account: one, without limits of usage."""
        if call.path("id") != account_of(call.crn):
            raise ApiError(404, 1250, f"Account not found: {call.path('id')}", "Check the CRN.")
        plan = {
            "plan_id": PLAN_ID,
            "subscription_id": _SUBSCRIPTION,
            "subscription_name": _SUBSCRIPTION,
            "backends": list(self._backends),
            "max_ttl": MAX_SESSION_SECONDS,
            "active_ttl": MAX_SESSION_SECONDS,
            "interactive_ttl": INTERACTIVE_SECONDS,
        }
        return json_reply({"plans": [plan] if call.query("plan_id") in {None, PLAN_ID} else []})

    def workloads(self, call: Call) -> Response:
        """Return a page of the matching workloads, with links to the pages before and after."""
        limit = call.integer("limit", 10)
        if limit not in WORKLOADS_PAGE:
            most = WORKLOADS_PAGE[-1]
            raise ApiError.invalid(f"limit: must be from {WORKLOADS_PAGE[0]} to {most}.")
        call.choice("user", ("me",))
        sort = call.choice("sort", ("createdAt", "-createdAt"))
        backend, mocks = call.query("backend"), call.boolean("include_mocks")
        wanted = Wanted(
            backend=backend,
            mode=call.choice("mode", MODES),
            search=call.query("search"),
            statuses=call.choices("status", STATUSES),
            tags=call.queries("tags"),
            created_after=call.moment("created_after"),
            created_before=call.moment("created_before"),
            without=() if mocks or backend else tuple(self._backends.mocks),
        )
        page = self._workloads.page(
            call.crn,
            wanted,
            limit=limit,
            newest_first=sort == "-createdAt",
            after=_cursor(call, "next"),
            before=_cursor(call, "previous"),
        )
        reply: dict[str, Any] = {
            "workloads": page.entries,
            "total_count": page.total,
            "limit": limit,
        }
        here = call.request.url.remove_query_params(["next", "previous"])
        for name, cursor in (("previous", page.previous), ("next", page.next)):
            if cursor is not None:
                reply[name] = {"href": str(here.include_query_params(**{name: str(cursor)}))}
        return json_reply(reply)

    def analytics(self, call: Call) -> Response:
        """Return the total usage of the account."""
        return json_reply(add_up(self._chosen(call)))

    def analytics_grouped(self, call: Call) -> Response:
        """Return the usage of the account, grouped by one of its properties."""
        key = _GROUPS[self._group(call, tuple(_GROUPS))]
        data = [{"key": name, **added} for name, added in grouped(self._chosen(call), key)]
        return json_reply({"data": data})

    def analytics_by_date(self, call: Call) -> Response:
        """Return the usage of the account, grouped by instance and day."""
        self._group(call, ("instance",))
        start, end = _period(call)
        data = [
            {
                "key": instance,
                "interval_start": day.isoformat(),
                "interval_end": (day + timedelta(days=1)).isoformat(),
                **added,
            }
            for (instance, day), added in grouped(
                self._chosen(call), lambda work: (work.instance, work.day)
            )
        ]
        period = {"interval_start": timestamp(start), "interval_end": timestamp(end)}
        return json_reply({**period, "data": data})

    def filters(self, call: Call) -> Response:
        """Return the values that analytics can be filtered by."""
        work = self._chosen(call)
        return json_reply(
            {
                "backends": [{"name": name} for name in sorted({each.backend for each in work})],
                "instances": [
                    {"id": name, "deleted": False} for name in sorted({w.instance for w in work})
                ],
                "users": [{"id": USER_ID}],
                "plans": [{"name": PLAN_ID}],
                "subscriptions": [{"id": _SUBSCRIPTION, "name": _SUBSCRIPTION}],
            }
        )

    @staticmethod
    def _group(call: Call, known: tuple[str, ...]) -> str:
        key = call.choice("group_by", known)
        if key is None:
            raise ApiError.invalid(f"group_by: must be one of {', '.join(known)}.")
        return key

    def _chosen(self, call: Call) -> list[Work]:
        """Return the work of the account that matches a call."""
        start, end = _period(call)
        simulators = call.boolean("simulators") is not False
        chosen = {name: set(call.queries(name)) for name in _GROUPS}
        return [
            work
            for work in self._analytics.work(account_of(call.crn))
            if start <= work.created <= end
            and work.backend not in self._backends.mocks
            and (simulators or not self._backends.is_simulator(work.backend))
            and all(not of or _GROUPS[name](work) in of for name, of in chosen.items())
        ]


def _period(call: Call) -> tuple[int, int]:
    """Return the period of a call: by default that of the usage, until now."""
    end = call.moment("interval_end")
    end = time.time_ns() // 1000 if end is None else end
    start = call.moment("interval_start")
    return (end - _USAGE_PERIOD // _MICROSECOND if start is None else start), end


def _cursor(call: Call, name: str) -> Cursor | None:
    text = call.query(name)
    if text is None:
        return None
    if (cursor := Cursor.parse(text)) is None:
        raise ApiError.invalid(f"{name}: is not a cursor of this service.")
    return cursor


STATUSES = ("completed", "canceled", "failed", "pending", "in_progress")
MODES = ("job", "session", "batch")

_WORKLOADS = """
    WITH workloads AS (
        SELECT id, created, finished AS ended, backend, NULL AS accepting, 'job' AS mode,
            CASE status WHEN 'Queued' THEN 'pending' WHEN 'Running' THEN 'in_progress'
                WHEN 'Completed' THEN 'completed' WHEN 'Cancelled' THEN 'canceled'
                ELSE 'failed' END AS status,
            reason, seq, seconds, estimated_seconds AS estimate
        FROM jobs WHERE crn = ? AND session_id IS NULL
        UNION ALL
        SELECT id, created, closed, backend, accepting,
            CASE mode WHEN 'dedicated' THEN 'session' ELSE mode END,
            CASE WHEN closed IS NOT NULL THEN 'completed' WHEN started IS NULL THEN 'pending'
                ELSE 'in_progress' END,
            state_reason, NULL, NULL, NULL
        FROM sessions WHERE crn = ?)
"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of a workload in their order."""

    created: int
    id: str

    def __str__(self) -> str:
        return f"{self.created}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Parse a cursor; None if it is malformed."""
        found = re.fullmatch(r"([0-9]{1,18})-([0-9a-z-]{1,36})", text, re.ASCII)
        return None if found is None else cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which workloads to list; None and empty stand for all.

    Those on the backends `without` are excluded. `search` is a part of an id or of a tag.
    """

    backend: str | None = None
    mode: str | None = None
    search: str | None = None
    statuses: Sequence[str] = ()
    tags: Sequence[str] = ()
    created_after: int | None = None
    created_before: int | None = None
    without: Sequence[str] = ()

    def where(self) -> tuple[str, list[object]]:
        """Return the condition on `workloads` and its values."""
        parts, values = ["TRUE"], list[object]()
        for column, operator, value in (
            ("backend", "=", self.backend),
            ("mode", "=", self.mode),
            ("created", ">=", self.created_after),
            ("created", "<=", self.created_before),
        ):
            if value is not None:
                parts.append(f"{column} {operator} ?")
                values.append(value)
        for column, operator, several in (
            ("status", "IN", self.statuses),
            ("backend", "NOT IN", self.without),
        ):
            if several:
                parts.append(f"{column} {operator} ({', '.join('?' * len(several))})")
                values.extend(several)
        if self.search is not None:
            parts.append(
                "(instr(id, ?) > 0 OR seq IN (SELECT seq FROM tags WHERE instr(tag, ?) > 0))"
            )
            values += [self.search, self.search]
        for tag in dict.fromkeys(self.tags):
            parts.append("seq IN (SELECT seq FROM tags WHERE tag = ?)")
            values.append(tag)
        return " AND ".join(parts), values


@dataclass(frozen=True, slots=True)
class Page:
    """Some of `total` workloads, as the API shows them; cursors of the pages before and after."""

    entries: Sequence[dict[str, Any]]
    total: int
    previous: Cursor | None
    next: Cursor | None


class Workloads:
    """The workloads of all instances. Safe to use from many threads."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    def page(
        self,
        crn: str,
        wanted: Wanted,
        *,
        limit: int,
        newest_first: bool,
        after: Cursor | None = None,
        before: Cursor | None = None,
    ) -> Page:
        """Return the workloads after, or before, a cursor; the first ones without."""
        where, values = wanted.where()
        backwards = before is not None
        place = before or after
        # Backwards, the page is read from its end.
        order, beyond = ("DESC", "<") if newest_first != backwards else ("ASC", ">")
        bound = f"AND (created, id) {beyond} (?, ?)" if place is not None else ""
        bounds = [] if place is None else [place.created, place.id]
        with self._database.reading() as connection:
            (total,) = connection.execute(
                f"{_WORKLOADS} SELECT count(*) FROM workloads WHERE {where}",  # noqa: S608
                [crn, crn, *values],
            ).fetchone()
            rows = connection.execute(
                f"{_WORKLOADS} SELECT * FROM workloads WHERE {where} {bound} "  # noqa: S608
                f"ORDER BY created {order}, id {order} LIMIT ?",
                [crn, crn, *values, *bounds, limit + 1],
            ).fetchall()
            more, rows = len(rows) > limit, rows[:limit]
            tags = {
                row["seq"]: [
                    tag
                    for (tag,) in connection.execute(
                        "SELECT tag FROM tags WHERE seq = ? ORDER BY position", (row["seq"],)
                    )
                ]
                for row in rows
            }
        if backwards:
            rows.reverse()
        entries = [self._entry(crn, dict(row), tags[row["seq"]]) for row in rows]
        ends = [Cursor(row["created"], row["id"]) for row in (rows[:1] + rows[-1:])]
        comes_from_before, goes_on = (more, True) if backwards else (place is not None, more)
        return Page(
            entries,
            total,
            previous=ends[0] if ends and comes_from_before else None,
            next=ends[-1] if ends and goes_on else None,
        )

    def _entry(self, crn: str, row: dict[str, Any], tags: list[str]) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": row["id"],
            "created": timestamp(row["created"]),
            "backend": row["backend"],
            "instance": crn,
            "user_id": USER_ID,
            "mode": row["mode"],
            "status": row["status"],
            "accepting_jobs": None if row["accepting"] is None else bool(row["accepting"]),
            "tags": tags,
        }
        if row["ended"] is not None:
            entry["ended"] = timestamp(row["ended"])
        if row["reason"] is not None:
            entry["status_reason"] = row["reason"]
        if row["mode"] == "job":
            entry["usage"] = usage(row["seconds"], ended=row["ended"] is not None)
            entry["estimated_running_time_seconds"] = row["estimate"]
        else:
            spent = self._sessions.get(crn, row["id"])["elapsed_time"]
            entry["usage"] = {"qpu_charge_time_seconds": spent}
        return entry


def usage(seconds: float, *, ended: bool) -> dict[str, object]:
    """Return the usage of a job: processor seconds of simulation, rounded up."""
    status = "complete" if ended else "pending"
    return {"qpu_charge_time_seconds": -int(-seconds // 1), "status": status}


_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """A job or a session: where it ran, when it was created, its usage in milliseconds.

    `kind` is job, batch or dedicated. A job of a session counts as a job, its usage as part of the
    session's. `waited` is the time until a job started, None for one that has not.
    """

    kind: str
    instance: str
    backend: str
    created: int
    usage: float = 0.0
    waited: float | None = None
    in_session: bool = False

    @property
    def day(self) -> datetime:
        """The day on which it was created, UTC."""
        moment = datetime.fromtimestamp(self.created / _SECOND, UTC)
        return moment.replace(hour=0, minute=0, second=0, microsecond=0)


class Analytics:
    """The usage of all instances. Safe to use from many threads."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    def work(self, account: str) -> list[Work]:
        """Return all jobs and sessions of an account's instances."""
        of_account = f":a/{account}:"
        rows = self._database.read(
            "SELECT crn, backend, created, running, seconds, session_id FROM jobs "
            "WHERE instr(crn, ?) > 0",
            (of_account,),
        )
        jobs = [
            Work(
                "job",
                row["crn"],
                row["backend"],
                row["created"],
                row["seconds"] * 1000,
                None if row["running"] is None else (row["running"] - row["created"]) / 1000,
                row["session_id"] is not None,
            )
            for row in rows
        ]
        sessions = [
            Work(
                document["mode"],
                document["instance"],
                document["backend_name"],
                created,
                document["elapsed_time"] * 1000,
            )
            for created, document in self._sessions.of(of_account)
        ]
        return jobs + sessions


def grouped(work: Iterable[Work], key: Callable[[Work], Any]) -> list[tuple[Any, dict[str, float]]]:
    """Return the totals by key, in the order of keys."""
    groups: dict[Any, list[Work]] = defaultdict(list)
    for each in work:
        groups[key(each)].append(each)
    return [(name, add_up(groups[name])) for name in sorted(groups)]


def add_up(work: Sequence[Work]) -> dict[str, float]:
    """Return sums, averages and maxima of usage, by the API's names."""
    jobs = [each for each in work if each.kind == "job"]
    sessions = [each for each in work if each.kind != "job"]
    kinds = {
        "sessions": sessions,
        "batch_sessions": [each for each in sessions if each.kind == "batch"],
        "dedicated_sessions": [each for each in sessions if each.kind == "dedicated"],
        "individual_jobs": [each for each in jobs if not each.in_session],
    }
    added: dict[str, float] = {"jobs": len(jobs)}
    for name, members in kinds.items():
        added[name] = len(members)
        added |= _summary(f"{name}_usage", [each.usage for each in members])
    added |= _summary("queue_time", [each.waited for each in jobs if each.waited is not None])
    return {"usage": added["individual_jobs_usage"] + added["sessions_usage"], **added}


def _summary(name: str, values: list[float]) -> dict[str, float]:
    total = sum(values)
    return {
        name: round(total),
        f"avg_{name}": round(total / len(values)) if values else 0,
        f"max_{name}": round(max(values, default=0)),
    }
