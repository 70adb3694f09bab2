"""The usage of an account, added up: of its jobs and of its sessions, in milliseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .database import Database
from .sessions import Sessions

__all__ = ["Analytics", "Work", "add_up", "grouped"]

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """A job or a session: where it ran, when it was created, and the milliseconds that it took.

    `kind` is job, batch or dedicated. A job of a session counts as a job; its usage counts in that
    of the session. `waited` is what a job waited for its start, None for one that has not started.
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
    """What the jobs and sessions of all instances took. Safe to use from many threads."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    def work(self, account: str) -> list[Work]:
        """Return all that the instances of an account were given to do."""
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
    """Return what has been added up for each key, the keys in order."""
    groups: dict[Any, list[Work]] = defaultdict(list)
    for each in work:
        groups[key(each)].append(each)
    return [(name, add_up(groups[name])) for name in sorted(groups)]


def add_up(work: Sequence[Work]) -> dict[str, float]:
    """Return sums, averages and maxima of what jobs and sessions took, as the API names them."""
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
