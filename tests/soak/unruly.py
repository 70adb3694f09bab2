"""A proxy with a bad day: it loses, delays, cuts and refuses, most of all submissions."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler

from tests.soak.deliveries import Delivery, witness
from tests.soak.listings import Listings, View
from tests.support.proxy import Proxy, Rule, Seen

__all__ = ["Mood", "Submission", "UnrulyProxy"]

_LONGEST_DELAY = 0.05  # seconds
_LONGEST_STRAY = 0.4  # seconds: with what the service takes, less than the settle time
_GARBAGE = b'{"id": "cut sho'
_FAULTS = ("lost before", "lost after", "502", "502 after", "429", "cut", "garbage", "delay")
# What leaves its sender in doubt is what is to be seen of a submission.
_POST_FAULTS = ("lost before", "lost after", "502 after", "429", "cut", "garbage", "stray", "stray")


@dataclass(frozen=True, slots=True)
class Mood:
    """How a proxy behaves: shares of requests, and of submissions, that go wrong, and listings.

    `slow` is the longest time (s) that a submission, and its answer, are each kept here.
    `private`: results are given once; they come in pieces, and nothing goes wrong with them.
    """

    rate: float = 0.0
    post_rate: float = 0.0
    slow: float = 0.0
    view: View = field(default_factory=View)
    private: bool = False


@dataclass(slots=True)
class Submission:
    """A submission that has come by: whether the service has taken it.

    `came` and `left` are when it came and when its sender had to give it up, or had an answer: the
    earliest time at which the sender, or who comes after it, can be in doubt.
    """

    came: float = field(default_factory=time.monotonic)
    left: float | None = None
    taken: bool = False


class _Here(threading.local):
    """What a thread is at."""

    handler: BaseHTTPRequestHandler
    submission: Submission
    delivery: Delivery | None


class UnrulyProxy(Proxy):
    """Misbehaves at random after `misbehave`, and less so after `calm`.

    What it does to a request is a `Rule` of the plain proxy, drawn for it. `done` counts what was
    done; `longest_way` is the longest time (s) that it took a submission to be carried out, from
    its arrival here: it must stay below the settle time, as the lag of listings does.
    `unsure_since` is when a submission last went astray. `came` counts submissions, requests for
    results, and results that are given once and have left whole, in this round; `taken` are the
    jobs that came of submissions, `deliveries` are of results that are given once.
    """

    def __init__(self, target: str, seed: int) -> None:
        super().__init__(target)
        self.done: Counter[str] = Counter()
        self.came: Counter[str] = Counter()
        self.taken = 0
        self.longest_way = 0.0
        self.unsure_since = 0.0
        self.deliveries: list[Delivery] = []
        self._mood = Mood()
        self._random = random.Random(seed)
        self._listings = Listings(seed, self.done)
        self._under_way: dict[int, Submission] = {}
        self._news = threading.Condition()
        self._here = _Here()

    def misbehave(self, mood: Mood) -> None:
        """Have a bad day, of another round."""
        with self._news:
            self.came.clear()
        self.taken, self.longest_way, self.deliveries = 0, 0.0, []
        self._mood, self._listings.view = mood, mood.view

    def calm(self) -> None:
        """Behave, but for the listings, and for submissions that go astray now and then."""
        mood = self._mood
        post_rate = min(mood.post_rate, 0.25)
        self._mood = Mood(post_rate=post_rate, view=mood.view, private=mood.private)

    def cut_off(self) -> list[Submission]:
        """Return the submissions whose sender has no answer yet, and is now to die."""
        with self._news:
            for submission in self._under_way.values():
                submission.left = time.monotonic()
            return list(self._under_way.values())

    def wait_for(
        self, kind: str, number: int, timeout: float, given_up: Callable[[], bool]
    ) -> None:
        """Wait until so many more of a kind have come by: "submission", "results" or "whole"."""
        deadline = time.monotonic() + timeout
        with self._news:
            wanted = self.came[kind] + number
            while self.came[kind] < wanted and time.monotonic() < deadline and not given_up():
                self._news.wait(0.05)

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        """Take a request, and note what is to be known of it."""
        here, path = self._here, handler.path.partition("?")[0]
        here.handler, here.delivery = handler, None
        if handler.command == "POST" and path.endswith("/jobs"):
            here.submission = Submission()
            with self._news:
                self._under_way[threading.get_ident()] = here.submission
            self._tell("submission")
        elif path.endswith("/results"):
            if self._mood.private:
                here.delivery = Delivery(path.split("/")[-2])
                self.deliveries.append(here.delivery)
            self._tell("results")
        try:
            super().pass_on(handler)
        finally:
            self._answered()
            if here.delivery is not None and here.delivery.ended is None:
                here.delivery.ended = time.monotonic()

    def rule_for(self, seen: Seen) -> Rule | None:
        """Draw what is to go wrong with a request."""
        submission = seen.method == "POST" and seen.path.endswith("/jobs")
        rate = self._mood.post_rate if submission else self._mood.rate
        if self._here.delivery is not None or self._random.random() >= rate:
            return None
        rule = Rule(seen.method, "")
        what = self._random.choice(_POST_FAULTS if submission else _FAULTS)
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
        elif what == "stray":
            stray = self._random.uniform(0, _LONGEST_STRAY)
            rule.before, rule.drop = lambda _seen: self._stray(stray), "after"
        else:
            delay = self._random.uniform(0, _LONGEST_DELAY)
            rule.before = lambda _seen: time.sleep(delay)
        if submission and what not in {"lost before", "429"}:
            self.unsure_since = time.monotonic()
        self.done[f"{what}, of a submission" if submission else what] += 1
        return rule

    def ask(self, handler: BaseHTTPRequestHandler, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        """Ask the service; tell the listings when a submission came, and show what they show."""
        asked = seen.path
        listing = seen.method == "GET" and asked.partition("?")[0].endswith("/jobs")
        submission = seen.method == "POST" and asked.endswith("/jobs")
        if submission:
            time.sleep(self._random.uniform(0, self._mood.slow))
        if listing:
            seen.path = self._listings.ask_for_all(asked)
        try:
            status, headers, body = super().ask(handler, seen)
        except (OSError, HTTPException):
            # The service is dead at the moment.
            return 502, {}, b"<html>nobody there</html>"
        finally:
            seen.path = asked
        if submission and status == 200:
            self._take(json.loads(body)["id"])
            time.sleep(self._random.uniform(0, self._mood.slow))
        elif listing and status == 200:
            body = self._listings.show(asked, body)
        elif self._here.delivery is not None:
            self._here.delivery.given = status == 200
        return status, headers, body

    def _take(self, job_id: str) -> None:
        submission = self._here.submission
        submission.taken = True
        self._listings.expect(job_id, lambda: submission.left)
        with self.lock:
            self.taken += 1
            self.longest_way = max(self.longest_way, time.monotonic() - submission.came)

    def _stray(self, seconds: float) -> None:
        """Have the sender take a submission for lost, while it is still on its way."""
        self._hang_up(self._here.handler)
        self._answered()
        time.sleep(seconds)

    def _answer(
        self,
        handler: BaseHTTPRequestHandler,
        seen: Seen,
        status: int,
        headers: dict[str, str],
        body: bytes,
        cut: int | None,
    ) -> None:
        delivery = self._here.delivery
        if delivery is None or status != 200:
            super()._answer(handler, seen, status, headers, body, cut)
            return
        seen.status = status
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        half = self._random.randrange(len(body))
        for piece in (body[:half], body[half:]):
            time.sleep(self._random.uniform(0, self._mood.slow))
            handler.wfile.write(piece)
        self._tell("whole")
        witness(delivery, handler.connection)

    @staticmethod
    def _hang_up(handler: BaseHTTPRequestHandler) -> None:
        try:
            Proxy._hang_up(handler)
        except OSError:
            handler.close_connection = True  # the other side has done so before

    def _tell(self, kind: str) -> None:
        with self._news:
            self.came[kind] += 1
            self._news.notify_all()

    def _answered(self) -> None:
        with self._news:
            submission = self._under_way.pop(threading.get_ident(), None)
            if submission is not None and submission.left is None:
                submission.left = time.monotonic()
