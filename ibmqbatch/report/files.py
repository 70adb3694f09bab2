"""Writing the report of sets to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..render.output import binary_output
from .gather import Report, gather
from .page import write_page

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = ["gather_set", "write_report"]


def gather_set(job_set: JobSet) -> Report:
    """Read a set; results that are damaged on disk count as not here, and are fetched again."""
    with job_set.open() as manifest:
        job_set.repair()
        return gather(manifest)


def write_report(job_sets: Sequence[JobSet], path: Path) -> int:
    """Write the page of these sets, whole or not at all; return how many bytes it has.

    Raises MissingPackage where the plotting library is not installed, and StorageError.
    """
    page = write_page([gather_set(job_set) for job_set in job_sets]).encode()
    with binary_output(path) as file:
        file.write(page)
    return len(page)
