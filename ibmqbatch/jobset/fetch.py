"""Fetching results: to disk while they are read, verified, then into the manifest for good.

A body passes through three states beside the manifest, so that a kill at any instant loses none:
`<id>.part` while it arrives, `<id>.body` once it is whole, verified and synced, nothing once it is
committed. One that fails its check is kept as `<id>.damaged` and never served as a result. Of what
is given once, an empty `<id>.part` tells that it has been asked for, and may have been given.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import shutil
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import StorageError
from ..files import sync_folder
from ..manifest.compression import pack
from ..manifest.manifest import Manifest, Transaction
from ..manifest.records import JobRecord, RemoteRecord, SetRecord
from ..manifest.snapshot import Snapshot
from ..paths import ensure_folder
from ..service.errors import NotFound, ServiceError, Unreadable
from .options import is_twirled
from .split import repeat_shots
from .work import IN_FLIGHT, Work, side_by_side

__all__ = ["check_body", "fetch", "refetch"]

# How long results are waited for that a service says are complete and does not give: so many tries,
# and so many times the time that its listings may lag.
_MOST_TRIES = 10
_PATIENCE = 10
_LONGEST_NAME = 64  # what is an id, and not made to be too long for a file
_ROOM = 200_000_000  # bytes; a job's results, and the manifest they go into, take less
_LARGE = 8_000_000  # bytes of a body
_large_turn = threading.Lock()


class _NoResultsError(ServiceError):
    """The service has no results of this job (204)."""


class _DamagedError(ServiceError):
    """The body fails its check."""


class _LostError(ServiceError):
    """The results certainly cannot be had any more."""


# What is wrong with the results of one job, and not with the way to the service.
_UNUSABLE = (_NoResultsError, _DamagedError, _LostError, NotFound, Unreadable)


@dataclass(frozen=True, slots=True)
class _Order:
    job: JobRecord
    remote: RemoteRecord
    folder: Path
    shots: dict[int, int]  # of its circuits, by index
    private: bool  # and then given once
    rounded_up: bool = False  # the shots, to whole randomizations

    def path(self, suffix: str) -> Path:
        # Ids are the service's: whatever they hold, each names one file in the folder.
        name = self.remote.id
        if not (name.isascii() and name.isalnum() and len(name) <= _LONGEST_NAME):
            name = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
        return self.folder / f"{name}{suffix}"


def fetch(work: Work) -> None:
    """Fetch the results of every job that is done; raises the last ServiceError, if any."""
    known, folder = work.manifest.snapshot(), work.manifest.spool
    orders = _orders(work.manifest, known.record, folder, known.unfetched)
    if orders:
        _fetch(work, orders, folder)
    elif folder.exists():
        _sweep(known, folder)


def refetch(work: Work, jobs: Collection[int]) -> list[JobRecord]:
    """Ask for the results of `jobs` (indexes) that are done, whatever is known of these.

    Return the jobs whose results the service has not given. What is here stays until others have
    arrived whole; what is given once is not asked for where it is here. Raises the last
    ServiceError, if any.
    """
    known, folder = work.manifest.snapshot(), work.manifest.spool
    wanted = [found for found in known.done if found[0].index in jobs]
    orders = [
        order
        for order in _orders(work.manifest, known.record, folder, wanted)
        if not (order.private and order.remote.result == "stored")
    ]
    given = _fetch(work, orders, folder) if orders else set()
    return [order.job for order in orders if order.job.index not in given]


def _orders(
    manifest: Manifest,
    record: SetRecord,
    folder: Path,
    wanted: Sequence[tuple[JobRecord, RemoteRecord]],
) -> list[_Order]:
    return [
        _Order(
            job,
            remote,
            folder,
            _expected_shots(manifest, job),
            record.private or remote.private,
            is_twirled(record.options),
        )
        for job, remote in wanted
    ]


def _fetch(work: Work, orders: Sequence[_Order], folder: Path) -> set[int]:
    """Fetch what is ordered; return the jobs whose results have come. Raises the last error."""
    manifest = work.manifest
    ensure_folder(folder)
    failure: ServiceError | None = None
    given: set[int] = set()
    done = 0
    # What is given once is fetched one by one: whatever happens, no more than one can be lost.
    most = 1 if any(order.private for order in orders) else IN_FLIGHT
    for ended in side_by_side(orders, lambda order: _arrive(work, order), work.clock, most):
        for order, error in ended:
            if error is None:
                _keep(manifest, order)
                given.add(order.job.index)
                continue
            unusable = isinstance(error, _UNUSABLE)
            if unusable or order.private:
                with manifest.transaction() as change:
                    _record_failure(work, change, order, error, counted=unusable)
                if isinstance(error, _LostError):
                    # Until that was written down, the mark told that they had been asked for.
                    order.path(".part").unlink(missing_ok=True)
            if not unusable:
                failure = error
        done += len(ended)
        work.observer.progress("fetching", done, len(orders))
    if not any(folder.iterdir()):
        folder.rmdir()
    if failure is not None:
        raise failure
    return given


def _keep(manifest: Manifest, order: _Order) -> None:
    """Commit a body that has arrived. It is packed beforehand: others want to write as well."""
    packed = pack(order.path(".body").read_bytes())
    with manifest.transaction() as change:
        change.jobs.store_result(order.remote, packed)
    order.path(".body").unlink(missing_ok=True)


def _sweep(known: Snapshot, folder: Path) -> None:
    """Remove bodies that were committed by a process that died before it could remove them."""
    for job in known.jobs:
        if job.remote is not None and job.stored:
            _Order(job, job.remote, folder, {}, private=False).path(".body").unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _arrive(work: Work, order: _Order) -> None:
    """Download a body, verify it, and put it into its `.body` file, synced."""
    whole = order.path(".body")
    if whole.exists() and order.remote.result != "stored":
        return  # it arrived before a crash
    part = order.path(".part")
    # What is given once may have been already: to a process that died, or on a way that broke.
    asked = order.private and (
        part.exists() or bool(_aside(order)) or order.remote.result == "lost"
    )
    if order.private and part.exists() and part.stat().st_size:
        # It may be whole, and half of it is better than nothing.
        if not _problem(part, order):
            _settle(part, whole)
            return
        _keep_aside(part, order)
    if order.private:
        _check_room(order.folder)
    try:
        _download(work, order, part, asked=asked)
    except (NotFound, _NoResultsError) as error:
        if asked:
            raise _LostError(f"the service gives them once, and has none now ({error})") from error
        if _is_due(work, order.remote) and _is_gone(work, order.remote):
            raise _LostError(f"the service does not have this job any more ({error})") from error
        raise
    problem = _problem(part, order)
    if problem:
        _keep_aside(part, order)
        what = f"its results are not what they should be ({problem})"
        raise _LostError(what) if order.private else _DamagedError(what)
    _settle(part, whole)


def _download(work: Work, order: _Order, part: Path, *, asked: bool) -> None:
    """Download what the service gives into `part`; raises a ServiceError where that is nothing.

    `asked`: it may have been given before, which `part` is then to tell in any case.
    """
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            given = work.client.download_results(
                order.remote.id, file, repeatable=not order.private
            )
            os.fsync(file.fileno())
    except ServiceError as error:
        # Of a private job even a part may be all that there ever is.
        if order.private and part.stat().st_size:
            _keep_aside(part, order)
        elif not order.private or (error.nothing_created and not asked):
            part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise StorageError(
            f"Results cannot be kept in {order.folder}: {error.strerror or error}.",
            "Make room on the disk, then try again.",
        ) from error
    if not given:
        if not asked:
            part.unlink(missing_ok=True)
        raise _NoResultsError("the service has no results of this job")


def _check_room(folder: Path) -> None:
    """Raise StorageError where a result that is given once might not find room when it comes."""
    if shutil.disk_usage(folder).free < _ROOM:
        raise StorageError(
            f"Less than {_ROOM // 10**6} MB are free on the disk of {folder}: results that the "
            "service gives once are not asked for.",
            "Make room on the disk, then try again.",
        )


def _settle(part: Path, whole: Path) -> None:
    """Rename a sound body, for good, to what tells that it has arrived."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(whole)
    sync_folder(whole.parent)


