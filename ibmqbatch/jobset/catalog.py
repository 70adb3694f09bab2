"""The job sets of this machine: listing them, and finding the one that a user means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .. import paths
from ..errors import IbmqbatchError, Problem, StorageError
from ..manifest.store import SUFFIX, Manifest
from .errors import AmbiguousSet, NoSuchSet

__all__ = ["LATEST", "find_set", "open_sets", "set_paths"]

LATEST = "latest"
_MOST_NAMED = 5


def set_paths() -> list[Path]:
    """Return the manifests of all sets, the newest first."""
    folder = paths.sets()
    try:
        found = list(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be read: {error.strerror or error}.",
            "Mend its permissions, or set IBMQBATCH_HOME to a folder that you can read.",
        ) from error
    # Ids sort by the time at which they were made.
    return sorted(found, key=lambda path: path.stem, reverse=True)


def open_sets(problems: list[Problem]) -> Iterator[Manifest]:
    """Yield every set that has something left to do, oldest first; the caller closes each.

    What is wrong with one that cannot be opened is appended to `problems`.
    """
    for path in reversed(set_paths()):
        try:
            manifest = Manifest.open(path)
        except IbmqbatchError as error:
            problems += error.problems
            continue
        if manifest.job_set().closed_at is None:
            yield manifest
        else:
            manifest.close()


def find_set(reference: str) -> Manifest:
    """Open the set that `reference` means.

    That is an id, the beginning of one that fits no other, a name that stands once, `latest`, or
    the path of an exported file. Raises NoSuchSet, AmbiguousSet or the errors of the file itself.
    """
    path = Path(reference)
    if path.suffix == SUFFIX and path.is_file():
        return Manifest.open(path)
    exact = paths.sets() / f"{path.name}{SUFFIX}"
    if reference == path.name and exact.is_file():
        return Manifest.open(exact)
    known = set_paths()
    if not known:
        raise NoSuchSet("There are no job sets yet.", "Make one with `ibmqbatch submit`.")
    if reference == LATEST:
        return Manifest.open(known[0])
    matches = [p for p in known if reference and p.stem.startswith(reference)]
    matches = matches or [p for p in known if _name(p) == reference]
    if not matches:
        raise NoSuchSet(
            f"There is no job set '{reference}'.", "`ibmqbatch status` lists those there are."
        )
    if len(matches) > 1:
        listed = ", ".join(p.stem for p in matches[:_MOST_NAMED])
        more = ", …" if len(matches) > _MOST_NAMED else ""
        raise AmbiguousSet(
            f"'{reference}' means {len(matches)} job sets: {listed}{more}.",
            "Use a longer beginning of the id.",
        )
    return Manifest.open(matches[0])


def _name(path: Path) -> str | None:
    try:
        with Manifest.open(path) as manifest:
            return manifest.job_set().name
    except IbmqbatchError:
        return None  # it cannot be the one meant; whoever names its id is told why
