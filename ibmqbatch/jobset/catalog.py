"""The job sets of this machine: listing them, and finding the one that is meant, and its jobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import paths
from ..arguments import as_index
from ..errors import Call, IbmqbatchError, StorageError, UsageError, Words
from ..kinds import LOOKED_AT, Kind, kind_of
from ..manifest.files import SUFFIX, manifest_path
from ..manifest.ids import is_set_id
from ..manifest.manifest import Manifest
from ..manifest.peek import peek_job
from ..manifest.records import JobRecord, SetState
from ..suggestions import with_suggestion
from .errors import AmbiguousSet, NoSuchSet
from .tags import find_place

__all__ = [
    "LATEST",
    "STATES",
    "Jobs",
    "check_state",
    "chosen_jobs",
    "find_job",
    "find_path",
    "find_set",
    "matches",
    "reference_to",
    "set_paths",
]

LATEST = "latest"
_OPEN = "open"
STATES = (_OPEN, *map(str, SetState))  # that sets can be chosen by
_MOST_NAMED = 5
_LOOKED_AT = 100  # sets whose names are compared with one that is not known


def set_paths() -> list[Path]:
    """Return the manifests of all sets, the newest first."""
    folder = paths.sets()
    try:
        found = [path for path in folder.iterdir() if path.suffix == SUFFIX]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be read: {error.strerror or error}.",
            "Mend its permissions, or set IBMQBATCH_HOME to a folder that you can read.",
        ) from error
    # Ids sort by the time at which they were made.
    return sorted(found, key=lambda path: path.stem, reverse=True)


def check_state(state: str | None) -> None:
    """Raise UsageError for a state that sets cannot be chosen by."""
    if state is not None and state not in STATES:
        hint = f"Use one of {', '.join(STATES)}."
        raise UsageError(f"There is no state '{state}'.", with_suggestion(hint, state, STATES))


def matches(
    item: Mapping[str, Any], name: str | None, tags: Collection[str], state: str | None
) -> bool:
    """Return whether a set, as `documents.set_data` has it, is one that is looked for.

    Its name contains `name`, it has all of `tags`, and is in the state.
    """
    if name is not None and name not in item["name"]:
        return False
    if not set(tags) <= set(item["tags"]):
        return False
    if state == _OPEN:
        return not SetState(item["state"]).final
    return state is None or item["state"] == state


def find_set(reference: str) -> Manifest:
    """Open the set that `reference` means; see `find_path`. Raises the errors of the file, too."""
    return Manifest.open(find_path(reference))


def _name(path: Path) -> str | None:
    try:
        with Manifest.open(path) as manifest:
            return manifest.job_set().name
    except IbmqbatchError:
        return None  # it cannot be the one meant; whoever names its id is told why


def find_path(reference: str, *, name_of: Callable[[Path], str | None] = _name) -> Path:
    """Return where the set is that `reference` means; `name_of` reads the name of one.

    That is an id, a name that stands once, the beginning of an id that fits no other, `latest`, or
    the path of an exported file. Raises NoSuchSet or AmbiguousSet.
    """
    path = Path(reference)
    if path.suffix == SUFFIX and _is_file(path):
        return path
    known = set_paths()
    if not known:
        raise NoSuchSet("There are no job sets yet.", Words("Make one with {}.", Call("submit")))
    if reference == LATEST:
        return known[0]
    matches = (
        [p for p in known if p.stem == reference]
        or [p for p in known if name_of(p) == reference]
        or [p for p in known if reference and p.stem.startswith(reference)]
    )
    if not matches:
        names = (name for name in map(name_of, known[:_LOOKED_AT]) if name is not None)
        kind = _kind(path)
        raise NoSuchSet(
            f"There is no job set '{reference}'"
            + (f"; the file of that name is {kind.what}." if kind else "."),
            with_suggestion(
                Words("{} lists those there are.", Call("status")),
                reference,
                [LATEST, *names, *(path.stem for path in known)],
            ),
        )
    if len(matches) > 1:
        listed = ", ".join(p.stem for p in matches[:_MOST_NAMED])
        more = ", …" if len(matches) > _MOST_NAMED else ""
        raise AmbiguousSet(
            f"'{reference}' means {len(matches)} job sets: {listed}{more}.",
            Words(
                "Use the id of the one that is meant, or enough of it; {} lists them.",
                Call("status"),
            ),
        )
    return matches[0]


def find_job(remote_id: str, tags: Iterable[str] = ()) -> tuple[Path, int] | None:
    """Return the set of this machine that a job on the service is of, and the job's index there.

    Its `tags` tell where to look first; sets that were made of other programs' jobs are looked
    through without them. None where no set has it.
    """
    place = find_place(tags)
    if place is not None:
        set_id, index = place
        path = manifest_path(set_id)
        return (path, index) if is_set_id(set_id) and _holds(path, index, remote_id) else None
    for path in set_paths():
        found = peek_job(path, remote_id)
        if found is not None:
            return path, found
    return None


def _holds(path: Path, index: int, remote_id: str) -> bool:
    try:
        with Manifest.open(path) as manifest:
            job = manifest.job(index)
    except IbmqbatchError:
        return False
    return job is not None and job.remote is not None and job.remote.id == remote_id


def reference_to(path: Path) -> str:
    """Return what means the set in this file on a command line: its id, or the file's path."""
    here = path.absolute().parent == paths.sets().absolute()
    return path.stem if here else str(path)


def _kind(path: Path) -> Kind | None:
    """Return what a file is, if there is one, and that can be told."""
    try:
        with path.open("rb") as file:
            return kind_of(file.read(LOOKED_AT), path.name)
    except (OSError, ValueError):  # no file, a folder, or a name that no file can have
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


Jobs = int | JobRecord | Iterable[int | JobRecord]


def chosen_jobs(manifest: Manifest, jobs: Jobs | None) -> set[int]:
    """Return the indexes of jobs, each given by its index or as it is, or of all.

    Raises UsageError for one that is not there.
    """
    total = manifest.job_set().total_jobs
    if jobs is None:
        return set(range(total))
    single = isinstance(jobs, JobRecord) or as_index(jobs) is not None
    listed = [jobs] if single or not isinstance(jobs, Iterable) else jobs
    chosen = set()
    for job in listed:
        index = as_index(job.index if isinstance(job, JobRecord) else job)
        if index is None or not 0 <= index < total:
            there = "Its only job is 0." if total == 1 else f"Its jobs are 0 to {total - 1}."
            raise UsageError(f"The set has no job {job}.", there)
        chosen.add(index)
    return chosen
