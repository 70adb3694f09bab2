"""Listings as they may be: late, in small pages, in any order, from copies that differ."""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from urllib.parse import parse_qsl, urlencode, urlsplit

__all__ = ["Listings", "View"]

_ALL = 200  # the most that the service lists in a request; a round's jobs are far fewer
_SHIFT = 3  # jobs between two pages that neither shows


@dataclass(frozen=True, slots=True)
class View:
    """How jobs are listed: `lag` seconds after their sender can be in doubt, `page` at a time.

    `page` None is as many as are asked for. `order`: "given" is the service's, "mixed" is any, the
    same for all pages; "shifting" is one that moves on between pages, for a while, so that the
    youngest jobs are on none of them. `copies`: each request is answered by another copy of the
    records, the latest of which lags by `lag`; what one page shows, the next may not know yet.
    """

    lag: float = 0.0
    page: int | None = None
    order: str = "given"
    copies: bool = False


class Listings:
    """What is shown of the jobs that the service lists.

    `done` counts what was made of them.
    """

    def __init__(self, seed: int, done: Counter[str]) -> None:
        self.view = View()
        self._done = done
        self._random = random.Random(seed)
        self._left: dict[str, Callable[[], float | None]] = {}
        self._shifts = False
        self._lock = Lock()

    def expect(self, job_id: str, left: Callable[[], float | None]) -> None:
        """Have a job's lag begin at a time that `left` tells, once there is one."""
        with self._lock:
            self._left[job_id] = left

    def ask_for_all(self, path: str) -> str:
        """Return the request to make of the service, so that a page of one's own can be shown."""
        asked = dict(_asked(path))
        if self.view == View() or "tags" not in asked:
            return path
        others = [(name, value) for name, value in _asked(path) if name not in {"limit", "offset"}]
        told = urlencode([*others, ("limit", _ALL), ("offset", 0)])
        return f"{urlsplit(path).path}?{told}"

    def show(self, path: str, body: bytes) -> bytes:
        """Return the answer to a request, made of the answer for all jobs."""
        if self.ask_for_all(path) == path:
            return body
        asked, told = dict(_asked(path)), json.loads(body)
        jobs = told["jobs"]
        assert told["count"] == len(jobs), "more jobs of a set than the service lists at once"
        limit, offset = int(asked["limit"]), int(asked["offset"])
        with self._lock:
            view, now = self.view, time.monotonic()
            lag = view.lag * (self._random.choice((1.0, 1.0, 0.5, 0.0)) if view.copies else 1.0)
            known = [job for job in jobs if self._age(job["id"], now) >= lag]
            self._done["hidden in a listing"] += len(jobs) - len(known)
            self._arrange(known)
            if view.order == "shifting" and offset == 0:
                self._shifts ^= self._random.random() < (0.15 if self._shifts else 0.4)
            shifted = self._shifts and view.order == "shifting" and offset > 0
            first = offset + (_SHIFT if shifted else 0)
        page = known[first : first + min(limit, view.page or limit)]
        self._done["pages of a listing of several"] += len(page) < len(known)
        return json.dumps(
            {"jobs": page, "count": len(known), "limit": limit, "offset": offset}
        ).encode()

    def _age(self, job_id: str, now: float) -> float:
        left = self._left[job_id]() if job_id in self._left else 0.0
        return now - (math.inf if left is None else left)

    def _arrange(self, jobs: list[dict[str, object]]) -> None:
        if self.view.order == "given":
            return
        jobs.sort(key=lambda job: str(job["id"])[::-1])
        if self.view.order == "shifting" and self.view.page and jobs:
            jobs.sort(key=lambda job: self._age(str(job["id"]), 0.0))
            youngest, others = jobs[:_SHIFT], jobs[_SHIFT:]
            jobs[:] = others[: self.view.page] + youngest + others[self.view.page :]


def _asked(path: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(path).query, keep_blank_values=True)