def _keep_aside(part: Path, order: _Order) -> None:
    """Keep a body that cannot be used; of what is given once, beside others of the same job."""
    number = len(_aside(order)) if order.private else 0
    part.replace(order.path(f".{number}.damaged" if number else ".damaged"))


def _aside(order: _Order) -> list[Path]:
    """Return the bodies of a job that could not be used."""
    first = order.path(".damaged")
    return sorted(order.folder.glob(f"{glob.escape(first.stem)}*.damaged"))


def _problem(part: Path, order: _Order) -> str:
    """Return what is wrong with a body that has arrived, or nothing."""
    # Decoded, a body takes several times its size: of large ones one is looked at, at a time.
    turn = _large_turn if part.stat().st_size > _LARGE else contextlib.nullcontext()
    with turn:
        return check_body(part.read_bytes(), order.shots, rounded_up=order.rounded_up)


def _expected_shots(manifest: Manifest, job: JobRecord) -> dict[int, int]:
    wanted = manifest.shots(job).items()
    return {index: repeat_shots(shots, job.shots, job.repeat) for index, shots in wanted}


def check_body(body: bytes, shots: Mapping[int, int], *, rounded_up: bool = False) -> str:
    """Return what is wrong with a job's result body, or nothing.

    `shots` are those of its circuits by index, in their order in the job. Of twirled circuits they
    may be `rounded_up` to whole randomizations.
    """
    from ..service.results import ResultFormatError, decode_circuits

    try:
        circuits = decode_circuits(body, list(shots.values()))
    except ResultFormatError as error:
        return str(error)
    if len(circuits) != len(shots):
        return f"{len(circuits)} circuits instead of {len(shots)}"
    for found, (index, wanted) in zip(circuits, shots.items(), strict=True):
        # Of averages it cannot be told of how many shots they are, and sometimes not what is right.
        right = found.shots >= wanted if rounded_up else found.shots == wanted
        if wanted and not right and (found.registers or found.shots):
            return f"{found.shots} shots instead of {wanted} for circuit {index}"
    return ""


