"""One set, from its plan to its last result, with commands, service and workers killed on the way.

What is killed, when and how often is drawn at random. Afterwards all is calm, the same command runs
to its end, and the service's own records are held against what came home.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ibmqbatch.exitcodes import ExitCode
from tests.crash.stage import Stage
from tests.crash.theatre import SPEED, Theatre
from tests.crash.zygote import Child
from tests.soak.unruly import UnrulyProxy

__all__ = ["SETTLE", "Report", "play"]

CIRCUITS = 12
SETTLE = 30.0 / SPEED  # seconds; an account's settle time, on a clock of this speed
_LONGEST_LAG = 0.25  # seconds
_LONGEST_LIFE = 0.45  # seconds, that a command is left
_WORKER_DIES = 0.25  # of the rounds
_POST = "jobset/send.py:_Sender._post:request before"
_STORED = "jobset/fetch.py:_keep:commit after"
_ASKED = "jobset/fetch.py:_arrive:request before"
_GIVEN = "jobset/fetch.py:_arrive:request after"
_OTHERS: Sequence[tuple[object, ...]] = (
    ("resume", "latest", "--wait", "--quiet"),
    ("results", "latest", "--wait", "--json"),
    ("collect",),
    ("status", "latest"),
)


@dataclass
class Report:
    """What became of rounds. `landed` counts kills by what was killed, `at` by what it was doing.

    `midway` are those between the first submission of a set and its last result. `in_transit` are
    results that are given once and were on their way when their reader died; `faults` what must
    never be.
    """

    rounds: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    midway: int = 0
    jobs: int = 0
    in_transit: int = 0
    beyond: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All kills that met something alive."""
        return sum(self.landed.values())

    def add(self, other: Report) -> None:
        """Take in another report."""
        self.rounds += other.rounds
        self.landed += other.landed
        self.at += other.at
        self.midway += other.midway
        self.jobs += other.jobs
        self.in_transit += other.in_transit
        self.beyond += other.beyond
        self.faults += other.faults


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
        self._longest = 0.0
        private = self._random.random() < 0.15
        kind = ("--private",) if private else ("--batch",) if self._random.random() < 0.15 else ()
        self._private = private
        self._words = stage.submit_words("--wait", *kind)

    def play(self) -> Report:
        draw = self._random
        self._proxy.misbehave(
            rate=draw.choice((0.0, 0.05, 0.15)),
            lag=draw.uniform(0, _LONGEST_LAG),
            spare_results=self._private,
        )
        self._proxy.longest_way = 0.0
        victims = draw.choices(("command", "service"), (94, 6), k=draw.randint(3, 8))
        if draw.random() < _WORKER_DIES:
            # Once: a job whose worker dies again under it has failed.
            victims[draw.randrange(len(victims))] = "worker"
        for victim in victims:
            self._kill(victim)
        self._longest = self._proxy.longest_way + self._proxy.lag
        self._proxy.calm()
        try:
            self._finish()
        except AssertionError as error:
            self._report.faults.append(f"seed {self._seed}: {error}")
        return self._report

    def _kill(self, victim: str) -> None:
        """Have one or two commands at work, and somebody die."""
        started = [self._start() for _ in range(self._random.choice((1, 1, 1, 2)))]
        time.sleep(self._random.uniform(0, _LONGEST_LIFE))
        if victim == "command":
            os.kill(started[0].pid, signal.SIGKILL)
        elif victim == "worker":
            if self._theatre.embedded.kill_worker(self._random.randrange(8)):
                self._count("worker", started[0])
        else:
            self._theatre.embedded.kill()
            self._count("service", started[0])
            self._theatre.embedded.start()
            self._proxy.target = urlsplit(self._theatre.embedded.told["url"])
        for child in started:
            if victim != "command":
                # What goes on when others die is looked at for a while, and then dies as well.
                time.sleep(self._random.uniform(0, _LONGEST_LIFE))
                os.kill(child.pid, signal.SIGKILL)
            elif child is not started[0]:
                os.kill(child.pid, signal.SIGKILL)
            if self._stage.zygote.wait(child) == -signal.SIGKILL:
                self._count("command", child)

    def _start(self) -> Child:
        known = self._stage.set_id() is not None
        words = self._random.choice((self._words, *_OTHERS)) if known else self._words
        child = self._stage.start(*words)
        self._children.append(child)
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
        audit = stage.audit()
        report.jobs += audit.jobs
        audit.faults += stage.untagged(tag)
        lost = self._lost() if self._private else 0
        report.in_transit += lost
        faults = [fault for fault in audit.faults if not (lost and fault.startswith("results"))]
        if code != 0 and not lost:
            faults.append(f"exit code {code}: {child.err.read_text()[-400:]}")
        if self._longest >= SETTLE:
            # Then a job may stand twice; all else must hold.
            report.beyond += 1
            faults = [fault for fault in faults if "on the service as" not in fault]
        if faults:
            report.faults.append(f"seed {self._seed}: {'; '.join(faults)}")

    def _lost(self) -> int:
        """Count the results that are lost because they were on their way; others are faults."""
        lost = self._stage.lost()
        cut_short = 0
        for child in self._children:
            seen = Counter(child.events())
            cut_short += seen[_ASKED] > seen[_GIVEN]
        if lost > cut_short:
            self._report.faults.append(
                f"seed {self._seed}: {lost} results lost, {cut_short} cut short"
            )
        return lost
