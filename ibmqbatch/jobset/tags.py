"""The tags that a set's jobs carry on the service, and what users may add to them.

A job has at most 8 tags of 86 characters. Three are ours, so that a set can be found, and rebuilt,
from the service alone:

    ibmq_jobset_<set>_                                             the set
    ibmq_jobset_<set>_j<job>.<jobs>_c<first>-<last>_r<repeat>.<repeats>_a<attempt>_<nonce>
    ibmq_jobset_name_<circuits>_<name>                             the name, and the set's size

The last one begins with ibmq_jobset_job_ where the name is that of the set's only job, and with
ibmq_jobset_unnamed_ where nobody has named that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ..errors import Argument, UsageError, Words
from ..manifest.ids import is_set_id
from ..manifest.records import AttemptRecord, JobRecord, RemoteRecord, SetRecord
from ..manifest.submissions import Intent

__all__ = [
    "MAX_CIRCUITS",
    "MAX_NAME",
    "MAX_REPEATS",
    "MAX_TAGS",
    "JobTag",
    "NameTag",
    "changed_tags",
    "check_name",
    "check_tags",
    "find_job_tag",
    "find_name_tag",
    "find_place",
    "find_set_id",
    "is_ours",
    "labels",
    "naming",
    "set_tag",
]

PREFIX = "ibmq_jobset_"
MAX_TAGS = 5  # of the service's 8, three are ours
MAX_LENGTH = 86
MAX_NAME = 60
MAX_CIRCUITS = 1_000_000  # of a set that is rebuilt: tags may say anything
MAX_REPEATS = 99  # what there is room for in the job's tag
_JOB_TAG = re.compile(
    rf"{PREFIX}(?P<set>[^_]+)_j(?P<job>\d+)\.(?P<jobs>\d+)_(?P<order>[cg])(?P<first>\d+)-(?P<last>\d+)"
    r"_r(?P<repeat>\d+)\.(?P<repeats>\d+)_a(?P<attempt>\d+)_(?P<nonce>[0-9a-z]+)"
)
_IN_ORDER, _GROUPED = "c", "g"
_NAMED, _LONE, _UNNAMED = "name", "job", "unnamed"
_NAME_TAG = re.compile(
    rf"{PREFIX}(?P<kind>{_NAMED}|{_LONE}|{_UNNAMED})_(?P<circuits>\d{{1,9}})_(?P<name>.*)",
    re.DOTALL,
)
_NUMBERS = ("job", "jobs", "first", "last", "repeat", "repeats", "attempt")
# With halves of characters, which is what bytes that are no text become on a command line.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def set_tag(set_id: str) -> str:
    """Return the tag that all jobs of a set carry."""
    return f"{PREFIX}{set_id}_"


def labels(
    record: SetRecord, job: JobRecord | Intent, attempt: AttemptRecord | Intent | RemoteRecord
) -> list[str]:
    """Return all tags of a job: those of the user, then ours."""
    index = job.job if isinstance(job, Intent) else job.index
    number = attempt.number if isinstance(attempt, AttemptRecord) else attempt.attempt
    job_tag = (
        f"{set_tag(record.id)}j{index}.{record.total_jobs}"
        f"_{_GROUPED if record.grouped else _IN_ORDER}{job.first_place}-{job.last_place}"
        f"_r{job.repeat}.{record.total_repeats}_a{number}_{attempt.nonce}"
    )
    return [*record.tags, set_tag(record.id), job_tag, naming(record).tag]


@dataclass(frozen=True, slots=True)
class NameTag:
    """What a job's tag says of its set: how many circuits it has, and what it is called.

    `lone`: it is of one job, and its name that of the job; `unnamed`: nobody has given that one.
    """

    circuits: int
    name: str
    lone: bool = False
    unnamed: bool = False

    @property
    def tag(self) -> str:
        """The tag itself."""
        kind = _NAMED if not self.lone else _UNNAMED if self.unnamed else _LONE
        return f"{PREFIX}{kind}_{self.circuits}_{self.name}"

    def of_job(self, index: int) -> str | None:
        """Return what a job of the set is called; None where it has no name."""
        if self.lone:
            return None if self.unnamed else self.name
        return f"{self.name}_{index}_"


def naming(record: SetRecord) -> NameTag:
    """Return what a set, and its jobs, are called."""
    lone = record.run_config.get("lone") is True
    unnamed = lone and record.name == record.run_config.get("unnamed")
    return NameTag(record.total_circuits, record.name, lone, unnamed)


@dataclass(frozen=True, slots=True)
class JobTag:
    """What a job's tag says of it: its place, those of its circuits, and how many there are.

    `first` and `last` are places, both included; see `SetRecord.grouped`.
    """

    nonce: str
    grouped: bool
    job: int
    jobs: int
    first: int
    last: int
    repeat: int
    repeats: int
    attempt: int

    @property
    def plausible(self) -> bool:
        """Whether its numbers fit one another, and are no more than a set can have."""
        return (
            self.first <= self.last < MAX_CIRCUITS
            and self.job < self.jobs <= MAX_CIRCUITS
            and self.repeat < self.repeats <= MAX_REPEATS
        )


def find_job_tag(set_id: str, tags: Iterable[str]) -> JobTag | None:
    """Return what the tags of a listed job say of its place in a set, if it is of this one."""
    for tag in tags:
        found = _JOB_TAG.fullmatch(tag)
        if found is not None and found["set"] == set_id:
            return JobTag(
                found["nonce"],
                found["order"] == _GROUPED,
                **{name: int(found[name]) for name in _NUMBERS},
            )
    return None


def find_place(tags: Iterable[str]) -> tuple[str, int] | None:
    """Return the set and the job in it that a listed job is by its tags, if any."""
    for tag in tags:
        found = _JOB_TAG.fullmatch(tag)
        if found is not None:
            return found["set"], int(found["job"])
    return None


def find_set_id(tags: Iterable[str]) -> str | None:
    """Return the set that a listed job is of by its tags, if any."""
    for tag in tags:
        job = _JOB_TAG.fullmatch(tag)
        set_id = job["set"] if job else tag.removeprefix(PREFIX).removesuffix("_")
        if is_set_id(set_id) and tag.startswith(set_tag(set_id)):
            return set_id
    return None


def find_name_tag(tags: Iterable[str]) -> NameTag | None:
    """Return what a listed job says of the name and size of its set, if anything."""
    for tag in tags:
        found = _NAME_TAG.fullmatch(tag)
        if found is not None:
            kind = found["kind"]
            lone, unnamed = kind != _NAMED, kind == _UNNAMED
            return NameTag(int(found["circuits"]), found["name"], lone, unnamed)
    return None


def is_ours(tag: str) -> bool:
    """Return whether a tag is one of those that users cannot give."""
    return tag.startswith(PREFIX)


def check_name(name: str) -> str:
    """Return `name` without the blanks around it; raises UsageError when it cannot be used."""
    name = name.strip()
    if not name:
        raise UsageError(
            "The name of the set is empty.",
            Words("Give it a name, or leave {} out.", Argument("name")),
        )
    if name == "latest":
        raise UsageError("A set cannot be named 'latest'.", "That means the newest set.")
    if _CONTROL.search(name):
        raise UsageError("The name of the set holds control characters.", "Use plain text.")
    if len(name) > MAX_NAME:
        raise UsageError(
            f"The name of the set has {len(name)} characters; {MAX_NAME} are allowed.",
            "Shorten it.",
        )
    return name


def check_tags(tags: Iterable[str], *, most: int | None = MAX_TAGS) -> tuple[str, ...]:
    """Return `tags`, each once, in order.

    Raises UsageError when one of them cannot be used, or there are more than `most`.
    """
    unique = tuple(dict.fromkeys(tag.strip() for tag in tags))
    for tag in unique:
        if not tag:
            raise UsageError("A tag is empty.", "Leave it out.")
        if tag.startswith(PREFIX):
            raise UsageError(
                f"The tag '{tag}' is reserved: it begins with {PREFIX}.", "Choose another."
            )
        if _CONTROL.search(tag):
            raise UsageError("A tag holds control characters.", "Use plain text.")
        if len(tag) > MAX_LENGTH:
            raise UsageError(
                f"The tag '{tag[:20]}…' has {len(tag)} characters; the service takes {MAX_LENGTH}.",
                "Shorten it.",
            )
    if most is not None and len(unique) > most:
        raise _too_many(
            unique, "The service takes 8 tags a job, and three are needed to find it again."
        )
    return unique


def changed_tags(
    present: tuple[str, ...],
    *,
    replacement: Sequence[str] | None,
    additions: Sequence[str],
    removals: Collection[str],
) -> tuple[str, ...]:
    """Return the `present` tags replaced first, then added to, then taken away from.

    An empty replacement leaves none. Raises UsageError where there would be too many.
    """
    tags = (*(present if replacement is None else replacement), *additions)
    left = tuple(dict.fromkeys(tag for tag in tags if tag not in removals))
    if len(left) > MAX_TAGS:
        there = f"has {', '.join(map(repr, present))}" if present else "has none yet"
        raise _too_many(left, f"The set {there}. Remove some of them, or add fewer.")
    return left


def _too_many(tags: Sequence[str], hint: str) -> UsageError:
    return UsageError(f"{len(tags)} tags are too many: a set can have {MAX_TAGS}.", hint)