def _record_failure(
    work: Work, change: Transaction, order: _Order, error: ServiceError, *, counted: bool
) -> None:
    """Write down why a try failed; what is known to be here, or lost, stays so.

    One that is not `counted` failed on the way: for how long the service does not give the results
    is told by the others.
    """
    remote = order.remote
    if remote.result is not None:
        return
    reason = error.message
    if remote.result_error and reason not in remote.result_error:
        reason = f"{reason}; before that: {remote.result_error}"
    kept = _aside(order)
    if kept:
        reason = f"{reason}; what arrived is kept as {', '.join(map(str, kept))}"
    if isinstance(error, _LostError):
        change.jobs.lose_result(remote, reason)
    elif counted and _is_due(work, remote) and not remote.overdue:
        change.jobs.note_overdue(remote, reason)
    else:
        change.jobs.note_failure(remote, reason, counted=counted)


def _is_due(work: Work, remote: RemoteRecord) -> bool:
    """Return whether results have not come for longer than they can be late, this try counted."""
    if remote.result == "stored" or remote.result_tries + 1 < _MOST_TRIES:
        return False
    if remote.finished_at is None:
        return True
    ended = datetime.fromisoformat(remote.finished_at).timestamp()
    return work.clock.now() - ended > _PATIENCE * work.client.account.settle_delay


def _is_gone(work: Work, remote: RemoteRecord) -> bool:
    """Ask whether the service does not have a job any more; only its own word for that counts."""
    try:
        work.client.job(remote.id)
    except NotFound:
        return True
    except ServiceError:
        return False  # which tells of the way to the service, and not of the job
    return False
