"""Making a set of jobs that another program has sent.

What a job was asked to do tells which circuits it holds and how many shots each gets; they need not
be read for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import IbmqbatchError, Problem, UsageError
from ...manifest.draft import Draft, DraftCircuit, DraftJob, DraftSet
from ...manifest.ids import new_set_id
from ...service.error_mapping import printable
from ...service.errors import NotFound
from ..errors import NoSuchJob
from ..job_writer import read_params
from ..notes import values_in
from ..request import AUTO, EXECUTOR, PROGRAMS
from ..sent import SentJob
from ..tags import MAX_NAME, MAX_TAGS, find_place, is_ours
from .circuits import CircuitName, ask, draft_remote, measured_in, name_of

if TYPE_CHECKING:
    from ...clock import Clock
    from ...service.client import Client
    from ...service.models import RemoteJob

__all__ = ["recover_jobs", "recover_listed"]


def recover_jobs(
    client: Client,
    job_ids: Sequence[str],
    name: str | None,
    clock: Clock,
    progress: Callable[[str, int, int], None],
) -> Path:
    """Make a set of jobs that were sent by another program, in the order given; return its file.

    Nothing of the jobs is changed. Raises NoSuchJob, UsageError for jobs that cannot be made a set,
    and ServiceErrors.
    """
    jobs = [_look_up(client, job_id) for job_id in dict.fromkeys(job_ids)]
    backends = {job.backend for job in jobs}
    if len(backends) > 1:
        raise UsageError(
            f"The jobs ran on different backends: {', '.join(sorted(backends))}.",
            "Make a set of those of each.",
        )
    path = recover_listed(client, jobs, name, clock, progress)
    assert path is not None
    return path


def recover_listed(
    client: Client,
    jobs: Sequence[RemoteJob],
    name: str | None,
    clock: Clock,
    progress: Callable[[str, int, int], None],
    *,
    problems: list[Problem] | None = None,
) -> Path | None:
    """Make a set of jobs of one backend that are known already; return its file.

    With `problems` a job that cannot be used is left out, and what is wrong with it appended; where
    none is left there is no set, and None is returned.
    """
    kept: list[RemoteJob] = []
    options: Mapping[str, Any] = {}
    with Draft(new_set_id()) as draft:
        draft_jobs: list[DraftJob] = []
        first = 0
        for done, (job, params) in enumerate(ask(client, jobs, clock), 1):
            progress("rebuilding", done, len(jobs))
            try:
                sent = _read(client, job, params)
            except IbmqbatchError as error:
                if problems is None:
                    raise
                problems += error.problems
                continue
            _add_circuits(draft, job, sent)
            most = max(pub.shots for pub in sent.pubs)
            draft_jobs.append(DraftJob(first, first + sent.circuits - 1, 0, most))
            first += sent.circuits
            options = options if kept else sent.options
            kept.append(job)
        if not kept:
            return None
        leading = kept[0]
        common = set.intersection(*(set(job.tags) for job in kept))
        # Of a job that this program has sent, perhaps elsewhere, its own tags tell of another set.
        tags = [tag for tag in leading.tags if tag in common and not is_ours(tag)]
        return draft.commit(
            DraftSet(
                account=client.account.name,
                instance=client.instance,
                backend=leading.backend,
                calibrated_at=None,
                once_key=None,
                shots=max(job.shots for job in draft_jobs),
                seed=None,
                options=options,
                name=name or f"recovered {leading.id}"[:MAX_NAME],
                tags=tuple(printable(tag) for tag in tags[:MAX_TAGS]),
                program=EXECUTOR if leading.program == EXECUTOR else AUTO,
                private=any(job.private for job in kept),
                made_elsewhere=True,
            ),
            draft_jobs,
            [[draft_remote(job)] for job in kept],
        )


def _add_circuits(draft: Draft, job: RemoteJob, sent: SentJob) -> None:
    """Write a job's circuits: those of ours are called as they were, others by the job's id."""
    ours = find_place(job.tags) is not None
    for number, pub in enumerate(sent.pubs):
        measured = measured_in(pub.note) if ours else None
        body = draft.add_body(pub.sha256, pub.body, kind=pub.kept_as, measured=measured)
        base = job.id if len(sent.pubs) == 1 else f"{job.id}.{number}"
        called = name_of(pub, base) if ours else CircuitName(base, {})
        rows = pub.rows or [()] * pub.runs
        told = values_in(pub.note, pub.runs) if ours else [{}] * pub.runs
        runs: list[tuple[str, Mapping[str, object]]]
        runs = [(called.name, {**called.metadata, **told[0]})]
        if pub.runs > 1 or (ours and pub.rows is not None):
            runs = [
                called.run(run, row, values)
                for run, (row, values) in enumerate(zip(rows, told, strict=True))
            ]
        draft.add_circuits(
            [
                DraftCircuit(
                    name=name,
                    metadata=metadata,
                    source=job.id,
                    position=number,
                    shots=pub.shots,
                    body=body,
                    values=None if pub.rows is None else row,
                )
                for (name, metadata), row in zip(runs, rows, strict=True)
            ]
        )


def _look_up(client: Client, job_id: str) -> RemoteJob:
    try:
        return client.job(job_id)
    except NotFound as error:
        raise NoSuchJob(client.account.name, job_id) from error


def _read(client: Client, job: RemoteJob, params: Mapping[str, Any] | NotFound | None) -> SentJob:
    if isinstance(params, NotFound):
        raise NoSuchJob(client.account.name, job.id) from params
    if params is None:
        raise UsageError(
            f"Job {job.id} is private: the service does not tell what circuits it holds.",
            "Read its result, which is given once, with the program that sent it.",
        )
    if job.program not in {"", *PROGRAMS}:
        raise UsageError(
            f"Job {job.id} runs no circuits.", "Read it with the program that sent it."
        )
    return read_params(params, job.id)
