"""Rebuilding a set from the service: of jobs that another program has sent.

What a job was asked to do tells which circuits it holds and how many shots each gets; they need not
be read for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..manifest.draft import Draft, DraftCircuit, DraftJob, DraftSet, new_set_id
from .errors import NoSuchJob
from .sent import SentPub, draft_remote, sent_options, sent_pubs
from .tags import MAX_NAME, MAX_TAGS, is_ours

if TYPE_CHECKING:
    from ..service.client import Client
    from ..service.types import RemoteJob

__all__ = ["recover_jobs"]

_PROGRAM = "sampler"


@dataclass(frozen=True, slots=True)
class _Found:
    remote: RemoteJob
    pubs: list[SentPub]
    options: Mapping[str, Any]

    @property
    def circuits(self) -> int:
        return sum(pub.runs for pub in self.pubs)


def recover_jobs(client: Client, job_ids: Sequence[str], name: str | None) -> Path:
    """Make a set of jobs that were sent by another program, in the order given; return its file.

    Nothing of the jobs is changed. Raises NoSuchJob, UsageError for jobs that cannot be made a set,
    and ServiceErrors.
    """
    from ..service.transport import printable

    found = [_look_at(client, job_id) for job_id in dict.fromkeys(job_ids)]
    backends = {item.remote.backend for item in found}
    if len(backends) > 1:
        raise UsageError(
            f"The jobs ran on different backends: {', '.join(sorted(backends))}.",
            "Make a set of those of each.",
        )
    shots = max(pub.shots for item in found for pub in item.pubs)
    common = set.intersection(*(set(item.remote.tags) for item in found))
    # Of a job that this program has sent, perhaps elsewhere, its own tags tell of another set.
    tags = [t for t in found[0].remote.tags if t in common and not is_ours(t)]
    with Draft(new_set_id()) as draft:
        jobs = []
        first = 0
        for item in found:
            _add_circuits(draft, item)
            most = max(pub.shots for pub in item.pubs)
            jobs.append(DraftJob(first, first + item.circuits - 1, 0, most))
            first += item.circuits
        return draft.commit(
            DraftSet(
                account=client.account.name,
                instance=client.instance,
                backend=backends.pop(),
                calibrated_at=None,
                once_key=None,
                shots=shots,
                seed=None,
                options=found[0].options,
                name=name or f"recovered {found[0].remote.id}"[:MAX_NAME],
                tags=tuple(printable(tag) for tag in tags[:MAX_TAGS]),
                private=any(item.remote.private for item in found),
                made_elsewhere=True,
            ),
            jobs,
            [[draft_remote(item.remote)] for item in found],
        )


def _add_circuits(draft: Draft, item: _Found) -> None:
    for number, pub in enumerate(item.pubs):
        body = draft.add_body(pub.sha256, pub.body, kind=pub.kind)
        base = item.remote.id if len(item.pubs) == 1 else f"{item.remote.id}.{number}"
        draft.add_circuits(
            [
                DraftCircuit(
                    name=base if pub.runs == 1 else f"{base}@{run}",
                    metadata={},
                    source=item.remote.id,
                    position=number,
                    shots=pub.shots,
                    body=body,
                    values=None if pub.rows is None else pub.rows[run],
                )
                for run in range(pub.runs)
            ]
        )


def _look_at(client: Client, job_id: str) -> _Found:
    from ..service.errors import NotFound

    try:
        remote = client.job(job_id)
        params = client.params(job_id)
    except NotFound as error:
        raise NoSuchJob(client.account.name, job_id) from error
    if params is None:
        raise UsageError(
            f"Job {job_id} is private: the service does not tell what circuits it holds.",
            "Read its result, which is given once, with the program that sent it.",
        )
    if remote.program not in {"", _PROGRAM}:
        raise UsageError(
            f"Job {job_id} is none of the sampler's.", "Read it with the program that sent it."
        )
    return _Found(remote, sent_pubs(params, job_id), sent_options(params))
