"""A proxy with a bad day: it loses, delays, cuts and refuses; listings lag, and are shuffled."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler

from tests.proxy import Proxy, Rule, Seen

__all__ = ["UnrulyProxy"]

_LONGEST_DELAY = 0.05  # seconds
_GARBAGE = b'{"id": "cut sho'


class UnrulyProxy(Proxy):
    """Misbehaves at random after `misbehave`, and not at all after `calm`.

    What it does to a request is a `Rule` of the plain proxy, drawn for it. `done` counts what was
    done; `longest_way` is the longest time (s) that it took a submission to be carried out, from
    its arrival here: with the lag of listings it must stay below the settle time.
    """

    def __init__(self, target: str, seed: int) -> None:
        super().__init__(target)
        self.done: Counter[str] = Counter()
        self.longest_way = 0.0
        self.lag = 0.0
        self._rate = 0.0
        self._spare_results = False
        self._random = random.Random(seed)
        self._born: dict[str, float] = {}
        self._arrived = threading.local()

    def misbehave(self, rate: float, lag: float, *, spare_results: bool = False) -> None:
        """Have this share of requests go wrong, and jobs be listed so many seconds (s) late.

        `spare_results`: leave those alone that are given once.
        """
        self._rate, self.lag, self._spare_results = rate, lag, spare_results

    def calm(self) -> None:
        """Behave."""
        self.misbehave(0.0, 0.0)

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        self._arrived.at = time.monotonic()
        super().pass_on(handler)

    def rule_for(self, seen: Seen) -> Rule | None:
        """Draw what is to go wrong with a request."""
        spared = "/results" in seen.path and self._spare_results
        if spared or self._random.random() >= self._rate:
            return None
        rule = Rule(seen.method, "")
        what = self._random.choice(
            ("lost before", "lost after", "502", "502 after", "429", "cut", "garbage", "delay")
        )
        if what.startswith("lost"):
            rule.drop = what.removeprefix("lost ")
        elif what.startswith("502"):
            rule.status, rule.after = 502, what.endswith("after")
            rule.body = b"<html>bad gateway</html>"
        elif what == "429":
            rule.status, rule.headers = 429, {"Retry-After": "1"}
            rule.body = b'{"errors": [{"code": 1202, "message": "slow down"}]}'
        elif what == "cut":
            rule.cut = self._random.randrange(40)
        elif what == "garbage":
            rule.status, rule.after, rule.body = 200, True, _GARBAGE
        else:
            delay = self._random.uniform(0, _LONGEST_DELAY)
            rule.before = lambda _seen: time.sleep(delay)
        self.done[what] += 1
        return rule

    def ask(self, handler: BaseHTTPRequestHandler, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        """Ask the service; remember when jobs were born, and let listings lag."""
        path = seen.path.partition("?")[0]
        try:
            status, headers, body = super().ask(handler, seen)
        except (OSError, HTTPException):
            # The service is dead at the moment.
            return 502, {}, b"<html>nobody there</html>"
        if path.endswith("/jobs") and status == 200:
            if seen.method == "POST":
                now = time.monotonic()
                with self.lock:
                    self._born[json.loads(body)["id"]] = now
                    self.longest_way = max(self.longest_way, now - self._arrived.at)
            else:
                body = self._late(body)
        return status, headers, body

    def _late(self, body: bytes) -> bytes:
        """Leave out of a listing what is too young for it, and shuffle the rest."""
        if not self.lag:
            return body
        told = json.loads(body)
        now = time.monotonic()
        with self.lock:
            listed = [
                job for job in told["jobs"] if now - self._born.get(job["id"], 0.0) >= self.lag
            ]
            self._random.shuffle(listed)
        hidden = len(told["jobs"]) - len(listed)
        self.done["hidden in a listing"] += hidden
        told["jobs"], told["count"] = listed, told["count"] - hidden
        return json.dumps(told).encode()
