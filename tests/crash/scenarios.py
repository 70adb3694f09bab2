"""What the tool is doing when it is killed: commands, what comes before them, how to go on after.

Each scenario has a command that is watched, and killed; after it, whatever is killed, `finish`
must bring the set to where it should be.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ibmqbatch.exitcodes import ExitCode
from tests.crash.points import Kill
from tests.crash.stage import Stage
from tests.support.proxy import Seen

__all__ = ["SCENARIOS", "Scenario"]

Words = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` sets the stage and returns the command; `finish` goes on after its death.

    `finish` returns what is wrong then, a sentence each.
    """

    name: str
    circuits: int
    prepare: Callable[[Stage], Words]
    finish: Callable[[Stage, Words], list[str]]

    def events(self, stage: Stage) -> list[str]:
        """Run it undisturbed; return the crash points that it comes to."""
        words = self.prepare(stage)
        code, child = stage.run(*words)
        assert code in {0, ExitCode.PARTIAL}, (self.name, code, child.err.read_text())
        events = child.events()
        assert not self.finish(stage, words)
        return events

    def killed(self, stage: Stage, kill: Kill) -> tuple[bool, list[str]]:
        """Run it and kill it; return whether it came to that, and what is wrong in the end."""
        words = self.prepare(stage)
        code, child = stage.run(*words, kill=kill)
        assert code in {0, ExitCode.PARTIAL, -9}, (self.name, code, child.err.read_text())
        return code == -9, self.finish(stage, words)


def _again(stage: Stage, words: Words) -> list[str]:
    """Run the same command again, as a CI step that is restarted does; then look."""
    stage.done(*words)
    return stage.audit().faults


def _resume(stage: Stage, _words: Words) -> list[str]:
    stage.done("resume", "latest", "--wait")
    return stage.audit().faults


# Sending, for the first time and again.


def _submit(*more: object) -> Callable[[Stage], Words]:
    return lambda stage: stage.submit_words("--wait", *more)


