"""What the API tells of an instance and its account: limits, usage, and workloads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from .analytics import Analytics, Work, add_up, grouped
from .auth import USER_ID, account_of
from .backends import BackendTable
from .database import timestamp
from .errors import ApiError
from .http import Call, json_reply
from .identity import PLAN_ID
from .limits import INTERACTIVE_SECONDS, MAX_SESSION_SECONDS, WORKLOADS_PAGE
from .store import Store
from .workloads import MODES, STATUSES, Cursor, Wanted, Workloads

__all__ = ["AccountApi"]

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
        """Yield the paths, with what answers there to GET."""
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
        """Return what the instance used; there is no limit to it."""
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
        """List workloads: a page of those that match, and where those before and after it are."""
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
        """Return the usage of the account, added up."""
        return json_reply(add_up(self._chosen(call)))

    def analytics_grouped(self, call: Call) -> Response:
        """Return the usage of the account, added up by what is asked for."""
        key = _GROUPS[self._group(call, tuple(_GROUPS))]
        data = [{"key": name, **added} for name, added in grouped(self._chosen(call), key)]
        return json_reply({"data": data})

    def analytics_by_date(self, call: Call) -> Response:
        """Return the usage of the account, added up for each instance and day."""
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
        """Return by what analytics can be asked for."""
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
        """Return the work of the account that a call asks about."""
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
    """Return the time that a call is about: by default that of the usage until now."""
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
