"""Where a job set lives while it is killed: a data folder, a service, a proxy in between."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.jobset.tags import find_job_tag, set_tag
from tests.crash.books import Books
from tests.crash.commands import Child, Commands
from tests.crash.points import Kill
from tests.support.circuits import basis_state
from tests.support.proxy import Proxy
from tests.support.service import LocalServer, Stored

__all__ = ["Audit", "Stage", "write_slow", "write_states"]

WIDTH = 4  # bits: up to 16 circuits, each with an outcome of its own


def write_states(folder: Path, count: int) -> Path:
    """Write circuits whose only outcomes are their own numbers; return their folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"c{number}.qasm").write_text(basis_state(f"{number:0{WIDTH}b}"))
    return folder


def write_slow(folder: Path, count: int) -> None:
    """Write circuits that the simulator runs shot by shot."""
    folder.mkdir()
    text = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[12];\ncreg a[12];\ncreg c[12];\n'
        "h q;\nmeasure q -> a;\nh q;\nmeasure q -> c;\n"
    )
    for number in range(count):
        (folder / f"slow{number}.qasm").write_text(text)


@dataclass
class Audit:
    """What became of a set: `faults` is empty where every circuit ran once and came home."""

    jobs: int = 0
    faults: list[str] = field(default_factory=list)


class Stage:
    """One data folder, whose account leads to the service through the proxy."""

    def __init__(
        self, folder: Path, commands: Commands, service: LocalServer, proxy: Proxy, circuits: Path
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.commands = commands
        self.service = service
        self.proxy = proxy
        self.circuits = circuits
        self.total = len(list(circuits.iterdir()))
        self.forgotten: set[str] = set()  # sets whose jobs are of no further interest
        self._before = service.newest()
        told = service.service
        self.home = folder / "home"
        self.env = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(folder),
            "IBMQBATCH_HOME": str(self.home),
            "IBMQBATCH_RUNTIME": str(folder / "runtime"),
            "IBMQBATCH_URL": f"{proxy.url}/api/v1",
            "IBMQBATCH_IAM_URL": proxy.url,
            "IBMQBATCH_TOKEN": told["api_key"],
            "IBMQBATCH_INSTANCE": told["crn"],
            "IBMQBATCH_PACE": "0",
        }

    def start(self, *words: object, kill: Kill | None = None) -> Child:
        """Start a command."""
        return self.commands.start(*words, env=self.env, cwd=self.folder, kill=kill)

    def run(self, *words: object, kill: Kill | None = None) -> tuple[int, Child]:
        """Run a command to its end, or to the event at which it is killed."""
        return self.commands.run(*words, env=self.env, cwd=self.folder, kill=kill)

    def done(self, *words: object, codes: Sequence[int] = (0,)) -> str:
        """Run a command that must end well; return what it printed."""
        code, child = self.run(*words)
        out, err = child.out.read_text(), child.err.read_text()
        assert code in codes, f"{words}: exit code {code}\n{out}\n{err}"
        return out

    def submit_words(self, *more: object, slow: bool = False) -> tuple[object, ...]:
        """Return the command that makes a set of all circuits, each in a job of its own, once.

        `slow`: of circuits that take a while.
        """
        return (
            *("submit", self.circuits.with_name("slow") if slow else self.circuits),
            *("--backend", "ideal_simulator", "--once", "key", "--max-circuits", 1),
            *("--shots", 2000 if slow else 5, "--quiet", *more),
        )

    def set_id(self) -> str | None:
        """Return the set of this folder, if there is one."""
        found = list((self.home / "sets").glob("*.sqlite"))
        assert len(found) <= 1, found
        return found[0].stem if found else None

    def on_service(self, set_id: str) -> Counter[int]:
        """Count the jobs that the service has of a set, by their index."""
        found = (find_job_tag(set_id, job.tags) for job in self.stored(set_id))
        return Counter(tag.job for tag in found if tag is not None)

    def stored(self, set_id: str) -> list[Stored]:
        """Return the jobs of a set from the service's own records."""
        return self.service.jobs(set_tag(set_id))

    def audit(
        self, *, failed: Collection[int] = (), cancelled: bool = False, lost: Collection[int] = ()
    ) -> Audit:
        """Compare what the service has run with what it should have, and what came home.

        All jobs are looked at that it has taken since this stage was set, whatever their tags. Jobs
        of the indexes `failed` have failed once before. `cancelled`: any job may have been, and
        results are left out. The results of `lost` are not there.
        """
        audit = Audit()
        set_id = self.set_id()
        if set_id is None:
            audit.faults.append("there is no set")
            return audit
        books = Books(self.home / "sets" / f"{set_id}.sqlite")
        made: dict[int, list[Stored]] = {index: [] for index in range(self.total)}
        for job in self.service.jobs_after(self._before):
            if any(set_tag(other) in job.tags for other in self.forgotten):
                continue
            audit.jobs += 1
            tag = find_job_tag(set_id, job.tags)
            if tag is None or set_tag(set_id) not in job.tags or tag.job not in made:
                audit.faults.append(f"{job} is none of the set's")
            elif tag.nonce not in books.nonces:
                audit.faults.append(f"{job} carries a nonce that nobody has committed")
            else:
                made[tag.job].append(job)
        for index, found in made.items():
            ends = Counter((job.status, job.runs) for job in found)
            wanted = Counter({("Completed", 1): 1})
            if index in failed:
                wanted["Failed", 0] += 1
            stopped = cancelled and [end[0] for end in ends.elements()] == ["Cancelled"]
            if ends != wanted and not stopped:
                audit.faults.append(f"job {index} is on the service as {found}")
        kept = {
            index: job.id
            for index, found in made.items()
            for job in found
            if job.status != "Failed"
        }
        audit.faults += books.faults(kept, self.total, cancelled=cancelled)
        if not cancelled:
            audit.faults += self.results(set_id, lost=lost)
        return audit

    def results(self, set_id: str, *, lost: Collection[int] = ()) -> list[str]:
        """Return what is wrong with the results that are here; those of `lost` must be missing."""
        code, child = self.run("results", set_id, "--json")
        told = json.loads(child.out.read_text())
        if code != (ExitCode.PARTIAL if lost else ExitCode.DONE):
            return [f"results: exit code {code}: {told['errors']}"]
        found = {item["index"]: item["counts"] for item in told["data"]["results"]}
        expected = {n: {f"{n:0{WIDTH}b}": 5} for n in range(self.total) if n not in lost}
        return [
            f"circuit {n}: {found.get(n)} instead of {expected.get(n)}"
            for n in sorted(expected.keys() | found.keys())
            if found.get(n) != expected.get(n)
        ]

    def untagged(self, tag: str) -> list[str]:
        """Return which jobs on the service lack a tag that was wanted."""
        set_id = self.set_id()
        assert set_id is not None
        return [f"{job} lacks {tag}" for job in self.stored(set_id) if tag not in job.tags]

    def lost(self) -> dict[int, str]:
        """Return the jobs whose results are lost, by index, with their ids."""
        set_id = self.set_id()
        assert set_id is not None
        found = Books(self.home / "sets" / f"{set_id}.sqlite").lost
        told = json.loads(self.done("status", "latest", "--json"))
        assert int(told["data"]["job_set"]["lost_jobs"]) == len(found)
        return found
