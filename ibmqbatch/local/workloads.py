"""Workloads: what an instance was given to do, sessions and the jobs outside of them, in pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .auth import USER_ID
from .database import Database, timestamp
from .sessions import Sessions

__all__ = ["MODES", "STATUSES", "Cursor", "Page", "Wanted", "Workloads", "usage"]

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
    """A place in the order of workloads: that of one of them."""

    created: int
    id: str

    def __str__(self) -> str:
        return f"{self.created}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Return the cursor that a text stands for; None for a text that is none."""
        found = re.fullmatch(r"([0-9]{1,18})-([0-9a-z-]{1,36})", text, re.ASCII)
        return None if found is None else cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which workloads are asked for; None and nothing ask for all.

    Those on the backends `without` are left out. `search` is a part of an id or of a tag.
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
    """Some workloads, as the API shows them, of `total`; cursors of what is before and after."""

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
        """Return the workloads that come after, or before, a place; from the first one without."""
        where, values = wanted.where()
        backwards = before is not None
        place = before or after
        # Backwards, the page is read from its end on.
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
    """Return the usage of a job: processor seconds of simulation, begun ones counted as whole."""
    status = "complete" if ended else "pending"
    return {"qpu_charge_time_seconds": -int(-seconds // 1), "status": status}