def _resume_planned(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--detach"))
    return ("resume", "latest", "--wait")


def _resume_dropped(side: str) -> Callable[[Stage], Words]:
    """Lose every request, or every answer: each job is unsure, and then sent again, or adopted."""

    def prepare(stage: Stage) -> Words:
        stage.proxy.when("POST", "/jobs", times=stage.total, drop=side)
        # It dies when it is about to find out.
        kill = Kill("jobset/observe.py:observe:commit before")
        assert stage.run(*stage.submit_words(), kill=kill)[0] == -9
        return ("resume", "latest", "--wait")

    return prepare


def _submit_pending(stage: Stage) -> Words:
    stage.env["IBMQBATCH_MAX_PENDING"] = "2"
    return stage.submit_words("--wait")


def _submit_taken_away(stage: Stage) -> Words:
    """Have the service refuse the sampler after two jobs: the executor sends the others."""
    told = {"errors": [{"code": 1208, "message": "program_id: must be one of executor"}]}
    rule = stage.proxy.when("POST", "/jobs", status=400, body=json.dumps(told).encode())

    def fits(seen: Seen) -> bool:
        asks = seen.method == "POST" and b'"program_id": "sampler"' in seen.body
        return asks and stage.proxy.submissions > 2

    rule.fits = fits  # type: ignore[method-assign]
    return stage.submit_words("--wait")


def _submit_after(kill: Kill) -> Callable[[Stage], Words]:
    """Have another process die before."""

    def prepare(stage: Stage) -> Words:
        words = stage.submit_words("--wait")
        assert stage.run(*words, kill=kill)[0] == -9
        # What was kept of some other set goes when a set is planned.
        old = stage.folder / "runtime" / "20260101-zzzzzzz.lease"
        old.parent.mkdir(mode=0o700, exist_ok=True)
        old.touch()
        os.utime(old, (0, 0))
        return words

    return prepare


def _resume_unlisted(stage: Stage) -> Words:
    """Have the listing be empty once: jobs that are known are asked for by their ids."""
    stage.done(*stage.submit_words())
    stage.proxy.when("GET", "/jobs?", status=200, body=b'{"jobs": [], "count": 0}')
    return ("resume", "latest", "--wait")


def _resume_backup(stage: Stage) -> Words:
    """Lose the file that jobs were sent from; put an old one in its place, while listings lag."""
    stage.done(*stage.submit_words("--detach"))
    shutil.copytree(stage.home, stage.folder / "backup")
    kill = Kill("jobset/submit.py:_Sender._post:request after", 2)
    assert stage.run("resume", "latest", kill=kill)[0] == -9
    shutil.rmtree(stage.home)
    shutil.copytree(stage.folder / "backup", stage.home)
    stage.proxy.when("GET", "/jobs?", times=2, status=200, body=b'{"jobs": [], "count": 0}')
    return ("resume", "latest", "--wait")


def _resume_elsewhere(stage: Stage) -> Words:
    """Have the machine know nothing of what was sent, as another one, or after a restart."""
    stage.done(*stage.submit_words("--detach"))
    shutil.rmtree(stage.folder / "runtime")
    return ("resume", "latest", "--wait")


# Wants: what is asked for of a set that is there.


def _retag(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    return ("retag", "latest", "--add", "late", "--name", "renamed")


def _retagged(stage: Stage, words: Words) -> list[str]:
    stage.done(*words)
    stage.done("resume", "latest", "--wait")
    set_id = stage.set_id()
    assert set_id is not None
    faults = [
        f"job {job.id} has the tags {job.tags}"
        for job in stage.stored(set_id)
        if "late" not in job.tags or not job.tags[-1].endswith("_renamed")
    ]
    return faults + stage.audit().faults


def _cancel(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--detach"))
    return ("cancel", "latest")


def _cancelled(stage: Stage, words: Words) -> list[str]:
    stage.done(*words)
    set_id = stage.set_id()
    assert set_id is not None
    sent = stage.on_service(set_id)
    return [f"sent though it was cancelled: {dict(sent)}"] if sent else []


def _cancel_sent(stage: Stage) -> Words:
    stage.done(*stage.submit_words(slow=True))
    return ("cancel", "latest")


def _cancelled_sent(stage: Stage, words: Words) -> list[str]:
    stage.done(*words, codes=(0, ExitCode.PARTIAL))
    stage.done("resume", "latest", "--wait", codes=(0, ExitCode.PARTIAL))
    return stage.audit(cancelled=True).faults


def _retry(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--detach"))
    stage.done("cancel", "latest")
    return ("retry", "latest", "--cancelled", "--wait")


def _retried(stage: Stage, words: Words) -> list[str]:
    stage.done(*words)
    return _resume(stage, words)


def _spoil(seen: Seen) -> None:
    """Make a submission's circuit unreadable on its way: the service takes it, and it fails."""
    told = json.loads(seen.body)
    circuit = told["params"]["pubs"][0][0]
    circuit["__value__"] = "A" * len(circuit["__value__"])
    spoilt = json.dumps(told, separators=(",", ":")).encode()
    assert len(spoilt) <= len(seen.body)
    seen.body = spoilt.ljust(len(seen.body))


def _retry_failed(stage: Stage) -> Words:
    """Have all jobs be taken, and fail."""
    stage.proxy.when("POST", "/jobs", times=stage.total, before=_spoil)
    stage.done(*stage.submit_words("--wait"), codes=(ExitCode.PARTIAL,))
    return ("retry", "latest", "--wait")


def _retried_failed(stage: Stage, words: Words) -> list[str]:
    stage.done(*words)
    stage.done("resume", "latest", "--wait")
    return stage.audit(failed=range(stage.total)).faults


# Results, and what is kept of them.


def _collect(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--detach"))
    stage.done("resume", "latest")
    return ("results", "latest", "--wait", "--json")


def _usage(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    return ("status", "latest", "--usage")


def _damaged(stage: Stage) -> Words:
    """Flip a bit in a stored result; let another body arrive that is none."""
    import sqlite3

    stage.done(*stage.submit_words("--wait"))
    set_id = stage.set_id()
    path = stage.home / "sets" / f"{set_id}.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE results SET sha256 = 'x' WHERE rowid = 1")
    connection.close()
    return ("results", "latest", "--json", "--wait")


def _not_there_at_first(stage: Stage) -> Words:
    """Have results come cut short, or not at all, at first."""
    stage.done(*stage.submit_words("--detach"))
    stage.done("resume", "latest")
    stage.proxy.when("GET", "/results", times=2, status=200, body=b'{"results": [')
    stage.proxy.when("GET", "/results", times=1, status=204)
    return ("results", "latest", "--wait", "--json")


def _refresh(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    return ("results", "latest", "--refresh", "--json")


def _gone_at_first(stage: Stage) -> Words:
    """Have the service deny for once that it has one of the jobs, long after these ended."""
    import sqlite3

    stage.done(*stage.submit_words())
    stage.done("status", "latest", "--watch")
    path = stage.home / "sets" / f"{stage.set_id()}.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE remotes SET result_tries = 99, finished_at = NULL")
    connection.close()
    denial = json.dumps({"errors": [{"code": 1291, "message": "Job not found."}]}).encode()
    job = stage.stored(str(stage.set_id()))[0].id
    stage.proxy.when("GET", f"/jobs/{job}/results", times=1, status=404, body=denial)
    stage.proxy.when("GET", f"/jobs/{job}?", times=1, status=404, body=denial)
    return ("results", "latest", "--json")


def _refreshed(stage: Stage, _words: Words) -> list[str]:
    stage.proxy.rules.clear()
    stage.done("results", "latest", "--refresh")
    stage.done("resume", "latest", "--wait")
    return stage.audit().faults


# Copies.


def _export(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    return ("export", "latest", "-o", stage.folder / "copy.sqlite", "--force")


def _import(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--detach"))
    stage.done("export", "latest", "-o", stage.folder / "copy.sqlite")
    shutil.rmtree(stage.home / "sets")
    shutil.rmtree(stage.home / "once")
    return ("import", stage.folder / "copy.sqlite")


def _imported(stage: Stage, words: Words) -> list[str]:
    stage.done(*words)
    stage.done("resume", "latest", "--take-over", "--wait")
    return stage.audit().faults


def _take_over(stage: Stage) -> Words:
    stage.done(*_import(stage))
    return ("resume", "latest", "--take-over", "--wait")


def _taken_over(stage: Stage, words: Words) -> list[str]:
    stage.done(*words)
    return stage.audit().faults


def _forget(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    stage.forgotten.add(str(stage.set_id()))
    return ("forget", "latest", "--yes")


def _forgotten(stage: Stage, _words: Words) -> list[str]:
    if stage.set_id() is not None:
        stage.done("forget", "latest", "--yes")
    stage.done("collect")
    # The key is free again: the next submission makes another set.
    stage.done(*stage.submit_words("--wait"))
    return stage.audit().faults


def _recover(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    set_id = stage.set_id()
    shutil.rmtree(stage.home)
    return ("recover", set_id)


def _recover_tagged(stage: Stage) -> Words:
    tag = uuid.uuid4().hex  # other stages have sets of the same account
    stage.done(*stage.submit_words("--wait", "--tag", tag))
    shutil.rmtree(stage.home)
    return ("recover", "--tag", tag)


def _recover_jobs(stage: Stage) -> Words:
    stage.done(*stage.submit_words("--wait"))
    told = json.loads(stage.done("status", "latest", "--json"))
    ids = [job["id"] for job in told["data"]["job_set"]["jobs"]]
    shutil.rmtree(stage.home)
    return ("recover", *(word for job_id in ids for word in ("--job", job_id)))


def _recovered_jobs(stage: Stage, words: Words) -> list[str]:
    # A set that was made before the kill is one; the same jobs again would make another.
    if stage.set_id() is None:
        stage.done(*words)
    stage.done("collect")
    return stage.results(str(stage.set_id()))


_MANY, _FEW = 12, 3
_PLANNING = Kill("manifest/draft.py:Draft.commit:sync before")
_FETCHING = Kill("jobset/fetch.py:_keep:unlink before", _FEW)  # all results are stored

SCENARIOS: Sequence[Scenario] = (
    Scenario("submit", _MANY, _submit(), _again),
    Scenario("submit, private", _FEW, _submit("--private"), _again),
    Scenario("submit, in a batch", _FEW, _submit("--batch"), _again),
    Scenario("submit, few may wait", _FEW, _submit_pending, _again),
    Scenario("submit, few may fail", _FEW, _submit("--max-fails", 9), _again),
    Scenario("submit, the sampler taken away", _FEW, _submit_taken_away, _again),
    Scenario("submit after a half plan", _FEW, _submit_after(_PLANNING), _again),
    Scenario("submit after a half fetch", _FEW, _submit_after(_FETCHING), _again),
    Scenario("resume", _FEW, _resume_planned, _resume),
    Scenario("resume, second attempts", _MANY, _resume_dropped("before"), _resume),
    Scenario("resume, adoption", _MANY, _resume_dropped("after"), _resume),
    Scenario("resume, an empty listing", _FEW, _resume_unlisted, _resume),
    Scenario("resume, an old backup", _FEW, _resume_backup, _resume),
    Scenario("resume, elsewhere", _FEW, _resume_elsewhere, _resume),
    Scenario("retag", _FEW, _retag, _retagged),
    Scenario("cancel", _FEW, _cancel, _cancelled),
    Scenario("cancel, sent", _FEW, _cancel_sent, _cancelled_sent),
    Scenario("retry", _FEW, _retry, _retried),
    Scenario("retry, sent and failed", _FEW, _retry_failed, _retried_failed),
    Scenario("results", _FEW, _collect, _resume),
    Scenario("results, damaged", _FEW, _damaged, _resume),
    Scenario("results, not there at first", _FEW, _not_there_at_first, _resume),
    Scenario("results, refreshed", _FEW, _refresh, _refreshed),
    Scenario("results, gone at first", _FEW, _gone_at_first, _refreshed),
    Scenario("usage", _FEW, _usage, _resume),
    Scenario("export", _FEW, _export, _again),
    Scenario("import", _FEW, _import, _imported),
    Scenario("take over", _FEW, _take_over, _taken_over),
    Scenario("forget", _FEW, _forget, _forgotten),
    Scenario("recover", _FEW, _recover, _again),
    Scenario("recover, by tag", _FEW, _recover_tagged, _again),
    Scenario("recover, jobs", _FEW, _recover_jobs, _recovered_jobs),
)
