"""One set, from its plan to its last result, with commands, service and workers killed on the way.

What is killed, when and how often is drawn at random. Afterwards all is calm, the same command runs
to its end, and the service's own records are held against what came home.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ibmqbatch.exitcodes import ExitCode
from tests.crash.books import Books
from tests.crash.commands import Child
from tests.crash.stage import Stage
from tests.crash.theatre import SPEED, Theatre
from tests.soak import deliveries
from tests.soak.listings import View
from tests.soak.report import Report
from tests.soak.unruly import Mood, Submission, UnrulyProxy

__all__ = ["SETTLE", "play"]

CIRCUITS = 12
SETTLE = 30.0 / SPEED  # seconds; an account's settle time, on a clock of this speed
_LONGEST_LIFE = 0.45  # seconds, that a command is left
_PATIENCE = 1.2  # seconds, that a moment is waited for
_WORKER_DIES = 0.25  # of the rounds
_PRIVATE = 0.2  # of the rounds
_POST = "jobset/submit.py:_Sender._post:request before"
_ASKED = "jobset/fetch.py:_download:request before"
_GIVEN = "jobset/fetch.py:_download:request after"
_STORED = "jobset/fetch.py:_keep:commit after"
_OTHERS: Sequence[tuple[object, ...]] = (
    ("resume", "latest", "--wait", "--quiet"),
    ("resume", "latest", "--wait", "--quiet"),
    ("results", "latest", "--wait", "--json"),
    ("collect",),
    ("status", "latest"),
)


def play(theatre: Theatre, seed: int) -> Report:
    """Play one round, all of whose chances follow from `seed`."""
    with theatre.stage(CIRCUITS) as stage:
        return _Round(theatre, stage, seed).play()


class _Round:
    def __init__(self, theatre: Theatre, stage: Stage, seed: int) -> None:
        assert isinstance(theatre.proxy, UnrulyProxy)
        self._theatre, self._stage, self._seed = theatre, stage, seed
        self._proxy: UnrulyProxy = theatre.proxy
        self._random = random.Random(seed)
        self._report = Report(rounds=1)
        self._children: list[Child] = []
        self._alive: list[Child] = []
        self._kills: list[float] = []
        self._cut_off: list[Submission] = []
        self._met: list[deliveries.Delivery] = []
        self._private = self._random.random() < _PRIVATE
        batch = not self._private and self._random.random() < 0.15
        kind = ("--private",) if self._private else ("--batch",) if batch else ()
        self._words = stage.submit_words("--wait", *kind)
        if self._random.random() < 0.3:
            # Then not all submissions are on their way at once.
            stage.env["IBMQBATCH_MAX_PENDING"] = str(self._random.randint(2, 5))

    def play(self) -> Report:
        try:
            self._disturb()
            self._proxy.calm()
            self._finish()
        except AssertionError as error:
            self._fault(str(error))  # one of a command that hangs, too
        finally:
            self._proxy.calm()
            for child in self._alive:
                with contextlib.suppress(ProcessLookupError):  # one that hung has been ended
                    os.kill(child.pid, signal.SIGKILL)
        return self._report

    def _fault(self, what: str) -> None:
        self._report.faults.append(f"seed {self._seed}: {what}")

    def _mood(self) -> Mood:
        draw = self._random
        low, high = draw.choice(((0.0, 0.5), (0.85, 0.95), (0.85, 0.95), (0.85, 0.95)))
        paged = draw.random() < 0.5
        self._report.late += low >= 0.85
        self._report.paged += paged
        return Mood(
            rate=draw.choice((0.0, 0.05, 0.15)),
            post_rate=draw.choice((0.0, 0.25, 0.5)),
            slow=draw.choice((0.0, 0.03, 0.06)),
            view=View(
                lag=draw.uniform(low, high) * SETTLE,
                page=draw.choice((4, 5, 7)) if paged else None,
                order=draw.choice(("given", "mixed", "shifting", "shifting")),
                copies=draw.random() < 0.15,
            ),
            private=self._private,
        )

    def _disturb(self) -> None:
        draw = self._random
        self._proxy.misbehave(self._mood())
        victims = draw.choices(("command", "service"), (94, 6), k=draw.randint(3, 8))
        if draw.random() < _WORKER_DIES:
            # Once: a job whose worker dies again under it has failed.
            victims[draw.randrange(len(victims))] = "worker"
        for victim in victims:
            self._kill(victim)

    def _kill(self, victim: str) -> None:
        """Have one or two commands at work, and somebody die."""
        started = [self._start() for _ in range(self._random.choice((1, 1, 1, 2)))]
        self._wait_for_a_moment(started)
        sending = self._proxy.cut_off() if victim == "command" else []
        before = self._report.kills
        self._kills.append(time.monotonic())
        if victim == "command":
            os.kill(started[0].pid, signal.SIGKILL)
        elif victim == "worker":
            if self._theatre.service.kill_worker(self._random.randrange(8)):
                self._count("worker", started[0])
        else:
            self._theatre.service.end(signal.SIGKILL)
            self._count("service", started[0])
            self._theatre.service.start()
            self._proxy.target = urlsplit(self._theatre.service.service["url"])
        for child in started:
            if victim != "command":
                # What goes on when others die is looked at for a while, and then dies as well.
                time.sleep(self._random.uniform(0, _LONGEST_LIFE))
            if victim != "command" or child is not started[0]:
                self._kills.append(time.monotonic())
                os.kill(child.pid, signal.SIGKILL)
            if child.wait() == -signal.SIGKILL:
                self._count("command", child)
            self._alive.remove(child)
        self._note_deliveries(started)
        if sending and self._report.kills > before:
            self._report.sending += 1
            self._cut_off += sending

    def _note_deliveries(self, started: Sequence[Child]) -> None:
        """See whether those who are dead now had got all that they had asked for."""
        met = [each for each in self._proxy.deliveries if each not in self._met]
        self._met += met
        events = [child.events() for child in started]
        if all(mine.count(_ASKED) == mine.count(_GIVEN) for mine in events):
            for delivery in met:
                delivery.noted = delivery.whole is not None

    def _wait_for_a_moment(self, started: Sequence[Child]) -> None:
        """Wait for a submission, or for results, to be on their way, or just for a while."""
        draw, left = self._random, CIRCUITS - self._proxy.taken
        once = 0 if left > 0 or not self._private else 5
        kind = draw.choices(
            ("submission", "results", "whole", "a while", "settling"),
            (6 if left > 0 else 0, 1 if left > 0 else 3, once, 3, 5 if self._in_doubt() else 0),
        )[0]
        if kind == "settling":
            time.sleep(draw.uniform(0.8, 1.6) * SETTLE)
            return
        if kind == "a while":
            time.sleep(draw.uniform(0, _LONGEST_LIFE))
            return
        number = draw.randint(1, 3)
        self._proxy.wait_for(kind, number, _PATIENCE, lambda: all(map(_has_ended, started)))
        time.sleep(draw.uniform(0, 0.008 if kind == "whole" else 0.04))

    def _in_doubt(self) -> bool:
        """Tell whether somebody may wait for a listing to tell what became of a submission."""
        last = max([self._proxy.unsure_since, *(each.came for each in self._cut_off)])
        return time.monotonic() - last < SETTLE

    def _start(self) -> Child:
        known = self._stage.set_id() is not None
        words = self._random.choice((self._words, *_OTHERS)) if known else self._words
        child = self._stage.start(*words)
        self._children.append(child)
        self._alive.append(child)
        return child

    def _count(self, victim: str, child: Child) -> None:
        events = child.events()
        if not events:
            return  # it had not begun, and nothing was to be lost
        self._report.landed[victim] += 1
        self._report.at[events[-1].rpartition(":")[0]] += 1
        seen = Counter(event for each in self._children for event in each.events())
        if seen[_POST] and seen[_STORED] < CIRCUITS:
            self._report.midway += 1

    def _finish(self) -> None:
        report, stage = self._report, self._stage
        tag = f"acknowledged{self._seed}"
        code, child = stage.run(*self._words)
        stage.done("retag", "latest", "--add", tag)
        stage.done("resume", "latest", "--wait", codes=(0, ExitCode.PARTIAL))
        lost = stage.lost()
        audit = stage.audit(lost=lost)
        report.jobs += audit.jobs
        report.given_once += CIRCUITS if self._private else 0
        report.in_transit += len(lost)
        report.cut_off += len(self._cut_off)
        report.cut_off_taken += sum(each.taken for each in self._cut_off)
        self._count_settled()
        faults = audit.faults + stage.untagged(tag)
        faults += deliveries.faults(list(lost.values()), self._proxy.deliveries, self._kills)
        if code != (ExitCode.PARTIAL if lost else ExitCode.DONE):
            faults.append(f"exit code {code}: {child.err.read_text()[-400:]}")
        if self._proxy.longest_way >= SETTLE:
            # Then a job may stand twice; all else must hold.
            report.beyond += 1
            faults = [fault for fault in faults if not fault.startswith("job ")]
        if faults:
            self._fault("; ".join(faults))

    def _count_settled(self) -> None:
        events = Books(self._stage.home / "sets" / f"{self._stage.set_id()}.sqlite").events
        self._report.adopted += events["adopted"]
        self._report.resent += events["absent"]


def _has_ended(child: Child) -> bool:
    """Tell whether a command has ended, and has not been waited for."""
    try:
        return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
